/** ECDSA signatures: a card gives DER (RFC 3279 section 2.2.3), COSE and the crypto port want r || s (RFC 9053 section 2.1). */

import { concat } from '../bytes.ts'
import { decodeTlv, decodeTlvs, encodeTlv, TlvError } from '../tlv.ts'

/** Each half padded to `fieldBytes`. Throws a TlvError where the bytes are not exactly that structure in DER. */
export function derToRaw(der: Uint8Array, fieldBytes: number): Uint8Array<ArrayBuffer> {
  const integers = decodeTlvs(decodeTlv(der, 0x30))
  const [r, s] = integers
  if (r?.tag !== 0x02 || s?.tag !== 0x02 || integers.length !== 2) throw new TlvError('wrong-tag', 'not two INTEGERs')
  return concat(unsigned(r.value, fieldBytes), unsigned(s.value, fieldBytes))
}

/** Throws a RangeError where the length is odd or zero. */
export function rawToDer(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  if (raw.length === 0 || raw.length % 2 !== 0) throw new RangeError('a signature is two halves of one length')
  const half = raw.length / 2
  return encodeTlv(0x30, integer(raw.subarray(0, half)), integer(raw.subarray(half)))
}

/** X.690 section 8.3: the shortest two's complement; here positive. */
function unsigned(value: Uint8Array, fieldBytes: number): Uint8Array {
  const [first, second = 0] = value
  if (first === undefined || first >= 0x80) throw new TlvError('length-form', 'not a positive INTEGER')
  if (first === 0 && second < 0x80) throw new TlvError('length-form', 'an INTEGER that is zero or longer than it need be')
  const magnitude = first === 0 ? value.subarray(1) : value
  if (magnitude.length > fieldBytes) throw new TlvError('length-form', 'an INTEGER longer than the field')
  const result = new Uint8Array(fieldBytes)
  result.set(magnitude, fieldBytes - magnitude.length)
  return result
}

function integer(value: Uint8Array): Uint8Array {
  let start = 0
  while (start < value.length - 1 && value[start] === 0) start += 1
  const magnitude = value.subarray(start)
  return encodeTlv(0x02, (magnitude[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), magnitude) : magnitude)
}
