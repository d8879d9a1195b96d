import { fork } from 'node:child_process'

/**
 * The process that holds the PC/SC library, as its owner sees it.
 *
 * Two adapters: `forkHost` below for Node, and one over Electron's utilityProcess (electron/readers/), which maps
 * `send` to postMessage, `onMessage` to 'message', `onExit` to 'exit' and `kill` to kill, and starts the process with
 * `hostEnvironment`. Messages are structured clones in both. `kill` must work on a process that hangs.
 */
export interface HostProcess {
  /** For diagnostics; undefined where the process could not be started. */
  readonly pid: number | undefined
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once, whatever the reason, also where the process could not be started. */
  onExit(listener: () => void): void
  kill(): void
}

/** The same channel from within the process. */
export interface HostPort {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Ends the process at once. */
  exit(): void
}

/**
 * The environment of the process: one worker thread waits for readers as long as it lives, others for cards and
 * other programs; libuv's four would not do.
 */
export function hostEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, UV_THREADPOOL_SIZE: '16' }
}

/** Starts the host, `entry` being the path of native/pcsc/host.ts or of its bundle, in a Node process of its own. */
export function forkHost(entry: string): HostProcess {
  const child = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: hostEnvironment(process.env),
    execArgv: [],
  })
  return {
    pid: child.pid,
    // A send that fails is followed by the exit, which tells everyone who waits.
    send: (message) => {
      if (child.connected) child.send(message as object, () => undefined)
    },
    onMessage: (listener) => child.on('message', listener),
    onExit: (listener) => {
      let exited = false
      const once = () => {
        if (!exited) listener()
        exited = true
      }
      child.once('exit', once)
      child.on('error', () => {
        // 'error' comes without 'exit' where the process never started.
        if (child.pid === undefined) once()
      })
    },
    kill: () => child.kill('SIGKILL'),
  }
}

interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): void
}

/** Within the process: the way to the owner, be it Electron's parentPort or Node's channel. */
export function hostPort(): HostPort {
  const parentPort = (process as { parentPort?: ParentPort | null }).parentPort
  // Worker threads that wait for a reader would hold up a normal exit.
  const exit = () => void process.kill(process.pid, 'SIGKILL')
  if (parentPort) {
    return {
      send: (message) => parentPort.postMessage(message),
      onMessage: (listener) => parentPort.on('message', (event) => listener(event.data)),
      exit,
    }
  }
  // An owner that is gone wants nothing any more; the service takes back its cards.
  process.on('disconnect', exit)
  return {
    send: (message) => process.send?.(message),
    onMessage: (listener) => process.on('message', listener),
    exit,
  }
}
