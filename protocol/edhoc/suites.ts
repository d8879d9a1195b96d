/** EDHOC methods and cipher suites (RFC 9528 sections 3.2, 3.6 and 10.2). */
import { aeadLengths } from '../cose/encrypt0.ts'
import type { AeadAlgorithm, Crypto, Group, HashAlgorithm, SignatureAlgorithm } from '../crypto.ts'

/** RFC 9528 section 3.2: who authenticates with a signature key and who with a static Diffie-Hellman key. */
export type Method = 0 | 1 | 2 | 3

export type KeyKind = 'signature' | 'static-dh'

export const initiatorKey = {
  0: 'signature',
  1: 'signature',
  2: 'static-dh',
  3: 'static-dh',
} as const satisfies Record<Method, KeyKind>
export const responderKey = {
  0: 'signature',
  1: 'static-dh',
  2: 'signature',
  3: 'static-dh',
} as const satisfies Record<Method, KeyKind>

export interface Suite {
  readonly number: number
  readonly aead: AeadAlgorithm
  readonly hash: HashAlgorithm
  /** Bytes, where a static Diffie-Hellman key authenticates. */
  readonly macLength: number
  readonly group: Group
  readonly signature: SignatureAlgorithm
  /** For the application's own messages after EDHOC. */
  readonly applicationAead: AeadAlgorithm
}

/** RFC 9528 section 10.2, table 7. Suites 4, 5 (ChaCha20) and 25 (SHAKE256, X448) are not built. */
const table = {
  0: {
    number: 0,
    aead: 'AES-CCM-16-64-128',
    hash: 'SHA-256',
    macLength: 8,
    group: 'X25519',
    signature: 'EdDSA',
    applicationAead: 'AES-CCM-16-64-128',
  },
  1: {
    number: 1,
    aead: 'AES-CCM-16-128-128',
    hash: 'SHA-256',
    macLength: 16,
    group: 'X25519',
    signature: 'EdDSA',
    applicationAead: 'AES-CCM-16-64-128',
  },
  2: {
    number: 2,
    aead: 'AES-CCM-16-64-128',
    hash: 'SHA-256',
    macLength: 8,
    group: 'P-256',
    signature: 'ES256',
    applicationAead: 'AES-CCM-16-64-128',
  },
  3: {
    number: 3,
    aead: 'AES-CCM-16-128-128',
    hash: 'SHA-256',
    macLength: 16,
    group: 'P-256',
    signature: 'ES256',
    applicationAead: 'AES-CCM-16-64-128',
  },
  6: {
    number: 6,
    aead: 'A128GCM',
    hash: 'SHA-256',
    macLength: 16,
    group: 'X25519',
    signature: 'ES256',
    applicationAead: 'A128GCM',
  },
  24: {
    number: 24,
    aead: 'A256GCM',
    hash: 'SHA-384',
    macLength: 16,
    group: 'P-384',
    signature: 'ES384',
    applicationAead: 'A256GCM',
  },
} as const satisfies Record<number, Suite>

export type SuiteNumber = keyof typeof table

export const suites: Readonly<Record<SuiteNumber, Suite>> = table

export function isSuiteNumber(number: unknown): number is SuiteNumber {
  return typeof number === 'number' && Object.hasOwn(table, number)
}

export function isMethod(number: unknown): number is Method {
  return number === 0 || number === 1 || number === 2 || number === 3
}

/** What all key derivations take: the suite, and who computes. */
export interface Context {
  readonly crypto: Crypto
  readonly suite: Suite
}

export const hashLength = { 'SHA-256': 32, 'SHA-384': 48 } as const satisfies Record<HashAlgorithm, number>
/** Of an ephemeral public key on the wire: X25519 as it is, otherwise the x coordinate (RFC 9528 section 3.7). */
export const ephemeralLength = { X25519: 32, 'P-256': 32, 'P-384': 48 } as const satisfies Record<Group, number>
export const signatureLength = { ES256: 64, ES384: 96, EdDSA: 64 } as const satisfies Record<SignatureAlgorithm, number>

/** mac_length_2 and mac_length_3 (RFC 9528 sections 5.3.2 and 5.4.2). */
export function macLengthOf(suite: Suite, key: KeyKind): number {
  return key === 'signature' ? hashLength[suite.hash] : suite.macLength
}

/** Of Signature_or_MAC_2 and Signature_or_MAC_3. */
export function signatureOrMacLength(suite: Suite, key: KeyKind): number {
  return key === 'signature' ? signatureLength[suite.signature] : suite.macLength
}

export const aeadKeyLength = (suite: Suite): number => aeadLengths[suite.aead].key
export const aeadIvLength = (suite: Suite): number => aeadLengths[suite.aead].nonce

/**
 * The suite to take after an error message with SUITES_R (RFC 9528 section 6.3.1): the initiator's most preferred one
 * among them; undefined where there is none. `supported` is in order of preference.
 */
export function selectSuite(supported: readonly SuiteNumber[], suitesR: readonly number[]): SuiteNumber | undefined {
  return supported.find((number) => suitesR.includes(number))
}
