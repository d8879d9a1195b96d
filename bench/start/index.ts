/** The figure `start`: from the launch of Electron to a window with something to show, beside a bare Electron window. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findElectron, root, sandboxArguments } from '../../build/electron.ts'
import { startDisplay } from '../../test/support/display.ts'
import { type Figure, figure } from '../figure.ts'

const ANNOUNCE = join(root, 'bench/start/announce.cjs')
const BARE = join(root, 'bench/start/bare')
const LIMIT_MS = 30_000

/** Needs the bundles of `npm run build`. */
export async function measureStart({ quick }: { readonly quick: boolean }): Promise<Figure> {
  const display = await startDisplay()
  const launches = quick ? 5 : 20
  const ours: number[] = []
  const bare: number[] = []
  try {
    // One of each first, for the disk's cache; then in turn, so that a slow minute hits both.
    await launch(BARE)
    await launch(root)
    for (let i = 0; i < launches; i += 1) {
      bare.push(await launch(BARE))
      ours.push(await launch(root))
    }
  } finally {
    display.stop()
  }
  return figure(ours, { bareElectron: bare })
}

async function launch(application: string): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'tessera-start-'))
  const begin = performance.now()
  const child = spawn(
    findElectron().executable,
    [...sandboxArguments(), '-r', ANNOUNCE, application, `--user-data-dir=${home}/browser`],
    {
      env: { ...process.env, TESSERA_HOME: home, TESSERA_SIMULATION: 'on', TESSERA_BROKER_URL: 'mqtt://127.0.0.1:1' },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    },
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  try {
    for await (const line of createInterface({ input: child.stdout }))
      if (line === 'window-ready') return performance.now() - begin
    throw new Error(`no window from ${application}`)
  } finally {
    clearTimeout(timer)
    // The whole group: the renderer and the GPU process outlive a killed main process for a moment.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await exited
    await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}
