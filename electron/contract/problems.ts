/**
 * Every problem that a person at the desk can meet, as a stable code. The renderer's locales hold, under the
 * same code, what happened and what to do; docs/problems.md lists them. A test holds the three together.
 */
import { REFUSALS } from '../../protocol/messages/operations.ts'

export const PROBLEMS = [
  // The reader and the card's contact.
  'reader-library-missing',
  'reader-service-down',
  'reader-no-permission',
  'reader-none',
  'reader-no-device',
  'reader-no-driver',
  'reader-gone',
  'reader-in-use',
  'reader-failed',
  'card-removed',
  'card-swapped',
  'card-mute',
  'card-reset',
  'card-slow',
  // What the card is and says.
  'card-not-piv',
  'card-not-registered',
  'card-already-registered',
  'card-foreign',
  'card-not-blank',
  'card-answer-wrong',
  'card-unsupported',
  'pin-wrong',
  'pin-blocked',
  'puk-blocked',
  'pin-refused',
  'pin-weak',
  'pin-unchanged',
  'pin-outcome-unknown',
  'factory-pin-changed',
  'pin-pad-timeout',
  'pin-pad-cancelled',
  'pin-pad-mismatch',
  'pin-pad-length',
  'pin-pad-unusable',
  // The gateway and the way to it.
  'gateway-offline',
  'gateway-silent',
  'gateway-untrusted',
  'gateway-answer-wrong',
  'invitation-mistyped',
  'not-enrolled',
  // Registration.
  'registration-interrupted',
  'registration-rolled-back',
  // Blocks.
  'session-stopped',
  'approver-needed',
  'unblock-interrupted',
  // Services behind a login.
  'service-silent',
  'service-untrusted',
  'service-refused',
  'service-failed',
  'service-ended',
  'note-unconfirmed',
  // What the terminal's checks of itself find.
  'card-none',
  'broker-unreachable',
  'broker-untrusted',
  'broker-refused',
  'broker-address-wrong',
  'broker-certificate-expiring',
  'gateway-slow',
  'terminal-certificate-expiring',
  'terminal-certificate-expired',
  'clock-wrong',
  'storage-unwritable',
  'storage-full',
  'storage-low',
  'program-replaced',
  'check-failed',
  // Batches of cards.
  'batch-file-unreadable',
  'batch-file-empty',
  'batch-file-too-large',
  'batch-file-too-long',
  'batch-file-encoding',
  'batch-file-columns',
  'batch-file-not-written',
  'batch-unwritten',
  'batch-damaged',
  'batch-slips-failed',
  'batch-card-asks',
  // This computer.
  'activity-not-kept',
  'unexpected',
  ...REFUSALS,
] as const
export type ProblemCode = (typeof PROBLEMS)[number]

export interface Problem {
  readonly code: ProblemCode
  /** Tries that the card still allows, where the problem is about a PIN. */
  readonly retriesLeft?: number
  /** The reader that the problem is about. */
  readonly reader?: string
  readonly retryAfterMs?: number
}
