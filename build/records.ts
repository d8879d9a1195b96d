/** The example records service beside a desk: a process of its own, enrolled at the desk's gateway the first time. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { SCOPES } from '../examples/records/records.ts'
import { root } from './electron.ts'

const START_LIMIT_MS = 20_000

interface RecordsProcess {
  /** TESSERA_HOME, where the desk's gateway has its data and the service gets a folder of its own. */
  readonly home: string
  readonly brokerUrl: string
  /** Where what it says of itself goes: one line for each session and request. */
  readonly stderr: 'inherit' | 'ignore'
}

/** @returns the service once terminals can ask it; rejects where it does not come so far, and leaves nothing running then */
export async function startRecordsProcess({ home, brokerUrl, stderr }: RecordsProcess): Promise<ChildProcess> {
  const own = { ...process.env, TESSERA_HOME: home, TESSERA_BROKER_URL: brokerUrl }
  const data = path.join(home, 'records')
  const invitation = existsSync(path.join(data, 'identity.json')) ? undefined : await invite(own)
  // Arguments are seen by everybody on the machine, the environment is not.
  const env = { ...own, ...(invitation === undefined ? {} : { TESSERA_NODE_INVITATION: invitation }) }
  const child = spawn(process.execPath, [path.join(root, 'examples', 'records', 'main.ts'), '--data', data, '--json'], {
    env,
    stdio: ['ignore', 'pipe', stderr],
    // Ctrl-C is for who started it, and who ends it in order.
    detached: process.platform !== 'win32',
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (JSON.parse(line).ready === true) return child
    }
    throw new Error('the records service ended without a word')
  } catch (error) {
    child.kill()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function invite(env: NodeJS.ProcessEnv): Promise<string> {
  const words = [path.join(root, 'gateway', 'cli.ts'), 'invite', '--node', 'records', '--scopes', SCOPES, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, words, { env })
  const { invitation }: { invitation?: unknown } = JSON.parse(stdout)
  if (typeof invitation !== 'string') throw new Error('the gateway made no invitation for the records service')
  return invitation
}
