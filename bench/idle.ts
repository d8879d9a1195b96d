/**
 * The figure `idle`: what the window costs at rest after minutes of card traffic, beside a bare Electron window of the same age.
 * All processes of each count: main, renderer, GPU, utilities, the one that owns PC/SC. Linux only, from /proc.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, type ElectronApplication } from 'playwright-core'
import * as v from 'valibot'
import { findElectron, root, sandboxArguments } from '../build/electron.ts'
import { policySchema } from '../gateway/findings/policy.ts'
import { startDisplay } from '../test/support/display.ts'
import { TestGateway } from '../test/support/gateway.ts'
import { TerminalWindow } from '../test/support/window.ts'
import { type Figure, figure } from './figure.ts'

const PIN = '284617'
const BARE = join(root, 'bench/start/bare')
const READER = 'Simulated reader 1'
const REST_BEFORE_MS = 10_000
const SAMPLES = 30
const SAMPLE_MS = 1000
/** People come faster than at any desk: about 250 logins in ten minutes. */
const BETWEEN_PEOPLE_MS = 1500
/** When, in minutes of traffic, memory is looked at to see whether it grows. */
const LOOKS = [2, 5, 10]

export interface IdleFigures {
  /** Resident memory at rest, in MB. */
  readonly idle: Figure
  /** Of it the memory that comes from no file, in MB: the page's and main's heaps. */
  readonly idleHeaps: Figure
  /** Processor time at rest, in milliseconds of each second. */
  readonly idleCpu: Figure
}

/** The process and all that descend from it. */
function treeOf(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      // proc(5): the name in brackets may hold anything; the parent is the second field after it.
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
    } catch {
      // It has just ended.
    }
  }
  const tree = [pid]
  for (let i = 0; i < tree.length; i += 1) tree.push(...(parents.get(tree[i] ?? 0) ?? []))
  return tree
}

interface Memory {
  /** What system monitors show: the resident set of each process, in which shared pages count each time. */
  readonly resident: number
  /** What belongs to these processes alone and comes from no file: heaps and stacks. */
  readonly anonymous: number
}

/** Memory of a tree of processes, in MB. */
function memoryOf(pid: number): Memory {
  const rollups = treeOf(pid).map((each) => readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))
  const sum = (field: RegExp) => rollups.reduce((total, text) => total + Number(field.exec(text)?.[1]), 0) / 1024
  return { resident: sum(/^Rss:\s+(\d+)/m), anonymous: sum(/^Anonymous:\s+(\d+)/m) }
}

