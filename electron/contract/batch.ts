/**
 * A batch, as the window shows it: people from a file, and one card after another for them. The window never sees the file's
 * path, an initial PIN, or more people than it draws.
 */
import * as v from 'valibot'
import type { Role } from '../../protocol/messages/operations.ts'
import type { Language } from './languages.ts'
import type { Problem, ProblemCode } from './problems.ts'
import type { StepId } from './steps.ts'

/** The columns that a file may have; the first three it must have. */
export const BATCH_FIELDS = ['givenName', 'familyName', 'reference', 'role', 'language'] as const
export type BatchField = (typeof BATCH_FIELDS)[number]

/** How slips are laid out: two on a sheet of A4, or one on each label of 100 by 62 mm. */
export const SLIP_FORMATS = ['a4', 'label'] as const
export type SlipFormat = (typeof SLIP_FORMATS)[number]

/** How many people the window is shown at a time. */
export const BATCH_ROWS = 100

/** What the technician may ask of the batch: the `action` of the intent 'batch'. */
export const batchActionSchema = v.variant('kind', [
  /** Main asks for the file itself. */
  v.strictObject({ kind: v.literal('choose-file') }),
  /** Takes the people of the preview; rows with a fault are left out only where that was decided. */
  v.strictObject({ kind: v.literal('begin'), leaveOutBad: v.boolean() }),
  /** Leaves the preview; nothing was taken from the file. */
  v.strictObject({ kind: v.literal('discard') }),
  v.strictObject({ kind: v.literal('pause') }),
  v.strictObject({ kind: v.literal('resume') }),
  /** With the card that is in, or the next one that is put in. */
  v.strictObject({ kind: v.literal('retry') }),
  /** Goes on with the next person. */
  v.strictObject({ kind: v.literal('skip') }),
  /** Those who were skipped, once more. */
  v.strictObject({ kind: v.literal('take-up-skipped') }),
  /** Makes a PDF of the slips that have not been printed yet, and forgets their PINs. */
  v.strictObject({ kind: v.literal('save-slips'), format: v.picklist(SLIP_FORMATS) }),
  v.strictObject({ kind: v.literal('save-report') }),
  /** Which people are shown: from this one on, counted from 0. */
  v.strictObject({ kind: v.literal('show-people'), from: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
  v.strictObject({ kind: v.literal('set-sound'), on: v.boolean() }),
  /** Forgets the batch and everybody in it. */
  v.strictObject({ kind: v.literal('close') }),
])
export type BatchAction = v.InferOutput<typeof batchActionSchema>

export type BatchView =
  /** No batch: intent 'choose-file'. */
  | { readonly kind: 'none'; readonly problem?: BatchFileProblem }
  /** A file was read, and nothing taken from it yet: intents 'begin' and 'discard'. */
  | { readonly kind: 'preview'; readonly preview: BatchPreview }
  | { readonly kind: 'open'; readonly batch: OpenBatchView }

/** A file that cannot be read as people. */
export interface BatchFileProblem {
  readonly code: ProblemCode
  /** Where, counted from 1. */
  readonly line?: number
}

export interface BatchPreview {
  /** Which column of the file is what, in the file's order; columns that mean nothing here have no field. */
  readonly columns: readonly { readonly header: string; readonly field?: BatchField }[]
  /** How many rows can be taken. */
  readonly good: number
  /** The first of them. */
  readonly first: readonly BatchPerson[]
  readonly bad: number
  /** The first of the rows that cannot be taken. */
  readonly faults: readonly BatchRowFault[]
  /** The people come to an open batch that has this many already. */
  readonly joins?: number
}

export interface BatchPerson {
  readonly givenName: string
  readonly familyName: string
  readonly reference: string
  readonly role?: Role
  readonly language?: Language
}

/** Why a row cannot be taken. `line` counts from 1, the header line among them. */
export type BatchRowFault = { readonly line: number } & (
  | { readonly why: 'missing' | 'too-long' | 'bad-characters'; readonly field: BatchField }
  | { readonly why: 'unknown-role' | 'role-above-yours' | 'unknown-language' }
  /** The reference stands in an earlier line too. */
  | { readonly why: 'repeated'; readonly firstLine: number; readonly reference: string }
  /** The open batch has somebody with this reference. */
  | { readonly why: 'in-batch'; readonly reference: string }
  /** More cells than the header line has. */
  | { readonly why: 'too-many-cells' }
  /** A quotation mark that does not end, or stands where none may. */
  | { readonly why: 'quotes' }
)

export interface OpenBatchView {
  readonly total: number
  readonly done: number
  readonly skipped: number
  /** Everybody who has no card yet and was not skipped. */
  readonly left: number
  /** Whose card is next, or being made; absent once nobody is left. `number` counts from 1 in the file's order. */
  readonly current?: { readonly number: number; readonly person: BatchPerson }
  readonly phase: BatchPhase
  readonly sound: boolean
  /** How many slips wait to be printed. */
  readonly slips: number
  /** What became of the last save. */
  readonly saving?: BatchSaving
  /** What was wrong with a file whose people were to come to this batch. */
  readonly fileProblem?: BatchFileProblem
  /** Present where the batch is paused or finished. */
  readonly report?: BatchReport
}

export type BatchPhase =
  | { readonly kind: 'paused' }
  | { readonly kind: 'next-card' }
  /** `part` of `parts` steps are done; `pausing` where the batch is paused after this card. */
  | {
      readonly kind: 'working'
      readonly step?: StepId
      readonly part: number
      readonly parts: number
      readonly pausing: boolean
    }
  /** The card of the person before is ready, and still in. */
  | { readonly kind: 'remove-card'; readonly person: BatchPerson; readonly number: number }
  /** This person's card could not be made: another card that is put in tries again, and 'retry' where that may help; 'skip' goes on. */
  | { readonly kind: 'trouble'; readonly problem: Problem; readonly canRetry: boolean }
  /** Goes on by itself as soon as the gateway is there. */
  | { readonly kind: 'offline'; readonly problem: Problem }
  | { readonly kind: 'finished' }

export type BatchSaving =
  | { readonly what: 'slips' | 'report'; readonly state: 'working' | 'saved'; readonly count: number }
  | { readonly what: 'slips' | 'report'; readonly state: 'failed'; readonly problem: Problem }

export interface BatchReport {
  /** How long a card took from its insertion to its first login; absent before the first. In milliseconds. */
  readonly medianMs?: number
  readonly p95Ms?: number
  readonly from: number
  readonly rows: readonly BatchReportRow[]
}

export interface BatchReportRow {
  readonly number: number
  readonly person: BatchPerson
  readonly outcome: BatchOutcome
}

export type BatchOutcome =
  | { readonly kind: 'waiting' }
  /** In groups, for people to compare. */
  | { readonly kind: 'done'; readonly cardNumber: string; readonly ms?: number }
  /** `code`: what had gone wrong before, if anything. */
  | { readonly kind: 'skipped'; readonly code?: ProblemCode }
  | { readonly kind: 'failed'; readonly code: ProblemCode }

/** What is printed on a slip; it goes from main into the page that draws it and nowhere else. */
export interface Slip {
  readonly givenName: string
  readonly familyName: string
  readonly cardNumber: string
  readonly site: string
  /** When the card was made; milliseconds since 1970. */
  readonly at: number
  readonly pin: string
  /** BCP 47: the holder's language, or the desk's. */
  readonly locale: string
}
