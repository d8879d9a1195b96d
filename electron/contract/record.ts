/** The record of the person who is logged in, as the window shows it. It lives at the records service, not at the gateway. */
import type { Problem } from './problems.ts'

/** Of one note: what a desk writes down, no letter. */
export const NOTE_MAX_LENGTH = 500

export interface RecordView {
  readonly link: RecordLink
  /** The latest first. Stays while the session is made again; absent before it was read, and once the service has refused. */
  readonly entries?: readonly RecordEntry[]
  readonly note: NoteView
}

/** The end-to-end session with the service. */
export type RecordLink =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** Another attempt follows by itself. */
  | { readonly kind: 'unavailable'; readonly problem: Problem }
  /** The gateway or the service has said no: nothing is tried again for this login. */
  | { readonly kind: 'refused'; readonly problem: Problem }

export interface RecordEntry {
  /** Counts up in each record. */
  readonly number: number
  readonly at: number
  /** Who worked at the desk, by name. */
  readonly author?: string
  readonly text: string
}

/** What became of the last note, or whether there may be one: intent 'add-note' at 'ready', 'added' and 'failed' while the link is open. */
export type NoteView = { readonly kind: 'ready' | 'not-allowed' } | NoteOutcome

export type NoteOutcome = { readonly kind: 'sending' | 'added' } | { readonly kind: 'failed'; readonly problem: Problem }