/** Processor time that a tree of processes has taken so far, in milliseconds; of every thread, to the nanosecond. */
function processorTimeOf(pid: number): number {
  let nanoseconds = 0
  for (const each of treeOf(pid)) {
    for (const thread of readdirSync(`/proc/${each}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${each}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    }
  }
  return nanoseconds / 1e6
}

/** What a tree of processes costs, second by second. */
class Samples {
  readonly memory: Memory[] = []
  /** Milliseconds of each second. */
  readonly processor: number[] = []
  readonly #pid: number
  #last: { readonly at: number; readonly took: number } | undefined

  constructor(pid: number) {
    this.#pid = pid
  }

  take(): void {
    const now = { at: performance.now(), took: processorTimeOf(this.#pid) }
    if (this.#last !== undefined) this.processor.push(((now.took - this.#last.took) / (now.at - this.#last.at)) * 1000)
    this.#last = now
    this.memory.push(memoryOf(this.#pid))
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function openBare(profile: string): Promise<ElectronApplication> {
  const app = await _electron.launch({
    executablePath: findElectron().executable,
    args: [...sandboxArguments(), BARE, `--user-data-dir=${profile}`],
  })
  await (await app.firstWindow()).waitForLoadState('load')
  return app
}

const pidOf = (app: ElectronApplication): number => {
  const { pid } = app.process()
  if (pid === undefined) throw new Error('Electron has ended')
  return pid
}

/** A terminal whose first operator is signed in, with a second card that belongs to nobody who works here. */
async function openDesk(gateway: TestGateway): Promise<{ window: TerminalWindow; card: string }> {
  const window = await TerminalWindow.open({
    environment: {
      TESSERA_SIMULATION: 'only',
      TESSERA_BROKER_URL: gateway.gateway.brokerUrl,
      TESSERA_INVITATION: await gateway.invite(true),
    },
  })
  const register = async (familyName: string, open: () => Promise<void>): Promise<string> => {
    const before = (await window.snapshot()).simulation?.cards.length ?? 0
    await window.intent({ kind: 'simulate-new-card' })
    const { simulation } = await window.until('a card', (now) => (now.simulation?.cards.length ?? 0) > before)
    const id = simulation?.cards.at(-1)?.id
    if (id === undefined) throw new Error('no card')
    await open()
    await window.fill('Given name', 'Beate')
    await window.fill('Family name', familyName)
    await window.fill('Customer, patient or staff number', familyName)
    await window.press('Continue with a blank card')
    await window.intent({ kind: 'simulate-insert', card: id, reader: READER })
    await window.chooseNewPin(PIN)
    await window.reads(`Beate ${familyName} is registered`)
    await window.press('Done')
    return id
  }
  await register('Operator', () => window.reads('Register the first operator'))
  await window.enterPin('Enter your PIN', PIN)
  await window.reads('Insert the person’s card')
  await window.intent({ kind: 'simulate-remove', reader: READER })
  const card = await register('Bench', () => window.press('Register a person'))
  await window.intent({ kind: 'simulate-remove', reader: READER })
  await window.reads('Insert the person’s card')
  return { window, card }
}

async function serveOnePerson({ window, card }: { window: TerminalWindow; card: string }): Promise<void> {
  await window.intent({ kind: 'simulate-insert', card, reader: READER })
  await window.enterPin('Enter the PIN', PIN)
  await window.reads('Beate Bench is logged in')
  await window.intent({ kind: 'simulate-remove', reader: READER })
  await window.reads('Insert the person’s card')
}

/** Needs the bundles of `npm run build`. `minutes`: how long people come and go before the window rests. */
export async function measureIdle({ minutes }: { readonly minutes: number }): Promise<IdleFigures> {
  const display = await startDisplay()
  const profile = await mkdtemp(join(tmpdir(), 'tessera-idle-'))
  // A card is used more often here than anybody could: the default policy would rightly see an attack.
  const often = { events: 1_000_000, windowMs: 10_000 }
  const policy = v.parse(policySchema, { clone: { travelMs: 1 }, flooding: { terminalMessages: often, cardLogins: often } })
  const gateway = await TestGateway.start({ kind: 'embedded', port: 0 }, policy)
  const desk = await openDesk(gateway)
  const bare = await openBare(profile)
  try {
    const ours = pidOf(desk.window.app)
    const peer = pidOf(bare)
    const atRest = { ours: new Samples(ours), bare: new Samples(peer) }
    const grown: Record<string, Memory> = { before: memoryOf(ours) }
    const begin = performance.now()
    const passed = () => (performance.now() - begin) / 60_000
    for (let looked = 0; passed() < minutes; ) {
      await serveOnePerson(desk)
      await pause(BETWEEN_PEOPLE_MS)
      const next = LOOKS[looked]
      if (next === undefined || passed() < next) continue
      grown[`after${next}Minutes`] = memoryOf(ours)
      looked += 1
    }
    await pause(REST_BEFORE_MS)
    for (let i = 0; i < SAMPLES; i += 1) {
      await pause(SAMPLE_MS)
      atRest.ours.take()
      atRest.bare.take()
    }
    const memory = (field: keyof Memory): Figure => ({
      ...figure(
        atRest.ours.memory.map((each) => each[field]),
        {
          bareElectron: atRest.bare.memory.map((each) => each[field]),
          ...Object.fromEntries(Object.entries(grown).map(([when, each]) => [when, [each[field]]])),
        },
      ),
      unit: 'MB',
    })
    return {
      idle: memory('resident'),
      idleHeaps: memory('anonymous'),
      idleCpu: figure(atRest.ours.processor, { bareElectron: atRest.bare.processor }),
    }
  } finally {
    await bare.close()
    await desk.window.close()
    await gateway.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    display.stop()
  }
}
