/**
 * What the terminal knows and what can happen to it. The state holds no PIN: a PIN is in a command on its
 * way in and in the effect that hands it to the ceremony, nowhere between.
 */

import type { ReadersStatus } from '../../native/reader.ts'
import type { BlockCause, Notice } from '../../protocol/messages/notices.ts'
import type { Person, RequestBody, Role } from '../../protocol/messages/operations.ts'
import type { BatchCommand } from '../batch/ports.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import type { NewPinRequest, PadChoice, PadRequest, PinRequest } from '../ceremonies/guide.ts'
import type { LoginOutcome } from '../ceremonies/login.ts'
import type { BatchView } from '../contract/batch.ts'
import type { HandoversView } from '../contract/handover.ts'
import type { Intent } from '../contract/intents.ts'
import type { Language, LanguageSetting } from '../contract/languages.ts'
import type { Problem } from '../contract/problems.ts'
import type { NoteOutcome } from '../contract/record.ts'
import type { CeremonyResult, GatewayView, SimulationView, Step, StepId } from '../contract/snapshot.ts'
import type { UsbReaders } from '../readers/usb.ts'
import type { NewNote, RecordReport } from '../records/report.ts'
import type { LookAnswer, LookQuestion, Overview } from './overview.ts'
import { INITIAL_UPKEEP, type UpkeepEffect, type UpkeepEvent, type UpkeepState } from './upkeep-state.ts'

export type CeremonyRequest =
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'login' }
  | { readonly kind: 'change-pin' }
  | {
      readonly kind: 'register'
      readonly person: Person
      readonly role?: Role
      /** The registrar's session; absent for the first operator of a fresh gateway. */
      readonly session?: Uint8Array
    }
  /** First a supervisor approves with their own card, then comes the card that is to be unblocked. */
  | { readonly kind: 'unblock'; readonly target?: BlockedCard; readonly approved?: Approval }

/** The card that a block names, as far as it is known. */
export interface BlockedCard {
  readonly guid?: Uint8Array
  /** Where it was in when the block was shown. */
  readonly card?: Insertion
}

export interface Approval {
  readonly session: Uint8Array
  /** The supervisor's card, which is not the one to unblock when it still sticks in the reader. */
  readonly card: Insertion
}

/** How a ceremony ended. */
export type Outcome =
  | { readonly kind: 'logged-in'; readonly login: LoginOutcome }
  | { readonly kind: 'finished'; readonly result: CeremonyResult }
  /** A supervisor approved an unblocking. */
  | { readonly kind: 'approved'; readonly session: Uint8Array }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: Problem /** The card that it was about. */; readonly guid?: Uint8Array }

/** What a running ceremony asks the person just now. */
export type Ask =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'pin'; readonly request: PinRequest; readonly lastTryConfirmed: boolean }
  | { readonly kind: 'new-pin'; readonly request: NewPinRequest; readonly lastTryConfirmed: boolean }
  /** On the reader: until `endsAt` while it waits for keys. `giveUp`: what to do when it has ended. */
  | {
      readonly kind: 'pad'
      readonly request: PadRequest
      readonly lastTryConfirmed: boolean
      readonly endsAt?: number
      readonly giveUp?: 'keyboard' | 'cancel'
    }

export type Stage =
  | { readonly kind: 'insert' }
  | {
      readonly kind: 'running'
      readonly run: number
      readonly card: Insertion
      readonly ask: Ask
      /** Why the ceremony was told to end, until it has. */
      readonly ending?: 'cancelled' | 'card-removed' | 'blocked'
      /** What the block page will be about. */
      readonly block?: Block
    }
  | { readonly kind: 'done'; readonly result: CeremonyResult; readonly card: Insertion }
  | { readonly kind: 'failed'; readonly problem: Problem; readonly card?: Insertion }

export interface CeremonyActivity {
  readonly kind: 'ceremony'
  readonly request: CeremonyRequest
  readonly person?: { readonly givenName: string; readonly familyName: string }
  readonly steps: readonly Step[]
  readonly stage: Stage
}

/** Nothing needs the person's card or PIN. */
export type RestActivity = { readonly kind: 'waiting'; readonly problem?: Problem } | { readonly kind: 'enrolling' }

export type Activity = RestActivity | CeremonyActivity | BlockedActivity | LookingActivity | { readonly kind: 'batch' }

/** Why a card, or the session with it, is stopped: what the block page is about. */
export type Block = BlockedCard & {
  readonly person?: { readonly givenName: string; readonly familyName: string }
} & (
    | { readonly cause: 'pin' | 'puk' }
    | {
        readonly cause: 'card'
        /** These are told by a notice only: a gateway that refuses a login says no more than that. */
        readonly by?: BlockCause
        readonly at?: number
        readonly finding?: string
        /** What became of the PIN on the card, where the policy wants it blocked. */
        readonly onCard?: 'working' | 'blocked' | 'not-blocked'
      }
    | { readonly cause: 'finding'; readonly at: number; readonly finding: string }
  )

