/**
 * A technician's desk in one process: the real gateway, link, ceremonies and state machine, simulated readers, and the batch on a
 * real disk. Only the window and the system's dialogs are played.
 */
import { join } from 'node:path'
import { createBatchDesk } from '../../../electron/batch/batch-desk.ts'
import { type BatchFile, createBatchFile } from '../../../electron/batch/batch-file.ts'
import type { BatchDesk, BatchDialogs } from '../../../electron/batch/ports.ts'
import { numberOf } from '../../../electron/ceremonies/card-identity.ts'
import { CeremonyFailed } from '../../../electron/ceremonies/guide.ts'
import { login } from '../../../electron/ceremonies/login.ts'
import { register } from '../../../electron/ceremonies/register.ts'
import type { BatchAction, BatchPhase, BatchView, OpenBatchView, Slip } from '../../../electron/contract/batch.ts'
import { createTerminal, type Terminal } from '../../../electron/terminal/terminal.ts'
import { nodeCrypto } from '../../../native/crypto.ts'
import { fromHex, toHex } from '../../../protocol/bytes.ts'
import { newCard, READER, somebody, type TestCard, until, World } from '../ceremonies-world.ts'

const OPERATOR_PIN = '735194'

/** What the technician does with the system's dialogs. */
export interface PlayedDialogs extends BatchDialogs {
  /** The file that is chosen next. */
  csv: string
  readonly slips: Slip[][]
  readonly reports: string[]
  failing: boolean
}

function playedDialogs(): PlayedDialogs {
  const played: PlayedDialogs = {
    csv: '',
    slips: [],
    reports: [],
    failing: false,
    chooseFile: async () => Buffer.from(played.csv),
    async saveSlips(slips) {
      if (played.failing) throw new Error('no paper')
      played.slips.push([...slips])
      return true
    },
    async saveReport(csv) {
      played.reports.push(Buffer.from(csv).toString())
      return true
    },
  }
  return played
}

export function csvOf(count: number): string {
  const rows = Array.from({ length: count }, (_, at) => `Ada,Person ${at + 1},B-${at + 1}`)
  return ['given name,family name,reference', ...rows].join('\n')
}

export class BatchWorld {
  readonly world: World
  readonly operatorCard: TestCard
  readonly dialogs = playedDialogs()
  readonly unexpected: unknown[] = []
  /** Every view since the start of this program. */
  readonly views: BatchView[] = []
  terminal!: Terminal
  #desk!: BatchDesk
  #stops: (() => void)[] = []
  #operator: Uint8Array | undefined
  #failures = 0

  private constructor(world: World, operatorCard: TestCard) {
    this.world = world
    this.operatorCard = operatorCard
  }

  static async create(): Promise<BatchWorld> {
    const world = await World.create()
    await world.online()
    const operatorCard = newCard()
    await world.register(world.insert(operatorCard), { newPins: [{ next: OPERATOR_PIN }] }, { person: somebody(0) })
    world.readers.remove(READER)
    const own = new BatchWorld(world, operatorCard)
    await own.start()
    return own
  }

  get path(): string {
    return join(this.world.folder, 'terminal', 'batch.json')
  }

  /** The terminal's program begins. `file` may put something between the batch and the disk. */
  async start(file: (disk: BatchFile) => BatchFile = (disk) => disk): Promise<void> {
    const { world } = this
    this.views.length = 0
    const terminal = createTerminal({
      application: { version: '1', electron: '0' },
      language: { setting: 'system', locked: false, system: ['de-AT'], keep: async () => undefined },
      idleMs: 3_600_000,
      operatorCard: 'sign-in-only',
      now: Date.now,
      onUnexpected: (_, error) => this.unexpected.push(error),
      drivers: {
        run: async (request, card, guide) => {
          if (request.kind !== 'sign-in' && request.kind !== 'login') throw new Error(`no ${request.kind} here`)
          const purpose = request.kind === 'login' ? 'holder' : 'operator'
          const outcome = await login(world.desk(guide), card, purpose)
          if (purpose === 'operator') this.#operator = outcome.result.session
          return { kind: 'logged-in', login: outcome }
        },
        enrol: async () => undefined,
        endSession: async () => undefined,
        simulate: async () => undefined,
        look: () => new Promise(() => undefined),
        block: async () => undefined,
        openRecord: () => undefined,
        addNote: async () => undefined,
        upkeep: async () => undefined,
        batch: (command) => desk.perform(command),
        watch: () => undefined,
        cardIn: () => undefined,
      },
    })
    const desk = createBatchDesk({
      file: file(createBatchFile({ path: this.path })),
      dialogs: this.dialogs,
      readers: world.readers,
      crypto: nodeCrypto,
      link: () => world.link,
      register: (card, registration, guide, unattended) => {
        this.#failures -= 1
        if (this.#failures >= 0) throw new CeremonyFailed({ code: 'card-slow' })
        return register(world.desk(guide), card, registration, unattended)
      },
      identify: (card) => numberOf(world.readers, card),
      now: Date.now,
      monotonic: () => performance.now(),
      locale: () => 'de-AT',
      show: (view) => {
        this.views.push(view)
        terminal.batchChanged(view)
      },
      onUnexpected: (_, error) => this.unexpected.push(error),
    })
    this.terminal = terminal
    this.#desk = desk
    this.#stops = [
      world.readers.subscribe((status) => terminal.readersChanged(status)),
      world.link.subscribe((view) => {
        terminal.gatewayChanged(view)
        desk.gatewayChanged(view)
      }),
    ]
    terminal.readersChanged(world.readers.status())
    terminal.gatewayChanged(world.link.state())
    await desk.open()
  }

