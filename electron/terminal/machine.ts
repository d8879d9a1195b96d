/**
 * The terminal's state machine, pure: a state and an event give the next state and what is to be done.
 * electron/terminal/terminal.ts does it; electron/terminal/view.ts draws the state for the window.
 */

import type { ReadersStatus } from '../../native/reader.ts'
import { includesRole } from '../../protocol/messages/operations.ts'
import type { Problem } from '../contract/problems.ts'
import type { Step, StepId } from '../contract/snapshot.ts'
import { asked, submitted } from './asking.ts'
import { batchChanged, batchCommanded, batchWithFreshCard, leftBatch } from './batch.ts'
import { blockCard, blockEnded, leaveBlock, noticed, pinBlocked, unblock, unblockAgain } from './blocking.ts'
import { ended } from './ending.ts'
import { handedOver } from './handovers.ts'
import { forgetPersonLanguage, inDeskLanguage, isServing } from './language.ts'
import { leftAlone, lockIfPulled, mayPass, operatorCommanded } from './locking.ts'
import { enrolEnded, left, look, looked, lookFailed } from './looking.ts'
import {
  cardFor,
  endOf,
  inTurn,
  type Next,
  NO_ASK,
  nameOf,
  runningStage,
  signedOut,
  start,
  startOrAskForCard,
  to,
  waiting,
  without,
  withStage,
} from './moves.ts'
import { enter, giveUp, padEnded, useKeyboard, usePad } from './pad.ts'
import { addNote, noteEnded, recordChanged } from './record.ts'
import { canRetry } from './remedies.ts'
import { simulate, withSimulation } from './simulating.ts'
import {
  type CeremonyActivity,
  type CeremonyRequest,
  type Command,
  type Effect,
  isPresent,
  presentCards,
  type State,
  sameCard,
  type TerminalEvent,
  type Transition,
} from './state.ts'
import { upkeep, upkeepHappened } from './upkeep.ts'
import { waitingPage } from './waiting-page.ts'

export function transition(state: State, event: TerminalEvent, now: number): Transition {
  const next = apply(state, event, now)
  if (next === undefined) return { state, effects: [], accepted: false }
  const settled = beginWithFreshCard(next.state)
  const ended = leftBatch(state, { ...settled, effects: [...next.effects, ...settled.effects] })
  return { ...ended, state: forgetPersonLanguage(ended.state), accepted: true }
}

/** Undefined where a command is out of place. */
function apply(state: State, event: TerminalEvent, now: number): Next | undefined {
  switch (event.kind) {
    case 'readers':
      return inTurn(readersChanged(state, event.status), lockIfPulled)
    case 'gateway':
      return to({ ...state, gateway: event.view, gatewaySettled: isSettled(state, event.view) })
    case 'first-operator':
      return to({ ...state, mayRegisterFirstOperator: event.allowed })
    case 'simulation':
      return to(withSimulation(state, event.view))
    case 'enrol-ended':
      return to(enrolEnded(state, event.problem))
    case 'command':
      return commanded(state, event.command, now)
    case 'idle':
      return leftAlone(state)
    case 'begun':
      return to(
        inRun(state, event.run, (activity) => ({ ...activity, steps: event.steps.map((id): Step => ({ id, state: 'todo' })) })),
      )
    case 'step': {
      const { run, id } = event
      const reached = inRun(state, run, (activity) => ({ ...activity, steps: stepReached(activity.steps, id) }))
      return to((id === 'verify' || id === 'change-pin') && reached !== state ? padEnded(reached) : reached)
    }
    case 'person':
      return to(inRun(state, event.run, (activity) => ({ ...activity, person: nameOf(event.person) })))
    case 'ask-pin':
      return asked(state, event.run, { kind: 'pin', request: event.request, lastTryConfirmed: false }, now)
    case 'ask-pad':
      return asked(state, event.run, { kind: 'pad', request: event.request, lastTryConfirmed: false }, now)
    case 'ask-new-pin':
      return asked(state, event.run, { kind: 'new-pin', request: event.request, lastTryConfirmed: false }, now)
    case 'ended':
      return ended(state, event.run, event.outcome, now)
    case 'usb':
      return to({ ...state, usb: event.usb })
    case 'notice':
      return noticed(state, event.notice, event.card)
    case 'pin-blocked-on-card':
      return pinBlocked(state, event.guid, event.done)
    case 'looked':
      return looked(state, event.look, event.answer)
    case 'look-failed':
      return lookFailed(state, event.look, event.problem)
    case 'block-ended':
      return blockEnded(state, event.guid, event.problem)
    case 'batch':
      return batchChanged(state, event.view)
    case 'record':
      return recordChanged(state, event.session, event.record)
    case 'note-ended':
      return noteEnded(state, event.session, event.problem)
    case 'upkeep':
      return upkeepHappened(state, event.event, now)
    case 'handed-over':
      return handedOver(state, event, now)
    default:
      return event satisfies never
  }
}

