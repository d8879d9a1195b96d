/**
 * The one picture of the terminal that main shows to the renderer: sent whole at each change, never a
 * difference. No APDU, key, topic or PIN is in it.
 */
import type { FindingKind, ListedFinding } from '../../protocol/messages/finding-operations.ts'
import type { BlockCause } from '../../protocol/messages/notices.ts'
import type { Role } from '../../protocol/messages/operations.ts'
import type { ActivityOverview } from './activity.ts'
import type { BatchView } from './batch.ts'
import type { DiagnosticsView } from './diagnostics.ts'
import type { HandoversView } from './handover.ts'
import type { LanguageView } from './languages.ts'
import type { NavigationView } from './pages.ts'
import type { Problem, ProblemCode } from './problems.ts'
import type { RecordView } from './record.ts'
import type { SettingKey, SettingView } from './settings.ts'
import type { StepId } from './steps.ts'
import type { Mishap, PadPrompt, TrainingView } from './training.ts'

export interface Snapshot {
  /** Grows with each snapshot. */
  readonly revision: number
  readonly application: { readonly version: string; readonly electron: string }
  readonly language: LanguageView
  /** The settings want high contrast, whatever the system prefers. */
  readonly highContrast?: true
  readonly gateway: GatewayView
  readonly readers: ReadersView
  /** Who works at this desk; absent before sign-in. */
  readonly operator?: OperatorView
  /** Another number than before: what was begun at this desk is nothing for who works here now. */
  readonly shift?: number
  readonly page: Page
  /** The window may be made small or large again: by the setting `compact`. Absent where that is fixed, and in a kiosk. */
  readonly resizing?: { readonly compact: boolean }
  /** The ways to other pages; absent while something needs the person. */
  readonly navigation?: NavigationView
  /** The block that was asked for last at this desk: intent 'block-seen' once it is over. */
  readonly blocking?: BlockingView
  /** For a supervisor: findings that were told since they last looked. */
  readonly newFindings?: number
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
  /** Why each reader of this desk can or cannot be used, those that PC/SC does not offer among them. */
  readonly desk: readonly DeskReader[]
}

