/** What the terminal itself can say about a problem: whether trying again may help. The words are in the renderer's locales. */
import type { ProblemCode } from '../contract/problems.ts'

/** Nothing that happens at this desk alone makes these go away: another card, another person or the gateway's side must change. */
const FINAL: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'card-mute',
  'card-not-piv',
  'card-not-registered',
  'card-already-registered',
  'card-foreign',
  'card-not-blank',
  'card-unsupported',
  'pin-blocked',
  'puk-blocked',
  'factory-pin-changed',
  'gateway-untrusted',
  'bad-request',
  'not-allowed',
  'unknown-card',
  'card-blocked',
  'card-expired',
  'card-withdrawn',
  'holder-suspended',
  'terminal-blocked',
  'not-an-operator',
  'role-missing',
  'already-registered',
  'registration-conflict',
  'management-key-unknown',
])

export function canRetry(code: ProblemCode): boolean {
  return !FINAL.has(code)
}