/** Just enrolled, the terminal knows as little of its gateway as after its start. */
function isSettled(state: State, view: State['gateway']): boolean {
  return view.kind !== 'connecting' || (state.gatewaySettled && state.gateway.kind !== 'not-enrolled')
}

/** Changes the ceremony of that run; what an earlier run still says is ignored. */
function inRun(state: State, run: number, change: (activity: CeremonyActivity) => CeremonyActivity): State {
  return state.activity.kind === 'ceremony' && runningStage(state)?.run === run
    ? { ...state, activity: change(state.activity) }
    : state
}

function stepReached(steps: readonly Step[], id: StepId): readonly Step[] {
  const reached = steps.findIndex((step) => step.id === id)
  if (reached < 0) return steps
  return steps.map((step, index) => ({ id: step.id, state: index < reached ? 'done' : index === reached ? 'active' : 'todo' }))
}

// Cards.

function readersChanged(state: State, status: ReadersStatus): Next {
  const effects: Effect[] = []
  const before = presentCards(state.readers)
  const inserted = presentCards(status).filter((card) => !before.some((known) => sameCard(known, card)))
  const fresh =
    inserted[inserted.length - 1] ?? (state.fresh !== undefined && isPresent(status, state.fresh) ? state.fresh : undefined)
  const strangers = state.strangers.filter((card) => isPresent(status, card))
  let next: State = { ...without(state, 'fresh'), readers: status, strangers, ...(fresh === undefined ? {} : { fresh }) }

  if (next.session !== undefined && !isPresent(status, next.session.card)) {
    effects.push({ kind: 'end-session', session: next.session.login.result.session, reason: 'card-removed' })
    next = without(next, 'session')
  }

  // Only what waits for the person is ended from here: a command under way knows best what became of it.
  const stage = runningStage(next)
  if (stage !== undefined && stage.ask.kind !== 'nothing' && !isPresent(status, stage.card)) {
    effects.push({ kind: 'cancel-ask', run: stage.run })
    next = withStage(next, { ...stage, ask: NO_ASK, ending: 'card-removed' })
  }

  const mute = status.readers.find(
    (reader) =>
      reader.state.kind === 'mute' &&
      !state.readers.readers.some((known) => known.name === reader.name && known.state.kind === 'mute'),
  )
  if (mute !== undefined && startsWithCard(next)) {
    const request: CeremonyRequest = { kind: next.operator === undefined ? 'sign-in' : 'login' }
    const problem: Problem = { code: 'card-mute', reader: mute.name }
    next = { ...next, activity: { kind: 'ceremony', request, steps: [], stage: { kind: 'failed', problem } } }
  }
  return { state: next, effects }
}

/** True where a card that is put in begins a sign-in or a login by itself. */
function startsWithCard(state: State): boolean {
  if (state.session !== undefined) return false
  const page = waitingPage(state).kind
  if (page !== 'sign-in' && page !== 'locked' && page !== 'idle') return false
  if (state.activity.kind === 'waiting' || state.activity.kind === 'blocked') return true
  if (state.activity.kind !== 'ceremony') return false
  const { stage, request } = state.activity
  // The next card ends the page of the one before. A registration that failed is not left by accident: it asks to be retried.
  return stage.kind === 'done' || (stage.kind === 'failed' && (request.kind === 'login' || request.kind === 'sign-in'))
}

function beginWithFreshCard(state: State): Next {
  if (state.fresh === undefined) return to(state)
  if (state.activity.kind === 'batch') return batchWithFreshCard(state)
  if (state.activity.kind === 'ceremony' && state.activity.stage.kind === 'insert')
    return start(state, state.activity.request, state.fresh)
  if (!startsWithCard(state)) return to(state)
  // The person whose result is still shown has gone.
  return start(inDeskLanguage(state), { kind: state.operator === undefined ? 'sign-in' : 'login' }, state.fresh)
}

// What the person wants.