export interface BlockedActivity {
  readonly kind: 'blocked'
  readonly block: Block
}

/** A page of the navigation is open. */
export interface LookingActivity {
  readonly kind: 'looking'
  /** What goes on, or begins, when the page is left. */
  readonly over: RestActivity
  /** Tells the answer to this question from the answer to an earlier one. */
  readonly look: number
  readonly view: Overview
  readonly state: { readonly kind: 'loading' | 'ready' } | { readonly kind: 'failed'; readonly problem: Problem }
}

export interface OperatorState {
  readonly givenName: string
  readonly familyName: string
  readonly role: Role
  readonly since: number
  readonly session: Uint8Array
  readonly guid: Uint8Array
  /** The operator's own card, which is not the card to register when it still sticks in the reader. */
  readonly card: Insertion
}

/** 'stay-in': the desk locks when the operator's card is pulled, which takes a second reader for the others. */
export type OperatorCard = 'stay-in' | 'sign-in-only'

/** Whose desk it was when it was locked. */
export interface LockedState {
  readonly givenName: string
  readonly familyName: string
  readonly guid: Uint8Array
}

export interface PersonSession {
  readonly login: LoginOutcome
  readonly card: Insertion
  /** Absent until the records service was asked for, and where there is none. */
  readonly record?: RecordReport
  /** What became of the last note; absent before the first. */
  readonly note?: NoteOutcome
  /** Absent while there was none. */
  readonly handovers?: HandoversView
}

export interface LanguageState {
  readonly setting: LanguageSetting
  /** The setting is fixed from outside. */
  readonly locked: boolean
  /** What the operating system prefers, best first (BCP 47). */
  readonly system: readonly string[]
  /** Chosen for the person who is being served; gone when that is over. */
  readonly person?: Language
}

export interface State {
  readonly language: LanguageState
  readonly gateway: GatewayView
  /** The first connection has come about or failed: before that, the page would flicker. */
  readonly gatewaySettled: boolean
  readonly mayRegisterFirstOperator: boolean
  readonly readers: ReadersStatus
  readonly simulation?: SimulationView
  readonly operator?: OperatorState
  /** Nobody is signed in then. */
  readonly locked?: LockedState
  /** Counts those who have left the desk for good: what was begun is nothing for the next. */
  readonly shift: number
  /** Whether the operator's own card has to stay in while they work. */
  readonly operatorCard: OperatorCard
  readonly session?: PersonSession
  /** The card that was put in last and that nothing has been done with yet. */
  readonly fresh?: Insertion
  readonly activity: Activity
  readonly lastRun: number
  readonly lastLook: number
  /** USB card readers that the system sees, whether PC/SC knows them or not. */
  readonly usb: UsbReaders
  /** Cards that said of themselves that they are none of ours, while they are in. */
  readonly strangers: readonly Insertion[]
  /** Findings that were told since a supervisor last looked. */
  readonly newFindings: number
  readonly batch: BatchView
  /** The block that was asked for last at this desk. */
  readonly blocking?: Blocking
  readonly upkeep: UpkeepState
}

export interface Blocking {
  readonly guid: Uint8Array
  readonly state: { readonly kind: 'working' | 'done' } | { readonly kind: 'failed'; readonly problem: Problem }
}

export const INITIAL_STATE: State = {
  shift: 0,
  operatorCard: 'sign-in-only',
  language: { setting: 'system', locked: false, system: [] },
  gateway: { kind: 'connecting' },
  gatewaySettled: false,
  mayRegisterFirstOperator: false,
  readers: { service: { kind: 'starting' }, readers: [] },
  activity: { kind: 'waiting' },
  lastRun: 0,
  lastLook: 0,
  usb: { kind: 'unknown' },
  strangers: [],
  newFindings: 0,
  upkeep: INITIAL_UPKEEP,
  batch: { kind: 'none' },
}

/** An intent of the renderer, with PINs as bytes. */
export type Command =
  | Exclude<Intent, { kind: 'submit-pin' | 'submit-new-pin' }>
  | { readonly kind: 'submit-pin'; readonly pin: Uint8Array }
  | { readonly kind: 'submit-new-pin'; readonly current?: Uint8Array; readonly next: Uint8Array }

export type SimulationCommand = Extract<Intent, { kind: `simulate-${string}` }>

