/** The person's record beside the session, as snapshots. */
import type { Page as BrowserPage } from 'playwright-core'
import type { RecordEntry, RecordView } from '../../../electron/contract/record.ts'
import type { Page, Snapshot } from '../../../electron/contract/snapshot.ts'

const NOON = Date.UTC(2026, 4, 12, 12, 4)
const DAY = 86_400_000

const entries: readonly RecordEntry[] = [
  {
    number: 4,
    at: NOON - DAY,
    author: 'Amara Osei',
    text: 'Moved to Quay 7, second floor. New telephone number given at the desk.',
  },
  {
    number: 3,
    at: NOON - 9 * DAY,
    author: 'Wilhelmina Papadimitrakopoulou-Featherstonehaugh',
    text: 'Asked for a letter in larger print.\nHandelsregisterauszugsbeglaubigungsgebührenbefreiung requested.',
  },
  { number: 2, at: NOON - 40 * DAY, author: 'Li Wei', text: 'يفضّل المراسلة بالعربية' },
  { number: 1, at: NOON - 41 * DAY, text: 'Card handed over; identity papers seen.' },
]

interface Story {
  readonly name: string
  readonly snapshot: Snapshot
  act?(page: BrowserPage): Promise<void>
}
type MakeStory = (name: string, page: Page, rest?: Partial<Snapshot>) => Omit<Story, 'act'>

export function recordStories(story: MakeStory, session: Extract<Page, { kind: 'session' }>): readonly Story[] {
  const withRecord = (record: RecordView): Page => ({ kind: 'session', session: { ...session.session, record } })
  const open: RecordView = { link: { kind: 'open' }, entries, note: { kind: 'ready' } }
  return [
    story('record-connecting', withRecord({ link: { kind: 'connecting' }, note: { kind: 'ready' } })),
    story('record-open', withRecord(open), {
      operator: { givenName: 'Amara', familyName: 'Osei', role: 'supervisor', since: NOON },
    }),
    {
      ...story('record-writing', withRecord(open)),
      act: (page) => page.locator('.record-note textarea').fill('Came by for a new card.'),
    },
    story('record-empty', withRecord({ ...open, entries: [] })),
    story('record-added', withRecord({ ...open, note: { kind: 'added' } })),
    story('record-read-only', withRecord({ ...open, note: { kind: 'not-allowed' } })),
    story('record-note-failed', withRecord({ ...open, note: { kind: 'failed', problem: { code: 'note-unconfirmed' } } })),
    story('record-again', withRecord({ ...open, link: { kind: 'connecting' } })),
    story(
      'record-unavailable',
      withRecord({ link: { kind: 'unavailable', problem: { code: 'service-silent' } }, note: { kind: 'ready' } }),
    ),
    story(
      'record-unavailable-later',
      withRecord({ ...open, link: { kind: 'unavailable', problem: { code: 'gateway-offline' } } }),
    ),
    story(
      'record-refused',
      withRecord({ link: { kind: 'refused', problem: { code: 'service-refused' } }, note: { kind: 'ready' } }),
    ),
  ]
}
