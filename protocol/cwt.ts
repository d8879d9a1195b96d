/**
 * CBOR Web Tokens (RFC 8392), signed: a COSE_Sign1 over a map of claims. They stand untagged, as an EDHOC credential must
 * (RFC 9528 section 3.5.2); the tags 61 and 18 (RFC 8392 section 6) say nothing that the place of a token does not say.
 */
import { CborError, decode, encode } from './cbor.ts'
import { asHeaderMap, CoseError, type HeaderMap, header } from './cose/headers.ts'
import { coseKeyOf, type PublicCoseKey, parseCoseKey } from './cose/key.ts'
import { decodeSign1, type Sign1, type Signer, signSign1, verifySign1 } from './cose/sign1.ts'
import type { Crypto, SignatureAlgorithm } from './crypto.ts'

/** IANA registry "CWT Claims": RFC 8392 section 3.1 (1 to 7), RFC 8747 section 3.1 (8), RFC 9200 section 8.14 (9), RFC 9711 section 4.1 (10). */
export const claim = { iss: 1, sub: 2, aud: 3, exp: 4, nbf: 5, iat: 6, cti: 7, cnf: 8, scope: 9, nonce: 10 } as const
export type ClaimName = keyof typeof claim

/** The confirmation method 'COSE_Key' of the claim cnf (RFC 8747 section 3.2). */
export const CONFIRMATION_COSE_KEY = 1

/** Times are milliseconds since 1970; on the wire they are seconds (NumericDate, RFC 8392 section 2). */
export interface CwtClaims {
  readonly issuer?: string
  readonly subject?: string
  readonly audience?: string
  readonly expiresAt?: number
  readonly notBefore?: number
  readonly issuedAt?: number
  /** cti: no other token of this issuer has it. */
  readonly id?: Uint8Array
  /** Whoever presents the token proves that they hold this key (RFC 8747). */
  readonly key?: PublicCoseKey
  /** Words of RFC 6749 section 3.3. */
  readonly scopes?: readonly string[]
  readonly nonce?: Uint8Array
}

export type CwtFailure =
  /** Not a COSE_Sign1 with a map of claims, or a claim of another type than its own. */
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'bad-signature' }
  | { readonly kind: 'missing-claim'; readonly claim: ClaimName }
  | { readonly kind: 'wrong-issuer'; readonly issuer: string }
  | { readonly kind: 'wrong-audience'; readonly audience: string }
  | { readonly kind: 'expired'; readonly expiredAt: number }
  | { readonly kind: 'not-yet-valid'; readonly validFrom: number }

export class CwtError extends Error {
  readonly failure: CwtFailure
  readonly kind: CwtFailure['kind']
  constructor(failure: CwtFailure, options?: ErrorOptions) {
    super(`CWT: ${failure.kind}`, options)
    this.name = 'CwtError'
    this.failure = failure
    this.kind = failure.kind
  }
}

/** scope-token (RFC 6749 section 3.3): printable ASCII but space, quotation mark and backslash. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function isScope(text: string): boolean {
  return SCOPE.test(text)
}

/** Throws a RangeError for a time with a part of a second, and for what is no scope. */
export function encodeClaims(claims: CwtClaims): Uint8Array {
  const map = new Map<number, unknown>()
  const put = (name: ClaimName, value: unknown) => {
    if (value !== undefined) map.set(claim[name], value)
  }
  put('iss', claims.issuer)
  put('sub', claims.subject)
  put('aud', claims.audience)
  put('exp', seconds(claims.expiresAt))
  put('nbf', seconds(claims.notBefore))
  put('iat', seconds(claims.issuedAt))
  put('cti', claims.id)
  if (claims.key !== undefined) put('cnf', new Map([[CONFIRMATION_COSE_KEY, coseKeyOf(claims.key)]]))
  if (claims.scopes !== undefined) {
    if (!claims.scopes.every(isScope)) throw new RangeError('CWT: not a scope')
    put('scope', claims.scopes.join(' '))
  }
  put('nonce', claims.nonce)
  return encode(map)
}

function seconds(time: number | undefined): number | undefined {
  if (time === undefined) return undefined
  if (!Number.isSafeInteger(time) || time < 0 || time % 1000 !== 0) throw new RangeError('CWT: times are whole seconds')
  return time / 1000
}

/** Claims that are not in the table are let be (RFC 8392 section 3). Throws a CwtError ('malformed'). */
function parseClaims(map: HeaderMap): CwtClaims {
  return {
    ...read(map, 'iss', 'issuer', asText),
    ...read(map, 'sub', 'subject', asText),
    ...read(map, 'aud', 'audience', asText),
    ...read(map, 'exp', 'expiresAt', asTime),
    ...read(map, 'nbf', 'notBefore', asTime),
    ...read(map, 'iat', 'issuedAt', asTime),
    ...read(map, 'cti', 'id', asBytes),
    ...read(map, 'cnf', 'key', asConfirmation),
    ...read(map, 'scope', 'scopes', asScopes),
    ...read(map, 'nonce', 'nonce', asBytes),
  }
}

