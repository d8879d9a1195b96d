/** A terminal with its simulated desk and exercises, real ceremonies and a real gateway behind it; the test is the trainee. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changePin } from '../../electron/ceremonies/change-pin.ts'
import type { Guide } from '../../electron/ceremonies/guide.ts'
import { login } from '../../electron/ceremonies/login.ts'
import { register } from '../../electron/ceremonies/register.ts'
import { approve, unblock } from '../../electron/ceremonies/unblock.ts'
import type { Intent } from '../../electron/contract/intents.ts'
import type { Page, Prompt, SimulatedCardView, Snapshot } from '../../electron/contract/snapshot.ts'
import type { ExerciseId, ExerciseView } from '../../electron/contract/training.ts'
import { createSeenCards } from '../../electron/presence/seen-cards.ts'
import { type MergedReaders, mergeReaders, type SimulationMode } from '../../electron/readers/merged-readers.ts'
import { createSimulation, SIMULATED_READERS, type Simulation } from '../../electron/simulation/simulation.ts'
import { createTerminal, type Terminal } from '../../electron/terminal/terminal.ts'
import { createTrainingDesk, practiceGuide, type TrainingDesk, UNSEEN } from '../../electron/training/training-desk.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import type { Readers } from '../../native/reader.ts'
import { createSimulatedReaders, type SimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { until, World } from './ceremonies-world.ts'

export const OPERATOR_PIN = '735194'
const PATIENCE_MS = 15_000

export class TrainingWorld {
  readonly world: World
  /** Stands for the readers that PC/SC offers. */
  readonly real: SimulatedReaders
  readonly simulation: Simulation
  readonly readers: MergedReaders
  readonly terminal: Terminal
  readonly trainingDesk: TrainingDesk
  /** What became of the link to the gateway, newest last. */
  readonly cuts: boolean[] = []
  /** The setting, for the ceremonies that begin from now on. */
  changesPinOnPad = false
  readonly #folder: string

  private constructor(world: World, folder: string, mode: SimulationMode, through: (readers: Readers) => Readers) {
    this.world = world
    this.#folder = folder
    this.real = createSimulatedReaders({ names: [] })
    this.simulation = createSimulation({ folder, crypto: nodeCrypto, onDamaged: () => undefined })
    this.readers = mergeReaders(asReal(this.real), this.simulation.readers, mode)
    const cards = createSeenCards(this.readers)
    const seen = through(this.readers)
    const desk = (guide: Guide) => ({
      ...world.desk(guide),
      readers: seen,
      cards,
      usesPinPad: true,
      changesPinOnPad: this.changesPinOnPad,
    })
    let switched = Promise.resolve()
    const changed = () => this.terminal.simulationChanged(this.trainingDesk.view())
    this.trainingDesk = createTrainingDesk({
      simulation: this.simulation,
      readers: this.readers,
      cutGateway: (cut) => {
        this.cuts.push(cut)
        switched = switched.then(() => (cut ? world.stopBroker() : world.startBroker()))
      },
      desk: (hidden) => ({ ...desk(practiceGuide), readers: hidden, cards: UNSEEN }),
      onChange: changed,
    })
    this.terminal = createTerminal({
      application: { version: '1.0.0', electron: '0' },
      language: { setting: 'en', locked: false, system: [], keep: async () => undefined },
      idleMs: 600_000,
      operatorCard: 'sign-in-only',
      now: Date.now,
      onUnexpected: (where, error) => {
        throw new Error(where, { cause: error })
      },
      drivers: {
        async run(request, card, guide) {
          switch (request.kind) {
            case 'sign-in':
            case 'login':
              return {
                kind: 'logged-in',
                login: await login(desk(guide), card, request.kind === 'login' ? 'holder' : 'operator'),
              }
            case 'register': {
              const { kind: _, ...registration } = request
              return { kind: 'finished', result: await register(desk(guide), card, registration) }
            }
            case 'change-pin':
              return { kind: 'finished', result: await changePin(desk(guide), card) }
            case 'unblock': {
              if (request.approved === undefined) return { kind: 'approved', session: await approve(desk(guide), card) }
              const guid = request.target?.guid
              const unblocking = { approval: request.approved.session, ...(guid && { guid }) }
              return { kind: 'finished', result: await unblock(desk(guide), card, unblocking) }
            }
            default:
              return request satisfies never
          }
        },
        enrol: async () => undefined,
        endSession: async (session, reason) => {
          if (reason === 'blocked') return
          await world.link.request('session.end', { session, reason }, { timeoutMs: 500 }).catch(() => undefined)
        },
        simulate: (command, operator) => this.trainingDesk.perform(command, operator),
        look: async () => ({ of: 'readers', places: [] }),
        block: async () => undefined,
        openRecord: () => undefined,
        addNote: async () => undefined,
        batch: async () => undefined,
        watch: () => undefined,
        cardIn: (card) => cards.cardIn(card),
        upkeep: async () => undefined,
      },
    })
    this.readers.subscribe((status) => {
      this.terminal.readersChanged(status)
      changed()
    })
    this.simulation.subscribe(changed)
    this.terminal.subscribe((snapshot) => this.trainingDesk.follow(snapshot))
    world.link.subscribe((view) => this.terminal.gatewayChanged(view))
    this.terminal.gatewayChanged(world.link.state())
    this.terminal.firstOperatorAllowed(true)
    this.terminal.readersChanged(this.readers.status())
    changed()
  }

  /** The ceremonies reach the readers by what `through` makes of them. */
  static async create(
    mode: SimulationMode = 'only',
    through: (readers: Readers) => Readers = (readers) => readers,
  ): Promise<TrainingWorld> {
    const world = await World.create()
    await world.online()
    const folder = await mkdtemp(join(tmpdir(), 'tessera-training-'))
    return new TrainingWorld(world, folder, mode, through)
  }

  async close(): Promise<void> {
    await this.terminal.close()
    await this.readers.close()
    await this.world.close()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  get snapshot(): Snapshot {
    return this.terminal.snapshot()
  }

  get exercise(): ExerciseView | undefined {
    return this.snapshot.simulation?.training?.exercise
  }

  get reached(): readonly string[] {
    return (this.exercise?.steps ?? []).filter(({ state }) => state === 'done').map(({ id }) => id)
  }

  do(intent: Intent): void {
    if (!this.terminal.intent(intent).accepted) throw new Error(`${intent.kind} was not accepted: ${this.said()}`)
  }

  said(): string {
    return JSON.stringify(this.snapshot.page)
  }

  async until(condition: (snapshot: Snapshot) => boolean, what: string): Promise<void> {
    await until(() => condition(this.snapshot), PATIENCE_MS, what).catch((error) => {
      throw new Error(`${error.message}: ${this.said()} ${JSON.stringify(this.exercise)}`)
    })
  }

  page(kind: Page['kind']): Promise<void> {
    return this.until((snapshot) => snapshot.page.kind === kind, `no page ${kind}`)
  }

  prompt(kind: Prompt['kind']): Promise<void> {
    return this.until(({ page }) => page.kind === 'ceremony' && page.ceremony.prompt.kind === kind, `no prompt ${kind}`)
  }

  async pin(pin: string): Promise<void> {
    await this.prompt('enter-pin')
    this.do({ kind: 'submit-pin', pin })
  }

  async newPin(pin: string, current?: string): Promise<void> {
    await this.prompt('choose-pin')
    this.do({ kind: 'submit-new-pin', pin, ...(current === undefined ? {} : { current }) })
  }

  async dismiss(kind: 'done' | 'failed'): Promise<void> {
    await this.prompt(kind)
    this.do({ kind: 'dismiss' })
  }

  insert(card: string, reader: string = SIMULATED_READERS[0]): void {
    this.do({ kind: 'simulate-insert', card, reader })
  }

  pull(reader: string = SIMULATED_READERS[0]): void {
    this.do({ kind: 'simulate-remove', reader })
  }

  /** The card with that part in the exercise. */
  part(part: 'person' | 'other'): SimulatedCardView {
    const card = this.snapshot.simulation?.cards.find((candidate) => candidate.part === part)
    if (card === undefined) throw new Error(`no card for ${part}`)
    return card
  }

  /** The first operator, a supervisor, whose card is the first of the desk; signed in, and their card is put away. */
  async signIn(): Promise<string> {
    this.do({ kind: 'simulate-new-card' })
    const id = this.snapshot.simulation?.cards[0]?.id ?? ''
    this.do({ kind: 'register', person: { givenName: 'Grace', familyName: 'Hopper', reference: 'S-1' } })
    this.insert(id)
    await this.newPin(OPERATOR_PIN)
    await this.dismiss('done')
    await this.pin(OPERATOR_PIN)
    await this.page('idle')
    this.pull()
    return id
  }

  async start(exercise: ExerciseId): Promise<void> {
    await this.page('idle')
    this.do({ kind: 'simulate-exercise', exercise })
    await this.until(() => this.exercise?.state !== 'preparing', 'the exercise was not set up')
  }
}

/** Simulated readers that say they are real ones. */
function asReal(readers: SimulatedReaders): Readers {
  const status = () => {
    const { service, readers: all } = readers.status()
    return { service, readers: all.map((reader) => ({ ...reader, simulated: false })) }
  }
  return {
    status,
    subscribe: (listener) => readers.subscribe(() => listener(status())),
    connect: (reader, options) => readers.connect(reader, options),
    close: () => readers.close(),
  }
}
