/** COSE header parameters and algorithm numbers (RFC 9052 section 3, RFC 9053, RFC 9360, RFC 9528 section 3.5.3.1). */
import { equalConstantTime } from '../bytes.ts'
import { decode, encode, isTextMap } from '../cbor.ts'
import type { AeadAlgorithm, Crypto, SignatureAlgorithm } from '../crypto.ts'

/** Labels of header parameters in use (IANA registry "COSE Header Parameters"). */
export const header = {
  alg: 1,
  crit: 2,
  contentType: 3,
  kid: 4,
  iv: 5,
  partialIv: 6,
  kcwt: 13,
  kccs: 14,
  x5chain: 33,
  x5t: 34,
} as const

/** RFC 9053 sections 2.1, 2.2, 4.1 and 4.2. */
export const coseAlgorithm = {
  ES256: -7,
  EdDSA: -8,
  ES384: -35,
  A128GCM: 1,
  A256GCM: 3,
  'AES-CCM-16-64-128': 10,
  'AES-CCM-16-128-128': 30,
} as const satisfies Record<SignatureAlgorithm | AeadAlgorithm, number>

/** RFC 9054 section 2.1: SHA-256 cut to its first 8 bytes, and whole. */
export const hashAlgorithm = { 'SHA-256/64': -15, 'SHA-256': -16 } as const

export type Label = number | bigint | string
export type HeaderMap = ReadonlyMap<Label, unknown>

export type CoseErrorKind =
  /** The bytes are no such COSE structure. */
  | 'malformed'
  /** A label twice, in the protected and the unprotected header (RFC 9052 section 3). */
  | 'duplicate-label'
  /** The sender demands a parameter (`crit`, RFC 9052 section 3.1) that is unknown here. */
  | 'critical'

export class CoseError extends Error {
  readonly kind: CoseErrorKind
  constructor(kind: CoseErrorKind, message: string) {
    super(message)
    this.name = 'CoseError'
    this.kind = kind
  }
}

/** A decoded CBOR map as Map, whatever its keys. Undefined where it is no map. */
export function asHeaderMap(value: unknown): HeaderMap | undefined {
  if (value instanceof Map) return value
  if (isTextMap(value)) return new Map(Object.entries(value))
  return undefined
}

/** RFC 9052 section 3: an empty protected header is the empty byte string. */
export function encodeProtected(headers: HeaderMap): Uint8Array {
  return headers.size === 0 ? new Uint8Array(0) : encode(headers)
}

export interface Headers {
  /** As it goes into Sig_structure and Enc_structure. */
  readonly protectedBytes: Uint8Array
  readonly protectedHeader: HeaderMap
  readonly unprotectedHeader: HeaderMap
}

/** Reads the first two elements that all COSE structures have. Throws a CoseError, or a CborError of the protected header. */
export function parseHeaders(protectedBytes: unknown, unprotected: unknown): Headers {
  const unprotectedHeader = asHeaderMap(unprotected)
  if (!(protectedBytes instanceof Uint8Array) || unprotectedHeader === undefined) {
    throw new CoseError('malformed', 'COSE: the headers must be a byte string and a map')
  }
  const protectedHeader = protectedBytes.length === 0 ? new Map<Label, unknown>() : asHeaderMap(decode(protectedBytes))
  if (protectedHeader === undefined) throw new CoseError('malformed', 'COSE: the protected header must hold a map')
  if (protectedHeader.has(header.crit) || unprotectedHeader.has(header.crit)) {
    throw new CoseError('critical', 'COSE: the sender demands a header parameter that is not known here')
  }
  for (const label of protectedHeader.keys()) {
    if (unprotectedHeader.has(label)) throw new CoseError('duplicate-label', `COSE: header parameter ${label} stands twice`)
  }
  // RFC 9052 section 4.4: what was sent as an encoded empty map is signed as the empty byte string.
  return { protectedBytes: encodeProtected(protectedHeader), protectedHeader, unprotectedHeader }
}

/** COSE_CertHash (RFC 9360 section 2): [algorithm, digest of the DER certificate]. Throws a RangeError for another algorithm. */
export function computeX5t(
  crypto: Crypto,
  certificate: Uint8Array,
  algorithm: number = hashAlgorithm['SHA-256/64'],
): [number, Uint8Array] {
  const digest = crypto.hash('SHA-256', certificate)
  switch (algorithm) {
    case hashAlgorithm['SHA-256/64']:
      return [algorithm, digest.slice(0, 8)]
    case hashAlgorithm['SHA-256']:
      return [algorithm, digest]
    default:
      throw new RangeError(`COSE hash algorithm ${algorithm} is not in use for x5t`)
  }
}

/** Whether an x5t value, as decoded, names this certificate. False for anything that is no COSE_CertHash in use. */
export function matchesX5t(crypto: Crypto, x5t: unknown, certificate: Uint8Array): boolean {
  if (!Array.isArray(x5t) || x5t.length !== 2) return false
  const [algorithm, digest] = x5t as [unknown, unknown]
  if (algorithm !== hashAlgorithm['SHA-256/64'] && algorithm !== hashAlgorithm['SHA-256']) return false
  return digest instanceof Uint8Array && equalConstantTime(digest, computeX5t(crypto, certificate, algorithm)[1])
}
