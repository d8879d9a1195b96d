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
const maxDepth = 32
/** 1 MiB: the longest input that is looked at. */
const maxBytes = 1 << 20

const utf8Encoder = new TextEncoder()
// ignoreBOM: a byte order mark is a character like any other and must survive.
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Major types, RFC 8949 section 3.1. */
const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

class Writer {
  #buffer = new Uint8Array(512)
  #view = new DataView(this.#buffer.buffer)
  #length = 0

  finish(): Uint8Array {
    const result = this.#buffer.slice(0, this.#length)
    // Application messages hold keys and PINs: no copy stays behind in the work buffer.
    this.#buffer.fill(0, 0, this.#length)
    return result
  }

  #reserve(length: number): number {
    const offset = this.#length
    this.#length += length
    if (this.#length > this.#buffer.length) {
      const old = this.#buffer
      this.#buffer = new Uint8Array(Math.max(2 * old.length, this.#length))
      this.#buffer.set(old.subarray(0, offset))
      old.fill(0)
      this.#view = new DataView(this.#buffer.buffer)
    }
    return offset
  }

  raw(bytes: Uint8Array): void {
    // Before #buffer is looked at: reserving may replace it.
    const offset = this.#reserve(bytes.length)
    this.#buffer.set(bytes, offset)
  }

  #byte(byte: number): void {
    const offset = this.#reserve(1)
    this.#buffer[offset] = byte
  }

  /** The shortest head, RFC 8949 section 4.2.1. */
  head(major: number, argument: number | bigint): void {
    const top = major << 5
    if (argument < 24) this.#byte(top | Number(argument))
    else if (argument < 0x100) {
      const offset = this.#reserve(2)
      this.#buffer[offset] = top | 24
      this.#buffer[offset + 1] = Number(argument)
    } else if (argument < 0x10000) {
      const offset = this.#reserve(3)
      this.#buffer[offset] = top | 25
      this.#view.setUint16(offset + 1, Number(argument))
    } else if (argument < 0x100000000) {
      const offset = this.#reserve(5)
      this.#buffer[offset] = top | 26
      this.#view.setUint32(offset + 1, Number(argument))
    } else {
      const offset = this.#reserve(9)
      this.#buffer[offset] = top | 27
      this.#view.setBigUint64(offset + 1, BigInt(argument))
    }
  }

  /** The shortest of half, single and double that keeps the value; NaN is the half 7e00. */
  float(value: number): void {
    const half = toHalf(value)
    if (half !== undefined) {
      const offset = this.#reserve(3)
      this.#buffer[offset] = 0xf9
      this.#view.setUint16(offset + 1, half)
    } else if (Math.fround(value) === value) {
      const offset = this.#reserve(5)
      this.#buffer[offset] = 0xfa
      this.#view.setFloat32(offset + 1, value)
    } else {
      const offset = this.#reserve(9)
      this.#buffer[offset] = 0xfb
      this.#view.setFloat64(offset + 1, value)
    }
  }

  item(value: unknown, depth: number): void {
    if (depth > maxDepth) throw new CborError('too-deep', 0)
    switch (typeof value) {
      case 'number':
        if (!Number.isSafeInteger(value) || Object.is(value, -0)) this.float(value)
        else if (value >= 0) this.head(UNSIGNED, value)
        else this.head(NEGATIVE, -1 - value)
        return
      case 'bigint':
        if (value >= 1n << 64n || value < -(1n << 64n)) throw notEncodable('an integer beyond 64 bits')
        if (value >= 0n) this.head(UNSIGNED, value)
        else this.head(NEGATIVE, -1n - value)
        return
      case 'string': {
        if (/\p{Surrogate}/u.test(value)) throw notEncodable('a string with a lone surrogate')
        const bytes = utf8Encoder.encode(value)
        this.head(TEXT, bytes.length)
        this.raw(bytes)
        return
      }
      case 'boolean':
        this.#byte(value ? 0xf5 : 0xf4)
        return
      case 'object':
        if (value === null) this.#byte(0xf6)
        else if (value instanceof Uint8Array) {
          this.head(BYTES, value.length)
          this.raw(value)
        } else if (Array.isArray(value)) {
          this.head(ARRAY, value.length)
          for (const element of value) this.item(element, depth + 1)
        } else if (value instanceof Map) this.#map([...value.entries()], depth)
        else if (isPlainObject(value)) this.#map(Object.entries(value), depth)
        else throw notEncodable('an object of a class')
        return
      default:
        throw notEncodable(`a value of type ${typeof value}`)
    }
  }

  /** Sorted by the bytes of the encoded keys, RFC 8949 section 4.2.1. */
  #map(entries: readonly (readonly [unknown, unknown])[], depth: number): void {
    const sorted = entries.map(([key, value]) => {
      if (typeof key !== 'string' && typeof key !== 'bigint' && !Number.isSafeInteger(key)) throw notEncodable('such a key')
      if (key === '__proto__') throw notEncodable('the key __proto__')
      return { key: encodeKey(key), value }
    })
    sorted.sort((a, b) => compareBytes(a.key, b.key))
    this.head(MAP, sorted.length)
    let previous: Uint8Array | undefined
    for (const { key, value } of sorted) {
      // 1 and 1n are two keys of a Map, and one of CBOR.
      if (previous !== undefined && compareBytes(previous, key) === 0) throw notEncodable('a key twice')
      previous = key
      this.raw(key)
      this.item(value, depth + 1)
    }
  }
}

