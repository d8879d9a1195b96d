/** What the encoder and the decoder of protocol/cbor.ts share. */

export type CborErrorKind =
  | 'truncated'
  /** Bytes after the item. */
  | 'trailing'
  /** An integer, length or float that is longer than it need be, or an integer written as a float. */
  | 'not-shortest'
  | 'indefinite-length'
  | 'duplicate-key'
  | 'unsorted-key'
  /** A tag, undefined, an unknown simple value, a key that is no integer and no text, the key `__proto__`. */
  | 'unsupported'
  | 'bad-utf8'
  | 'too-deep'
  | 'too-long'
  /** `encode` was given something that has no encoding here. */
  | 'not-encodable'

export class CborError extends Error {
  readonly kind: CborErrorKind
  /** Where in the input, in bytes; 0 when encoding. */
  readonly offset: number
  constructor(kind: CborErrorKind, offset: number, message = `CBOR: ${kind} at byte ${offset}`) {
    super(message)
    this.name = 'CborError'
    this.kind = kind
    this.offset = offset
  }
}

/** Nesting that no message of ours comes near; it bounds the stack. */
export const maxDepth = 32

/** Major types, RFC 8949 section 3.1. */
export const UNSIGNED = 0
export const NEGATIVE = 1
export const BYTES = 2
export const TEXT = 3
export const ARRAY = 4
export const MAP = 5
export const TAG = 6

/** Bytewise lexicographic order, RFC 8949 section 4.2.1. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
