/** What the terminal itself can say about a problem: whether trying again may help. The words are in the renderer's locales. */
import type { ServiceState } from '../../native/reader.ts'
import type { Problem, ProblemCode } from '../contract/problems.ts'

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

/** What keeps every reader from use; undefined where nothing does or where it is too early to say. */
export function serviceProblem(service: ServiceState, readers: number): Problem | undefined {
  switch (service.kind) {
    case 'ready':
      return readers === 0 ? { code: 'reader-none' } : undefined
    case 'starting':
      return undefined
    case 'no-library':
      return { code: 'reader-library-missing' }
    case 'service-down':
      return { code: 'reader-service-down' }
    case 'no-permission':
      return { code: 'reader-no-permission' }
    case 'failed':
      return { code: 'reader-failed' }
    default:
      return service satisfies never
  }
}
