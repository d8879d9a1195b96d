/** The gateway as its own process, by its command line: for tests that kill it, and for several workers on one store. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endsWithUs } from './ends-with-us.ts'

const CLI = fileURLToPath(new URL('../../gateway/cli.ts', import.meta.url))

export interface Ready {
  readonly ready: true
  readonly brokerUrl: string
  readonly worker: string
  readonly invitation?: string
}

export class GatewayProcess {
  readonly child: ChildProcess
  readonly ready: Ready
  readonly #exited: Promise<number | string>
  private constructor(child: ChildProcess, ready: Ready, exited: Promise<number | string>) {
    this.child = child
    this.ready = ready
    this.#exited = exited
  }

  /** Resolves at its first line, {"ready":true}. */
  static start(...options: readonly string[]): Promise<GatewayProcess> {
    return GatewayProcess.startWith([], ...options)
  }

  /** `node` are options of Node.js itself. */
  static startWith(node: readonly string[], ...options: readonly string[]): Promise<GatewayProcess> {
    const words = [...node, CLI, 'start', '--json', ...options]
    const child = endsWithUs(spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] }))
    const exited = new Promise<number | string>((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code ?? -1)))
    let output = ''
    let errors = ''
    child.stderr.on('data', (text: Buffer) => {
      errors = (errors + text.toString()).slice(-4000)
    })
    return new Promise((resolve, reject) => {
      child.stdout.on('data', (text: Buffer) => {
        output += text.toString()
        const end = output.indexOf('\n')
        if (end >= 0) resolve(new GatewayProcess(child, JSON.parse(output.slice(0, end)) as Ready, exited))
      })
      void exited.then((status) => reject(new Error(`the gateway ended (${status}) before it was ready: ${errors}`)))
    })
  }

  /** The exit status, or the signal's name. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    this.child.kill(signal)
    return this.#exited
  }
}

/** Runs another command to its end. */
export function gatewayCommand(...words: readonly string[]): Promise<{ readonly status: number; readonly output: string }> {
  const child = spawn(process.execPath, [CLI, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString()
    })
  }
  return new Promise((resolve) => child.once('close', (status) => resolve({ status: status ?? -1, output })))
}
