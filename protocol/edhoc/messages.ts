/** The four messages and their plaintexts (RFC 9528 section 5): structure only, nothing is verified here. */
import { concat } from '../bytes.ts'
import { encode } from '../cbor.ts'
import type { Crypto } from '../crypto.ts'
import { decodeItems, decodeMessage, encodeSuites, malformed, parseSuites } from './errors.ts'
import {
  encodeCompactIdCred,
  encodeIdentifier,
  type IdCred,
  type ParsedEad,
  parseCompactIdCred,
  parseEad,
  parseIdentifier,
} from './items.ts'
import { ephemeralLength, type KeyKind, type Suite, signatureOrMacLength } from './suites.ts'

export interface Message1 {
  readonly method: number
  /** In the initiator's order of preference; the last one is selected. */
  readonly suitesI: readonly number[]
  readonly gX: Uint8Array
  readonly cI: Uint8Array
  /** EAD_1, not yet read. */
  readonly rest: readonly unknown[]
}

/** message_1 = (METHOD : int, SUITES_I : suites, G_X : bstr, C_I : bstr / -24..23, ? EAD_1) */
export function encodeMessage1({ method, suitesI, gX, cI }: Omit<Message1, 'rest'>, ead1: Uint8Array): Uint8Array {
  return concat(encode(method), encode(encodeSuites(suitesI)), encode(gX), encodeIdentifier(cI), ead1)
}

/** Throws an EdhocError ('malformed'). The length of G_X is judged once the suite is known to be supported. */
export function parseMessage1(bytes: Uint8Array): Message1 {
  const [method, suites, gX, c, ...rest] = decodeMessage(1, bytes)
  const suitesI = parseSuites(suites)
  const cI = parseIdentifier(c)
  if (!Number.isSafeInteger(method)) throw malformed(1, 'METHOD')
  if (suitesI === undefined) throw malformed(1, 'SUITES_I')
  if (!(gX instanceof Uint8Array)) throw malformed(1, 'G_X')
  if (cI === undefined) throw malformed(1, 'C_I')
  return { method: method as number, suitesI, gX, cI, rest }
}

/** message_2 = (G_Y_CIPHERTEXT_2 : bstr), here cut apart. Throws an EdhocError ('malformed'). */
export function splitMessage2(suite: Suite, gYCiphertext2: Uint8Array): { gY: Uint8Array; ciphertext2: Uint8Array } {
  const length = ephemeralLength[suite.group]
  if (gYCiphertext2.length <= length) throw malformed(2, 'length')
  return { gY: gYCiphertext2.slice(0, length), ciphertext2: gYCiphertext2.slice(length) }
}

export interface Plaintext2 {
  readonly cR: Uint8Array
  readonly idCredR: IdCred
  readonly signatureOrMac2: Uint8Array
  readonly ead2: ParsedEad
}

/** PLAINTEXT_2 = (C_R, ID_CRED_R / bstr / -24..23, Signature_or_MAC_2 : bstr, ? EAD_2) */
export function encodePlaintext2(cR: Uint8Array, idCredR: IdCred, signatureOrMac2: Uint8Array, ead2: Uint8Array): Uint8Array {
  return concat(encodeIdentifier(cR), encodeCompactIdCred(idCredR), encode(signatureOrMac2), ead2)
}

/** Throws an EdhocError ('malformed', 'unsupported-credential', 'critical-ead'). */
export function parsePlaintext2(bytes: Uint8Array, suite: Suite, key: KeyKind, knownEad: readonly number[]): Plaintext2 {
  const [c, id, signatureOrMac2, ...rest] = decodeItems(2, bytes)
  const cR = parseIdentifier(c)
  if (cR === undefined) throw malformed(2, 'C_R')
  const idCredR = parseCompactIdCred(2, id)
  if (!(signatureOrMac2 instanceof Uint8Array) || signatureOrMac2.length !== signatureOrMacLength(suite, key)) {
    throw malformed(2, 'Signature_or_MAC_2')
  }
  return { cR, idCredR, signatureOrMac2, ead2: parseEad(2, rest, knownEad) }
}

export interface Plaintext3 {
  readonly idCredI: IdCred
  readonly signatureOrMac3: Uint8Array
  readonly ead3: ParsedEad
}

/** PLAINTEXT_3 = (ID_CRED_I / bstr / -24..23, Signature_or_MAC_3 : bstr, ? EAD_3) */
export function encodePlaintext3(idCredI: IdCred, signatureOrMac3: Uint8Array, ead3: Uint8Array): Uint8Array {
  return concat(encodeCompactIdCred(idCredI), encode(signatureOrMac3), ead3)
}

/** Throws an EdhocError ('malformed', 'unsupported-credential', 'critical-ead'). */
export function parsePlaintext3(bytes: Uint8Array, suite: Suite, key: KeyKind, knownEad: readonly number[]): Plaintext3 {
  const [id, signatureOrMac3, ...rest] = decodeItems(3, bytes)
  const idCredI = parseCompactIdCred(3, id)
  if (!(signatureOrMac3 instanceof Uint8Array) || signatureOrMac3.length !== signatureOrMacLength(suite, key)) {
    throw malformed(3, 'Signature_or_MAC_3')
  }
  return { idCredI, signatureOrMac3, ead3: parseEad(3, rest, knownEad) }
}

/** PLAINTEXT_4 = (? EAD_4). Throws an EdhocError ('malformed', 'critical-ead'). */
export function parsePlaintext4(bytes: Uint8Array, knownEad: readonly number[]): ParsedEad {
  return parseEad(4, decodeItems(4, bytes), knownEad)
}

/** A whole point from what G_X or G_Y carries; undefined for a wrong length and where the curve has no such point. */
export function expandEphemeral(crypto: Crypto, suite: Suite, onWire: Uint8Array): Uint8Array | undefined {
  if (onWire.length !== ephemeralLength[suite.group]) return undefined
  return suite.group === 'X25519' ? onWire : crypto.decompressPoint(suite.group, onWire)
}
