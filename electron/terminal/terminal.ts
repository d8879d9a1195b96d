/**
 * The terminal: holds the state, does what the state machine asks for, and lets those who listen know each
 * new snapshot. It knows no electron; what it drives is handed in.
 */

import type { ReadersStatus } from '../../native/reader.ts'
import { utf8, wipe } from '../../protocol/bytes.ts'
import type { Notice } from '../../protocol/messages/notices.ts'
import type { BatchCommand } from '../batch/ports.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import { CeremonyCancelled, CeremonyFailed, type Guide } from '../ceremonies/guide.ts'
import type { BatchView } from '../contract/batch.ts'
import type { IntentReply } from '../contract/channels.ts'
import type { Intent } from '../contract/intents.ts'
import type { LanguageSetting } from '../contract/languages.ts'
import type { Problem } from '../contract/problems.ts'
import type { SettingView } from '../contract/settings.ts'
import type { GatewayView, SimulationView, Snapshot } from '../contract/snapshot.ts'
import type { UsbReaders } from '../readers/usb.ts'
import type { NewNote, RecordLogin, ShowRecord } from '../records/report.ts'
import { createAsks } from './asks.ts'
import { transition } from './machine.ts'
import type { LookAnswer, LookQuestion } from './overview.ts'
import {
  type CeremonyRequest,
  type Command,
  type Effect,
  INITIAL_STATE,
  type OperatorCard,
  type Outcome,
  type SessionEndReason,
  type SimulationCommand,
  type State,
  type TerminalEvent,
} from './state.ts'
import type { UpkeepEffect, UpkeepEvent } from './upkeep-state.ts'
import { toSnapshot } from './view.ts'

/** What the terminal drives. None of these may be called again before the window has something to show. */
export interface Drivers {
  /** Runs one ceremony to its end; rejects with CeremonyCancelled or CeremonyFailed. */
  run(
    request: CeremonyRequest,
    card: Insertion,
    guide: Guide,
  ): Promise<Extract<Outcome, { kind: 'logged-in' | 'finished' | 'approved' }>>
  /** Enrols by an invitation's code; answers with what went wrong, or nothing. */
  enrol(code: string): Promise<Problem | undefined>
  /** Tells the gateway, and the services that the login was good for; never rejects. */
  endSession(session: Uint8Array, reason: SessionEndReason): Promise<void>
  /** `operator` is the session of who starts an exercise. */
  simulate(command: SimulationCommand, operator: Uint8Array | undefined): Promise<void>
  /** Asks the gateway; rejects with CeremonyFailed. */
  look(question: LookQuestion): Promise<LookAnswer>
  /** Has a card blocked, by the supervisor of that session; rejects with CeremonyFailed. */
  block(session: Uint8Array, guid: Uint8Array): Promise<void>
  /** Begins beside the login, and shows what comes of it until `endSession`. */
  openRecord(login: RecordLogin, show: ShowRecord): void
  /** Rejects with CeremonyFailed. */
  addNote(session: Uint8Array, note: NewNote): Promise<void>
  /** Hands something on to the batch; what comes of it is told by `batchChanged`. */
  batch(command: BatchCommand): Promise<void>
  /** Sees each change of the state before the window does; `outcome` is of a ceremony that ended with it. Must not throw. */
  watch(before: State, after: State, outcome: Outcome | undefined): void
  /** The number of that card, where a ceremony has learned it; undefined before anything was driven. */
  cardIn(card: Insertion): Uint8Array | undefined
  /** Changes settings, makes checks, and tells what comes of it. */
  upkeep(effect: UpkeepEffect, tell: (event: UpkeepEvent) => void): Promise<void>
}

export interface TerminalOptions {
  readonly application: Snapshot['application']
  readonly language: {
    readonly setting: LanguageSetting
    /** Nobody at the desk may change the setting. */
    readonly locked: boolean
    /** What the operating system prefers, best first (BCP 47). */
    readonly system: readonly string[]
    /** Keeps what was chosen at the desk for the next start. */
    keep(setting: LanguageSetting): Promise<void>
  }
  readonly drivers: Drivers
  /** How long the desk may be left alone before it is locked. */
  readonly idleMs: number
  readonly operatorCard: OperatorCard
  readonly now: () => number
  /** An error that no ceremony has a name for; it must not carry personal data. */
  readonly onUnexpected: (where: string, error: unknown) => void
}

