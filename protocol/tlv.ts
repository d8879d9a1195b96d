/**
 * BER-TLV data objects as smart cards use them (ISO/IEC 7816-4:2020 section 6.3; NIST SP 800-73-5 part 1 section 4).
 * Strict: tags and lengths in their shortest form, definite lengths only, nothing truncated, nothing left over.
 */

import { concat } from './bytes.ts'

export interface Tlv {
  /** The tag's bytes as one number: 0x53, 0x7f49, 0x5fc105. */
  readonly tag: number
  readonly value: Uint8Array
}

export type TlvProblem = 'truncated' | 'trailing' | 'tag-form' | 'length-form' | 'wrong-tag' | 'repeated' | 'missing'

/** Bytes that are not the data objects they should be. */
export class TlvError extends Error {
  readonly problem: TlvProblem
  constructor(problem: TlvProblem, message: string) {
    super(message)
    this.name = 'TlvError'
    this.problem = problem
  }
}

/** One data object around the values given. The tag is 1 to 3 bytes. Throws a RangeError for another tag. */
export function encodeTlv(tag: number, ...values: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const value = concat(...values)
  return concat(encodeTag(tag), encodeLength(value.length), value)
}

/** The tag's own bytes: what follows 5C in GET DATA. */
export function encodeTag(tag: number): Uint8Array<ArrayBuffer> {
  const bytes = tag > 0xffff ? [tag >>> 16, (tag >>> 8) & 0xff, tag & 0xff] : tag > 0xff ? [tag >>> 8, tag & 0xff] : [tag & 0xff]
  const encoded = Uint8Array.from(bytes)
  let parsed: { tag: number; end: number } | undefined
  try {
    parsed = readTag(encoded, 0)
  } catch {
    // told below, with the tag that was asked for
  }
  if (parsed?.tag !== tag || parsed.end !== encoded.length) throw new RangeError(`not a tag: ${tag.toString(16)}`)
  return encoded
}

/** Exactly the data objects that fill `bytes`. Throws a TlvError. */
export function decodeTlvs(bytes: Uint8Array): Tlv[] {
  const objects: Tlv[] = []
  let offset = 0
  while (offset < bytes.length) {
    const { object, end } = readTlv(bytes, offset)
    objects.push(object)
    offset = end
  }
  return objects
}

/** The value of the one data object that fills `bytes` and carries this tag. Throws a TlvError. */
export function decodeTlv(bytes: Uint8Array, tag: number): Uint8Array {
  const { object, end } = readTlv(bytes, 0)
  if (object.tag !== tag) throw new TlvError('wrong-tag', `tag ${object.tag.toString(16)} where ${tag.toString(16)} should be`)
  if (end !== bytes.length) throw new TlvError('trailing', `${bytes.length - end} bytes after the data object`)
  return object.value
}

/** The first data object at the start of `bytes` and what follows it: for records that mix formats. Throws a TlvError. */
export function decodeFirstTlv(bytes: Uint8Array): { readonly object: Tlv; readonly rest: Uint8Array } {
  const { object, end } = readTlv(bytes, 0)
  return { object, rest: bytes.subarray(end) }
}

/** Data objects by tag, for templates in which no tag may come twice. Throws a TlvError. */
export function decodeTemplate(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const byTag = new Map<number, Uint8Array>()
  for (const { tag, value } of decodeTlvs(bytes)) {
    if (byTag.has(tag)) throw new TlvError('repeated', `tag ${tag.toString(16)} comes twice`)
    byTag.set(tag, value)
  }
  return byTag
}

/** The value under a tag that must be there. Throws a TlvError. */
export function required(template: ReadonlyMap<number, Uint8Array>, tag: number): Uint8Array {
  const value = template.get(tag)
  if (value === undefined) throw new TlvError('missing', `tag ${tag.toString(16)} is missing`)
  return value
}

function encodeLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  if (length <= 0xff) return Uint8Array.of(0x81, length)
  if (length <= 0xffff) return Uint8Array.of(0x82, length >>> 8, length & 0xff)
  if (length <= 0xffffff) return Uint8Array.of(0x83, length >>> 16, (length >>> 8) & 0xff, length & 0xff)
  throw new RangeError(`too long for a data object: ${length}`)
}

function readTlv(bytes: Uint8Array, offset: number): { object: Tlv; end: number } {
  const { tag, end: lengthAt } = readTag(bytes, offset)
  const { length, end: valueAt } = readLength(bytes, lengthAt)
  const end = valueAt + length
  if (end > bytes.length) throw new TlvError('truncated', `${end - bytes.length} bytes are missing`)
  return { object: { tag, value: bytes.subarray(valueAt, end) }, end }
}

/** ISO/IEC 7816-4:2020 section 6.3: low five bits all set announce further bytes, bit 8 of each of those another one. */
function readTag(bytes: Uint8Array, offset: number): { tag: number; end: number } {
  const first = byteAt(bytes, offset)
  if (first === 0x00 || first === 0xff) throw new TlvError('tag-form', 'a tag starts with neither 00 nor FF')
  if ((first & 0x1f) !== 0x1f) return { tag: first, end: offset + 1 }
  const second = byteAt(bytes, offset + 1)
  if (second < 0x1f || second === 0x80) throw new TlvError('tag-form', 'a tag longer than it need be')
  if (second < 0x80) return { tag: (first << 8) | second, end: offset + 2 }
  const third = byteAt(bytes, offset + 2)
  if (third >= 0x80) throw new TlvError('tag-form', 'a tag of more than 3 bytes')
  return { tag: (first << 16) | (second << 8) | third, end: offset + 3 }
}

function readLength(bytes: Uint8Array, offset: number): { length: number; end: number } {
  const first = byteAt(bytes, offset)
  if (first < 0x80) return { length: first, end: offset + 1 }
  const count = first & 0x7f
  if (count === 0 || count > 3) throw new TlvError('length-form', 'an indefinite length, or one of more than 3 bytes')
  let length = 0
  for (let i = 1; i <= count; i += 1) length = (length << 8) | byteAt(bytes, offset + i)
  if (encodeLength(length).length !== 1 + count) throw new TlvError('length-form', 'a length longer than it need be')
  return { length, end: offset + 1 + count }
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset]
  if (byte === undefined) throw new TlvError('truncated', 'the bytes end within a tag or a length')
  return byte
}
