/** The gateway as EDHOC responder: which methods and suites it takes, and how it shows who it is. */

import { equalConstantTime } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import { hashAlgorithm } from '../../protocol/cose/headers.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { type Authenticator, type PeerCredential, x5chainCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError } from '../../protocol/edhoc/errors.ts'
import type { CredentialReference } from '../../protocol/edhoc/items.ts'
import { parseMessage1 } from '../../protocol/edhoc/messages.ts'
import { processMessage1, type ReceivedMessage1 } from '../../protocol/edhoc/responder.ts'
import { isSuiteNumber, suites } from '../../protocol/edhoc/suites.ts'
import type { Authority } from '../authority/authority.ts'

/** A suite fixes the signature of both ends: 6 is ES256's, 24 ES384's (docs/protocol.md). */
const SUITES = [6, 24] as const

/** Throws an EdhocError. */
export function receiveMessage1(crypto: Crypto, message1: Uint8Array, knownEad: readonly number[]): ReceivedMessage1 {
  return processMessage1(message1, { crypto, methods: [0], suites: SUITES, knownEad })
}

/** C_I of a message_1 that was refused, for the error message; undefined where it cannot be read or answered. */
export function connectionOf(message1: Uint8Array): Uint8Array | undefined {
  try {
    const { cI } = parseMessage1(message1)
    return cI.length >= 1 && cI.length <= 16 ? cI : undefined
  } catch (error) {
    if (error instanceof EdhocError) return undefined
    throw error
  }
}

/** The gateway's certificates by value, so that a renewed one is known at once; with the root, for terminals that have none yet. */
export function authenticatorFor(
  crypto: Crypto,
  authority: Authority,
  suite: number,
  root: 'with-root' | 'without-root',
): Authenticator {
  if (!isSuiteNumber(suite)) throw new RangeError('not a suite')
  const algorithm = suites[suite].signature === 'ES384' ? 'ES384' : 'ES256'
  const { key, certificate } = authority.identity(algorithm)
  return {
    kind: 'signature',
    credential: x5chainCredential(root === 'with-root' ? [certificate, authority.root] : [certificate], key.publicKey),
    sign: async (toBeSigned) => crypto.sign(algorithm, key.privateKey, toBeSigned),
  }
}

/** What the certificate's SHA-256 begins with; undefined for another kind of reference. */
export function fingerprintPrefix(reference: CredentialReference): Uint8Array | undefined {
  if (reference.kind !== 'x5t') return undefined
  const { algorithm, digest } = reference
  if (algorithm === hashAlgorithm['SHA-256/64'] && digest.length === 8) return digest
  if (algorithm === hashAlgorithm['SHA-256'] && digest.length === 32) return digest
  return undefined
}

/** Whether a fingerprint begins so: it is no secret. */
export function startsWith(fingerprint: Uint8Array, prefix: Uint8Array): boolean {
  return equalConstantTime(fingerprint.subarray(0, prefix.length), prefix)
}

export function peerCredential(of: { readonly certificate: Uint8Array; readonly publicKey: Uint8Array }): PeerCredential {
  return { cred: encode(of.certificate), publicKey: of.publicKey }
}
