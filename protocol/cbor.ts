/**
 * CBOR (RFC 8949), the deterministic subset that Tessera, COSE and EDHOC speak: every value has exactly one encoding
 * (section 4.2.1), and `decode` accepts no other, so that decode and encode are each other's inverse.
 *
 * | CBOR                 | TypeScript                                                                           |
 * | -------------------- | ------------------------------------------------------------------------------------ |
 * | integer              | number, or bigint beyond 2^53 - 1; a bigint within it encodes as the same integer    |
 * | byte string          | Uint8Array (a copy)                                                                  |
 * | text string          | string, without lone surrogates                                                      |
 * | array                | array                                                                                |
 * | map, text keys only  | object without a prototype (the empty map too); never with the key `__proto__`       |
 * | map, otherwise       | Map with number, bigint and string keys                                              |
 * | false true null      | the same                                                                             |
 * | float, shortest form | number; a float that equals an integer within 2^53 - 1 is refused, -0 excepted       |
 *
 * Not in the subset, refused both ways: tags, indefinite lengths, undefined, other simple values, other kinds of keys.
 */
import { concat } from './bytes.ts'
import { CborError } from './cbor/common.ts'
import { Reader } from './cbor/decode.ts'
import { encode } from './cbor/encode.ts'

export { CborError, type CborErrorKind } from './cbor/common.ts'
export { encode } from './cbor/encode.ts'

/** One item and nothing after it. Throws a CborError. */
export function decode(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes)
  const value = reader.item(0)
  if (!reader.atEnd) throw new CborError('trailing', reader.offset)
  return value
}

/** A CBOR sequence (RFC 8742): the items one after the other. */
export function encodeSequence(values: readonly unknown[]): Uint8Array {
  return concat(...values.map(encode))
}

/** All items of a CBOR sequence (RFC 8742), of the empty one too. Throws a CborError. */
export function decodeSequence(bytes: Uint8Array): unknown[] {
  const reader = new Reader(bytes)
  const values: unknown[] = []
  while (!reader.atEnd) values.push(reader.item(0))
  return values
}

/** Whether a decoded value is a map with text keys (or the empty map). */
export function isTextMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}
