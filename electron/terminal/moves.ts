/** The moves that the state machine's parts share: each gives the next state and what is to be done. */
import type { Insertion } from '../ceremonies/card-access.ts'
import type { Problem } from '../contract/problems.ts'
import type { Step } from '../contract/snapshot.ts'
import {
  type Ask,
  type CeremonyActivity,
  type CeremonyRequest,
  type Effect,
  isPresent,
  presentCards,
  type RestActivity,
  type SessionEndReason,
  type Stage,
  type State,
  sameCard,
} from './state.ts'

export type Running = Extract<Stage, { kind: 'running' }>

export const NO_ASK: Ask = { kind: 'nothing' }

export interface Next {
  readonly state: State
  readonly effects: readonly Effect[]
}

export const to = (state: State, ...effects: readonly Effect[]): Next => ({ state, effects })

/** One move after another. */
export function inTurn(first: Next, second: (state: State) => Next): Next {
  const next = second(first.state)
  return { state: next.state, effects: [...first.effects, ...next.effects] }
}

export function waiting(problem?: Problem): RestActivity {
  return problem === undefined ? { kind: 'waiting' } : { kind: 'waiting', problem }
}

export function without<K extends 'operator' | 'locked' | 'session' | 'fresh' | 'simulation' | 'blocking'>(
  state: State,
  ...keys: readonly K[]
): State {
  const copy: { -readonly [P in keyof State]: State[P] } = { ...state }
  for (const key of keys) delete copy[key]
  return copy
}

export function runningStage(state: State): Running | undefined {
  return state.activity.kind === 'ceremony' && state.activity.stage.kind === 'running' ? state.activity.stage : undefined
}

/** The name and nothing else: what stands here is shown in the window. */
export function nameOf({ givenName, familyName }: { readonly givenName: string; readonly familyName: string }) {
  return { givenName, familyName }
}

export function start(state: State, request: CeremonyRequest, card: Insertion): Next {
  const run = state.lastRun + 1
  const known = sameCard(state.fresh, card) ? without(state, 'fresh') : state
  const stage: Stage = { kind: 'running', run, card, ask: NO_ASK }
  return to({ ...known, lastRun: run, activity: ceremony(request, stage) }, { kind: 'start', run, request, card })
}

export function ceremony(request: CeremonyRequest, stage: Stage): CeremonyActivity {
  const activity: CeremonyActivity = {
    kind: 'ceremony',
    request,
    steps: stage.kind === 'insert' ? [{ id: 'insert', state: 'active' }] : [],
    stage,
  }
  if (request.kind !== 'register') return activity
  return { ...activity, person: nameOf(request.person) }
}

export function startOrAskForCard(state: State, request: CeremonyRequest, card: Insertion | undefined): Next {
  if (card !== undefined && isPresent(state.readers, card)) return start(state, request, card)
  return to({ ...state, activity: ceremony(request, { kind: 'insert' }) })
}

/** Which of the cards that are in goes with that intent; undefined where one has to be put in. */
export function cardFor(state: State, request: CeremonyRequest): Insertion | undefined {
  if (state.fresh !== undefined) return state.fresh
  if (request.kind === 'change-pin' && state.session !== undefined) return state.session.card
  const cards = presentCards(state.readers)
  // The operator's own card may still be in after the sign-in: it is not the one to register.
  return request.kind === 'register' ? cards.find((card) => !sameCard(card, state.operator?.card)) : cards[0]
}

export function withStage(state: State, stage: Stage): State {
  return state.activity.kind === 'ceremony' ? { ...state, activity: { ...state.activity, stage } } : state
}

export const removed = (card: Insertion): Problem => ({ code: 'card-removed', reader: card.reader })

export const endOf = (session: Uint8Array, reason: SessionEndReason): Effect => ({ kind: 'end-session', session, reason })

export function failed(state: State, problem: Problem, card: Insertion): State {
  if (state.activity.kind !== 'ceremony') return state
  const steps = state.activity.steps.map(
    (step): Step => ({ id: step.id, state: step.state === 'active' ? 'failed' : step.state }),
  )
  return { ...state, activity: { ...state.activity, steps, stage: { kind: 'failed', problem, card } } }
}

export function signedOut(state: State, reason: SessionEndReason): Next {
  const effects: Effect[] = []
  if (state.session !== undefined) effects.push(endOf(state.session.login.result.session, reason))
  if (state.operator !== undefined) effects.push(endOf(state.operator.session, reason))
  return to(
    { ...without(state, 'operator', 'locked', 'session', 'fresh'), shift: state.shift + 1, activity: waiting() },
    ...effects,
  )
}