export interface Terminal {
  snapshot(): Snapshot
  /** Called after each change, with the whole. Returns the way to stop. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void
  intent(intent: Intent): IntentReply
  readersChanged(status: ReadersStatus): void
  gatewayChanged(view: GatewayView): void
  /** What the gateway's hello said; told before the gateway is shown as online. */
  firstOperatorAllowed(allowed: boolean): void
  simulationChanged(view: SimulationView | undefined): void
  /** After a change of settings: how they stand, and how long the desk may be left alone from now on. */
  settingsChanged(settings: readonly SettingView[], idleMs: number): void
  usbReadersChanged(usb: UsbReaders): void
  batchChanged(view: BatchView): void
  /** That login was handed to the program of that name. */
  handedOver(session: Uint8Array, name: string): void
  /** A verified notice of the gateway's; `card` is where its card is in. What it ends has ended when this returns. */
  noticed(notice: Notice, card: Insertion | undefined): void
  /** What became of the PIN on a card whose notice wanted it blocked. */
  pinBlockedOnCard(guid: Uint8Array, done: boolean): void
  /** Ends what is open, and the sessions at the gateway. */
  close(): Promise<void>
}

export function createTerminal(options: TerminalOptions): Terminal {
  const { drivers, now } = options
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const { setting, locked, system } = options.language
  let state: State = { ...INITIAL_STATE, operatorCard: options.operatorCard, language: { setting, locked, system } }
  let revision = 0
  let snapshot = toSnapshot(state, revision, options.application)
  let idleTimer: ReturnType<typeof setTimeout> | undefined
  let idleMs = options.idleMs
  let closed = false
  const asks = createAsks({
    dispatch: (event) => void dispatch(event),
    shownKind: () => (state.activity.kind === 'ceremony' ? state.activity.request.kind : undefined),
  })

  function dispatch(event: TerminalEvent): boolean {
    if (closed) return false
    const next = transition(state, event, now())
    const before = state
    state = next.state
    if (state !== before) drivers.watch(before, state, event.kind === 'ended' ? event.outcome : undefined)
    // The session of a pulled card ends at the gateway before anything is drawn.
    for (const effect of next.effects) perform(effect)
    if (state !== before) publish()
    return next.accepted
  }

  function publish(): void {
    revision += 1
    snapshot = toSnapshot(state, revision, options.application)
    for (const listener of [...listeners]) listener(snapshot)
  }

  function perform(effect: Effect): void {
    switch (effect.kind) {
      case 'start':
        void run(effect.run, effect.request, effect.card)
        return
      case 'answer-pin':
        asks.answerPin(effect.run, effect.pin)
        return
      case 'answer-new-pin':
        asks.answerNewPin(
          effect.run,
          effect.current === undefined ? { next: effect.next } : { current: effect.current, next: effect.next },
        )
        return
      case 'answer-pad':
        asks.answerPad(effect.run, effect.choice)
        return
      case 'cancel-ask':
        asks.cancel(effect.run)
        return
      case 'end-session':
        void guarded('session.end', () => drivers.endSession(effect.session, effect.reason))
        return
      case 'enrol':
        void enrol(effect.code)
        return
      case 'keep-language':
        void guarded('keep-language', () => options.language.keep(effect.setting))
        return
      case 'simulate':
        void guarded('simulation', () => drivers.simulate(effect.command, effect.operator))
        return
      case 'look':
        void look(effect.look, effect.question)
        return
      case 'block':
        void block(effect.session, effect.guid)
        return
      case 'batch':
        void guarded('batch', () => drivers.batch(effect.command))
        return
      case 'open-record': {
        const { kind: _, ...login } = effect
        drivers.openRecord(login, (record) => void dispatch({ kind: 'record', session: login.session, record }))
        return
      }
      case 'add-note':
        void addNote(effect.session, effect.note)
        return
      case 'upkeep':
        void guarded('upkeep', () => drivers.upkeep(effect.effect, (event) => void dispatch({ kind: 'upkeep', event })))
        return
      default:
        effect satisfies never
    }
  }

  async function guarded(where: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      options.onUnexpected(where, error)
    }
  }

  async function enrol(code: string): Promise<void> {
    let problem: Problem | undefined
    try {
      problem = await drivers.enrol(code)
    } catch (error) {
      options.onUnexpected('enrol', error)
      problem = { code: 'unexpected' }
    }
    dispatch(problem === undefined ? { kind: 'enrol-ended' } : { kind: 'enrol-ended', problem })
  }

  async function look(number: number, question: LookQuestion): Promise<void> {
    try {
      dispatch({ kind: 'looked', look: number, answer: await drivers.look(question) })
    } catch (error) {
      dispatch({ kind: 'look-failed', look: number, problem: problemOfDriver('look', error) })
    }
  }

  async function block(session: Uint8Array, guid: Uint8Array): Promise<void> {
    try {
      await drivers.block(session, guid)
      dispatch({ kind: 'block-ended', guid })
    } catch (error) {
      dispatch({ kind: 'block-ended', guid, problem: problemOfDriver('block', error) })
    }
  }

  async function addNote(session: Uint8Array, note: NewNote): Promise<void> {
    try {
      await drivers.addNote(session, note)
      dispatch({ kind: 'note-ended', session })
    } catch (error) {
      dispatch({ kind: 'note-ended', session, problem: problemOfDriver('note', error) })
    }
  }

  function problemOfDriver(where: string, error: unknown): Problem {
    if (error instanceof CeremonyFailed && error.problem.code !== 'unexpected') return error.problem
    options.onUnexpected(where, error instanceof CeremonyFailed ? (error.cause ?? error) : error)
    return { code: 'unexpected' }
  }

  async function run(id: number, request: CeremonyRequest, card: Insertion): Promise<void> {
    let outcome: Outcome
    try {
      outcome = await drivers.run(request, card, asks.guideFor(id))
    } catch (error) {
      outcome = outcomeOf(request, error)
      const guid = drivers.cardIn(card)
      if (outcome.kind === 'failed' && guid !== undefined) outcome = { ...outcome, guid }
    }
    asks.cancel(id)
    dispatch({ kind: 'ended', run: id, outcome })
  }

  function outcomeOf(request: CeremonyRequest, error: unknown): Outcome {
    if (error instanceof CeremonyCancelled) return { kind: 'cancelled' }
    if (error instanceof CeremonyFailed) {
      if (error.problem.code === 'unexpected') options.onUnexpected(request.kind, error.cause ?? error)
      return { kind: 'failed', problem: error.problem }
    }
    options.onUnexpected(request.kind, error)
    return { kind: 'failed', problem: { code: 'unexpected' } }
  }

  function restartIdleTimer(): void {
    if (idleTimer !== undefined) clearTimeout(idleTimer)
    idleTimer = setTimeout(() => {
      dispatch({ kind: 'idle' })
      restartIdleTimer()
    }, idleMs)
    // A timer alone must not keep the program alive.
    idleTimer.unref?.()
  }

  restartIdleTimer()

  return {
    snapshot: () => snapshot,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    intent(intent) {
      if (closed) return { accepted: false, reason: 'not-now' }
      restartIdleTimer()
      const command = toCommand(intent)
      if (dispatch({ kind: 'command', command })) return { accepted: true }
      wipePins(command)
      return { accepted: false, reason: 'not-now' }
    },
    readersChanged(status) {
      restartIdleTimer()
      dispatch({ kind: 'readers', status })
    },
    gatewayChanged: (view) => void dispatch({ kind: 'gateway', view }),
    firstOperatorAllowed: (allowed) => void dispatch({ kind: 'first-operator', allowed }),
    simulationChanged: (view) => void dispatch({ kind: 'simulation', view }),
    settingsChanged(settings, idle) {
      idleMs = idle
      restartIdleTimer()
      dispatch({ kind: 'upkeep', event: { kind: 'settings', settings } })
    },
    handedOver: (session, name) => void dispatch({ kind: 'handed-over', session, name }),
    usbReadersChanged: (usb) => void dispatch({ kind: 'usb', usb }),
    batchChanged: (view) => void dispatch({ kind: 'batch', view }),
    noticed: (notice, card) => void dispatch(card === undefined ? { kind: 'notice', notice } : { kind: 'notice', notice, card }),
    pinBlockedOnCard: (guid, done) => void dispatch({ kind: 'pin-blocked-on-card', guid, done }),
    async close() {
      if (closed) return
      closed = true
      if (idleTimer !== undefined) clearTimeout(idleTimer)
      listeners.clear()
      asks.close()
      const sessions = [state.session?.login.result.session, state.operator?.session]
      await Promise.all(
        sessions.map((session) =>
          session === undefined ? undefined : guarded('session.end', () => drivers.endSession(session, 'quit')),
        ),
      )
    },
  }
}

/** PINs become bytes at once, because bytes can be wiped; the renderer's own text cannot (docs/security.md). */
function toCommand(intent: Intent): Command {
  switch (intent.kind) {
    case 'submit-pin':
      return { kind: 'submit-pin', pin: utf8(intent.pin) }
    case 'submit-new-pin': {
      const next = utf8(intent.pin)
      return intent.current === undefined
        ? { kind: 'submit-new-pin', next }
        : { kind: 'submit-new-pin', next, current: utf8(intent.current) }
    }
    default:
      return intent
  }
}

function wipePins(command: Command): void {
  if (command.kind === 'submit-pin') wipe(command.pin)
  if (command.kind === 'submit-new-pin') wipe(command.next, ...(command.current === undefined ? [] : [command.current]))
}
