/** Blocks, readers and findings, as snapshots. */
import {
  type BlockView,
  type Ceremony,
  type CeremonyKind,
  CHART_HOURS,
  type DeskReader,
  type FindingView,
  type Page,
  type PlaceView,
  type Prompt,
  type Snapshot,
  type StepId,
} from '../../../electron/contract/snapshot.ts'
import type { Story } from './story.ts'

const NOON = Date.UTC(2026, 4, 12, 12, 4)
const HOUR = 3_600_000
const jon = { givenName: 'Jon', familyName: 'Björnsson' }
const GUID = '6F1C 42A9 07DE 4B35 9C80 51E2 D47A B31F'
const READER = 'Identiv uTrust 2700 R'

const supervisor: Partial<Snapshot> = { operator: { givenName: 'Amara', familyName: 'Osei', role: 'supervisor', since: NOON } }

const blocked = (block: Partial<BlockView> & Pick<BlockView, 'cause' | 'code'>): Page => ({
  kind: 'blocked',
  block: { canUnblock: block.cause === 'pin' || block.cause === 'card', reader: READER, ...block },
})

const desk: readonly DeskReader[] = [
  { name: READER, simulated: false, state: 'ready' },
  { name: 'ACS ACR39U ICC Reader 01 00', simulated: false, state: 'no-card' },
  { name: 'Gemalto PC Twin Reader', simulated: false, state: 'busy', problem: { code: 'reader-in-use' } },
  { name: 'HID Global OMNIKEY 3x21', simulated: false, state: 'unknown-card', problem: { code: 'card-mute' } },
  { name: 'REINER SCT cyberJack RFID', simulated: false, state: 'no-driver', problem: { code: 'reader-no-driver' } },
]

const SITES = ['Harbour Street', 'Central Station', 'Market Square', 'University Hospital, Emergency Department']

const places: readonly PlaceView[] = Array.from({ length: 14 }, (_, index) => ({
  terminal: `${'0123456789abcdef'[index]}`.repeat(32),
  site: SITES[index % SITES.length] ?? '',
  reader: index % 3 === 0 ? 'ACS ACR39U ICC Reader 01 00' : READER,
  simulated: index === 5,
  state: index % 4 === 0 ? 'card' : index % 7 === 3 ? 'mute' : 'empty',
  ...(index % 4 === 0 ? { cardNumber: GUID } : {}),
  since: NOON - index * HOUR,
  seenAt: NOON - index * 60_000,
  online: index !== 6,
  present: index !== 9,
}))

const findings: readonly FindingView[] = [
  {
    sequence: 41,
    at: NOON - 300_000,
    lastAt: NOON,
    occurrences: 3,
    kind: 'clone',
    layer: 'perception',
    severity: 'critical',
    response: 'block-card',
    own: true,
    terminal: '4'.repeat(32),
    site: 'Central Station',
    cardNumber: GUID,
    evidence: [
      { name: 'how', value: 'travel' },
      { name: 'otherSite', value: 'Harbour Street' },
      { name: 'tookMs', value: 41_000 },
      { name: 'neededMs', value: 300_000 },
    ],
  },
  {
    sequence: 40,
    at: NOON - 5 * HOUR,
    lastAt: NOON - 5 * HOUR,
    occurrences: 1,
    kind: 'delay',
    layer: 'perception',
    severity: 'high',
    response: 'end-session',
    own: true,
    terminal: '5'.repeat(32),
    site: 'University Hospital, Emergency Department',
    cardNumber: GUID,
    evidence: [
      { name: 'lateMs', value: 34.2 },
      { name: 'deviations', value: 11.8 },
      { name: 'logins', value: 24 },
    ],
  },
  {
    sequence: 39,
    at: NOON - 30 * HOUR,
    lastAt: NOON - 29 * HOUR,
    occurrences: 212,
    kind: 'replay',
    layer: 'perception',
    severity: 'medium',
    response: 'notify',
    own: false,
    terminal: '6'.repeat(32),
    site: 'Market Square',
    evidence: [{ name: 'frames', value: 212 }],
  },
  {
    sequence: 38,
    at: NOON - 50 * HOUR,
    lastAt: NOON - 50 * HOUR,
    occurrences: 1,
    kind: 'flooding',
    layer: 'application',
    severity: 'low',
    response: 'slow-down',
    own: true,
    terminal: '',
    site: '',
    evidence: [{ name: 'messages', value: 301 }],
  },
]

