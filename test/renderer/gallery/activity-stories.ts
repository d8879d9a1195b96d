/** The Activity page, as snapshots. */
import type { ActivityKind, ActivityOverview, ActivityRow, LoginParts, TimedLogin } from '../../../electron/contract/activity.ts'
import type { ProblemCode } from '../../../electron/contract/problems.ts'
import type { Page, Snapshot } from '../../../electron/contract/snapshot.ts'
import type { Story } from './story.ts'

const NOON = Date.UTC(2026, 4, 12, 12, 4)
const READER = 'Identiv uTrust 2700 R'

interface Seen {
  readonly kind: ActivityKind
  readonly code?: ProblemCode
  readonly outcome?: ActivityRow['outcome']
  readonly tookMs?: number
}

const DAY_AT_A_DESK: readonly Seen[] = [
  { kind: 'card-pulled', tookMs: 312_000 },
  { kind: 'login', tookMs: 5240 },
  { kind: 'login', outcome: 'failed', code: 'card-removed', tookMs: 3100 },
  { kind: 'change-pin', tookMs: 21_400 },
  { kind: 'login', outcome: 'failed', code: 'pin-blocked', tookMs: 18_900 },
  { kind: 'block', code: 'card-blocked' },
  { kind: 'register', tookMs: 48_200 },
  { kind: 'unblock', outcome: 'cancelled', tookMs: 9400 },
  { kind: 'sign-in', tookMs: 4100 },
  { kind: 'switch-operator', tookMs: 14_580_000 },
  { kind: 'sign-in', tookMs: 3900 },
  { kind: 'lock', tookMs: 1_260_000 },
]

const OPERATOR_ROWS: readonly ActivityKind[] = ['sign-out', 'lock', 'switch-operator']

const activityRows: readonly ActivityRow[] = Array.from({ length: 25 }, (_, index) => {
  const { kind, code, outcome = 'done', tookMs } = DAY_AT_A_DESK[index % DAY_AT_A_DESK.length] as Seen
  return {
    sequence: 10_000 - index,
    at: NOON - index * 240_000,
    kind,
    outcome,
    ...(code && { code }),
    // Who works at the desk is not a matter of one reader.
    ...(OPERATOR_ROWS.includes(kind) ? {} : { reader: READER }),
    card: ['K7QM-2F4X', '0D9B-TTWC', 'XN3E-81RA'][index % 3] ?? '',
    ...(tookMs === undefined ? {} : { tookMs }),
    ...(index < 7 ? { name: { givenName: 'Jon', familyName: 'Björnsson' } } : {}),
  }
})

const times: LoginParts = { connect: 38, read: 121, handshake: 0.4, verify: 31, sign: 142, gateway: 12 }
const last = Array.from({ length: 24 }, (_, index): TimedLogin => {
  const slow = index === 17 ? 3 : 1 + ((index * 7) % 5) / 20
  const { connect, read, verify, sign } = times
  const parts = {
    connect: connect * slow,
    read: read * slow,
    handshake: index === 17 ? 240 : 0.4,
    verify: verify * slow,
    sign: sign * slow,
    gateway: 8 + ((index * 11) % 9),
  }
  return { at: NOON - (24 - index) * 900_000, parts }
})

const activityOverview: ActivityOverview = {
  filter: {},
  rows: activityRows,
  from: 0,
  matches: 10_000,
  kept: 10_000,
  timings: { last, median: { parts: times, totalMs: 352 }, count: 200 },
  state: 'ready',
}

type MakeStory = (name: string, page: Page, rest?: Partial<Snapshot>) => Story

export function activityStories(story: MakeStory): readonly Story[] {
  const activity = (overview: Partial<ActivityOverview>): Page => ({
    kind: 'activity',
    overview: { ...activityOverview, ...overview },
  })
  return [
    story('activity', activity({})),
    story('activity-empty', activity({ rows: [], matches: 0, kept: 0, timings: { last: [], count: 0 } })),
    story(
      'activity-filtered',
      activity({
        filter: { only: 'login', outcome: 'failed', search: 'K7QM' },
        rows: activityRows.slice(0, 3),
        from: 25,
        matches: 28,
        problem: { code: 'activity-not-kept' },
      }),
    ),
    {
      ...story('activity-times-table', activity({ rows: activityRows.slice(0, 4), matches: 4 })),
      act: (page, { text }) => page.getByText(text('findings.chart-table')).click(),
    },
  ]
}
