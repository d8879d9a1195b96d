/** Draws the terminal's state as the snapshot that the window shows. */
import { includesRole } from '../../protocol/messages/operations.ts'
import type {
  BlockingView,
  BlockView,
  CeremonyResult,
  Page,
  Prompt,
  ReadersView,
  SessionView,
  Snapshot,
} from '../contract/snapshot.ts'
import { diagnose } from '../readers/diagnosis.ts'
import { cardNumber, groupsOfFour } from './card-number.ts'
import { languageView } from './language.ts'
import { isCovered } from './locking.ts'
import { lookPage } from './look-view.ts'
import { navigationView } from './navigation.ts'
import { padPrompt } from './pad.ts'
import { recordView } from './record.ts'
import { canRetry } from './remedies.ts'
import type { Ask, Block, Blocking, PersonSession, Stage, State } from './state.ts'
import { resizing, wantsHighContrast } from './upkeep.ts'
import { waitingPage } from './waiting-page.ts'

function pageOf(state: State): Page {
  if (isCovered(state)) return waitingPage(state)
  const { activity } = state
  if (activity.kind === 'ceremony') {
    const { request, steps, stage, person } = activity
    return {
      kind: 'ceremony',
      ceremony: {
        kind: request.kind,
        steps,
        prompt: promptOf(stage),
        ...(person === undefined ? {} : { person }),
        ...(request.kind === 'unblock' ? { part: request.approved === undefined ? 'approval' : 'card' } : {}),
      },
    }
  }
  if (activity.kind === 'blocked') return { kind: 'blocked', block: blockView(state, activity.block) }
  if (activity.kind === 'looking') return lookPage(state, activity)
  if (activity.kind === 'batch') return { kind: 'batch', batch: state.batch }
  if (state.session !== undefined) return { kind: 'session', session: sessionView(state.session) }
  return waitingPage(state)
}

function promptOf(stage: Stage): Prompt {
  switch (stage.kind) {
    case 'insert':
      return { kind: 'insert-card' }
    case 'running':
      return askPrompt(stage.ask)
    case 'done':
      return { kind: 'done', result: shown(stage.result) }
    case 'failed':
      return { kind: 'failed', problem: stage.problem, canRetry: canRetry(stage.problem.code) }
    default:
      return stage satisfies never
  }
}

function shown(result: CeremonyResult): CeremonyResult {
  return result.kind === 'registered' ? { ...result, guid: groupsOfFour(result.guid) } : result
}

function askPrompt(ask: Ask): Prompt {
  if (ask.kind === 'nothing') return { kind: 'working' }
  if (ask.kind === 'pad') return padPrompt(ask)
  const { retriesLeft, problem } = ask.request
  if (retriesLeft === 1 && !ask.lastTryConfirmed) return { kind: 'confirm-last-try' }
  const about = { ...(retriesLeft === undefined ? {} : { retriesLeft }), ...(problem === undefined ? {} : { problem }) }
  return ask.kind === 'pin' ? { kind: 'enter-pin', ...about } : { kind: 'choose-pin', current: ask.request.current, ...about }
}

function sessionView(session: PersonSession): SessionView {
  const { login, card } = session
  const { holder, role, last, at } = login.result
  const record = recordView(session)
  return {
    givenName: holder.givenName,
    familyName: holder.familyName,
    reference: holder.reference,
    registeredAt: holder.registeredAt,
    at,
    cardNumber: cardNumber(login.result.card.guid),
    cardExpiresAt: login.result.card.expiresAt,
    reader: card.reader,
    loginMs: login.loginMs,
    ...(role === undefined ? {} : { role }),
    ...(last === undefined ? {} : { last }),
    ...(record && { record }),
    ...(session.handovers && { handovers: session.handovers }),
  }
}

function readersView(state: State): ReadersView {
  const readers = state.readers.readers.map(({ name, simulated, state: { kind } }) => ({ name, simulated, state: kind }))
  const { readers: desk, problem } = diagnose(state.readers, state.usb, state.strangers)
  return { readers, desk, ...(problem === undefined ? {} : { problem }) }
}

const CODES = { pin: 'pin-blocked', puk: 'puk-blocked', card: 'card-blocked', finding: 'session-stopped' } as const

function blockView(state: State, block: Block): BlockView {
  const { cause, person, guid, card } = block
  return {
    cause,
    code: CODES[cause],
    canUnblock: canUnblock(state.gateway, block),
    ...(person && { person }),
    ...(guid && { cardNumber: cardNumber(guid) }),
    ...(card && { reader: card.reader }),
    ...('at' in block && block.at !== undefined ? { at: block.at } : {}),
    ...('finding' in block && block.finding !== undefined ? { finding: block.finding } : {}),
    ...(block.cause === 'card' && block.by !== undefined ? { by: block.by } : {}),
    ...(block.cause === 'card' && block.onCard !== undefined ? { onCard: block.onCard } : {}),
  }
}

/** Whether a supervisor can undo it at this desk, now. */
export function canUnblock(gateway: State['gateway'], { cause }: Block): boolean {
  return gateway.kind === 'online' && (cause === 'pin' || cause === 'card')
}

function blockingView({ guid, state }: Blocking): BlockingView {
  const problem = state.kind === 'failed' ? { problem: state.problem } : {}
  return { cardNumber: cardNumber(guid), state: state.kind, ...problem }
}

export function toSnapshot(state: State, revision: number, application: Snapshot['application']): Snapshot {
  const { operator, simulation, blocking } = state
  const navigation = navigationView(state)
  const resize = resizing(state)
  return {
    revision,
    application,
    shift: state.shift,
    language: languageView(state),
    ...(resize === undefined ? {} : { resizing: resize }),
    ...(wantsHighContrast(state) ? { highContrast: true } : {}),
    gateway: state.gateway,
    readers: readersView(state),
    page: pageOf(state),
    ...(navigation && { navigation }),
    ...(operator === undefined
      ? {}
      : {
          operator: {
            givenName: operator.givenName,
            familyName: operator.familyName,
            role: operator.role,
            since: operator.since,
          },
        }),
    ...(blocking === undefined ? {} : { blocking: blockingView(blocking) }),
    ...(includesRole(operator?.role, 'supervisor') && state.newFindings > 0 ? { newFindings: state.newFindings } : {}),
    ...(simulation === undefined ? {} : { simulation }),
  }
}
