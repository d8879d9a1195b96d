/** The decoder of protocol/cbor.ts. */
import { ARRAY, BYTES, CborError, compareBytes, MAP, maxDepth, NEGATIVE, TAG, TEXT, UNSIGNED } from './common.ts'
import { encode } from './encode.ts'
import { fromHalf } from './half.ts'

/** 1 MiB: the longest input that is looked at. */
const maxBytes = 1 << 20

// ignoreBOM: a byte order mark is a character like any other and must survive.
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Characters: what is longer is the platform's decoder's. */
const MOST_ASCII = 40
/** Bytes that are copied one by one: a view to copy from would cost more. */
const FEW_BYTES = 64

/** Not slice: that of a Buffer would be a Buffer. */
function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from)
  if (copy.length > FEW_BYTES) copy.set(bytes.subarray(from, to))
  else for (let i = 0; i < copy.length; i += 1) copy[i] = bytes[from + i] as number
  return copy
}

/** Undefined where there is another character. For a word it is faster than the decoder, which is the platform's. */
function asciiText(bytes: Uint8Array, from: number, to: number): string | undefined {
  let text = ''
  for (let i = from; i < to; i += 1) {
    const byte = bytes[i] as number
    if (byte >= 0x80) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

export class Reader {
  readonly #bytes: Uint8Array
  #lazyView: DataView | undefined
  offset = 0

  constructor(bytes: Uint8Array) {
    if (bytes.length > maxBytes) throw new CborError('too-long', 0)
    this.#bytes = bytes
  }

  /** Most messages hold no number that needs it. */
  get #view(): DataView {
    this.#lazyView ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
    return this.#lazyView
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
        value = this.#bytes[this.#take(1)] as number
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
        return copyOf(this.#bytes, from, this.offset)
      }
      case TEXT: {
        const length = this.#length(info, start, 1)
        const from = this.#take(length)
        const short = length <= MOST_ASCII ? asciiText(this.#bytes, from, this.offset) : undefined
        if (short !== undefined) return short
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

  /** Texts come behind all numbers (RFC 8949 section 4.2.1), so the first key tells what the rest must be. */
  #map(length: number, depth: number): unknown {
    if (length > 0 && (this.#bytes[this.offset] as number) >> 5 !== TEXT) return this.#mapOfAnything(length, depth)
    const object: Record<string, unknown> = Object.create(null)
    this.#entries(length, depth, (key, value) => {
      object[key as string] = value
    })
    return object
  }

  #mapOfAnything(length: number, depth: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    this.#entries(length, depth, (key, value) => map.set(key, value))
    return map
  }

  #entries(length: number, depth: number, add: (key: number | bigint | string, value: unknown) => void): void {
    let previous = -1
    let previousEnd = -1
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
      if (previous >= 0) {
        const order = this.#compare(previous, previousEnd, start, this.offset)
        if (order === 0) throw new CborError('duplicate-key', start)
        if (order > 0) throw new CborError('unsorted-key', start)
      }
      previous = start
      previousEnd = this.offset
      add(key as number | bigint | string, this.item(depth + 1))
    }
  }

  /** As compareBytes, of two stretches. */
  #compare(a: number, aEnd: number, b: number, bEnd: number): number {
    const length = Math.min(aEnd - a, bEnd - b)
    for (let i = 0; i < length; i += 1) {
      const difference = (this.#bytes[a + i] as number) - (this.#bytes[b + i] as number)
      if (difference !== 0) return difference
    }
    return aEnd - a - (bEnd - b)
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
