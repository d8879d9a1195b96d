/** Data objects of the PIV data model (NIST SP 800-73-5 part 1 section 3 and appendix A): the values within tag 53. */

import { concat, fromHex, fromUtf8, utf8 } from '../bytes.ts'
import { decodeTemplate, encodeTlv, required } from '../tlv.ts'
import { PivError } from './errors.ts'

const NONE = new Uint8Array(0)
/** Error detection code: empty in every object since SP 800-73-2. */
const ERROR_DETECTION_CODE = encodeTlv(0xfe)

/**
 * An X.509 certificate's object (appendix A, table 15): 70 the certificate in DER, 71 how it is packed. Packed with gzip
 * (bit 1 of 71) is refused with a PivError 'not-supported'. Throws a TlvError or a PivError.
 */
export function parseCertificateObject(value: Uint8Array): Uint8Array {
  const template = decodeTemplate(value)
  const info = template.get(0x71) ?? Uint8Array.of(0)
  if (info.length !== 1) throw bad('certificate information')
  if (((info[0] ?? 0) & 0x01) !== 0) throw new PivError({ kind: 'not-supported' })
  const certificate = required(template, 0x70)
  if (certificate.length === 0) throw new PivError({ kind: 'not-found' })
  return Uint8Array.from(certificate)
}

export function buildCertificateObject(certificate: Uint8Array): Uint8Array {
  return concat(encodeTlv(0x70, certificate), encodeTlv(0x71, Uint8Array.of(0)), ERROR_DETECTION_CODE)
}

/** Card Holder Unique Identifier (section 3.1.2, appendix A table 9). */
export interface Chuid {
  /** 16 bytes, a UUID: which card this is. */
  readonly guid: Uint8Array
  /** YYYYMMDD; undefined where the card has no such date. */
  readonly expires: string | undefined
}

/**
 * FASC-N of a card that no federal agency issued: agency 9999, system 9999, credential 999999, series 0, issue 1, and zeros
 * for the person (section 3.1.2 makes the GUID the identifier then). BCD with parity, as the PACS implementation guidance
 * version 2.3 section 2.1 packs it.
 */
export const NON_FEDERAL_FASC_N = fromHex('d4e739da739ced39ce739d836858210842108421c84210c3eb')

/** `guid` is 16 bytes, `expires` YYYYMMDD. The signature is left empty: Tessera's certificate vouches for the GUID. */
export function buildChuid(guid: Uint8Array, expires: string): Uint8Array {
  if (guid.length !== 16) throw new RangeError('a GUID is 16 bytes')
  if (!/^[0-9]{8}$/.test(expires)) throw new RangeError('a date is YYYYMMDD')
  return concat(
    encodeTlv(0x30, NON_FEDERAL_FASC_N),
    encodeTlv(0x34, guid),
    encodeTlv(0x35, utf8(expires)),
    encodeTlv(0x3e),
    ERROR_DETECTION_CODE,
  )
}

/** Also of cards that others issued: elements beyond these two are let be. Throws a TlvError or a PivError 'bad-response'. */
export function parseChuid(value: Uint8Array): Chuid {
  const template = decodeTemplate(value)
  const guid = required(template, 0x34)
  if (guid.length !== 16) throw bad('GUID')
  return { guid: Uint8Array.from(guid), expires: dateOf(template.get(0x35) ?? NONE) }
}

function dateOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined
  if (bytes.length !== 8 || bytes.some((byte) => byte < 0x30 || byte > 0x39)) throw bad('expiration date')
  return fromUtf8(bytes)
}

/**
 * Card Capability Container (section 3.1.1, appendix A table 8): the elements that must be there, empty where PIV gives them
 * no value. `identifier` is 14 bytes and the card's own.
 */
export function buildCapabilityContainer(identifier: Uint8Array): Uint8Array {
  if (identifier.length !== 14) throw new RangeError('a card identifier is 14 bytes')
  // F0: the GSC RID, manufacturer FF (none), card type 02 (a file system is emulated), and the identifier.
  const cardIdentifier = concat(fromHex('a000000116ff02'), identifier)
  return concat(
    encodeTlv(0xf0, cardIdentifier),
    // Versions 2.1 of container and grammar; F5: the data model is PIV's.
    encodeTlv(0xf1, Uint8Array.of(0x21)),
    encodeTlv(0xf2, Uint8Array.of(0x21)),
    encodeTlv(0xf3),
    encodeTlv(0xf4, Uint8Array.of(0x00)),
    encodeTlv(0xf5, Uint8Array.of(0x10)),
    ...[0xf6, 0xf7, 0xfa, 0xfb, 0xfc, 0xfd].map((tag) => encodeTlv(tag)),
    ERROR_DETECTION_CODE,
  )
}

/** The 14 bytes of the card's identifier. Throws a TlvError or a PivError 'bad-response'. */
export function parseCapabilityContainer(value: Uint8Array): Uint8Array {
  const cardIdentifier = required(decodeTemplate(value), 0xf0)
  if (cardIdentifier.length !== 21) throw bad('card identifier')
  return Uint8Array.from(cardIdentifier.subarray(7))
}

/** Discovery Object (section 3.3.2): which PIN a card wants. */
export interface Discovery {
  readonly aid: Uint8Array
  readonly applicationPin: boolean
  readonly globalPin: boolean
  /** What a person enters first on a card that takes both. */
  readonly preferred: 'application' | 'global'
}

/** The value within tag 7E. Throws a TlvError or a PivError 'bad-response'. */
export function parseDiscovery(value: Uint8Array): Discovery {
  const template = decodeTemplate(value)
  const [policy, preference] = required(template, 0x5f2f)
  if (policy === undefined || preference === undefined) throw bad('PIN usage policy')
  return {
    aid: Uint8Array.from(required(template, 0x4f)),
    applicationPin: (policy & 0x40) !== 0,
    globalPin: (policy & 0x20) !== 0,
    preferred: preference === 0x20 ? 'global' : 'application',
  }
}

function bad(detail: string): PivError {
  return new PivError({ kind: 'bad-response', detail })
}
