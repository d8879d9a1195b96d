/** The encoder of protocol/cbor.ts. */
import { ARRAY, BYTES, CborError, compareBytes, MAP, maxDepth, NEGATIVE, TEXT, UNSIGNED } from './common.ts'
import { toHalf } from './half.ts'

const utf8Encoder = new TextEncoder()

class Writer {
  #buffer = new Uint8Array(512)
  #view = new DataView(this.#buffer.buffer)
  #length = 0

  finish(): Uint8Array {
    const result = this.#buffer.slice(0, this.#length)
    // Application messages hold keys and PINs: no copy stays behind in the work buffer.
    this.#buffer.fill(0, 0, this.#length)
    this.#length = 0
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
        if (this.#ascii(value)) return
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
        else if (isPlainObject(value)) this.#record(value as Record<string, unknown>, depth)
        else throw notEncodable('an object of a class')
        return
      default:
        throw notEncodable(`a value of type ${typeof value}`)
    }
  }

  /** As 'string' of `item`, for the texts that most messages hold; false, and nothing is written, for one with other characters. */
  #ascii(text: string): boolean {
    const { length } = text
    if (length > MOST_ASCII) return false
    const before = this.#length
    this.head(TEXT, length)
    const offset = this.#reserve(length)
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) {
        // What is written in its place is longer: nothing of this stays in the buffer unseen.
        this.#length = before
        return false
      }
      this.#buffer[offset + i] = code
    }
    return true
  }

  /** As `#map`, without bytes for the keys: those of records are mostly words, whose order is that of their lengths, then of their letters. */
  #record(record: Readonly<Record<string, unknown>>, depth: number): void {
    const keys = Object.keys(record)
    if (!keys.every(isWord)) {
      this.#map(Object.entries(record), depth)
      return
    }
    keys.sort(compareWords)
    this.head(MAP, keys.length)
    for (const key of keys) {
      this.#ascii(key)
      this.item(record[key], depth + 1)
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

/** Characters: a longer text is the platform's encoder's, which is the faster one then. */
const MOST_ASCII = 64

/** One byte for each character. */
function isWord(key: string): boolean {
  if (key.length > MOST_ASCII || key === '__proto__') return false
  for (let i = 0; i < key.length; i += 1) if (key.charCodeAt(i) >= 0x80) return false
  return true
}

function compareWords(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}

/** As `encode`, without a Writer for what keys of maps mostly are: the small numbers of COSE's header parameters. */
function encodeKey(key: unknown): Uint8Array {
  if (typeof key === 'number' && key >= 0 && key < 24 && Number.isInteger(key) && !Object.is(key, -0)) return Uint8Array.of(key)
  return encode(key)
}

function notEncodable(what: string): CborError {
  return new CborError('not-encodable', 0, `CBOR: ${what} cannot be encoded`)
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** The one encoding of a value. Throws a CborError ('not-encodable', 'too-deep'); an `undefined` anywhere is refused. */
export function encode(value: unknown): Uint8Array {
  const writer = spare ?? new Writer()
  // Taken while it is in use: a key may need an encoder of its own. One that has thrown is not used again.
  spare = undefined
  writer.item(value, 0)
  const result = writer.finish()
  spare = writer
  return result
}

/** One Writer serves message after message: making its buffer would cost more than most messages do. */
let spare: Writer | undefined