/** A quiet week with a bad night. */
const counts = Array.from({ length: CHART_HOURS }, (_, hour) =>
  hour > 100 && hour < 110 ? (hour * 7) % 11 : hour % 29 === 0 ? 1 : 0,
)
const chart = { since: NOON - CHART_HOURS * HOUR, counts }

type MakeStory = (name: string, page: Page, rest?: Partial<Snapshot>) => Story
type MakeCeremony = (kind: CeremonyKind, at: StepId | 'end', prompt: Prompt, person?: Ceremony['person']) => Page

function unblocking(make: MakeCeremony, part: 'approval' | 'card', at: StepId | 'end', prompt: Prompt): Page {
  const page = make('unblock', at, prompt)
  return page.kind === 'ceremony' ? { ...page, ceremony: { ...page.ceremony, part } } : page
}

export function blockingStories(story: MakeStory, ceremony: MakeCeremony): readonly Story[] {
  return [
    story('blocked-pin', blocked({ cause: 'pin', code: 'pin-blocked', person: jon, cardNumber: GUID })),
    story('blocked-puk', blocked({ cause: 'puk', code: 'puk-blocked', cardNumber: GUID })),
    story('blocked-card', blocked({ cause: 'card', code: 'card-blocked' })),
    story(
      'blocked-card-finding',
      blocked({
        cause: 'card',
        code: 'card-blocked',
        by: 'finding',
        finding: 'clone',
        person: jon,
        cardNumber: GUID,
        at: NOON,
        onCard: 'blocked',
      }),
      supervisor,
    ),
    story('blocked-finding', blocked({ cause: 'finding', code: 'session-stopped', finding: 'delay', person: jon, at: NOON })),
    story('idle-supervisor', { kind: 'idle' }, { ...supervisor, newFindings: 3 }),
    {
      ...story('block-number', { kind: 'idle' }, supervisor),
      async act(page, { text }) {
        await page.getByRole('button', { name: text('block.action-number'), exact: true }).click()
        await page.getByLabel(text('block.number')).fill('6F1C 42A9')
        await page.getByRole('button', { name: text('block.confirm'), exact: true }).click()
        await page.getByText(text('block.number-wrong')).first().waitFor()
      },
    },
    story('unblock-approval', unblocking(ceremony, 'approval', 'approve', { kind: 'insert-card' })),
    story('unblock-approval-pin', unblocking(ceremony, 'approval', 'approve', { kind: 'enter-pin', retriesLeft: 3 })),
    story('unblock-insert', unblocking(ceremony, 'card', 'insert-blocked', { kind: 'insert-card' })),
    story('unblock-working', unblocking(ceremony, 'card', 'set-puk', { kind: 'working' })),
    story('unblock-done', unblocking(ceremony, 'card', 'end', { kind: 'done', result: { kind: 'unblocked', ...jon } })),
    story(
      'unblock-refused',
      unblocking(ceremony, 'approval', 'approve', { kind: 'failed', problem: { code: 'approver-needed' }, canRetry: true }),
    ),
    story('findings', { kind: 'findings', overview: { findings, chart, state: 'ready', hasMore: true } }, supervisor),
    story(
      'findings-none',
      {
        kind: 'findings',
        overview: {
          only: 'injection',
          findings: [],
          chart: { ...chart, counts: counts.map(() => 0) },
          state: 'ready',
          hasMore: false,
        },
      },
      supervisor,
    ),
    story('readers-desk', { kind: 'readers', overview: {} }, { readers: { readers: [], desk } }),
    story(
      'readers-everywhere',
      { kind: 'readers', overview: { everywhere: { search: '', places, state: 'ready', hasMore: true } } },
      { ...supervisor, readers: { readers: [], desk: desk.slice(0, 2) } },
    ),
    story(
      'readers-nothing-found',
      { kind: 'readers', overview: { everywhere: { search: 'Nowhere', places: [], state: 'ready', hasMore: false } } },
      { ...supervisor, readers: { readers: [], desk: desk.slice(0, 1) } },
    ),
  ]
}
