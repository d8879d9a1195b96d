/** Brings the contestants: Tessera's own bundled, the C program compiled, the npm packages installed, all into .tessera/bench-peers. */

import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.tessera', 'bench-peers')
const run = promisify(execFile)

/** Pinned, and outside package.json: they are built for one version of Node each and belong to nothing but this figure. */
const packages = { pcsclite: ['@pokusew/pcsclite', '0.6.0'], smartcard: ['smartcard', '3.7.0'] } as const
const installLimitMs = 120_000

export interface Contestant {
  readonly program: string
  readonly words: readonly string[]
}

interface Peers {
  readonly binding: Contestant
  readonly process: Contestant
  readonly peers: Readonly<Record<string, Contestant>>
  /** Peers that cannot run on this machine, with the reason. */
  readonly absent: Readonly<Record<string, string>>
}

/**
 * The Node that npm runs on, outside this project's own: addons are compiled for it. All contestants but C run on it, so that
 * they differ in nothing but the way to the PC/SC library.
 */
function installedPath(): string {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((part) => !part.includes('node_modules'))
    .join(delimiter)
}

function findNode(path: string): string {
  const found = path.split(delimiter).find((part) => existsSync(join(part, 'node')))
  return found === undefined ? process.execPath : join(found, 'node')
}

/**
 * The C headers that came with that Node, where it has them beside it: node-gyp then need not fetch them from nodejs.org, which
 * does not answer everywhere that package registries do.
 */
function headersOf(node: string): Record<string, string> {
  const prefix = dirname(dirname(realpathSync(node)))
  return existsSync(join(prefix, 'include/node/node_version.h')) ? { npm_config_nodedir: prefix } : {}
}

export async function bringPeers(): Promise<Peers> {
  const path = installedPath()
  const node = findNode(path)
  const entry = (name: string): Contestant => ({ program: node, words: [join(folder, `contestant-${name}.cjs`)] })
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: {
      host: join(root, 'native/pcsc/host.ts'),
      ...Object.fromEntries(
        ['binding', 'process', 'pcsclite', 'smartcard'].map((name) => [
          `contestant-${name}`,
          join(here, `contestant-${name}.ts`),
        ]),
      ),
    },
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node16',
    external: ['koffi', '@pokusew/pcsclite', 'smartcard'],
    logLevel: 'error',
  })

  const peers: Record<string, Contestant> = {}
  const absent: Record<string, string> = {}
  const bring = async (name: string, contestant: Contestant, prepare: () => Promise<unknown>) => {
    try {
      await prepare()
      peers[name] = contestant
    } catch (error) {
      absent[name] = reasonOf(error)
    }
  }
  const program = join(folder, 'peer')
  await bring('c', { program, words: [] }, () =>
    run('cc', ['-O2', '-I/usr/include/PCSC', join(here, 'peer.c'), '-lpcsclite', '-o', program]),
  )
  for (const [name, [packageName, version]] of Object.entries(packages)) {
    await bring(name, entry(name), () => installPackage(packageName, version, { PATH: path, ...headersOf(node) }))
  }
  return { binding: entry('binding'), process: entry('process'), peers, absent }
}

async function installPackage(name: string, version: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const own = join(folder, 'package.json')
  if (!existsSync(own)) await writeFile(own, '{ "private": true }\n')
  const installed = join(folder, 'node_modules', name, 'package.json')
  const marker = join(folder, `${name.replace('/', '+')}@${version}.installed`)
  if (existsSync(marker) && existsSync(installed)) return
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--save-exact', '--loglevel=error']
  await run('npm', ['install', `${name}@${version}`, ...options], {
    cwd: folder,
    env: { ...process.env, ...variables },
    timeout: installLimitMs,
  })
  await access(installed)
  await writeFile(marker, '')
}

/** One line: what node-gyp or the compiler complains of, else the first line with an error. */
function reasonOf(error: unknown): string {
  const output = (error as { stderr?: string }).stderr?.trim().split('\n') ?? []
  const told = output.find((line) => /ERR! stack|error:/.test(line)) ?? output.find((line) => /error/i.test(line))
  return told ?? (error instanceof Error ? error.message : String(error))
}
