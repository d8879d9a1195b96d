/** What Tessera is outside of its window: an icon beside the clock, notifications, a sound, a place among what starts by itself. */
import { app, type BrowserWindow, Menu, Notification, nativeImage, shell, Tray } from 'electron'
import type { ShellState, ShellTexts } from '../contract/shell.ts'
import type { Snapshot } from '../contract/snapshot.ts'
import type { SettingsStore } from '../settings/store.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { applyAutostartFile, applyLoginItem, autostartFile, ownCommand } from './autostart.ts'
import { newsBetween, shellState } from './shell-state.ts'
import { drawTrayIcon } from './tray-icon.ts'

export interface Shell {
  /** In the desk's language. Nothing is shown before. */
  speak(texts: ShellTexts): void
  close(): void
}

export interface ShellOptions {
  readonly settings: Pick<SettingsStore, 'values' | 'subscribe'>
  readonly terminal: Pick<Terminal, 'snapshot' | 'subscribe' | 'intent'>
  readonly window: BrowserWindow
  readonly onFailure: (where: string, error: unknown) => void
}

/** Pixels of the icon at a scale of one, as the systems ask for them. */
const ICON_SIZE = 16

export function createShell({ settings, terminal, window, onFailure }: ShellOptions): Shell {
  let texts: ShellTexts | undefined
  let tray: Tray | undefined
  let shown: ShellState | undefined
  let before = terminal.snapshot()
  /** A notification that nothing holds is collected, and a click on it leads nowhere. */
  let notification: Notification | undefined

  function changed(after: Snapshot): void {
    for (const news of newsBetween(before, after)) {
      if (news === 'block' && settings.values().sounds) shell.beep()
      if (texts === undefined || !settings.values().notifications) continue
      if (isWatched(window)) continue
      if (news === 'block') notify(texts.blockTitle, texts.blockBody)
      else notify(texts.findingTitle, texts.findingBody)
    }
    before = after
    drawTray()
  }

  function notify(title: string, body: string): void {
    if (!Notification.isSupported()) return
    notification = new Notification({ title, body, silent: true })
    notification.on('click', () => showWindow(window))
    notification.show()
  }

  function drawTray(): void {
    if (texts === undefined || !settings.values().tray || settings.values().kiosk) {
      tray?.destroy()
      tray = undefined
      shown = undefined
      return
    }
    const state = shellState(before)
    if (tray === undefined) {
      tray = new Tray(icon(state))
      tray.on('click', () => showWindow(window))
      dressTray(texts)
    } else if (state !== shown) tray.setImage(icon(state))
    if (state !== shown) tray.setToolTip(`Tessera: ${texts[state]}`)
    shown = state
  }

  function dressTray({ show, lock, quit }: ShellTexts): void {
    tray?.setContextMenu(
      Menu.buildFromTemplate([
        { label: show, click: () => showWindow(window) },
        { label: lock, click: () => void terminal.intent({ kind: 'lock' }) },
        { type: 'separator' },
        { label: quit, click: () => app.quit() },
      ]),
    )
  }

  function apply(): void {
    const { autostart } = settings.values()
    const application = { program: process.execPath, folder: app.getAppPath(), isPackaged: app.isPackaged }
    try {
      const command = ownCommand(process.env, application)
      if (process.platform === 'linux') applyAutostartFile(autostartFile(process.env), autostart, command)
      else applyLoginItem(app, autostart, command)
    } catch (error) {
      onFailure('autostart', error)
    }
    drawTray()
  }

  const stop = terminal.subscribe(changed)
  settings.subscribe(apply)
  apply()

  return {
    speak(words) {
      texts = words
      // The words of the state are new too.
      shown = undefined
      if (tray !== undefined) dressTray(words)
      drawTray()
    },
    close() {
      stop()
      tray?.destroy()
      tray = undefined
    },
  }
}

function icon(state: ShellState) {
  const image = nativeImage.createEmpty()
  for (const scaleFactor of [1, 2]) {
    const size = ICON_SIZE * scaleFactor
    const buffer = Buffer.from(drawTrayIcon(state, size))
    const dataURL = nativeImage.createFromBitmap(buffer, { width: size, height: size }).toDataURL()
    image.addRepresentation({ scaleFactor, width: size, height: size, dataURL })
  }
  return image
}

/** In front, so that what happens is seen without a notification. */
const isWatched = (window: BrowserWindow): boolean => !window.isDestroyed() && window.isVisible() && window.isFocused()

export function showWindow(window: BrowserWindow): void {
  if (window.isDestroyed()) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}
