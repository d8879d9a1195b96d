/** What a supervisor may look at: the questions to the gateway and what has been answered so far. */
import type { FindingKind, ListedFinding } from '../../protocol/messages/finding-operations.ts'
import type { AnswerBody, Place } from '../../protocol/messages/operations.ts'
import type { ActivityFilter, ActivityOverview } from '../contract/activity.ts'

/** What the Activity page is told of one page of rows. */
export type ActivityFound = Pick<ActivityOverview, 'rows' | 'from' | 'matches' | 'kept' | 'timings'>

export interface ReadersLook {
  readonly of: 'readers'
  /** A card's number, or a reader's name; empty for all. */
  readonly search: string
  readonly places: readonly Place[]
  /** There are more: what to ask with. */
  readonly next?: string
}

export interface FindingsLook {
  readonly of: 'findings'
  /** All kinds where absent. */
  readonly only?: FindingKind
  readonly findings: readonly ListedFinding[]
  /** How many of each kind in each hour since then. */
  readonly since: number
  readonly hours: readonly AnswerBody<'findings.summary'>['hours'][number][]
  readonly next?: number
}

/** What the terminal knows by itself: nobody is asked. */
export interface OwnLook {
  readonly of: 'diagnostics' | 'settings' | 'training'
  readonly next?: undefined
}

/** What the gateway is asked for. */
export type AskedLook = ReadersLook | FindingsLook

export interface ActivityLook {
  readonly of: 'activity'
  readonly filter: ActivityFilter
  /** Stays while the next answer is awaited; absent before the first. */
  readonly found?: ActivityFound
  /** What happens now is not kept on disk. */
  readonly failing: boolean
}

export type Overview = AskedLook | ActivityLook | OwnLook

/** `session` is the supervisor's; `after` and `before` are the `next` of the page before. */
export type LookQuestion =
  | { readonly of: 'readers'; readonly session: Uint8Array; readonly search: string; readonly after?: string }
  | {
      readonly of: 'findings'
      readonly session: Uint8Array
      readonly only?: FindingKind
      readonly before?: number
      readonly since: number
    }
  /** Of this machine: nobody else is asked. */
  | { readonly of: 'activity'; readonly filter: ActivityFilter; readonly from: number }

export type LookAnswer =
  | { readonly of: 'readers'; readonly places: readonly Place[]; readonly next?: string }
  | {
      readonly of: 'findings'
      readonly findings: readonly ListedFinding[]
      /** With the first page only. */
      readonly hours?: FindingsLook['hours']
      readonly next?: number
    }
  | { readonly of: 'activity'; readonly found: ActivityFound; readonly failing: boolean }
