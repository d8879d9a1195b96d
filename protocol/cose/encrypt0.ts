/** COSE_Encrypt0 (RFC 9052 section 5.2), untagged: [protected, unprotected, ciphertext]. */
import { decode, encode } from '../cbor.ts'
import type { AeadAlgorithm, Crypto } from '../crypto.ts'
import { CoseError, encodeProtected, type HeaderMap, type Headers, parseHeaders } from './headers.ts'

/** Key and nonce lengths in bytes (RFC 9053 sections 4.1 and 4.2). */
export const aeadLengths = {
  A128GCM: { key: 16, nonce: 12, tag: 16 },
  A256GCM: { key: 32, nonce: 12, tag: 16 },
  'AES-CCM-16-64-128': { key: 16, nonce: 13, tag: 8 },
  'AES-CCM-16-128-128': { key: 16, nonce: 13, tag: 16 },
} as const satisfies Record<AeadAlgorithm, unknown>

/** Enc_structure (RFC 9052 section 5.3) with the context "Encrypt0": the additional data of the AEAD. */
export function encodeEncStructure(protectedBytes: Uint8Array, externalAad: Uint8Array): Uint8Array {
  return encode(['Encrypt0', protectedBytes, externalAad])
}

export interface Encrypt0 extends Headers {
  readonly ciphertext: Uint8Array
}

export interface AeadKey {
  readonly algorithm: AeadAlgorithm
  readonly key: Uint8Array
}

/** Encrypts and encodes. The nonce is the caller's: never twice under one key. */
export function sealEncrypt0(
  crypto: Crypto,
  { algorithm, key }: AeadKey,
  nonce: Uint8Array,
  headers: { readonly protectedHeader: HeaderMap; readonly unprotectedHeader: HeaderMap },
  externalAad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const protectedBytes = encodeProtected(headers.protectedHeader)
  const ciphertext = crypto.aeadSeal(algorithm, key, nonce, encodeEncStructure(protectedBytes, externalAad), plaintext)
  return encode([protectedBytes, headers.unprotectedHeader, ciphertext])
}

/** Throws a CborError or a CoseError. */
export function decodeEncrypt0(bytes: Uint8Array): Encrypt0 {
  const items = decode(bytes)
  if (!Array.isArray(items) || items.length !== 3) throw new CoseError('malformed', 'COSE_Encrypt0 must be an array of 3')
  const headers = parseHeaders(items[0], items[1])
  const ciphertext = items[2] as unknown
  if (!(ciphertext instanceof Uint8Array)) throw new CoseError('malformed', 'COSE_Encrypt0: the ciphertext must be a byte string')
  return { ...headers, ciphertext }
}

/** The plaintext; undefined where the tag does not fit key, nonce, protected header and external data. */
export function openEncrypt0(
  crypto: Crypto,
  { algorithm, key }: AeadKey,
  nonce: Uint8Array,
  message: Encrypt0,
  externalAad: Uint8Array,
): Uint8Array | undefined {
  return crypto.aeadOpen(algorithm, key, nonce, encodeEncStructure(message.protectedBytes, externalAad), message.ciphertext)
}
