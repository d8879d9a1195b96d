/** The bridge: three functions on `window.tessera`, nothing of Electron itself. */
import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron'
import { CHANNELS, type TesseraBridge } from './contract/channels.ts'
import type { Snapshot } from './contract/snapshot.ts'

const bridge: TesseraBridge = {
  snapshot: () => ipcRenderer.invoke(CHANNELS.snapshot),
  intent: (intent) => ipcRenderer.invoke(CHANNELS.intent, intent),
  onChanged(listener) {
    // The event holds Electron's sender, which the page must not get.
    const forward = (_event: IpcRendererEvent, snapshot: Snapshot): void => listener(snapshot)
    ipcRenderer.on(CHANNELS.changed, forward)
    return () => void ipcRenderer.removeListener(CHANNELS.changed, forward)
  },
}

contextBridge.exposeInMainWorld('tessera', bridge)
