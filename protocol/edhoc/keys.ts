/** Transcript hashes and key derivation (RFC 9528 sections 4 and 5). Functions are named as in the RFC. */
import { concat } from '../bytes.ts'
import { encode } from '../cbor.ts'
import { encodeEncStructure } from '../cose/encrypt0.ts'
import { encodeSigStructure } from '../cose/sign1.ts'
import { aeadIvLength, aeadKeyLength, type Context, hashLength } from './suites.ts'

const empty = new Uint8Array(0)

/** info = (info_label : int, context : bstr, length : uint), RFC 9528 section 4.1.2. */
export function encodeInfo(label: number, context: Uint8Array, length: number): Uint8Array {
  return concat(encode(label), encode(context), encode(length))
}

/** OKM = EDHOC_KDF( PRK, info_label, context, length ) = EDHOC_Expand( PRK, info, length ) */
export function edhocKdf(
  { crypto, suite }: Context,
  prk: Uint8Array,
  label: number,
  context: Uint8Array,
  length: number,
): Uint8Array {
  return crypto.hkdfExpand(suite.hash, prk, encodeInfo(label, context, length), length)
}

/** PRK = EDHOC_Extract( salt, IKM ) = HKDF-Extract( salt, IKM ) for SHA-2 (RFC 9528 section 4.1.1) */
function edhocExtract({ crypto, suite }: Context, salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return crypto.hkdfExtract(suite.hash, salt, ikm)
}

/** TH_2 = H( G_Y, H(message_1) ) */
export function computeTh2({ crypto, suite }: Context, gY: Uint8Array, hashOfMessage1: Uint8Array): Uint8Array {
  return crypto.hash(suite.hash, concat(encode(gY), encode(hashOfMessage1)))
}

/** TH_3 = H( TH_2, PLAINTEXT_2, CRED_R ) */
export function computeTh3({ crypto, suite }: Context, th2: Uint8Array, plaintext2: Uint8Array, credR: Uint8Array): Uint8Array {
  return crypto.hash(suite.hash, concat(encode(th2), plaintext2, credR))
}

/** TH_4 = H( TH_3, PLAINTEXT_3, CRED_I ) */
export function computeTh4({ crypto, suite }: Context, th3: Uint8Array, plaintext3: Uint8Array, credI: Uint8Array): Uint8Array {
  return crypto.hash(suite.hash, concat(encode(th3), plaintext3, credI))
}

/** PRK_2e = EDHOC_Extract( TH_2, G_XY ) */
export function computePrk2e(context: Context, th2: Uint8Array, gXY: Uint8Array): Uint8Array {
  return edhocExtract(context, th2, gXY)
}

/** KEYSTREAM_2 = EDHOC_KDF( PRK_2e, 0, TH_2, plaintext_length ); beyond one output of HKDF in blocks i with the label -i (appendix G). */
export function computeKeystream2(context: Context, prk2e: Uint8Array, th2: Uint8Array, plaintextLength: number): Uint8Array {
  const blockLength = 255 * hashLength[context.suite.hash]
  const blocks: Uint8Array[] = []
  for (let offset = 0; offset < plaintextLength; offset += blockLength) {
    blocks.push(
      edhocKdf(context, prk2e, blocks.length === 0 ? 0 : -blocks.length, th2, Math.min(blockLength, plaintextLength - offset)),
    )
  }
  return concat(...blocks)
}

/** SALT_3e2m = EDHOC_KDF( PRK_2e, 1, TH_2, hash_length ) */
export function computeSalt3e2m(context: Context, prk2e: Uint8Array, th2: Uint8Array): Uint8Array {
  return edhocKdf(context, prk2e, 1, th2, hashLength[context.suite.hash])
}

/** PRK_3e2m = EDHOC_Extract( SALT_3e2m, G_RX ) where the responder has a static Diffie-Hellman key, otherwise PRK_2e */
export function computePrk3e2m(context: Context, salt3e2m: Uint8Array, gRX: Uint8Array): Uint8Array {
  return edhocExtract(context, salt3e2m, gRX)
}

/** context_2 = << C_R, ID_CRED_R, TH_2, CRED_R, ? EAD_2 >> */
export function encodeContext2(
  cR: Uint8Array,
  idCredR: Uint8Array,
  th2: Uint8Array,
  credR: Uint8Array,
  ead2: Uint8Array,
): Uint8Array {
  return concat(cR, idCredR, encode(th2), credR, ead2)
}

