/** A terminal whose readers, gateway and ceremonies the test plays itself. */
import type { BatchCommand } from '../../electron/batch/ports.ts'
import type { Insertion } from '../../electron/ceremonies/card-access.ts'
import { CeremonyCancelled, type Guide } from '../../electron/ceremonies/guide.ts'
import type { Intent } from '../../electron/contract/intents.ts'
import type { Problem } from '../../electron/contract/problems.ts'
import type { Page, Prompt } from '../../electron/contract/snapshot.ts'
import type { NewNote, RecordLogin, ShowRecord } from '../../electron/records/report.ts'
import type { LookAnswer, LookQuestion } from '../../electron/terminal/overview.ts'
import type {
  CeremonyRequest,
  OperatorCard,
  Outcome,
  SessionEndReason,
  SimulationCommand,
} from '../../electron/terminal/state.ts'
import { createTerminal, type Drivers } from '../../electron/terminal/terminal.ts'
import type { UpkeepEffect, UpkeepEvent } from '../../electron/terminal/upkeep-state.ts'
import type { ReaderState, ReaderStatus, ServiceState } from '../../native/reader.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { LoginResult, Role } from '../../protocol/messages/operations.ts'

export interface Run {
  readonly request: CeremonyRequest
  readonly card: Insertion
  readonly guide: Guide
  resolve(outcome: Extract<Outcome, { kind: 'logged-in' | 'finished' | 'approved' }>): void
  reject(error: Error): void
}

export interface AskedLook {
  readonly question: LookQuestion
  resolve(answer: LookAnswer): void
  reject(error: Error): void
}

export interface AskedBlock {
  readonly session: number
  readonly guid: string
  resolve(): void
  reject(error: Error): void
}

export interface AskedNote {
  readonly session: number
  readonly note: NewNote
  resolve(): void
  reject(error: Error): void
}

/** A login's time, as far as these tests need one. */
export const PARTS = { connect: 1, read: 2, handshake: 0, verify: 3, sign: 4, gateway: 5 }

export function loginResult(number: number, role?: Role): LoginResult {
  return {
    session: new Uint8Array(16).fill(number),
    holder: { id: new Uint8Array(16), givenName: 'Ada', familyName: 'Lovelace', reference: 'C-1', registeredAt: 1 },
    card: { guid: Uint8Array.from({ length: 16 }, (_, index) => index), expiresAt: 2 },
    at: 3,
    ...(role === undefined ? {} : { role }),
  }
}

