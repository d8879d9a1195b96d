/** What a supervisor may look at: the questions to the gateway and what has been answered so far. */
import type { Place } from '../../protocol/messages/operations.ts'

export type Overview = {
  readonly of: 'readers'
  /** A card's number, or a reader's name; empty for all. */
  readonly search: string
  readonly places: readonly Place[]
  /** There are more: what to ask with. */
  readonly next?: string
}

/** `session` is the supervisor's. */
export type LookQuestion = {
  readonly of: 'readers'
  readonly session: Uint8Array
  readonly search: string
  readonly after?: string
}

export type LookAnswer = { readonly of: 'readers'; readonly places: readonly Place[]; readonly next?: string }
