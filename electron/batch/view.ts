/** Draws the batch as the window shows it. */
import type { BatchFileProblem, BatchPhase, BatchPreview, BatchSaving, BatchView } from '../contract/batch.ts'
import { type Batch, countsOf, nextMember, unprinted } from './batch.ts'
import type { Import } from './import.ts'
import { reportOf } from './report.ts'

/** How many people and faults a preview shows. */
const FIRST_PEOPLE = 5
const FIRST_FAULTS = 100

export interface BatchDeskState {
  readonly batch: Batch | undefined
  readonly preview: (Import & { readonly kind: 'read' }) | undefined
  readonly fileProblem: BatchFileProblem | undefined
  readonly phase: BatchPhase
  readonly saving: BatchSaving | undefined
  /** Which people the report shows. */
  readonly from: number
}

export function batchView({ batch, preview, fileProblem, phase, saving, from }: BatchDeskState): BatchView {
  if (preview !== undefined) return { kind: 'preview', preview: previewOf(preview, batch) }
  if (batch === undefined) return { kind: 'none', ...(fileProblem && { problem: fileProblem }) }
  const at = nextMember(batch)
  const person = at === undefined ? undefined : batch.members[at]?.person
  const rests = phase.kind === 'paused' || phase.kind === 'finished'
  return {
    kind: 'open',
    batch: {
      ...countsOf(batch),
      phase,
      sound: batch.sound,
      slips: unprinted(batch).length,
      ...(at !== undefined && person && { current: { number: at + 1, person } }),
      ...(saving && { saving }),
      ...(fileProblem && { fileProblem }),
      ...(rests && { report: reportOf(batch, from) }),
    },
  }
}

function previewOf({ columns, people, faults }: Import & { readonly kind: 'read' }, batch: Batch | undefined): BatchPreview {
  return {
    columns,
    good: people.length,
    first: people.slice(0, FIRST_PEOPLE),
    bad: faults.length,
    faults: faults.slice(0, FIRST_FAULTS),
    ...(batch && { joins: batch.members.length }),
  }
}
