/**
 * ECDSA over a digest that someone else computed, as a card signs (FIPS 186-5 section 6.4.1). The crypto port hashes what it
 * signs, so the last step is done here with big integers. That is not constant in time: good for a simulated card only.
 */

import { concat, toHex } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { encodeTlv } from '../../protocol/tlv.ts'

export type Curve = 'P-256' | 'P-384'

/** The order n of the base point (NIST SP 800-186 sections 3.2.1.3 and 3.2.1.4). */
const ORDER: Readonly<Record<Curve, bigint>> = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
}

export const FIELD_BYTES: Readonly<Record<Curve, number>> = { 'P-256': 32, 'P-384': 48 }

/** True for a private key in 1..n-1. */
export function isPrivateKey(curve: Curve, bytes: Uint8Array): boolean {
  if (bytes.length !== FIELD_BYTES[curve]) return false
  const scalar = toInteger(bytes)
  return scalar > 0n && scalar < ORDER[curve]
}

/** The signature as a DER SEQUENCE of two INTEGERs. The digest is at most as long as the field. */
export function signDigest(crypto: Crypto, curve: Curve, privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const n = ORDER[curve]
  const d = toInteger(privateKey)
  const e = toInteger(digest)
  for (;;) {
    // A fresh key pair is a fresh k with its point k * G.
    const ephemeral = crypto.generateKeyPair(curve)
    const r = toInteger(ephemeral.publicKey.subarray(0, FIELD_BYTES[curve])) % n
    const s = (invert(toInteger(ephemeral.privateKey), n) * ((e + r * d) % n)) % n
    if (r !== 0n && s !== 0n) return encodeTlv(0x30, derInteger(r), derInteger(s))
  }
}

function toInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`)
}

function derInteger(value: bigint): Uint8Array {
  const hex = value.toString(16)
  const digits = hex.length % 2 === 0 ? hex : `0${hex}`
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return encodeTlv(0x02, (bytes[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), bytes) : bytes)
}

/** The inverse modulo a prime, by the extended Euclidean algorithm. */
function invert(value: bigint, modulus: bigint): bigint {
  let [a, b] = [value % modulus, modulus]
  let [x, y] = [1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b] = [b - quotient * a, a]
    ;[x, y] = [y - quotient * x, x]
  }
  return ((x % modulus) + modulus) % modulus
}
