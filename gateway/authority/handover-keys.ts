/**
 * What tokens for programs on a desk are signed with, and whom they name. A key of its own, derived like the others from the
 * master key: every worker has it, nothing else is ever signed with it, and no installation needs a new file.
 */
import { toHex, utf8 } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import type { Crypto, KeyPair } from '../../protocol/crypto.ts'
import { deriveKey } from './keys.ts'

/** A public key as RFC 7517 and RFC 7518 section 6.2 write it, for programs. */
export interface VerificationKey {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly alg: 'ES256'
  readonly use: 'sig'
  readonly kid: string
}

export interface HandoverKeys {
  readonly publicKey: VerificationKey
  /** r || s, as RFC 7518 section 3.4 wants it. */
  sign(message: Uint8Array): Uint8Array
  /** Pairwise by audience, and never one that a service node knows the person by. */
  pseudonym(audience: string, holder: Uint8Array): string
}

const PSEUDONYM_LENGTH = 16

export function createHandoverKeys(crypto: Crypto, master: Uint8Array): HandoverKeys {
  const key = signingKey(crypto, master)
  const pseudonyms = deriveKey(crypto, master, 'handover pseudonyms', 32)
  return {
    publicKey: verificationKey(crypto, key.publicKey),
    sign: (message) => crypto.sign('ES256', key.privateKey, message),
    pseudonym: (audience, holder) =>
      toHex(crypto.hmac('SHA-256', pseudonyms, encode([audience, holder])).slice(0, PSEUDONYM_LENGTH)),
  }
}

/** The first candidate within the curve's order (FIPS 186-5 appendix A.2.2): one of 2^32 needs another. */
function signingKey(crypto: Crypto, master: Uint8Array): KeyPair {
  for (let candidate = 1; candidate < 4; candidate += 1) {
    const privateKey = deriveKey(crypto, master, `handover key ${candidate}`, 32)
    try {
      return { privateKey, publicKey: crypto.publicKey('P-256', privateKey) }
    } catch {
      // Not a private key: the next one.
    }
  }
  throw new Error('no key could be derived')
}

function verificationKey(crypto: Crypto, publicKey: Uint8Array): VerificationKey {
  const [x, y] = [base64url(publicKey.slice(0, 32)), base64url(publicKey.slice(32))]
  // The thumbprint of RFC 7638 section 3: these members, in this order, without spaces.
  const thumbprint = crypto.hash('SHA-256', utf8(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y })))
  return { kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig', kid: base64url(thumbprint) }
}

export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
