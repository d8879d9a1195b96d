/** The PC/SC process over Electron's utilityProcess: what native/pcsc/process.ts asks of its host. */
import { utilityProcess } from 'electron'
import { type HostProcess, hostEnvironment } from '../../native/pcsc/process.ts'

/** Starts the bundle of native/pcsc/host.ts at `entry`. */
export function startPcscProcess(entry: string): HostProcess {
  const child = utilityProcess.fork(entry, [], {
    serviceName: 'Tessera card readers',
    // A copy of strings: the environment of Node's types may hold undefined, Chromium's may not.
    env: Object.fromEntries(Object.entries(hostEnvironment(process.env)).filter((entry) => entry[1] !== undefined)),
    stdio: 'ignore',
    // koffi loads a library that is not signed by us (macOS).
    ...(process.platform === 'darwin' ? { allowLoadingUnsignedLibraries: true } : {}),
  })
  let exited = false
  child.once('exit', () => {
    exited = true
  })
  return {
    get pid() {
      return child.pid
    },
    send: (message) => {
      if (!exited) child.postMessage(message)
    },
    onMessage: (listener) => child.on('message', listener),
    onExit: (listener) => child.once('exit', () => listener()),
    kill: () => {
      // kill() alone asks politely; a driver that hangs does not answer.
      const { pid } = child
      if (exited) return
      if (pid === undefined) child.kill()
      else process.kill(pid, 'SIGKILL')
    },
  }
}
