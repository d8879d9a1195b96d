/** Training as the window sees it: what can be made to go wrong with a simulated card, and the exercises. */
import type { Problem } from './problems.ts'

/**
 * 'none' mends the card. 'slow': its answers come late, as over a relay. 'busy': another program holds it. The counters of the card
 * stay as they were set until another of these sets them; 'pull-...' pulls it once, in the ceremony that comes next.
 */
export const MISHAPS = [
  'none',
  'slow',
  'mute',
  'busy',
  'one-try',
  'pin-blocked',
  'puk-blocked',
  'pull-at-read',
  'pull-at-pin',
  'pull-at-verify',
] as const
export type Mishap = (typeof MISHAPS)[number]

/** In the order in which they are best done. */
export const EXERCISES = [
  'newcomer',
  'wrong-card',
  'pulled-card',
  'forgotten-pin',
  'last-try',
  'blocked-card',
  'relayed-card',
  'gateway-gone',
] as const
export type ExerciseId = (typeof EXERCISES)[number]

/** The PIN of every practice card: known to all, because no person has such a card. */
export const PRACTICE_PIN = '482916'

export type ExerciseStepId =
  | 'form-sent'
  | 'new-pin-asked'
  | 'registered'
  | 'refused'
  | 'right-card'
  | 'logged-in'
  | 'pulled'
  | 'in-again'
  | 'wrong-pin'
  | 'stopped'
  | 'last-try-asked'
  | 'block-seen'
  | 'approved'
  | 'unblocked'
  | 'ended'
  | 'pin-changed'
  | 'online'

export interface ExerciseView {
  readonly id: ExerciseId
  readonly state: 'preparing' | 'running' | 'done' | 'missed' | 'failed'
  /** Why it could not be set up. */
  readonly problem?: Problem
  readonly steps: readonly { readonly id: ExerciseStepId; readonly state: 'todo' | 'active' | 'done' }[]
  /** PINs that were handed to a card. */
  readonly entries: number
  /** Known at the end. */
  readonly durationMs?: number
}

export interface TrainingView {
  readonly exercise?: ExerciseView
  /** Exercises that were done since the program was started. */
  readonly done: readonly ExerciseId[]
}

/** What the display of a simulated pad asks for. */
export type PadPrompt = 'pin' | 'new-pin' | 'new-pin-again'

/** Of the pad that is drawn for simulated readers. */
export const PAD_KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', 'clear', '0', 'cancel', 'ok'] as const