export function createDesk(
  options: {
    readonly idleMs?: number
    readonly operatorCard?: OperatorCard
    readonly readers?: readonly string[]
    readonly languageLocked?: boolean
  } = {},
) {
  const runs: Run[] = []
  const enrolments: { readonly code: string; readonly end: (problem?: Problem) => void }[] = []
  const endedSessions: { readonly session: number; readonly reason: SessionEndReason }[] = []
  const simulated: SimulationCommand[] = []
  const unexpected: string[] = []
  const looks: AskedLook[] = []
  const blocks: AskedBlock[] = []
  const records: { readonly login: RecordLogin; readonly show: ShowRecord }[] = []
  const notes: AskedNote[] = []
  const knownCards = new Map<string, Uint8Array>()
  const keptLanguages: string[] = []
  const upkeep: UpkeepEffect[] = []
  const tells: ((event: UpkeepEvent) => void)[] = []
  const batchCommands: BatchCommand[] = []
  const watchers: Drivers['watch'][] = []
  const terminal = createTerminal({
    application: { version: '1.0.0', electron: '0' },
    language: {
      setting: 'system',
      locked: options.languageLocked ?? false,
      system: ['fr-CH', 'de-CH'],
      keep: async (setting) => void keptLanguages.push(setting),
    },
    idleMs: options.idleMs ?? 60_000,
    operatorCard: options.operatorCard ?? 'sign-in-only',
    now: () => 1000,
    onUnexpected: (where) => unexpected.push(where),
    drivers: {
      run: (request, card, guide) => new Promise((resolve, reject) => runs.push({ request, card, guide, resolve, reject })),
      enrol: (code) => new Promise((end) => enrolments.push({ code, end })),
      endSession: async (session, reason) => void endedSessions.push({ session: session[0] ?? 0, reason }),
      simulate: async (command) => void simulated.push(command),
      look: (question) => new Promise((resolve, reject) => looks.push({ question, resolve, reject })),
      block: (session, guid) =>
        new Promise((resolve, reject) => blocks.push({ session: session[0] ?? 0, guid: toHex(guid), resolve, reject })),
      openRecord: (login, show) => void records.push({ login, show }),
      addNote: (session, note) =>
        new Promise((resolve, reject) => notes.push({ session: session[0] ?? 0, note, resolve, reject })),
      upkeep: async (effect, tell) => {
        upkeep.push(effect)
        tells.push(tell)
      },
      batch: async (command) => void batchCommands.push(command),
      watch: (...change) => {
        for (const watcher of watchers) watcher(...change)
      },
      cardIn: (card) => knownCards.get(`${card.reader} ${card.insertions}`),
    },
  })
  let service: ServiceState = { kind: 'ready' }
  let readers: ReaderStatus[] = (options.readers ?? ['A', 'B']).map((name) => ({
    name,
    simulated: false,
    insertions: 0,
    state: { kind: 'empty' },
  }))
  const tell = () => terminal.readersChanged({ service, readers })
  const set = (name: string, state: ReaderState, inserted: boolean) => {
    readers = readers.map((reader) =>
      reader.name === name ? { ...reader, state, insertions: reader.insertions + (inserted ? 1 : 0) } : reader,
    )
    tell()
  }
  const atr = Uint8Array.of(0x3b)
  const desk = {
    terminal,
    runs,
    enrolments,
    endedSessions,
    looks,
    blocks,
    records,
    notes,
    knownCards,
    simulated,
    unexpected,
    keptLanguages,
    upkeep,
    tells,
    batchCommands,
    watch: (watcher: Drivers['watch']) => void watchers.push(watcher),
    insert: (reader = 'A') => set(reader, { kind: 'card', atr }, true),
    mute: (reader = 'A') => set(reader, { kind: 'mute' }, true),
    pull: (reader = 'A') => set(reader, { kind: 'empty' }, false),
    inUse: (reader = 'A') => set(reader, { kind: 'in-use', atr }, false),
    unplug(reader = 'A') {
      readers = readers.filter(({ name }) => name !== reader)
      tell()
    },
    setService(next: ServiceState) {
      service = next
      tell()
    },
    online: (mayRegisterFirstOperator = false) => {
      terminal.firstOperatorAllowed(mayRegisterFirstOperator)
      terminal.gatewayChanged({ kind: 'online', site: 'Here', since: 1 })
    },
    run(): Run {
      const run = runs[runs.length - 1]
      if (run === undefined) throw new Error('no ceremony was started')
      return run
    },
    page: (): Page => terminal.snapshot().page,
    prompt(): Prompt | undefined {
      const { page } = terminal.snapshot()
      return page.kind === 'ceremony' ? page.ceremony.prompt : undefined
    },
    intent: (intent: Intent) => terminal.intent(intent).accepted,
    async signIn(role: Role = 'supervisor') {
      desk.insert()
      desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(1, role), loginMs: 10, parts: PARTS } })
      await settle()
      desk.pull()
    },
    async logIn() {
      desk.insert()
      desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(2), loginMs: 12, parts: PARTS } })
      await settle()
    },
  }
  tell()
  return desk
}

/** Everything that is already promised has happened. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Like a ceremony whose question was called off. */
export async function passOn(run: Run, asked: Promise<unknown>): Promise<void> {
  await asked.catch((error) => run.reject(error instanceof CeremonyCancelled ? error : new Error('not cancelled')))
  await settle()
}
