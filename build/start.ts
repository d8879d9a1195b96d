/**
 * `npm start`: a desk with no set-up. Broker, gateway and store run in one process beside the window, and end with it.
 * With no display the tour runs instead, on a display without a screen.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { tesseraHome } from '../electron/settings/home.ts'
import { bundle } from './bundle.ts'
import { findElectron, root, sandboxArguments } from './electron.ts'
import { startRecordsProcess } from './records.ts'
import { hasDisplay } from './setup/system.mjs'

const GATEWAY_START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5_000

/** What the gateway says on stdout once it serves. */
type Desk = {
  readonly brokerUrl: string
  /** Only while the desk still needs it: a terminal that is enrolled keeps what it was given. */
  readonly invitation?: string
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}

/** @returns what the gateway said, or undefined where it ended or kept silent */
function ready(gateway: ChildProcess): Promise<Desk | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), GATEWAY_START_TIMEOUT_MS)
    const settle = (desk: Desk | undefined) => {
      clearTimeout(timer)
      resolve(desk)
    }
    gateway.once('error', () => settle(undefined))
    gateway.once('exit', () => settle(undefined))
    if (!gateway.stdout) return
    createInterface({ input: gateway.stdout }).on('line', (line) => {
      const desk = parseDesk(line)
      if (desk) settle(desk)
      else console.log(line)
    })
  })
}

function parseDesk(line: string): Desk | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const { ready, brokerUrl, invitation } = JSON.parse(line)
    if (ready !== true || typeof brokerUrl !== 'string') return undefined
    return typeof invitation === 'string' ? { brokerUrl, invitation } : { brokerUrl }
  } catch {
    return undefined
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  const ended = exitOf(child)
  child.kill('SIGTERM')
  await ended
  clearTimeout(timer)
}

async function openDesk(terminalArguments: readonly string[]): Promise<number> {
  const electron = findElectron()
  const home = tesseraHome(process.env)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const built = await bundle()
  if (built.length > 0) console.error(`Bundled ${built.join(', ')}.`)

  // Without a reader the desk is tried with simulated cards; somebody who says otherwise is heard.
  const env = { TESSERA_SIMULATION: 'auto', ...process.env, TESSERA_HOME: home }
  const gateway = spawn(process.execPath, [path.join(root, 'gateway', 'cli.ts'), 'start', '--desk', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C is for this process, which closes the window first and the gateway after it.
    detached: process.platform !== 'win32',
  })
  const killGateway = () => gateway.kill()
  process.once('exit', killGateway)
  const desk = await ready(gateway)
  if (!desk) {
    console.error('The gateway did not start; the reason is above.')
    await stop(gateway)
    return 1
  }
  console.error(`The desk's gateway serves at ${desk.brokerUrl}; what it knows lies in ${home}.`)
  console.error(`Opening the window on Electron ${electron.version}${electron.kind === 'trial' ? ' (the trial runtime)' : ''}.`)

  const window = spawn(electron.executable, [...sandboxArguments(), root, ...terminalArguments], {
    env: {
      ...env,
      TESSERA_BROKER_URL: desk.brokerUrl,
      ...(desk.invitation === undefined ? {} : { TESSERA_INVITATION: desk.invitation }),
    },
    stdio: 'inherit',
  })
  // Beside the window, which does not wait for it.
  const records = startRecordsProcess({ home, brokerUrl: desk.brokerUrl, stderr: 'ignore' }).catch((error: unknown) => {
    console.error(`The window goes on without the example's records: ${error instanceof Error ? error.message : error}`)
    return undefined
  })
  const killRecords = (service: ChildProcess | undefined) => process.once('exit', () => service?.kill())
  void records.then(killRecords)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => window.kill('SIGTERM'))
  gateway.once('exit', (code) => {
    if (window.exitCode === null) console.error(`The gateway ended (code ${code}); the window goes on without it.`)
  })
  const code = await exitOf(window)
  const service = await records
  if (service !== undefined) await stop(service)
  await stop(gateway)
  return code
}

const HELP = `Opens a desk with no set-up: broker, gateway and store, the example's records, and the window. They end with it.
With no display (DISPLAY) it runs the tour instead.

  npm start [-- ELECTRON'S ARGUMENTS...]

  --help

What the desk learns lies in the system's data folder, or where TESSERA_HOME says. With no reader it has simulated cards; the settings of
docs/operations.md, such as TESSERA_SIMULATION=only, say otherwise.`

const terminalArguments = process.argv.slice(2)
if (terminalArguments.includes('--help')) console.log(HELP)
else if (hasDisplay()) process.exitCode = await openDesk(terminalArguments)
else {
  console.error('There is no display here (DISPLAY is not set), so the tour runs instead, on a display without a screen.')
  process.exitCode = await exitOf(spawn(process.execPath, [path.join(root, 'build', 'tour.ts')], { stdio: 'inherit' }))
}
