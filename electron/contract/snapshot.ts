/**
 * The one picture of the terminal that main shows to the renderer: sent whole at each change, never a
 * difference. No APDU, key, topic or PIN is in it.
 */
import type { Role } from '../../protocol/messages/operations.ts'
import type { LanguageView } from './languages.ts'
import type { Problem } from './problems.ts'

export interface Snapshot {
  /** Grows with each snapshot. */
  readonly revision: number
  readonly application: { readonly version: string; readonly electron: string }
  readonly language: LanguageView
  readonly gateway: GatewayView
  readonly readers: ReadersView
  /** Who works at this desk; absent before sign-in. */
  readonly operator?: OperatorView
  readonly page: Page
  /** Present only when simulated cards are in use: the window then shows its banner. */
  readonly simulation?: SimulationView
}

export type GatewayView =
  | { readonly kind: 'not-enrolled' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online'; readonly site: string; readonly since: number }
  | { readonly kind: 'offline'; readonly since: number; readonly problem: Problem }

export interface ReadersView {
  /** What keeps every reader from use, if anything does. */
  readonly problem?: Problem
  readonly readers: readonly ReaderView[]
}

export interface ReaderView {
  readonly name: string
  readonly simulated: boolean
  readonly state: 'empty' | 'card' | 'mute' | 'in-use'
}

export interface OperatorView {
  readonly givenName: string
  readonly familyName: string
  readonly role: Role
  readonly since: number
}

export type Page =
  | { readonly kind: 'starting' }
  /** The terminal does not belong to a gateway yet: intent 'enrol'. */
  | { readonly kind: 'enrol'; readonly busy: boolean; readonly problem?: Problem }
  /** A fresh gateway without operators: intent 'register' makes the first one, a supervisor. */
  | { readonly kind: 'first-operator' }
  /** No operator is signed in: a card that is put in starts the sign-in. */
  | { readonly kind: 'sign-in'; readonly problem?: Problem }
  /** Ready for a person: a card that is put in starts the login. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'ceremony'; readonly ceremony: Ceremony }
  /** A person is logged in; pulling the card ends it. */
  | { readonly kind: 'session'; readonly session: SessionView }

export type CeremonyKind = 'sign-in' | 'login' | 'register' | 'change-pin'

export type StepId =
  | 'insert'
  | 'read-card'
  | 'authenticate-card'
  | 'identify-card'
  | 'choose-pin'
  | 'set-pin'
  | 'set-puk'
  | 'set-management-key'
  | 'make-key'
  | 'request-certificate'
  | 'write-certificate'
  | 'prove'
  | 'enter-pin'
  | 'verify'
  | 'change-pin'

export interface Step {
  readonly id: StepId
  readonly state: 'todo' | 'active' | 'done' | 'failed'
}

export interface Ceremony {
  readonly kind: CeremonyKind
  /** The person concerned, where already known. */
  readonly person?: { readonly givenName: string; readonly familyName: string }
  readonly steps: readonly Step[]
  readonly prompt: Prompt
}

export type Prompt =
  | { readonly kind: 'insert-card' }
  | { readonly kind: 'working' }
  /** Intent 'submit-pin'. `problem` tells of the try before this one. */
  | { readonly kind: 'enter-pin'; readonly retriesLeft?: number; readonly problem?: Problem }
  /** One try is left: intent 'confirm-last-try' or 'cancel' before the PIN is asked. */
  | { readonly kind: 'confirm-last-try' }
  /** Intent 'submit-new-pin'; `current` where the present PIN must be given too. */
  | { readonly kind: 'choose-pin'; readonly current: boolean; readonly retriesLeft?: number; readonly problem?: Problem }
  | { readonly kind: 'done'; readonly result: CeremonyResult }
  /** Intents 'retry' (where `canRetry`) or 'dismiss'. */
  | { readonly kind: 'failed'; readonly problem: Problem; readonly canRetry: boolean }

export type CeremonyResult =
  | { readonly kind: 'registered'; readonly givenName: string; readonly familyName: string; readonly guid: string }
  | { readonly kind: 'pin-changed' }

export interface SessionView {
  readonly givenName: string
  readonly familyName: string
  readonly reference: string
  readonly role?: Role
  readonly registeredAt: number
  readonly at: number
  readonly last?: { readonly at: number; readonly site: string }
  /** The card's number, in groups, for people to compare. */
  readonly cardNumber: string
  readonly cardExpiresAt: number
  readonly reader: string
  /** How long from the last digit to the session, in milliseconds. */
  readonly loginMs: number
}

export interface SimulationView {
  readonly readers: readonly { readonly name: string; readonly card?: string }[]
  readonly cards: readonly SimulatedCardView[]
}

export interface SimulatedCardView {
  readonly id: string
  readonly label: string
  /** What the card is, as far as the terminal has seen. */
  readonly state: 'blank' | 'registered'
  readonly holder?: string
}
