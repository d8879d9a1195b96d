/** COSE_Sign1 (RFC 9052 section 4.2), untagged: [protected, unprotected, payload, signature]. */
import { decode, encode } from '../cbor.ts'
import type { Crypto, SignatureAlgorithm } from '../crypto.ts'
import { CoseError, coseAlgorithm, encodeProtected, type HeaderMap, type Headers, header, parseHeaders } from './headers.ts'

/** Signs the bytes as they stand (it hashes them itself). A card or another process may hold the key, hence the promise. */
export type Signer = (toBeSigned: Uint8Array) => Promise<Uint8Array>

/** Sig_structure (RFC 9052 section 4.4) with the context "Signature1": the bytes to be signed. */
export function encodeSigStructure(protectedBytes: Uint8Array, externalAad: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(['Signature1', protectedBytes, externalAad, payload])
}

export interface Sign1 extends Headers {
  readonly payload: Uint8Array
  /** r || s (RFC 9053 section 2.1), or 64 bytes of EdDSA. */
  readonly signature: Uint8Array
}

export interface Sign1Content {
  readonly algorithm: SignatureAlgorithm
  readonly payload: Uint8Array
  readonly externalAad?: Uint8Array
  /** Beside `alg`, which is always there. */
  readonly protectedHeader?: HeaderMap
  readonly unprotectedHeader?: HeaderMap
}

const nothing = new Uint8Array(0)

/** Makes and encodes a COSE_Sign1. Rejects as the signer does. */
export async function signSign1(content: Sign1Content, signer: Signer): Promise<Uint8Array> {
  const protectedBytes = encodeProtected(
    new Map([...(content.protectedHeader ?? []), [header.alg, coseAlgorithm[content.algorithm]]]),
  )
  const signature = await signer(encodeSigStructure(protectedBytes, content.externalAad ?? nothing, content.payload))
  return encode([protectedBytes, content.unprotectedHeader ?? new Map(), content.payload, signature])
}

/** Throws a CborError or a CoseError. Nothing in the result is verified. */
export function decodeSign1(bytes: Uint8Array): Sign1 {
  const items = decode(bytes)
  if (!Array.isArray(items) || items.length !== 4) throw new CoseError('malformed', 'COSE_Sign1 must be an array of 4')
  const headers = parseHeaders(items[0], items[1])
  const [payload, signature] = [items[2] as unknown, items[3] as unknown]
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) {
    throw new CoseError('malformed', 'COSE_Sign1: payload and signature must be byte strings')
  }
  return { ...headers, payload, signature }
}

/** True where the protected header names this very algorithm and the signature is this key's. */
export function verifySign1(
  crypto: Crypto,
  message: Sign1,
  algorithm: SignatureAlgorithm,
  publicKey: Uint8Array,
  externalAad: Uint8Array = nothing,
): boolean {
  if (message.protectedHeader.get(header.alg) !== coseAlgorithm[algorithm]) return false
  const toBeSigned = encodeSigStructure(message.protectedBytes, externalAad, message.payload)
  return crypto.verify(algorithm, publicKey, toBeSigned, message.signature)
}
