/** A login that was handed to other programs on this computer, as snapshots. */
import type { RecordView } from '../../../electron/contract/record.ts'
import type { Page, Snapshot } from '../../../electron/contract/snapshot.ts'
import type { Story } from './story.ts'

const NOON = Date.UTC(2026, 4, 12, 12, 4)

type MakeStory = (name: string, page: Page, rest?: Partial<Snapshot>) => Story

export function handoverStories(story: MakeStory, { session }: Extract<Page, { kind: 'session' }>): readonly Story[] {
  const once = { name: 'Clinic records', at: NOON + 60_000, count: 1 }
  const often = { name: 'Krankenhausabrechnungsverwaltungssystem St. Bartholomäus', at: NOON + 180_000, count: 3 }
  const record: RecordView = { link: { kind: 'open' }, entries: [], note: { kind: 'ready' } }
  return [
    story('session-handed-over', { kind: 'session', session: { ...session, handovers: once } }),
    story('session-handed-over-often', { kind: 'session', session: { ...session, handovers: often, record } }),
  ]
}
