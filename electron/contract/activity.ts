/** What happened at this desk, as it is kept and as the window shows it. docs/decisions/activity.md says what is kept, and why no names. */
import type { Problem, ProblemCode } from './problems.ts'

export const ACTIVITY_KINDS = [
  'sign-in',
  'sign-out',
  'lock',
  'switch-operator',
  'login',
  'register',
  'change-pin',
  'unblock',
  'block',
  'card-pulled',
] as const
export type ActivityKind = (typeof ACTIVITY_KINDS)[number]

export const ACTIVITY_OUTCOMES = ['done', 'failed', 'cancelled'] as const
export type ActivityOutcome = (typeof ACTIVITY_OUTCOMES)[number]

/**
 * What a login's time goes into, in the order in which it passes: the connection to the card; its certificate and number; then,
 * after the last digit, what is still missing of message_1 and message_2, VERIFY, the signature, message_3 and message_4.
 */
export const LOGIN_PARTS = ['connect', 'read', 'handshake', 'verify', 'sign', 'gateway'] as const
export type LoginPart = (typeof LOGIN_PARTS)[number]
/** In milliseconds. */
export type LoginParts = Readonly<Record<LoginPart, number>>

export const totalOf = (parts: LoginParts): number => LOGIN_PARTS.reduce((sum, part) => sum + parts[part], 0)

/** What is asked for; everything where empty. */
export interface ActivityFilter {
  readonly only?: ActivityKind | undefined
  readonly outcome?: ActivityOutcome | undefined
  /** The beginning of a card's reference, or a card's whole number. */
  readonly search?: string | undefined
}

export interface ActivityRow {
  /** Counts up while the program runs. */
  readonly sequence: number
  /** Milliseconds since 1970, of its end. */
  readonly at: number
  readonly kind: ActivityKind
  readonly outcome: ActivityOutcome
  readonly code?: ProblemCode | undefined
  readonly reader?: string | undefined
  /** A pseudonym that only this desk gives the card; of an operator who went, their own. */
  readonly card?: string | undefined
  /**
   * From the card that was put in to the end; of a card that was pulled, how long the session lasted; of
   * an operator who went, how long they were signed in. Milliseconds.
   */
  readonly tookMs?: number | undefined
  /** From the last digit to the session, in milliseconds. */
  readonly loginMs?: number | undefined
  /** Only of what happened since the present operator signed in: names are never kept. */
  readonly name?: { readonly givenName: string; readonly familyName: string }
}

export interface TimedLogin {
  readonly at: number
  readonly parts: LoginParts
}

export interface LoginTimings {
  /** The oldest first. */
  readonly last: readonly TimedLogin[]
  /** Of each part by itself and of their sum, over the last `count` logins; absent where there is none. */
  readonly median?: { readonly parts: LoginParts; readonly totalMs: number }
  readonly count: number
}

export interface ActivityOverview {
  readonly filter: ActivityFilter
  /** The latest first, one page of them. */
  readonly rows: readonly ActivityRow[]
  /** How many that match are newer than these. */
  readonly from: number
  readonly matches: number
  /** How many there are without a filter. */
  readonly kept: number
  readonly timings: LoginTimings
  readonly state: 'loading' | 'ready' | 'failed'
  readonly problem?: Problem
}

/** How many rows a page of the list has: few enough to be drawn within one key press. */
export const ACTIVITY_PAGE = 25