function commanded(state: State, command: Command, now: number): Next | undefined {
  if (!mayPass(state, command)) return undefined
  const { activity } = state
  const stage = activity.kind === 'ceremony' ? activity.stage : undefined
  switch (command.kind) {
    case 'enrol':
      if (state.gateway.kind !== 'not-enrolled' || activity.kind !== 'waiting') return undefined
      return to({ ...state, activity: { kind: 'enrolling' } }, { kind: 'enrol', code: command.code })
    case 'register':
      return register(state, command)
    case 'change-pin': {
      if (activity.kind !== 'waiting' || ['starting', 'enrol'].includes(waitingPage(state).kind)) return undefined
      return startOrAskForCard(state, { kind: 'change-pin' }, cardFor(state, { kind: 'change-pin' }))
    }
    case 'submit-pin':
    case 'submit-new-pin':
      return submitted(state, command)
    case 'confirm-last-try':
      if (
        stage?.kind !== 'running' ||
        stage.ask.kind === 'nothing' ||
        stage.ask.lastTryConfirmed ||
        stage.ask.request.retriesLeft !== 1
      ) {
        return undefined
      }
      if (stage.ask.kind === 'pad') return enter(state, stage, now)
      return to(withStage(state, { ...stage, ask: { ...stage.ask, lastTryConfirmed: true } }))
    case 'use-pin-pad':
      return usePad(state, now)
    case 'use-keyboard':
      return useKeyboard(state)
    case 'retry':
      if (activity.kind !== 'ceremony' || stage?.kind !== 'failed' || !canRetry(stage.problem.code)) return undefined
      if (activity.request.kind === 'unblock') return unblockAgain(state, activity.request, stage.problem, stage.card)
      return startOrAskForCard(state, activity.request, state.fresh ?? stage.card)
    case 'unblock':
      return unblock(state)
    case 'block-card':
      return blockCard(state, command)
    case 'block-seen':
      return state.blocking?.state.kind === 'working' ? undefined : to(without(state, 'blocking'))
    case 'batch':
      return batchCommanded(state, command.action)
    case 'show':
    case 'show-readers':
    case 'show-findings':
    case 'show-activity':
    case 'show-more':
      return look(state, command, now)
    case 'add-note':
      return addNote(state, command.text)
    case 'cancel':
      if (stage?.kind === 'insert') return to({ ...state, activity: waiting() })
      if (stage?.kind !== 'running' || stage.ask.kind === 'nothing') return undefined
      if (stage.ask.kind === 'pad' && stage.ask.endsAt !== undefined) return giveUp(state, 'cancel')
      return to(withStage(state, { ...stage, ask: NO_ASK, ending: 'cancelled' }), { kind: 'cancel-ask', run: stage.run })
    case 'dismiss':
      return dismissed(state)
    case 'end-session':
      if (state.session === undefined || activity.kind !== 'waiting') return undefined
      return to(without(state, 'session'), endOf(state.session.login.result.session, 'operator'))
    case 'lock':
    case 'switch-operator':
      return operatorCommanded(state, command)
    case 'sign-out':
      if (state.operator === undefined || stage?.kind === 'running') return undefined
      return signedOut(state, 'operator')
    case 'set-language':
      if (state.language.locked) return undefined
      return to(
        { ...state, language: { ...state.language, setting: command.language } },
        { kind: 'keep-language', setting: command.language },
      )
    case 'set-person-language':
      if (!isServing(state)) return undefined
      return to({ ...state, language: { ...state.language, person: command.language } })
    case 'set-setting':
    case 'run-checks':
    case 'prepare-report':
    case 'save-report':
    case 'close-report':
      return upkeep(state, command)
    case 'simulate-new-card':
    case 'simulate-insert':
    case 'simulate-remove':
    case 'simulate-mishap':
    case 'simulate-gateway':
    case 'simulate-exercise':
    case 'simulate-pin-pad':
    case 'simulate-pad-key':
      return simulate(state, command)
    default:
      return command satisfies never
  }
}

function register(state: State, command: Extract<Command, { kind: 'register' }>): Next | undefined {
  if (state.activity.kind !== 'waiting' || state.session !== undefined) return undefined
  const page = waitingPage(state).kind
  let request: CeremonyRequest
  if (page === 'first-operator') request = { kind: 'register', person: command.person, role: 'supervisor' }
  else if (page === 'idle' && state.operator !== undefined && includesRole(state.operator.role, 'registrar')) {
    const role = command.role === undefined ? {} : { role: command.role }
    request = { kind: 'register', person: command.person, session: state.operator.session, ...role }
  } else return undefined
  return startOrAskForCard(state, request, cardFor(state, request))
}

function dismissed(state: State): Next | undefined {
  if (state.activity.kind === 'blocked') return leaveBlock(state)
  // A card that was put in meanwhile begins now.
  if (state.activity.kind === 'looking') return to(left(state, state.activity))
  if (state.activity.kind === 'batch') return to({ ...state, activity: waiting() })
  if (state.activity.kind !== 'ceremony') return undefined
  const { stage, request } = state.activity
  if (stage.kind !== 'done' && stage.kind !== 'failed') return undefined
  const next: State = { ...without(state, 'fresh'), activity: waiting() }
  // Who has just become the first operator signs in with the card that is still in.
  const signsIn =
    stage.kind === 'done' && request.kind === 'register' && request.session === undefined && isPresent(state.readers, stage.card)
  return to(signsIn ? { ...next, fresh: stage.card } : next)
}
