/** Failures of an EDHOC session, and the error message (RFC 9528 section 6) that tells the peer. */
import { CborError, decodeSequence, encodeSequence } from '../cbor.ts'

/** What an error message says. Nobody has authenticated it: it may be forged. */
export type PeerError =
  | { readonly kind: 'unspecified'; readonly text: string }
  | { readonly kind: 'wrong-suite'; readonly suitesR: readonly number[] }
  | { readonly kind: 'unknown-credential' }
  /** An error code that RFC 9528 does not define. */
  | { readonly kind: 'other'; readonly code: number }

export type EdhocFailure =
  /** Not the CBOR, the structure or the lengths that the message must have. */
  | { readonly kind: 'malformed'; readonly message: 1 | 2 | 3 | 4; readonly reason: string }
  | { readonly kind: 'unsupported-method'; readonly method: number }
  /** The selected suite is not the first of SUITES_I that the responder supports. */
  | { readonly kind: 'wrong-suite'; readonly suitesI: readonly number[]; readonly supported: readonly number[] }
  /** A point off the curve, or of low order. */
  | { readonly kind: 'bad-ephemeral-key' }
  | { readonly kind: 'decryption-failed'; readonly message: 3 | 4 }
  /** Signature_or_MAC fits none of the credentials given. */
  | { readonly kind: 'authentication-failed'; readonly message: 2 | 3 }
  /** ID_CRED is none of kid, x5t, x5chain, kccs, kcwt. */
  | { readonly kind: 'unsupported-credential' }
  /** The application knows no credential by this ID_CRED. */
  | { readonly kind: 'unknown-credential' }
  /** The responder is ourselves: only an initiator can be led to that (RFC 9528 section 9.2). */
  | { readonly kind: 'own-credential' }
  | { readonly kind: 'critical-ead'; readonly label: number }
  /** What our own signer or static key gave back cannot be used. */
  | { readonly kind: 'own-key-failed'; readonly reason: string }
  | { readonly kind: 'peer-error'; readonly error: PeerError }
  /** This state has been left already: each is used once. */
  | { readonly kind: 'state-used' }

/** The session is over; every state of it is void. `errorMessage` is what to send, where anything. */
export class EdhocError extends Error {
  readonly failure: EdhocFailure
  readonly kind: EdhocFailure['kind']
  constructor(failure: EdhocFailure) {
    super(`EDHOC: ${describe(failure)}`)
    this.name = 'EdhocError'
    this.failure = failure
    this.kind = failure.kind
  }

  /** Undefined where nothing is to be sent: after the peer's own error message, and for a mistake of the caller. */
  get errorMessage(): Uint8Array | undefined {
    switch (this.failure.kind) {
      case 'peer-error':
      case 'state-used':
        return undefined
      case 'wrong-suite':
        return encodeErrorMessage({ kind: 'wrong-suite', suitesR: this.failure.supported })
      case 'unknown-credential':
        return encodeErrorMessage({ kind: 'unknown-credential' })
      default:
        return encodeErrorMessage({ kind: 'unspecified', text: describe(this.failure) })
    }
  }
}

/** The English diagnostic of RFC 9528 section 6.2: for engineers, without a secret and without what tells an attacker more than 'no'. */
function describe(failure: EdhocFailure): string {
  switch (failure.kind) {
    case 'malformed':
      return `message_${failure.message} is malformed (${failure.reason})`
    case 'unsupported-method':
      return 'Method not supported'
    case 'wrong-suite':
      return 'Wrong selected cipher suite'
    case 'bad-ephemeral-key':
      return 'Ephemeral public key not valid'
    case 'decryption-failed':
      return `message_${failure.message} cannot be decrypted`
    case 'authentication-failed':
      return `message_${failure.message} is not authentic`
    case 'unsupported-credential':
      return 'Type of credential identifier not supported'
    case 'unknown-credential':
      return 'Unknown credential referenced'
    case 'own-credential':
      return 'Credential of this very endpoint refused'
    case 'critical-ead':
      return `Critical EAD item ${failure.label} not supported`
    case 'own-key-failed':
      return 'Own authentication key not usable'
    case 'peer-error':
      return `the peer ended the session (${failure.error.kind})`
    case 'state-used':
      return 'this protocol state has been used already'
    default: {
      const never: never = failure
      return never
    }
  }
}

/** suites = [2* int] / int (RFC 9528 section 5.2.1); `last` is the selected one in SUITES_I. */
export function encodeSuites(numbers: readonly number[]): number | readonly number[] {
  return numbers.length === 1 ? (numbers[0] as number) : numbers
}

/** Undefined for anything that is not `suites`. */
export function parseSuites(item: unknown): readonly number[] | undefined {
  if (Number.isSafeInteger(item)) return [item as number]
  if (Array.isArray(item) && item.length >= 2 && item.every((number) => Number.isSafeInteger(number))) return item as number[]
  return undefined
}

/** error = (ERR_CODE : int, ERR_INFO : any), RFC 9528 section 6. */
export function encodeErrorMessage(error: Exclude<PeerError, { kind: 'other' }>): Uint8Array {
  switch (error.kind) {
    case 'unspecified':
      return encodeSequence([1, error.text])
    case 'wrong-suite':
      return encodeSequence([2, encodeSuites(error.suitesR)])
    case 'unknown-credential':
      return encodeSequence([3, true])
    default: {
      const never: never = error
      return never
    }
  }
}

/** Undefined where the bytes are no error message. Code 0 is none: it is never sent (RFC 9528 section 6.1). */
export function parseErrorMessage(bytes: Uint8Array): PeerError | undefined {
  let items: unknown[]
  try {
    items = decodeSequence(bytes)
  } catch (error) {
    if (error instanceof CborError) return undefined
    throw error
  }
  const [code, info] = items
  if (items.length !== 2 || typeof code !== 'number' || !Number.isSafeInteger(code) || code === 0) return undefined
  switch (code) {
    case 1:
      return typeof info === 'string' ? { kind: 'unspecified', text: info } : undefined
    case 2: {
      const suitesR = parseSuites(info)
      return suitesR === undefined ? undefined : { kind: 'wrong-suite', suitesR }
    }
    case 3:
      return info === true ? { kind: 'unknown-credential' } : undefined
    default:
      return { kind: 'other', code }
  }
}

/** The items of a message. Throws an EdhocError: 'peer-error' for an error message, 'malformed' for what is no CBOR sequence. */
export function decodeMessage(message: 1 | 2 | 3 | 4, bytes: Uint8Array): unknown[] {
  const error = message === 1 ? undefined : parseErrorMessage(bytes)
  if (error !== undefined) throw new EdhocError({ kind: 'peer-error', error })
  return decodeItems(message, bytes)
}

export function decodeItems(message: 1 | 2 | 3 | 4, bytes: Uint8Array): unknown[] {
  try {
    return decodeSequence(bytes)
  } catch (error) {
    if (error instanceof CborError) throw malformed(message, error.kind)
    throw error
  }
}

export function malformed(message: 1 | 2 | 3 | 4, reason: string): EdhocError {
  return new EdhocError({ kind: 'malformed', message, reason })
}

/** A single byte string, as messages 2, 3 and 4 are. */
export function decodeByteString(message: 2 | 3 | 4, bytes: Uint8Array): Uint8Array {
  const items = decodeMessage(message, bytes)
  const [item] = items
  if (items.length !== 1 || !(item instanceof Uint8Array)) throw malformed(message, 'one byte string is due')
  return item
}
