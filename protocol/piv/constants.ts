/** Names and numbers of the PIV card application (NIST SP 800-73-5, SP 800-78-5). */

import { fromHex } from '../bytes.ts'
import type { BlockCipher } from '../crypto.ts'

/** SP 800-73-5 part 1 section 2.2, without the version at its end: cards accept a right-truncated AID (part 2 section 3.1.1). */
export const PIV_AID = fromHex('a000000308000010 00')

/** Key references (SP 800-73-5 part 1 section 5.1, table 5). */
export const SLOT = { authentication: 0x9a, signature: 0x9c, keyManagement: 0x9d, cardAuthentication: 0x9e } as const
export type Slot = (typeof SLOT)[keyof typeof SLOT]

/** References of PIN, PUK and the card management key (tables 4 and 5). */
export const REFERENCE = { pin: 0x80, puk: 0x81, managementKey: 0x9b } as const

/** Keys that Tessera works with. */
export type KeyAlgorithm = 'P-256' | 'P-384'

/** Algorithm identifiers (SP 800-78-5 section 6.2). */
export const KEY_ALGORITHM_ID: Readonly<Record<KeyAlgorithm, number>> = { 'P-256': 0x11, 'P-384': 0x14 }
export const CIPHER_ID: Readonly<Record<BlockCipher, number>> = {
  '3DES': 0x03,
  'AES-128': 0x08,
  'AES-192': 0x0a,
  'AES-256': 0x0c,
}

/** Bytes of a coordinate, a scalar and the digest that is signed with the curve (SP 800-78-5 table 2). */
export const FIELD_BYTES: Readonly<Record<KeyAlgorithm, number>> = { 'P-256': 32, 'P-384': 48 }

/** Data objects by their BER-TLV tag (SP 800-73-5 part 1 section 4.3, table 3). */
export const OBJECT = {
  capabilityContainer: 0x5fc107,
  chuid: 0x5fc102,
  authenticationCertificate: 0x5fc105,
  signatureCertificate: 0x5fc10a,
  keyManagementCertificate: 0x5fc10b,
  cardAuthenticationCertificate: 0x5fc101,
  discovery: 0x7e,
} as const

/** When a key asks for the PIN. The numbers are Yubico's extension to GENERATE ASYMMETRIC KEY PAIR (tag AA). */
export const PIN_POLICY = { never: 1, once: 2, always: 3 } as const
export type PinPolicy = keyof typeof PIN_POLICY

export function keyAlgorithmOf(id: number): KeyAlgorithm | undefined {
  return id === KEY_ALGORITHM_ID['P-256'] ? 'P-256' : id === KEY_ALGORITHM_ID['P-384'] ? 'P-384' : undefined
}

/** 00 is an older identifier of three-key triple DES. */
export function cipherOf(id: number): BlockCipher | undefined {
  if (id === 0x00) return '3DES'
  const ciphers: readonly BlockCipher[] = ['3DES', 'AES-128', 'AES-192', 'AES-256']
  return ciphers.find((cipher) => CIPHER_ID[cipher] === id)
}