export interface DeskReader {
  readonly name: string
  readonly simulated: boolean
  readonly state: 'ready' | 'no-card' | 'unknown-card' | 'busy' | 'no-driver' | 'no-permission' | 'service-down' | 'starting'
  /** What to do about it. */
  readonly problem?: Problem
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
  /** A desk that was left: it opens for its operator, or another one, by card and PIN. Nobody is signed in. */
  | {
      readonly kind: 'locked'
      readonly operator: { readonly givenName: string; readonly familyName: string }
      readonly problem?: Problem
    }
  /** Ready for a person: a card that is put in starts the login. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'ceremony'; readonly ceremony: Ceremony }
  /** A person is logged in; pulling the card ends it. */
  | { readonly kind: 'session'; readonly session: SessionView }
  /** A card, or the session with it, is stopped: intents 'unblock' (where `canUnblock`) and 'dismiss'. */
  | { readonly kind: 'blocked'; readonly block: BlockView }
  /** Cards for many people, one after another: intent 'batch'. */
  | { readonly kind: 'batch'; readonly batch: BatchView }
  /** Intents 'show-readers', 'show-more' and 'dismiss'. */
  | { readonly kind: 'readers'; readonly overview: ReadersOverview }
  /** What is in it stands in `simulation`. Intents 'simulate-exercise' and 'dismiss'. */
  | { readonly kind: 'training' }
  /** Intents 'show-activity' and 'dismiss'. */
  | { readonly kind: 'activity'; readonly overview: ActivityOverview }
  /** Intents 'show-findings', 'show-more', 'block-card' and 'dismiss'. */
  | { readonly kind: 'findings'; readonly overview: FindingsOverview }
  /** Intents 'set-setting' and 'dismiss'. */
  | { readonly kind: 'settings'; readonly page: SettingsPage }
  /** Intents 'run-checks', 'prepare-report', 'save-report', 'close-report' and 'dismiss'. */
  | { readonly kind: 'diagnostics'; readonly diagnostics: DiagnosticsView }

export interface SettingsPage {
  readonly settings: readonly SettingView[]
  /** The setting whose last change could not be kept. */
  readonly unkept?: SettingKey
}

export interface BlockView {
  readonly cause: 'pin' | 'puk' | 'card' | 'finding'
  /** Stable, for support. */
  readonly code: ProblemCode
  readonly person?: { readonly givenName: string; readonly familyName: string }
  /** In groups, for people to compare. */
  readonly cardNumber?: string
  readonly reader?: string
  readonly at?: number
  readonly by?: BlockCause
  readonly finding?: string
  /** What became of the PIN on the card, where it is to be blocked there too. */
  readonly onCard?: 'working' | 'blocked' | 'not-blocked'
  readonly canUnblock: boolean
}

export interface BlockingView {
  readonly cardNumber: string
  readonly state: 'working' | 'done' | 'failed'
  readonly problem?: Problem
}

export interface ReadersOverview {
  /** The readers of all desks; absent for who is no supervisor. */
  readonly everywhere?: {
    readonly search: string
    readonly places: readonly PlaceView[]
    readonly state: 'loading' | 'ready' | 'failed'
    readonly problem?: Problem
    readonly hasMore: boolean
  }
}

/** How many hours the chart of findings shows: a week. */
export const CHART_HOURS = 7 * 24

export type { FindingKind }

export interface FindingsOverview {
  /** All kinds where absent. */
  readonly only?: FindingKind
  readonly findings: readonly FindingView[]
  /** How many in each of the last CHART_HOURS hours, the first of them at `since`. */
  readonly chart: { readonly since: number; readonly counts: readonly number[] }
  readonly state: 'loading' | 'ready' | 'failed'
  readonly problem?: Problem
  readonly hasMore: boolean
}

export type FindingView = Omit<ListedFinding, 'card' | 'evidence'> & {
  readonly cardNumber?: string
  /** By the gateway's own names. */
  readonly evidence: readonly { readonly name: string; readonly value: string | number | boolean }[]
}

/** A reader somewhere, as the gateway knows it. */
export interface PlaceView {
  readonly terminal: string
  readonly site: string
  readonly reader: string
  readonly simulated: boolean
  readonly state: 'empty' | 'card' | 'mute' | 'in-use'
  readonly cardNumber?: string
  readonly since: number
  readonly seenAt: number
  readonly online: boolean
  readonly present: boolean
}

export type CeremonyKind = 'sign-in' | 'login' | 'register' | 'change-pin' | 'unblock'

export type { StepId } from './steps.ts'

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
  /** Of an unblocking: whose card it is about just now. */
  readonly part?: 'approval' | 'card'
}

export type Prompt =
  | { readonly kind: 'insert-card' }
  | { readonly kind: 'working' }
  /** Intent 'submit-pin'. `problem` tells of the try before this one. */
  | { readonly kind: 'enter-pin'; readonly retriesLeft?: number; readonly problem?: Problem }
  /**
   * On the reader itself: it waits for keys until `endsAt`; absent where the entry before has ended, or has to be read about before it
   * begins, for intent 'use-pin-pad'. Intents 'use-keyboard' and 'cancel' take effect when the entry ends on the reader: `giveUp` then.
   */
  | {
      readonly kind: 'pin-pad'
      /** The present PIN, the new one, and the new one again: no program sees whether it is a weak one. */
      readonly change?: true
      readonly retriesLeft?: number
      readonly problem?: Problem
      readonly endsAt?: number
      readonly giveUp?: 'keyboard' | 'cancel'
    }
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
  | { readonly kind: 'unblocked'; readonly givenName: string; readonly familyName: string }

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
  /** Absent where this gateway knows no records service. */
  readonly record?: RecordView
  /** The login was handed to other programs on this computer. */
  readonly handovers?: HandoversView
}

export interface SimulationView {
  readonly readers: readonly { readonly name: string; readonly card?: string }[]
  readonly cards: readonly SimulatedCardView[]
  /** The terminal's own link was cut on purpose. */
  readonly gatewayCut?: true
  readonly training?: TrainingView
  /** The simulated readers have a PIN pad; what its display asks for, and how many digits stand there, while it waits for keys. */
  readonly pinPad?: { readonly shown?: number; readonly asks?: PadPrompt }
}

export interface SimulatedCardView {
  readonly id: string
  readonly label: string
  /** Of a card that this terminal made: what its label counts. */
  readonly number?: number
  /** What is to go wrong with it; absent for nothing. */
  readonly mishap?: Exclude<Mishap, 'none'>
  /** Its part in the exercise that runs. */
  readonly part?: 'person' | 'other'
  /** What the card is, as far as the terminal has seen. */
  readonly state: 'blank' | 'registered'
  readonly holder?: string
}
