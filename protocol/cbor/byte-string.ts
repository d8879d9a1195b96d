/**
 * A byte string at its place, without a decoder: for the few layouts that every message has. An encoding is unique here
 * (protocol/cbor.ts), so what does not begin as expected is not that layout in another spelling.
 */
import { BYTES } from './common.ts'

/** The head of a byte string of that many bytes, at most 2^32 - 1 (RFC 8949 section 3, the shortest of section 4.2.1). */
export function byteStringHead(length: number): Uint8Array {
  const top = BYTES << 5
  if (length < 24) return Uint8Array.of(top | length)
  if (length < 0x100) return Uint8Array.of(top | 24, length)
  if (length < 0x10000) return Uint8Array.of(top | 25, length >> 8, length & 0xff)
  return Uint8Array.of(top | 26, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff)
}

/** A view of the byte string that begins at that offset; undefined where none does, or not in its shortest form. */
export function byteStringAt(bytes: Uint8Array, offset: number): Uint8Array | undefined {
  const initial = bytes[offset]
  if (initial === undefined || initial >> 5 !== BYTES) return undefined
  const info = initial & 0x1f
  if (info > 26) return undefined
  const width = info < 24 ? 0 : 1 << (info - 24)
  const start = offset + 1 + width
  if (start > bytes.length) return undefined
  let length = width === 0 ? info : 0
  for (let i = offset + 1; i < start; i += 1) length = length * 0x100 + (bytes[i] as number)
  const isShortest = width === 0 || length >= (width === 1 ? 24 : width === 2 ? 0x100 : 0x10000)
  return isShortest && length <= bytes.length - start ? bytes.subarray(start, start + length) : undefined
}

/** Where a byte string ends that `byteStringAt` found in these bytes. */
export function endOf(bytes: Uint8Array, found: Uint8Array): number {
  return found.byteOffset - bytes.byteOffset + found.length
}
