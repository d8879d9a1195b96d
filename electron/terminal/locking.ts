/**
 * The state machine's part for who works at the desk: it locks when it is left alone, when the operator asks for it, or when their
 * card is pulled where it has to stay in; and another operator takes over without a sign-out in between.
 *
 * A locked desk has nobody signed in: the sessions at the gateway are over. What it keeps is whose desk it was, so that the same person
 * finds what they had begun, and nobody else does.
 */
import { equalConstantTime } from '../../protocol/bytes.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import type { LoginOutcome } from '../ceremonies/login.ts'
import {
  ceremony,
  endOf,
  inTurn,
  type Next,
  NO_ASK,
  runningStage,
  signedOut,
  start,
  to,
  waiting,
  without,
  withStage,
} from './moves.ts'
import { resting } from './navigation.ts'
import { type Command, type Effect, isPresent, type OperatorState, type SessionEndReason, type State } from './state.ts'
import { waitingPage } from './waiting-page.ts'

/** The desk is locked, and nobody is about to open it: whatever else goes on stays covered. */
export function isCovered({ locked, activity }: State): boolean {
  return locked !== undefined && !(activity.kind === 'ceremony' && activity.request.kind === 'sign-in')
}

/** What a covered desk still takes. */
export function mayPass(state: State, { kind }: Command): boolean {
  return !isCovered(state) || kind === 'set-language' || kind.startsWith('simulate-')
}

/** Undefined where nobody is signed in. A card command under way ends first, under the cover. */
function lock(state: State, reason: SessionEndReason): Next | undefined {
  const { operator } = state
  if (operator === undefined) return undefined
  const stage = runningStage(state)
  const { state: left, effects } = signedOut(state, reason)
  const { givenName, familyName, guid } = operator
  const locked: State = { ...left, shift: state.shift, locked: { givenName, familyName, guid } }
  if (stage === undefined) return to(locked, ...effects)
  const ending = stage.ending ?? 'cancelled'
  const kept = withStage({ ...locked, activity: state.activity }, { ...stage, ask: NO_ASK, ending })
  const asks: readonly Effect[] = stage.ask.kind === 'nothing' ? [] : [{ kind: 'cancel-ask', run: stage.run }]
  return to(kept, ...asks, ...effects)
}

export function leftAlone(state: State): Next {
  const stage = runningStage(state)
  if (stage === undefined) {
    const rest = resting(state)
    const enrols = state.operator === undefined && rest?.kind === 'enrolling'
    // A desk that stays locked for as long again is signed out: the name goes too, and what was begun.
    return enrols ? to({ ...state, activity: rest }) : (lock(state, 'idle') ?? signedOut(state, 'idle'))
  }
  if (stage.ask.kind === 'nothing') return to(state)
  const next = lock(state, 'idle')
  if (next !== undefined) return next
  const out = signedOut(state, 'idle')
  const kept = withStage({ ...out.state, activity: state.activity }, { ...stage, ask: NO_ASK, ending: 'cancelled' })
  return to(kept, { kind: 'cancel-ask', run: stage.run }, ...out.effects)
}

/** By intent: not while a card is at work. */
function lockByHand(state: State): Next | undefined {
  const stage = runningStage(state)
  return stage !== undefined && stage.ask.kind === 'nothing' ? undefined : lock(state, 'operator')
}

/** What a change of the readers means for the operator's own card. */
export function lockIfPulled(state: State): Next {
  const { operator, operatorCard } = state
  if (operatorCard !== 'stay-in' || operator === undefined || isPresent(state.readers, operator.card)) return to(state)
  return lock(state, 'card-removed') ?? to(state)
}

/** Another operator puts in their card; until they have signed in, nothing changes. */
function switchOperator(state: State): Next | undefined {
  if (state.operator === undefined || resting(state) === undefined || waitingPage(state).kind !== 'idle') return undefined
  const request = { kind: 'sign-in' } as const
  if (state.fresh !== undefined) return start(state, request, state.fresh)
  return to({ ...state, activity: ceremony(request, { kind: 'insert' }) })
}

/** Somebody has signed in: after nobody, after a lock, or in another operator's place. */
export function signedIn(state: State, login: LoginOutcome, role: OperatorState['role'], card: Insertion, now: number): Next {
  const { holder, session, card: own } = login.result
  const before = state.operator ?? state.locked
  const isSame = before !== undefined && equalConstantTime(before.guid, own.guid)
  const { givenName, familyName } = holder
  const operator: OperatorState = { givenName, familyName, role, since: now, session, guid: own.guid, card }
  const effects = state.operator === undefined ? [] : [endOf(state.operator.session, 'operator')]
  const shift = before === undefined || isSame ? state.shift : state.shift + 1
  // A card that has to stay in may have been pulled while the gateway's answer was on its way.
  return inTurn(to({ ...without(state, 'locked'), operator, shift, activity: waiting() }, ...effects), lockIfPulled)
}

/** The parts of the machine that this file answers. */
export type OperatorCommand = Extract<Command, { kind: 'lock' | 'switch-operator' }>

export function operatorCommanded(state: State, command: OperatorCommand): Next | undefined {
  return command.kind === 'lock' ? lockByHand(state) : switchOperator(state)
}