/** MAC_2 = EDHOC_KDF( PRK_3e2m, 2, context_2, mac_length_2 ) */
export function computeMac2(context: Context, prk3e2m: Uint8Array, context2: Uint8Array, macLength2: number): Uint8Array {
  return edhocKdf(context, prk3e2m, 2, context2, macLength2)
}

/** K_3 = EDHOC_KDF( PRK_3e2m, 3, TH_3, key_length ) */
export function computeK3(context: Context, prk3e2m: Uint8Array, th3: Uint8Array): Uint8Array {
  return edhocKdf(context, prk3e2m, 3, th3, aeadKeyLength(context.suite))
}

/** IV_3 = EDHOC_KDF( PRK_3e2m, 4, TH_3, iv_length ) */
export function computeIv3(context: Context, prk3e2m: Uint8Array, th3: Uint8Array): Uint8Array {
  return edhocKdf(context, prk3e2m, 4, th3, aeadIvLength(context.suite))
}

/** SALT_4e3m = EDHOC_KDF( PRK_3e2m, 5, TH_3, hash_length ) */
export function computeSalt4e3m(context: Context, prk3e2m: Uint8Array, th3: Uint8Array): Uint8Array {
  return edhocKdf(context, prk3e2m, 5, th3, hashLength[context.suite.hash])
}

/** PRK_4e3m = EDHOC_Extract( SALT_4e3m, G_IY ) where the initiator has a static Diffie-Hellman key, otherwise PRK_3e2m */
export function computePrk4e3m(context: Context, salt4e3m: Uint8Array, gIY: Uint8Array): Uint8Array {
  return edhocExtract(context, salt4e3m, gIY)
}

/** context_3 = << ID_CRED_I, TH_3, CRED_I, ? EAD_3 >> */
export function encodeContext3(idCredI: Uint8Array, th3: Uint8Array, credI: Uint8Array, ead3: Uint8Array): Uint8Array {
  return concat(idCredI, encode(th3), credI, ead3)
}

/** MAC_3 = EDHOC_KDF( PRK_4e3m, 6, context_3, mac_length_3 ) */
export function computeMac3(context: Context, prk4e3m: Uint8Array, context3: Uint8Array, macLength3: number): Uint8Array {
  return edhocKdf(context, prk4e3m, 6, context3, macLength3)
}

/** PRK_out = EDHOC_KDF( PRK_4e3m, 7, TH_4, hash_length ) */
export function computePrkOut(context: Context, prk4e3m: Uint8Array, th4: Uint8Array): Uint8Array {
  return edhocKdf(context, prk4e3m, 7, th4, hashLength[context.suite.hash])
}

/** K_4 = EDHOC_KDF( PRK_4e3m, 8, TH_4, key_length ) */
export function computeK4(context: Context, prk4e3m: Uint8Array, th4: Uint8Array): Uint8Array {
  return edhocKdf(context, prk4e3m, 8, th4, aeadKeyLength(context.suite))
}

/** IV_4 = EDHOC_KDF( PRK_4e3m, 9, TH_4, iv_length ) */
export function computeIv4(context: Context, prk4e3m: Uint8Array, th4: Uint8Array): Uint8Array {
  return edhocKdf(context, prk4e3m, 9, th4, aeadIvLength(context.suite))
}

/** PRK_exporter = EDHOC_KDF( PRK_out, 10, h'', hash_length ) */
export function computePrkExporter(context: Context, prkOut: Uint8Array): Uint8Array {
  return edhocKdf(context, prkOut, 10, empty, hashLength[context.suite.hash])
}

/** EDHOC_KeyUpdate( context ): PRK_out = EDHOC_KDF( PRK_out, 11, context, hash_length ), RFC 9528 appendix H */
export function computeUpdatedPrkOut(context: Context, prkOut: Uint8Array, updateContext: Uint8Array): Uint8Array {
  return edhocKdf(context, prkOut, 11, updateContext, hashLength[context.suite.hash])
}

/** The bytes that the COSE_Sign1 of Signature_or_MAC_x covers: protected << ID_CRED_x >>, external_aad << TH_x, CRED_x, ? EAD_x >>, payload MAC_x. */
export function encodeToBeSigned(
  idCred: Uint8Array,
  th: Uint8Array,
  cred: Uint8Array,
  ead: Uint8Array,
  mac: Uint8Array,
): Uint8Array {
  return encodeSigStructure(idCred, concat(encode(th), cred, ead), mac)
}

/** A_3 and A_4: the Enc_structure with protected h'' and external_aad TH_3 or TH_4. */
export function computeA(th: Uint8Array): Uint8Array {
  return encodeEncStructure(empty, th)
}

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}