function read<K extends keyof CwtClaims, T>(
  map: HeaderMap,
  name: ClaimName,
  field: K,
  as: (value: unknown) => T | undefined,
): { readonly [P in K]?: T } {
  const value = map.get(claim[name])
  if (value === undefined) return {}
  const parsed = as(value)
  if (parsed === undefined) throw malformed(name)
  return { [field]: parsed } as { readonly [P in K]: T }
}

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const asBytes = (value: unknown): Uint8Array | undefined => (value instanceof Uint8Array ? value : undefined)

/** A NumericDate may have a fraction (RFC 7519 section 2). */
function asTime(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value * 1000 : undefined
}

function asConfirmation(value: unknown): PublicCoseKey | undefined {
  return parseCoseKey(asHeaderMap(value)?.get(CONFIRMATION_COSE_KEY))
}

/** The registered claim may also be a byte string, which means nothing without an application's profile. */
function asScopes(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'string') return undefined
  if (value === '') return []
  const scopes = value.split(' ')
  return scopes.every(isScope) ? scopes : undefined
}

function malformed(reason: string, options?: ErrorOptions): CwtError {
  return new CwtError({ kind: 'malformed', reason }, options)
}

/** Signs the claims. `protectedHeader`: beside `alg`, for example the issuer's x5t. Rejects as the signer does. */
export function signCwt(
  claims: CwtClaims,
  algorithm: SignatureAlgorithm,
  signer: Signer,
  protectedHeader: HeaderMap = new Map(),
): Promise<Uint8Array> {
  return signSign1({ algorithm, payload: encodeClaims(claims), protectedHeader }, signer)
}

export interface DecodedCwt {
  readonly message: Sign1
  /** Nobody has verified them. */
  readonly claims: CwtClaims
}

/** Reads a token without believing it. Throws a CwtError ('malformed'). */
export function decodeCwt(token: Uint8Array): DecodedCwt {
  try {
    const message = decodeSign1(token)
    const map = asHeaderMap(decode(message.payload))
    if (map === undefined) throw malformed('claims')
    return { message, claims: parseClaims(map) }
  } catch (cause) {
    if (cause instanceof CborError || cause instanceof CoseError) throw malformed(cause.kind, { cause })
    throw cause
  }
}

export interface ExpectedCwt {
  readonly algorithm: SignatureAlgorithm
  readonly issuerKey: Uint8Array
  readonly issuer: string
  /** Ourselves. */
  readonly audience: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** How far the issuer's clock may be from ours. */
  readonly toleranceMs: number
}

export type VerifiedClaims = CwtClaims & Required<Pick<CwtClaims, 'issuer' | 'audience' | 'expiresAt'>>

/**
 * Signature, then issuer, audience and times (RFC 8392 section 7.2). A token without an issuer, an audience or an end is none
 * for us. Throws a CwtError.
 */
export function verifyCwt(crypto: Crypto, { message, claims }: DecodedCwt, expected: ExpectedCwt): VerifiedClaims {
  if (!verifySign1(crypto, message, expected.algorithm, expected.issuerKey)) throw new CwtError({ kind: 'bad-signature' })
  const { issuer, audience, expiresAt, notBefore } = claims
  if (issuer === undefined) throw new CwtError({ kind: 'missing-claim', claim: 'iss' })
  if (audience === undefined) throw new CwtError({ kind: 'missing-claim', claim: 'aud' })
  if (expiresAt === undefined) throw new CwtError({ kind: 'missing-claim', claim: 'exp' })
  if (issuer !== expected.issuer) throw new CwtError({ kind: 'wrong-issuer', issuer })
  if (audience !== expected.audience) throw new CwtError({ kind: 'wrong-audience', audience })
  if (expected.now >= expiresAt + expected.toleranceMs) throw new CwtError({ kind: 'expired', expiredAt: expiresAt })
  if (notBefore !== undefined && expected.now < notBefore - expected.toleranceMs) {
    throw new CwtError({ kind: 'not-yet-valid', validFrom: notBefore })
  }
  return { ...claims, issuer, audience, expiresAt }
}

/** What the issuer is named by in the protected header: an x5t as decoded (protocol/cose/headers.ts), where it is there. */
export function issuerReference({ message }: DecodedCwt): unknown {
  return message.protectedHeader.get(header.x5t)
}
