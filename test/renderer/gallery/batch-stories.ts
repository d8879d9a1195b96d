/** Batches of cards, as snapshots: the file, each moment of the run, and what is left when it rests. */
import type {
  BatchPerson,
  BatchPhase,
  BatchReportRow,
  BatchRowFault,
  BatchView,
  OpenBatchView,
} from '../../../electron/contract/batch.ts'
import type { Page, Snapshot } from '../../../electron/contract/snapshot.ts'
import type { Story } from './story.ts'

type MakeStory = (name: string, page: Page, rest?: Partial<Snapshot>) => Story

const ada: BatchPerson = { givenName: 'Ada', familyName: 'Lovelace', reference: 'P-1042' }
const people: readonly BatchPerson[] = [
  ada,
  { givenName: 'Wilhelmina', familyName: 'Papadimitrakopoulou-Featherstonehaugh', reference: 'P-1043', role: 'registrar' },
  { givenName: 'ليلى', familyName: 'المنصوري', reference: 'P-1044', language: 'ar' },
  { givenName: 'हरि', familyName: 'शर्मा', reference: 'P-1045', role: 'desk' },
  { givenName: 'Li', familyName: 'Wei', reference: 'P-1046' },
]

const columns = [
  { header: 'Vorname', field: 'givenName' },
  { header: 'Nachname', field: 'familyName' },
  { header: 'Personalnummer', field: 'reference' },
  { header: 'Rolle', field: 'role' },
  { header: 'Abteilung' },
] as const

const faults: readonly BatchRowFault[] = [
  { line: 4, why: 'missing', field: 'familyName' },
  { line: 9, why: 'repeated', firstLine: 3, reference: 'P-1043' },
  { line: 17, why: 'unknown-role' },
  { line: 23, why: 'too-long', field: 'reference' },
  { line: 24, why: 'quotes' },
  { line: 40, why: 'role-above-yours' },
  { line: 77, why: 'too-many-cells' },
]

const rows: readonly BatchReportRow[] = [
  { number: 1, person: ada, outcome: { kind: 'done', cardNumber: '3F2A 91C0 7B44 4D1E A0B3 11F2 9C55 0D7E', ms: 5120 } },
  {
    number: 2,
    person: people[1] ?? ada,
    outcome: { kind: 'done', cardNumber: '91AA 20C0 7B44 4F0E B0B3 11F2 9C55 1122', ms: 61_200 },
  },
  { number: 3, person: people[2] ?? ada, outcome: { kind: 'skipped', code: 'card-not-blank' } },
  { number: 4, person: people[3] ?? ada, outcome: { kind: 'failed', code: 'registration-interrupted' } },
  { number: 5, person: people[4] ?? ada, outcome: { kind: 'waiting' } },
]

function open(phase: BatchPhase, rest: Partial<OpenBatchView> = {}): BatchView {
  return {
    kind: 'open',
    batch: {
      total: 200,
      done: 11,
      skipped: 1,
      left: 188,
      phase,
      sound: true,
      slips: 11,
      current: { number: 12, person: ada },
      ...rest,
    },
  }
}

export function batchStories(story: MakeStory): readonly Story[] {
  const batch = (name: string, view: BatchView, rest: Partial<Snapshot> = {}) =>
    story(`batch-${name}`, { kind: 'batch', batch: view }, rest)
  const report = { from: 0, rows, medianMs: 5120, p95Ms: 7480 }
  const finished: Partial<OpenBatchView> = { done: 198, skipped: 2, left: 0, slips: 0, report }
  const preview = { columns, good: 193, first: people }
  const paused = open({ kind: 'paused' }, { report })
  return [
    batch('none', { kind: 'none' }),
    batch('file-problem', { kind: 'none', problem: { code: 'batch-file-encoding', line: 12 } }),
    batch('preview', { kind: 'preview', preview: { ...preview, good: 200, bad: 0, faults: [] } }),
    batch('preview-bad-rows', { kind: 'preview', preview: { ...preview, bad: 107, faults } }),
    {
      ...batch('preview-decided', { kind: 'preview', preview: { ...preview, bad: 7, faults, joins: 40 } }),
      act: (page) => page.locator('.batch-check').click(),
    },
    batch('preview-nobody', { kind: 'preview', preview: { columns, good: 0, first: [], bad: 2, faults: faults.slice(0, 2) } }),
    batch('next-card', open({ kind: 'next-card' })),
    batch('next-card-silent', open({ kind: 'next-card' }, { sound: false, current: { number: 13, person: people[1] ?? ada } })),
    batch('working', open({ kind: 'working', step: 'request-certificate', part: 9, parts: 12, pausing: false })),
    batch('pausing', open({ kind: 'working', step: 'make-key', part: 7, parts: 12, pausing: true })),
    batch('remove-card', open({ kind: 'remove-card', number: 12, person: ada }, { done: 12, left: 187 })),
    batch('trouble', open({ kind: 'trouble', problem: { code: 'card-already-registered' }, canRetry: false })),
    batch(
      'trouble-pulled',
      open({ kind: 'trouble', problem: { code: 'registration-interrupted', reader: 'Identiv uTrust' }, canRetry: true }),
    ),
    batch('offline', open({ kind: 'offline', problem: { code: 'gateway-offline' } }), {
      gateway: { kind: 'offline', since: 1, problem: { code: 'gateway-offline' } },
    }),
    batch('paused', paused),
    {
      ...batch('closing', paused),
      act: (page, { text }) => page.getByRole('button', { name: text('batch.close'), exact: true }).click(),
    },
    batch('finished', open({ kind: 'finished' }, { ...finished, slips: 198 })),
    batch('finished-saved', open({ kind: 'finished' }, { ...finished, saving: { what: 'slips', state: 'saved', count: 198 } })),
    batch(
      'slips-failed',
      open({ kind: 'paused' }, { report, saving: { what: 'slips', state: 'failed', problem: { code: 'batch-slips-failed' } } }),
    ),
  ]
}
