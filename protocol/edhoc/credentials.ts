/** Authentication credentials (RFC 9528 section 3.5): certificates and CWT Claims Sets, and how they are named. */
import { equalConstantTime } from '../bytes.ts'
import { decode, encode } from '../cbor.ts'
import { asHeaderMap, computeX5t, type HeaderMap, header } from '../cose/headers.ts'
import { coseKeyOf, type PublicCoseKey, parseCoseKey } from '../cose/key.ts'
import type { Signer } from '../cose/sign1.ts'
import type { Crypto, KeyPair } from '../crypto.ts'
import { CONFIRMATION_COSE_KEY, claim } from '../cwt.ts'
import { EdhocError } from './errors.ts'

/** What verifies a peer: CRED_x as it goes into the contexts, and the public key that it holds. */
export interface PeerCredential {
  /** The encoded CBOR item CRED_x: a certificate as byte string, a CCS as map, a CWT as array. */
  readonly cred: Uint8Array
  /** Key formats as in protocol/crypto.ts. */
  readonly publicKey: Uint8Array
}

/** One's own credential and its name ID_CRED_x, an encoded COSE header map (`{4: bstr}` for a kid). */
export interface OwnCredential extends PeerCredential {
  readonly idCred: Uint8Array
}

/** The shared secret of one's own static private key and that public key; undefined for a point that is not valid. */
export type KeyAgreement = (publicKey: Uint8Array) => Promise<Uint8Array | undefined>

/** One's own credential with the use of its private key, which may lie in a card. */
export type Authenticator =
  | { readonly kind: 'signature'; readonly credential: OwnCredential; readonly sign: Signer }
  | { readonly kind: 'static-dh'; readonly credential: OwnCredential; readonly agree: KeyAgreement }

/** ID_CRED_x = { 34 : COSE_CertHash } (RFC 9360 section 2). `algorithm` is -15 (SHA-256/64) or -16 (SHA-256). */
export function x5tCredential(crypto: Crypto, certificate: Uint8Array, publicKey: Uint8Array, algorithm?: number): OwnCredential {
  const idCred = encode(new Map([[header.x5t, computeX5t(crypto, certificate, algorithm)]]))
  return { idCred, cred: encode(certificate), publicKey }
}

/** ID_CRED_x = { 33 : COSE_X509 }: the certificates themselves, the end entity's first; CRED_x is that one. */
export function x5chainCredential(chain: readonly [Uint8Array, ...Uint8Array[]], publicKey: Uint8Array): OwnCredential {
  return {
    idCred: encode(new Map([[header.x5chain, chain.length === 1 ? chain[0] : chain]])),
    cred: encode(chain[0]),
    publicKey,
  }
}

/** A CCS by reference: ID_CRED_x = { 4 : kid }. `ccs` is the encoded claims set. */
export function kidCredential(kid: Uint8Array, ccs: Uint8Array, publicKey: Uint8Array): OwnCredential {
  return { idCred: encode(new Map([[header.kid, kid]])), cred: ccs, publicKey }
}

/** A public key with a name: a CWT Claims Set (RFC 8392) with `sub` (2) and a COSE_Key in `cnf` (8; RFC 8747). */
export interface Ccs extends PublicCoseKey {
  readonly subject: string
}

function claimsOf({ subject, ...key }: Ccs): HeaderMap {
  return new Map<number, unknown>([
    [claim.sub, subject],
    [claim.cnf, new Map([[CONFIRMATION_COSE_KEY, coseKeyOf(key)]])],
  ])
}

export function encodeCcs(ccs: Ccs): Uint8Array {
  return encode(claimsOf(ccs))
}

/** A CCS by value: ID_CRED_x = { 14 : CCS } (RFC 9528 section 3.5.3.1), for a key that nobody has certified yet. */
export function kccsCredential(ccs: Ccs): OwnCredential {
  const claims = claimsOf(ccs)
  return { idCred: encode(new Map([[header.kccs, claims]])), cred: encode(claims), publicKey: ccs.publicKey }
}

/**
 * A CWT by value: ID_CRED_x = { 13 : CWT } (RFC 9528 section 3.5.3.1); CRED_x is the untagged CWT itself (section 3.5.2).
 * `publicKey` is the one in its claim cnf. Throws a CborError where `token` is no CBOR.
 */
export function kcwtCredential(token: Uint8Array, publicKey: Uint8Array): OwnCredential {
  return { idCred: encode(new Map([[header.kcwt, decode(token)]])), cred: token, publicKey }
}

/** Reads a decoded claims set; undefined where subject or key is missing or not whole. Other claims are let be. */
export function parseCcs(claims: HeaderMap): Ccs | undefined {
  const subject = claims.get(claim.sub)
  const key = parseCoseKey(asHeaderMap(claims.get(claim.cnf))?.get(CONFIRMATION_COSE_KEY))
  return typeof subject === 'string' && key !== undefined ? { subject, ...key } : undefined
}

/** The ephemeral key of a test vector, which the session may then wipe like its own. */
export function ownCopy(ephemeral: KeyPair | undefined): KeyPair | undefined {
  return ephemeral && { privateKey: ephemeral.privateKey.slice(), publicKey: ephemeral.publicKey }
}

/** G_RX or G_IY with one's own static key. Rejects with an EdhocError ('own-key-failed'), and as `agree` does. */
export async function agreeWith(agree: KeyAgreement, ephemeral: Uint8Array): Promise<Uint8Array> {
  const secret = await agree(ephemeral)
  if (secret === undefined) throw new EdhocError({ kind: 'own-key-failed', reason: 'no key agreement' })
  return secret
}

export function isSameCredential(a: PeerCredential, b: PeerCredential): boolean {
  return equalConstantTime(a.cred, b.cred)
}
