/** Everything that a PIV card can refuse, as a closed union with data. */

export type PivProblem =
  /** SELECT found no PIV card application. */
  | { readonly kind: 'not-piv' }
  /** The card compared and counted a try; 0 left means blocked from now on. */
  | { readonly kind: 'pin-wrong'; readonly retriesLeft: number }
  | { readonly kind: 'pin-blocked' }
  | { readonly kind: 'puk-wrong'; readonly retriesLeft: number }
  | { readonly kind: 'puk-blocked' }
  /** Not 6 to 8 decimal digits (PIN) or not 6 to 8 bytes (PUK). No try was counted. */
  | { readonly kind: 'pin-malformed' }
  /** The PIN or the management key has to be given first, or the management key given is not the card's. */
  | { readonly kind: 'not-authenticated' }
  /** No such object, or no key in that slot. */
  | { readonly kind: 'not-found' }
  /** The card does not know the command, the algorithm or the form of what it holds. */
  | { readonly kind: 'not-supported' }
  | { readonly kind: 'conditions-not-satisfied' }
  | { readonly kind: 'no-room' }
  /** The card says success and its data are not what they should be; `detail` is for logs and holds no data of the card. */
  | { readonly kind: 'bad-response'; readonly detail: string }
  | { readonly kind: 'unexpected-status'; readonly sw: number }

export type PivProblemKind = PivProblem['kind']

export class PivError extends Error {
  readonly problem: PivProblem
  constructor(problem: PivProblem) {
    super(describe(problem))
    this.name = 'PivError'
    this.problem = problem
  }
}

function describe(problem: PivProblem): string {
  switch (problem.kind) {
    case 'pin-wrong':
    case 'puk-wrong':
      return `${problem.kind}, ${problem.retriesLeft} tries left`
    case 'bad-response':
      return `bad-response: ${problem.detail}`
    case 'unexpected-status':
      return `unexpected-status ${problem.sw.toString(16).padStart(4, '0')}`
    case 'not-piv':
    case 'pin-blocked':
    case 'puk-blocked':
    case 'pin-malformed':
    case 'not-authenticated':
    case 'not-found':
    case 'not-supported':
    case 'conditions-not-satisfied':
    case 'no-room':
      return problem.kind
    default: {
      const missing: never = problem
      return missing
    }
  }
}

/** The value, or undefined where the card refused for one of these reasons. */
export async function unless<T>(promise: Promise<T>, ...kinds: readonly PivProblemKind[]): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof PivError && kinds.includes(error.problem.kind)) return undefined
    throw error
  }
}

/** Status words with one meaning for every command (ISO/IEC 7816-4:2020 section 5.6; SP 800-73-5 part 2 section 3). */
export function problemOfStatus(sw: number): PivProblem {
  switch (sw) {
    case 0x6982:
      return { kind: 'not-authenticated' }
    case 0x6985:
      return { kind: 'conditions-not-satisfied' }
    case 0x6a82:
    case 0x6a88:
      return { kind: 'not-found' }
    case 0x6a84:
      return { kind: 'no-room' }
    case 0x6881:
    case 0x6882:
    case 0x6884:
    case 0x6a81:
    case 0x6d00:
    case 0x6e00:
      return { kind: 'not-supported' }
    default:
      return { kind: 'unexpected-status', sw }
  }
}

/** After a comparison with PIN or PUK: 63Cx tries left, 6983 blocked, 6A80 not well-formed (SP 800-73-5 part 2 section 3.2). */
export function problemOfReference(which: 'pin' | 'puk', sw: number): PivProblem {
  if (sw >>> 4 === 0x63c) return { kind: `${which}-wrong`, retriesLeft: sw & 0x0f }
  if (sw === 0x6983) return { kind: `${which}-blocked` }
  if (sw === 0x6a80) return { kind: 'pin-malformed' }
  return problemOfStatus(sw)
}
