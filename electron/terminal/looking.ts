/** The state machine's part for what an operator looks at: readers, and for supervisors what the gateway knows of all desks. */
import { includesRole } from '../../protocol/messages/operations.ts'
import type { Problem } from '../contract/problems.ts'
import { type Next, to, waiting, without } from './moves.ts'
import type { LookAnswer, LookQuestion, Overview } from './overview.ts'
import type { Command, LookingActivity, State } from './state.ts'
import { waitingPage } from './view.ts'

type LookCommand = Extract<Command, { kind: 'show-readers' | 'show-more' }>

/** Undefined where it is out of place. */
export function look(state: State, command: LookCommand): Next | undefined {
  const { activity, session, operator } = state
  const atRest = activity.kind === 'looking' || (activity.kind === 'waiting' && session === undefined)
  if (!atRest || operator === undefined || (activity.kind === 'waiting' && waitingPage(state).kind !== 'idle')) return undefined
  switch (command.kind) {
    case 'show-readers':
      return ask(state, { of: 'readers', search: command.search ?? '', places: [] })
    case 'show-more':
      if (activity.kind !== 'looking' || activity.state.kind === 'loading' || activity.view.next === undefined) return undefined
      return ask(state, activity.view)
    default:
      return command satisfies never
  }
}

function ask(state: State, view: Overview): Next {
  const { operator } = state
  const number = state.lastLook + 1
  const show = (kind: 'loading' | 'ready') =>
    ({ ...state, lastLook: number, activity: { kind: 'looking', look: number, view, state: { kind } } }) as const
  // Who is no supervisor sees the readers of this desk, for which nobody has to be asked.
  if (operator === undefined || !includesRole(operator.role, 'supervisor')) return to(show('ready'))
  return to(show('loading'), { kind: 'look', look: number, question: questionOf(view, operator.session) })
}

function questionOf({ of, search, next }: Overview, session: Uint8Array): LookQuestion {
  return { of, session, search, ...(next === undefined ? {} : { after: next }) }
}

/** The activity that waits for this answer; undefined for an answer that comes too late. */
function waitingFor({ activity }: State, number: number): LookingActivity | undefined {
  return activity.kind === 'looking' && activity.look === number && activity.state.kind === 'loading' ? activity : undefined
}

export function looked(state: State, number: number, { places, next }: LookAnswer): Next {
  const activity = waitingFor(state, number)
  if (activity === undefined) return to(state)
  const { next: _, ...view } = activity.view
  const all: Overview = { ...view, places: [...view.places, ...places], ...(next === undefined ? {} : { next }) }
  return to({ ...state, activity: { ...activity, view: all, state: { kind: 'ready' } } })
}

export function lookFailed(state: State, number: number, problem: Problem): Next {
  const activity = waitingFor(state, number)
  if (activity === undefined) return to(state)
  // The gateway has forgotten the operator's session: only a new sign-in helps.
  if (problem.code === 'session-unknown') return to({ ...without(state, 'operator'), activity: waiting(problem) })
  return to({ ...state, activity: { ...activity, state: { kind: 'failed', problem } } })
}