  /** What the program does from here on reaches neither window nor readers: it has been killed. */
  kill(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#desk.close()
    this.world.readers.remove(READER)
  }

  async close(): Promise<void> {
    this.kill()
    await this.world.close()
  }

  async signIn(): Promise<void> {
    const { world, terminal } = this
    world.insert(this.operatorCard)
    await until(() => this.#prompt() === 'enter-pin', 10_000, 'the PIN was not asked for')
    terminal.intent({ kind: 'submit-pin', pin: OPERATOR_PIN })
    await until(() => terminal.snapshot().operator !== undefined, 10_000, 'nobody is signed in')
    world.readers.remove(READER)
  }

  /** The supervisor's session that the operator of this desk has. */
  #session(): Uint8Array {
    if (this.#operator === undefined) throw new Error('nobody is signed in')
    return this.#operator
  }

  /** The gateway ends the operator's session, and this desk hears nothing of it. */
  async endSession(): Promise<void> {
    await this.world.link.request('session.end', { session: this.#session(), reason: 'operator' })
  }

  /** The next registrations fail before they touch the card. */
  failRegistrations(count: number): void {
    this.#failures = count
  }

  /** A card for somebody outside of the batch; answers with its number. */
  async registerApart(card: TestCard, person: ReturnType<typeof somebody>): Promise<{ readonly guid: Uint8Array }> {
    const at = this.world.insert(card)
    const { guid } = await this.world.register(at, { newPins: [{ next: '271828' }] }, { person, session: this.#session() })
    this.world.readers.remove(READER)
    return { guid: fromHex(guid) }
  }

  /** The supervisor blocks it, and this desk is told so. */
  async block(guid: Uint8Array): Promise<void> {
    const { at } = await this.world.link.request('card.block', { session: this.#session(), guid })
    this.world.blocks.note({ guid, blocked: true, at })
  }

  #prompt(): string | undefined {
    const { page } = this.terminal.snapshot()
    return page.kind === 'ceremony' ? page.ceremony.prompt.kind : undefined
  }

  show(): void {
    if (!this.terminal.intent({ kind: 'show', page: 'batch' }).accepted) throw new Error('the page of the batch does not open')
  }

  act(action: BatchAction): boolean {
    return this.terminal.intent({ kind: 'batch', action }).accepted
  }

  view(): BatchView {
    const { page } = this.terminal.snapshot()
    if (page.kind !== 'batch') throw new Error(`on the page ${page.kind}`)
    return page.batch
  }

  open(): OpenBatchView {
    const view = this.view()
    if (view.kind !== 'open') throw new Error(`no batch is open: ${JSON.stringify(view)}`)
    return view.batch
  }

  phase(): BatchPhase {
    return this.open().phase
  }

  async until(kind: BatchPhase['kind'], timeoutMs = 20_000): Promise<OpenBatchView> {
    const now = () => {
      const view = this.view()
      return view.kind === 'open' ? view.batch.phase.kind : view.kind
    }
    await until(() => now() === kind, timeoutMs, `the batch did not come to ${kind}`).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(this.view()).slice(0, 400)}`)
    })
    return this.open()
  }

  /** From a signed-in desk to the first card of these people. */
  async begin(csv: string): Promise<void> {
    this.show()
    this.dialogs.csv = csv
    this.act({ kind: 'choose-file' })
    await until(() => this.view().kind === 'preview', 20_000, 'there is no preview')
    this.act({ kind: 'begin', leaveOutBad: false })
    await this.until('next-card')
  }

  /** Puts a card in, has it made, and takes it out. */
  async make(card: TestCard = newCard()): Promise<void> {
    this.world.insert(card)
    await this.until('remove-card')
    this.world.readers.remove(READER)
  }

  /** The valid certificates of each holder at the gateway, with their cards' states, by reference; the operator left out. */
  async certificates(): Promise<ReadonlyMap<string, readonly string[]>> {
    const store = this.world.gateway?.registry.store
    if (store === undefined) throw new Error('there is no gateway')
    return store.read(async (reader) => {
      const references = new Map((await reader.holders()).map(({ id, reference }) => [toHex(id), reference]))
      const found = new Map<string, string[]>()
      for (const { guid, holder, state } of await reader.cards()) {
        const reference = references.get(toHex(holder)) ?? ''
        if (reference === somebody(0).reference || (await reader.validCertificate(guid)) === undefined) continue
        found.set(reference, [...(found.get(reference) ?? []), state])
      }
      return found
    })
  }
}