/** As `encode`, without a Writer for the short text keys that messages are made of. */
function encodeKey(key: unknown): Uint8Array {
  if (typeof key === 'string' && key.length < 24 && /^[\x20-\x7e]*$/.test(key)) {
    const bytes = new Uint8Array(1 + key.length)
    bytes[0] = (TEXT << 5) | key.length
    for (let i = 0; i < key.length; i += 1) bytes[i + 1] = key.charCodeAt(i)
    return bytes
  }
  return encode(key)
}

function notEncodable(what: string): CborError {
  return new CborError('not-encodable', 0, `CBOR: ${what} cannot be encoded`)
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

const scratch = new DataView(new ArrayBuffer(8))

/** The bits of an IEEE 754 binary16 that equals the value; undefined where there is none. */
function toHalf(value: number): number | undefined {
  if (Number.isNaN(value)) return 0x7e00
  scratch.setFloat64(0, value)
  const sign = scratch.getUint16(0) & 0x8000
  const magnitude = Math.abs(value)
  if (magnitude === 0) return sign
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00
  const exponent = ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023
  if (exponent > 15 || exponent < -24) return undefined
  // Steps of a half: 2^-24 below 2^-14, otherwise 2^(exponent - 10).
  const steps = magnitude / 2 ** (Math.max(exponent, -14) - 10)
  if (!Number.isInteger(steps)) return undefined
  return sign | (exponent < -14 ? steps : ((exponent + 15) << 10) + steps - 1024)
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  offset = 0

  constructor(bytes: Uint8Array) {
    if (bytes.length > maxBytes) throw new CborError('too-long', 0)
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get atEnd(): boolean {
    return this.offset === this.#bytes.length
  }

  #take(length: number): number {
    const start = this.offset
    if (length > this.#bytes.length - start) throw new CborError('truncated', start)
    this.offset = start + length
    return start
  }

  /** The argument of a head; a bigint only beyond 2^53 - 1. */
  #argument(info: number, start: number): number | bigint {
    if (info < 24) return info
    let value: number | bigint
    let least: number
    switch (info) {
      case 24:
        value = this.#view.getUint8(this.#take(1))
        least = 24
        break
      case 25:
        value = this.#view.getUint16(this.#take(2))
        least = 0x100
        break
      case 26:
        value = this.#view.getUint32(this.#take(4))
        least = 0x10000
        break
      case 27: {
        const wide = this.#view.getBigUint64(this.#take(8))
        value = wide > BigInt(Number.MAX_SAFE_INTEGER) ? wide : Number(wide)
        least = 0x100000000
        break
      }
      case 31:
        throw new CborError('indefinite-length', start)
      default:
        throw new CborError('unsupported', start)
    }
    if (value < least) throw new CborError('not-shortest', start)
    return value
  }

  /** A length: never more than what is left, so that nothing is allocated on a liar's word. */
  #length(info: number, start: number, bytesPerElement: number): number {
    const length = this.#argument(info, start)
    if (length > (this.#bytes.length - this.offset) / bytesPerElement) throw new CborError('truncated', start)
    return Number(length)
  }

  item(depth: number): unknown {
    const start = this.#take(1)
    if (depth > maxDepth) throw new CborError('too-deep', start)
    const initial = this.#bytes[start] as number
    const info = initial & 0x1f
    switch (initial >> 5) {
      case UNSIGNED:
        return this.#argument(info, start)
      case NEGATIVE: {
        const argument = this.#argument(info, start)
        return typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER ? -1 - argument : -1n - BigInt(argument)
      }
      case BYTES: {
        const length = this.#length(info, start, 1)
        const from = this.#take(length)
        // Not slice: that of a Buffer would be a Buffer.
        return new Uint8Array(this.#bytes.subarray(from, from + length))
      }
      case TEXT: {
        const length = this.#length(info, start, 1)
        const from = this.#take(length)
        try {
          return utf8Decoder.decode(this.#bytes.subarray(from, from + length))
        } catch {
          throw new CborError('bad-utf8', from)
        }
      }
      case ARRAY: {
        const length = this.#length(info, start, 1)
        const elements: unknown[] = []
        for (let i = 0; i < length; i += 1) elements.push(this.item(depth + 1))
        return elements
      }
      case MAP:
        return this.#map(this.#length(info, start, 2), depth)
      case TAG:
        throw new CborError('unsupported', start)
      default:
        return this.#simple(info, start)
    }
  }

  #map(length: number, depth: number): unknown {
    const entries: [number | bigint | string, unknown][] = []
    let allText = true
    let previous: Uint8Array | undefined
    for (let i = 0; i < length; i += 1) {
      const start = this.offset
      const key = this.item(depth + 1)
      if (
        typeof key === 'number'
          ? !Number.isSafeInteger(key) || Object.is(key, -0)
          : typeof key !== 'string' && typeof key !== 'bigint'
      ) {
        throw new CborError('unsupported', start)
      }
      if (key === '__proto__') throw new CborError('unsupported', start)
      const keyBytes = this.#bytes.subarray(start, this.offset)
      if (previous !== undefined) {
        const order = compareBytes(previous, keyBytes)
        if (order === 0) throw new CborError('duplicate-key', start)
        if (order > 0) throw new CborError('unsorted-key', start)
      }
      previous = keyBytes
      allText &&= typeof key === 'string'
      entries.push([key as number | bigint | string, this.item(depth + 1)])
    }
    if (!allText) return new Map(entries)
    const object: Record<string, unknown> = Object.create(null)
    for (const [key, value] of entries) object[key as string] = value
    return object
  }

  /** Major type 7, RFC 8949 section 3.3. */
  #simple(info: number, start: number): unknown {
    switch (info) {
      case 20:
        return false
      case 21:
        return true
      case 22:
        return null
      case 25:
        return this.#float(fromHalf(this.#view.getUint16(this.#take(2))), start)
      case 26:
        return this.#float(this.#view.getFloat32(this.#take(4)), start)
      case 27:
        return this.#float(this.#view.getFloat64(this.#take(8)), start)
      case 31:
        throw new CborError('indefinite-length', start)
      default:
        throw new CborError('unsupported', start)
    }
  }

  #float(value: number, start: number): number {
    // Comparing the bytes also refuses the NaNs that carry a payload.
    if (compareBytes(encode(value), this.#bytes.subarray(start, this.offset)) !== 0) throw new CborError('not-shortest', start)
    return value
  }
}

/** The one encoding of a value. Throws a CborError ('not-encodable', 'too-deep'); an `undefined` anywhere is refused. */
export function encode(value: unknown): Uint8Array {
  const writer = new Writer()
  writer.item(value, 0)
  return writer.finish()
}

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
