/** PIN and PUK as a card takes them (NIST SP 800-73-5 part 2 section 2.4.3). */

import { PivError } from './errors.ts'

const REFERENCE_BYTES = 8

/** 6 to 8 ASCII digits, padded with FF. The caller wipes both. Throws a PivError 'pin-malformed'. */
export function encodePin(digits: Uint8Array): Uint8Array {
  if (!digits.every((byte) => byte >= 0x30 && byte <= 0x39)) throw new PivError({ kind: 'pin-malformed' })
  return padded(digits)
}

/** 6 to 8 bytes of any value but FF, padded with FF. The standard's PUK has 8; cards with a shorter one exist. */
export function encodePuk(puk: Uint8Array): Uint8Array {
  if (puk.includes(0xff)) throw new PivError({ kind: 'pin-malformed' })
  return padded(puk)
}

function padded(value: Uint8Array): Uint8Array {
  if (value.length < 6 || value.length > REFERENCE_BYTES) throw new PivError({ kind: 'pin-malformed' })
  const encoded = new Uint8Array(REFERENCE_BYTES).fill(0xff)
  encoded.set(value)
  return encoded
}
