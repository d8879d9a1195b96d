/** The state machine's part for what an operator looks at: readers, and for supervisors what the gateway knows of all desks. */
import { includesRole } from '../../protocol/messages/operations.ts'
import type { Problem } from '../contract/problems.ts'
import { CHART_HOURS } from '../contract/snapshot.ts'
import { type Next, to, waiting, without } from './moves.ts'
import type { LookAnswer, LookQuestion, Overview } from './overview.ts'
import type { Command, LookingActivity, State } from './state.ts'
import { waitingPage } from './view.ts'

type LookCommand = Extract<Command, { kind: 'show-readers' | 'show-findings' | 'show-more' }>

const HOUR_MS = 3_600_000

/** Undefined where it is out of place. */
export function look(state: State, command: LookCommand, now: number): Next | undefined {
  const { activity, session, operator } = state
  const atRest = activity.kind === 'looking' || (activity.kind === 'waiting' && session === undefined)
  if (!atRest || operator === undefined || (activity.kind === 'waiting' && waitingPage(state).kind !== 'idle')) return undefined
  const isSupervisor = includesRole(operator.role, 'supervisor')
  switch (command.kind) {
    case 'show-readers': {
      const view = { of: 'readers', search: command.search ?? '', places: [] } as const
      // Who is no supervisor sees the readers of this desk, for which nobody has to be asked.
      return isSupervisor ? ask(state, view, operator.session) : to(shown(state, view, 'ready'))
    }
    case 'show-findings': {
      if (!isSupervisor) return undefined
      // Whole hours, as the gateway counts them; the present one is the last.
      const since = (Math.floor(now / HOUR_MS) - CHART_HOURS + 1) * HOUR_MS
      const only = command.only === undefined ? {} : { only: command.only }
      const view = { of: 'findings', findings: [], hours: [], since, ...only } as const
      return ask({ ...state, newFindings: 0 }, view, operator.session)
    }
    case 'show-more':
      if (activity.kind !== 'looking' || activity.state.kind === 'loading' || activity.view.next === undefined) return undefined
      return ask(state, activity.view, operator.session)
    default:
      return command satisfies never
  }
}

function shown(state: State, view: Overview, kind: 'loading' | 'ready'): State {
  const number = state.lastLook + 1
  return { ...state, lastLook: number, activity: { kind: 'looking', look: number, view, state: { kind } } }
}

function ask(state: State, view: Overview, session: Uint8Array): Next {
  const next = shown(state, view, 'loading')
  return to(next, { kind: 'look', look: next.lastLook, question: questionOf(view, session) })
}

function questionOf(view: Overview, session: Uint8Array): LookQuestion {
  switch (view.of) {
    case 'readers':
      return { of: 'readers', session, search: view.search, ...(view.next === undefined ? {} : { after: view.next }) }
    case 'findings': {
      const { only, since, next } = view
      return { of: 'findings', session, since, ...(only && { only }), ...(next === undefined ? {} : { before: next }) }
    }
    default:
      return view satisfies never
  }
}

/** The activity that waits for this answer; undefined for an answer that comes too late. */
function waitingFor({ activity }: State, number: number): LookingActivity | undefined {
  return activity.kind === 'looking' && activity.look === number && activity.state.kind === 'loading' ? activity : undefined
}

export function looked(state: State, number: number, answer: LookAnswer): Next {
  const activity = waitingFor(state, number)
  const view = activity && withAnswer(activity.view, answer)
  if (activity === undefined || view === undefined) return to(state)
  return to({ ...state, activity: { ...activity, view, state: { kind: 'ready' } } })
}

/** Undefined for the answer to another question. */
function withAnswer(view: Overview, answer: LookAnswer): Overview | undefined {
  if (view.of === 'readers' && answer.of === 'readers') {
    const { next: _, ...before } = view
    return { ...before, places: [...view.places, ...answer.places], ...(answer.next === undefined ? {} : { next: answer.next }) }
  }
  if (view.of === 'findings' && answer.of === 'findings') {
    const { next: _, ...before } = view
    const findings = [...view.findings, ...answer.findings]
    return {
      ...before,
      findings,
      hours: answer.hours ?? view.hours,
      ...(answer.next === undefined ? {} : { next: answer.next }),
    }
  }
  return undefined
}

export function lookFailed(state: State, number: number, problem: Problem): Next {
  const activity = waitingFor(state, number)
  if (activity === undefined) return to(state)
  // The gateway has forgotten the operator's session: only a new sign-in helps.
  if (problem.code === 'session-unknown') return to({ ...without(state, 'operator'), activity: waiting(problem) })
  return to({ ...state, activity: { ...activity, state: { kind: 'failed', problem } } })
}
