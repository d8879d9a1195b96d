/** Draws what an operator looks at. */
import { includesRole } from '../../protocol/messages/operations.ts'
import type { ActivityOverview } from '../contract/activity.ts'
import { CHART_HOURS, type FindingsOverview, type FindingView, type Page, type ReadersOverview } from '../contract/snapshot.ts'
import { cardNumber } from './card-number.ts'
import type { ActivityFound, ActivityLook, FindingsLook, ReadersLook } from './overview.ts'
import type { LookingActivity, State } from './state.ts'
import { diagnosticsView, settingsPage } from './upkeep.ts'

const HOUR_MS = 3_600_000

export function lookPage(state: State, { view, state: progress }: LookingActivity): Page {
  switch (view.of) {
    case 'readers':
      return { kind: 'readers', overview: readersOverview(state, view, progress) }
    case 'findings':
      return { kind: 'findings', overview: findingsOverview(view, progress) }
    case 'training':
      return { kind: 'training' }
    case 'diagnostics':
      return { kind: 'diagnostics', diagnostics: diagnosticsView(state) }
    case 'settings':
      return { kind: 'settings', page: settingsPage(state) }
    case 'activity':
      return { kind: 'activity', overview: activityOverview(view, progress) }
    default:
      return view satisfies never
  }
}

function progressOf(progress: LookingActivity['state'], next: unknown) {
  const problem = progress.kind === 'failed' ? { problem: progress.problem } : {}
  return { state: progress.kind, hasMore: next !== undefined, ...problem }
}

function readersOverview({ operator }: State, view: ReadersLook, progress: LookingActivity['state']): ReadersOverview {
  if (!includesRole(operator?.role, 'supervisor')) return {}
  const places = view.places.map(({ card, ...place }) => ({ ...place, ...(card && { cardNumber: cardNumber(card) }) }))
  return { everywhere: { search: view.search, places, ...progressOf(progress, view.next) } }
}

function findingsOverview(view: FindingsLook, progress: LookingActivity['state']): FindingsOverview {
  const { only, since, hours, findings } = view
  const counts = Array.from({ length: CHART_HOURS }, () => 0)
  for (const { at, kind, count } of hours) {
    const index = Math.floor((at - since) / HOUR_MS)
    if (only === undefined || only === kind) counts[index] = (counts[index] ?? 0) + count
  }
  return {
    findings: findings.map(findingView),
    chart: { since, counts: counts.slice(0, CHART_HOURS) },
    ...(only && { only }),
    ...progressOf(progress, view.next),
  }
}

const NOTHING_FOUND: ActivityFound = { rows: [], from: 0, matches: 0, kept: 0, timings: { last: [], count: 0 } }

function activityOverview({ filter, found, failing }: ActivityLook, progress: LookingActivity['state']): ActivityOverview {
  const problem = progress.kind === 'failed' ? progress.problem : failing ? ({ code: 'activity-not-kept' } as const) : undefined
  return { filter, ...(found ?? NOTHING_FOUND), state: progress.kind, ...(problem && { problem }) }
}

function findingView({ card, evidence, ...finding }: FindingsLook['findings'][number]): FindingView {
  return {
    ...finding,
    evidence: Object.entries(evidence).map(([name, value]) => ({ name, value })),
    ...(card && { cardNumber: cardNumber(card) }),
  }
}
