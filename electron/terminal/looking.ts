/** The state machine's part for the pages of the navigation: how each is opened, filled and left. */

import type { FindingKind } from '../../protocol/messages/finding-operations.ts'
import { includesRole } from '../../protocol/messages/operations.ts'
import type { ActivityFilter } from '../contract/activity.ts'
import type { PageName } from '../contract/pages.ts'
import type { Problem } from '../contract/problems.ts'
import { CHART_HOURS } from '../contract/snapshot.ts'
import { openBatch } from './batch.ts'
import { type Next, to, waiting, without } from './moves.ts'
import { lacking, resting } from './navigation.ts'
import type { AskedLook, LookAnswer, LookQuestion, Overview } from './overview.ts'
import type { Command, LookingActivity, RestActivity, State } from './state.ts'
import { isChecking, runChecks } from './upkeep.ts'

type LookCommand = Extract<Command, { kind: 'show' | 'show-readers' | 'show-findings' | 'show-activity' | 'show-more' }>

const HOUR_MS = 3_600_000

/** Undefined where it is out of place. */
export function look(state: State, command: LookCommand, now: number): Next | undefined {
  const over = resting(state)
  if (over === undefined) return undefined
  const at = { ...state, over }
  switch (command.kind) {
    case 'show':
      return lacking(command.page, state.operator?.role) === undefined ? open(at, command.page, now) : undefined
    case 'show-readers':
      return openReaders(at, command.search)
    case 'show-findings':
      return openFindings(at, now, command.only)
    case 'show-activity': {
      const { kind: _, from = 0, ...filter } = command
      return openActivity(at, filter, from)
    }
    case 'show-more':
      return more(state)
    default:
      return command satisfies never
  }
}

/** A state in which a page may be opened: `over` is what it will lie over. */
type AtRest = State & { readonly over: RestActivity }

function open(state: AtRest, page: PageName, now: number): Next | undefined {
  const { over, ...bare } = state
  switch (page) {
    case 'desk':
      return to({ ...bare, activity: over })
    case 'batch':
      return openBatch(bare)
    case 'readers':
      return openReaders(state)
    case 'findings':
      return openFindings(state, now)
    case 'training':
      return state.simulation === undefined ? undefined : to(shown(state, { of: 'training' }, 'ready'))
    case 'settings':
      return to(shown(state, { of: page }, 'ready'))
    case 'diagnostics': {
      const next = shown(state, { of: page }, 'ready')
      // Who opens it wants to know now.
      return isChecking(state.upkeep) ? to(next) : runChecks(next)
    }
    case 'activity':
      return openActivity(state, {}, 0)
    default:
      return page satisfies never
  }
}

function openReaders(state: AtRest, search = ''): Next | undefined {
  const { operator } = state
  if (operator === undefined) return undefined
  const view = { of: 'readers', search, places: [] } as const
  // Who is no supervisor sees the readers of this desk, for which nobody has to be asked.
  return includesRole(operator.role, 'supervisor')
    ? ask(state, view, questionOf(view, operator.session))
    : to(shown(state, view, 'ready'))
}

function openFindings(state: AtRest, now: number, only?: FindingKind): Next | undefined {
  const { operator } = state
  if (operator === undefined || !includesRole(operator.role, 'supervisor')) return undefined
  // Whole hours, as the gateway counts them; the present one is the last.
  const since = (Math.floor(now / HOUR_MS) - CHART_HOURS + 1) * HOUR_MS
  const view = { of: 'findings', findings: [], hours: [], since, ...(only && { only }) } as const
  return ask({ ...state, newFindings: 0 }, view, questionOf(view, operator.session))
}

function openActivity(state: AtRest, filter: ActivityFilter, from: number): Next | undefined {
  if (lacking('activity', state.operator?.role) !== undefined) return undefined
  const { activity } = state
  // Turning a page or typing leaves the rows until the next ones are there.
  const before = activity.kind === 'looking' && activity.view.of === 'activity' ? activity.view : undefined
  const view = { of: 'activity', filter, failing: false, ...(before?.found && { found: before.found }) } as const
  return ask(state, view, { of: 'activity', filter, from })
}

function more(state: State): Next | undefined {
  const { activity, operator } = state
  if (activity.kind !== 'looking' || operator === undefined) return undefined
  const { view } = activity
  if (activity.state.kind === 'loading' || view.of === 'activity' || view.next === undefined) return undefined
  return ask({ ...state, over: activity.over }, view, questionOf(view, operator.session))
}

/** Back to what the page lay over. A card that was put in meanwhile begins then. */
export function left(state: State, { over }: LookingActivity): State {
  return { ...state, activity: over }
}

export function enrolEnded(state: State, problem: Problem | undefined): State {
  const { activity } = state
  if (activity.kind === 'enrolling') return { ...state, activity: waiting(problem) }
  if (activity.kind !== 'looking' || activity.over.kind !== 'enrolling') return state
  return { ...state, activity: { ...activity, over: waiting(problem) } }
}

function shown({ over, ...state }: AtRest, view: Overview, kind: 'loading' | 'ready'): State {
  const number = state.lastLook + 1
  return { ...state, lastLook: number, activity: { kind: 'looking', over, look: number, view, state: { kind } } }
}

function ask(state: AtRest, view: Overview, question: LookQuestion): Next {
  const next = shown(state, view, 'loading')
  return to(next, { kind: 'look', look: next.lastLook, question })
}

function questionOf(view: AskedLook, session: Uint8Array): LookQuestion {
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
  if (view.of === 'activity' && answer.of === 'activity') return { ...view, found: answer.found, failing: answer.failing }
  return undefined
}

export function lookFailed(state: State, number: number, problem: Problem): Next {
  const activity = waitingFor(state, number)
  if (activity === undefined) return to(state)
  // The gateway has forgotten the operator's session: only a new sign-in helps.
  if (problem.code === 'session-unknown') return to({ ...without(state, 'operator'), activity: waiting(problem) })
  return to({ ...state, activity: { ...activity, state: { kind: 'failed', problem } } })
}
