import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../../protocol/bytes.ts'
import { byteStringAt, byteStringHead, endOf } from '../../protocol/cbor/byte-string.ts'
import { CborError, decode, encode } from '../../protocol/cbor.ts'
import { encodeMessage, messagePrefix, parseMessage } from '../../protocol/channel-message.ts'
import { decodeFrame, encodeFrame } from '../../protocol/messages/frame.ts'

/** Lengths about which the head changes, and others. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 70_000).map((length) => new Uint8Array(length).fill(1)),
)
const connection = fc.uint8Array({ minLength: 1, maxLength: 16 })
/** What is a layout's encoding, cut, lengthened or changed somewhere; or anything at all. */
const damaged = (whole: fc.Arbitrary<Uint8Array>) =>
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(whole, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([input, at, change]) => {
      const output = input.slice()
      const i = at % Math.min(output.length, 40)
      output[i] = (output[i] as number) ^ change
      return output
    }),
    fc.tuple(whole, fc.nat()).map(([input, length]) => input.slice(0, length % input.length)),
    fc.tuple(whole, fc.uint8Array({ minLength: 1, maxLength: 3 })).map(([input, more]) => concat(input, more)),
  )

function decoded(input: Uint8Array): unknown {
  try {
    return decode(input)
  } catch (error) {
    if (error instanceof CborError) return undefined
    throw error
  }
}

describe('a byte string at its place', () => {
  it('is the encoder’s and the decoder’s', () => {
    fc.assert(
      fc.property(bytes, (content) => {
        const encoded = encode(content)
        expect(concat(byteStringHead(content.length), content)).toEqual(encoded)
        const found = byteStringAt(concat(Uint8Array.of(9), encoded, Uint8Array.of(9)), 1)
        expect(found).toEqual(content)
      }),
    )
    fc.assert(
      fc.property(damaged(bytes.map(encode)), (input) => {
        const due = decoded(input)
        const found = byteStringAt(input, 0)
        if (found !== undefined && endOf(input, found) === input.length) expect(found).toEqual(due)
        else expect(due).not.toBeInstanceOf(Uint8Array)
      }),
    )
  })
})

describe('the layouts of what every request sends', () => {
  it('are those of the CBOR encoder', () => {
    fc.assert(
      fc.property(connection, fc.uint8Array({ minLength: 1, maxLength: 5 }), bytes, (id, partialIv, ciphertext) => {
        const message = encodeMessage(messagePrefix(id), partialIv, ciphertext)
        const headers = new Map([
          [4, id],
          [6, partialIv],
        ])
        expect(message).toEqual(encode([new Uint8Array(0), headers, ciphertext]))
        expect(parseMessage(messagePrefix(id), message)).toEqual({ partialIv, ciphertext })
        expect(encodeFrame({ kind: 'sealed', connection: id, message })).toEqual(encode([6, id, message]))
      }),
    )
  })

  it('take no message that the CBOR decoder reads otherwise, and all that it reads so', () => {
    const id = Uint8Array.of(1, 2, 3)
    const message = fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), bytes)
      .map(([partialIv, ciphertext]) => encodeMessage(messagePrefix(id), partialIv, ciphertext))
    fc.assert(
      fc.property(damaged(message), (input) => {
        const items = decoded(input)
        const [none, headers, ciphertext] = Array.isArray(items) && items.length === 3 ? (items as unknown[]) : []
        const isOurs =
          none instanceof Uint8Array &&
          none.length === 0 &&
          headers instanceof Map &&
          headers.size === 2 &&
          headers.get(4) instanceof Uint8Array &&
          [...(headers.get(4) as Uint8Array)].join() === '1,2,3' &&
          headers.get(6) instanceof Uint8Array &&
          ciphertext instanceof Uint8Array
        expect(parseMessage(messagePrefix(id), input)).toEqual(
          isOurs ? { partialIv: headers.get(6) as Uint8Array, ciphertext } : undefined,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('take no frame that the CBOR decoder reads otherwise, and all that it reads so', () => {
    const frame = fc.tuple(connection, bytes).map(([id, message]) => encodeFrame({ kind: 'sealed', connection: id, message }))
    fc.assert(
      fc.property(damaged(frame), (input) => {
        const items = decoded(input)
        const [kind, id, message] = Array.isArray(items) && items.length === 3 ? (items as unknown[]) : []
        const isOurs = kind === 6 && id instanceof Uint8Array && id.length > 0 && id.length <= 16 && message instanceof Uint8Array
        const read = decodeFrame(input)
        if (isOurs) expect(read).toEqual({ kind: 'sealed', connection: id, message })
        else expect(read?.kind).not.toBe('sealed')
      }),
      { numRuns: 500 },
    )
  })
})