export type TerminalEvent =
  | { readonly kind: 'readers'; readonly status: ReadersStatus }
  | { readonly kind: 'gateway'; readonly view: GatewayView }
  | { readonly kind: 'first-operator'; readonly allowed: boolean }
  | { readonly kind: 'simulation'; readonly view: SimulationView | undefined }
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'enrol-ended'; readonly problem?: Problem }
  | { readonly kind: 'begun'; readonly run: number; readonly steps: readonly StepId[] }
  | { readonly kind: 'step'; readonly run: number; readonly id: StepId }
  | {
      readonly kind: 'person'
      readonly run: number
      readonly person: { readonly givenName: string; readonly familyName: string }
    }
  | { readonly kind: 'ask-pin'; readonly run: number; readonly request: PinRequest }
  | { readonly kind: 'ask-pad'; readonly run: number; readonly request: PadRequest }
  | { readonly kind: 'ask-new-pin'; readonly run: number; readonly request: NewPinRequest }
  | { readonly kind: 'ended'; readonly run: number; readonly outcome: Outcome }
  /** The desk has been left alone for the time that the settings allow. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'usb'; readonly usb: UsbReaders }
  /** A verified notice that is not older than what is known; `card` is where its card is in, where the terminal has seen it. */
  | { readonly kind: 'notice'; readonly notice: Notice; readonly card?: Insertion }
  | { readonly kind: 'pin-blocked-on-card'; readonly guid: Uint8Array; readonly done: boolean }
  | { readonly kind: 'looked'; readonly look: number; readonly answer: LookAnswer }
  | { readonly kind: 'look-failed'; readonly look: number; readonly problem: Problem }
  | { readonly kind: 'block-ended'; readonly guid: Uint8Array; readonly problem?: Problem }
  | { readonly kind: 'batch'; readonly view: BatchView }
  /** `session` is the login's. */
  | { readonly kind: 'record'; readonly session: Uint8Array; readonly record: RecordReport | undefined }
  | { readonly kind: 'note-ended'; readonly session: Uint8Array; readonly problem?: Problem }
  | { readonly kind: 'upkeep'; readonly event: UpkeepEvent }
  /** The login of that session was given to the program of that name. */
  | { readonly kind: 'handed-over'; readonly session: Uint8Array; readonly name: string }

/** 'blocked' is nothing that the gateway has to be told. */
export type SessionEndReason = RequestBody<'session.end'>['reason'] | 'blocked'

export type Effect =
  | { readonly kind: 'start'; readonly run: number; readonly request: CeremonyRequest; readonly card: Insertion }
  | { readonly kind: 'answer-pin'; readonly run: number; readonly pin: Uint8Array }
  | { readonly kind: 'answer-new-pin'; readonly run: number; readonly current?: Uint8Array; readonly next: Uint8Array }
  | { readonly kind: 'answer-pad'; readonly run: number; readonly choice: PadChoice }
  | { readonly kind: 'cancel-ask'; readonly run: number }
  | { readonly kind: 'end-session'; readonly session: Uint8Array; readonly reason: SessionEndReason }
  | { readonly kind: 'enrol'; readonly code: string }
  | { readonly kind: 'keep-language'; readonly setting: LanguageSetting }
  /** `operator`: who starts an exercise, for whose practice cards the gateway is asked. */
  | { readonly kind: 'simulate'; readonly command: SimulationCommand; readonly operator?: Uint8Array }
  | { readonly kind: 'look'; readonly look: number; readonly question: LookQuestion }
  | { readonly kind: 'block'; readonly session: Uint8Array; readonly guid: Uint8Array }
  | { readonly kind: 'batch'; readonly command: BatchCommand }
  /** It ends with 'end-session'. */
  | { readonly kind: 'open-record'; readonly session: Uint8Array; readonly operator?: Uint8Array }
  | { readonly kind: 'add-note'; readonly session: Uint8Array; readonly note: NewNote }
  | { readonly kind: 'upkeep'; readonly effect: UpkeepEffect }

export interface Transition {
  readonly state: State
  readonly effects: readonly Effect[]
  /** False where a command is out of place; nothing has changed then. */
  readonly accepted: boolean
}

export function isPresent(status: ReadersStatus, card: Insertion): boolean {
  return status.readers.some(
    (reader) =>
      reader.name === card.reader &&
      reader.insertions === card.insertions &&
      // A card that another program (or this one) holds exclusively still sticks in the reader.
      (reader.state.kind === 'card' || reader.state.kind === 'in-use'),
  )
}

export function presentCards(status: ReadersStatus): readonly Insertion[] {
  return status.readers
    .filter((reader) => reader.state.kind === 'card' || reader.state.kind === 'in-use')
    .map((reader) => ({ reader: reader.name, insertions: reader.insertions }))
}

export function sameCard(a: Insertion | undefined, b: Insertion | undefined): boolean {
  return a !== undefined && b !== undefined && a.reader === b.reader && a.insertions === b.insertions
}
