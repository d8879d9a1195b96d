/** `npm run bench`: every figure beside its peers and limits of the same run (docs/performance.md). */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { readArguments } from '../build/arguments.ts'
import { findElectron, root } from '../build/electron.ts'
import { measureApduRoundTrip } from './apdu/index.ts'
import { measureBlocks } from './blocks.ts'
import { type BenchDesk, startBenchDesk } from './desk.ts'
import type { Figure } from './figure.ts'
import { measureIdle } from './idle.ts'
import { measureInteraction } from './interaction.ts'
import { measureLogin } from './login.ts'
import { measureService } from './service.ts'
import { measureStart } from './start/index.ts'

const HELP = `Measures Tessera on this machine, each figure beside peers and limits that ran in the same minute.

  npm run bench -- [options]

  --quick       fewer samples, about a minute, and without idle
  --json        prints {"electron","figures"} alone, for programs
  --only NAMES  only these groups, with commas between: start, login, apdu, blocks, service, interaction, idle
  --minutes N   how long people come and go before idle is measured; 10 unless told otherwise
  --help`

type Options = { readonly quick: boolean; readonly minutes: number }
type Figures = Readonly<Record<string, Figure>>

/** Groups of figures, in the order in which they are measured. Those that need a desk with a reader share one. */
const GROUPS: Readonly<Record<string, (options: Options, desk: () => Promise<BenchDesk>) => Promise<Figures>>> = {
  start: async (options) => ({ start: await measureStart(options) }),
  login: async (options, desk) => ({ ...(await measureLogin(await desk(), options)) }),
  blocks: async (options, desk) => ({ ...(await measureBlocks(await desk(), options)) }),
  service: async (options) => ({ ...(await measureService(options)) }),
  interaction: (options) => measureInteraction(options),
  // Last, because it plugs a card of its own into the desk's reader.
  apdu: (options) => measureApduRoundTrip(options),
  idle: async (options) => ({ ...(await measureIdle(options)) }),
}
/** Takes more than ten minutes: only in a whole run, or where it is asked for. */
const SLOW: readonly string[] = ['idle']
const ON_DESK: readonly string[] = ['login', 'blocks']

function table(name: string, { unit, p50, p99, n, beside }: Figure): string {
  const row = (label: string, a: number, b: number, note: string) =>
    `${label.padEnd(28)} ${a.toFixed(3).padStart(10)} ${b.toFixed(3).padStart(10)}  ${note}`
  return [
    row(name, p50, p99, `${unit}, n=${n}`),
    ...Object.entries(beside).map(([peer, value]) => row(`  ${peer}`, value.p50, value.p99, `x${(p50 / value.p50).toFixed(2)}`)),
  ].join('\n')
}

async function run(): Promise<void> {
  const { values } = readArguments(HELP, {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    minutes: { type: 'string', default: '10' },
  })
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Error(`--minutes wants a number above 0, not ${values.minutes}`)
  const usual = Object.keys(GROUPS).filter((name) => !values.quick || !SLOW.includes(name))
  const wanted = values.only?.split(',').map((name) => name.trim()) ?? usual
  const unknown = wanted.filter((name) => !Object.hasOwn(GROUPS, name))
  if (unknown.length > 0) throw new Error(`no such group: ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}`)
  execFileSync(process.execPath, [join(root, 'build/bundle.ts')], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const figures: Record<string, Figure> = {}
  const chosen = Object.keys(GROUPS).filter((name) => wanted.includes(name))
  const lastOnDesk = chosen.filter((name) => ON_DESK.includes(name)).at(-1)
  let desk: Promise<BenchDesk> | undefined
  const sharedDesk = (): Promise<BenchDesk> => {
    desk ??= startBenchDesk()
    return desk
  }
  for (const name of chosen) {
    process.stderr.write(`measuring ${name} ...\n`)
    const found = await GROUPS[name]?.({ quick: values.quick, minutes }, sharedDesk)
    if (name === lastOnDesk) await (await desk)?.close()
    Object.assign(figures, found)
    if (!values.json) for (const [key, value] of Object.entries(found ?? {})) process.stdout.write(`${table(key, value)}\n\n`)
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ electron: findElectron().version, figures })}\n`)
}

// What it started ends with it (test/support/ends-with-us.ts), and only an exit is heard of.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
try {
  await run()
  process.exit(0)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
