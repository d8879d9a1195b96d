import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../protocol/bytes.ts'
import { CborError, type CborErrorKind, decode, decodeSequence, encode, encodeSequence, isTextMap } from '../../protocol/cbor.ts'
import rfc8949 from '../vectors/rfc8949.json' with { type: 'json' }

/** The value of a diagnostic notation of RFC 8949 appendix A. */
function parseDiagnostic(text: string): unknown {
  if (text === '[1..25]') return Array.from({ length: 25 }, (_, i) => i + 1)
  if (text === '{1:2,3:4}') {
    return new Map([
      [1, 2],
      [3, 4],
    ])
  }
  if (text.startsWith("h'")) return fromHex(text.slice(2, -1))
  if (text.endsWith('n')) return BigInt(text.slice(0, -1))
  if (/^-?[0-9.]|^-?Infinity$|^NaN$/.test(text)) return Number(text)
  return JSON.parse(text)
}

function kindOf(action: () => unknown): CborErrorKind | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof CborError) return error.kind
    throw error
  }
}

const key = fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger()).filter((k) => k !== '__proto__')
const { item } = fc.letrec((tie) => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(1n << 64n), max: -(1n << 53n) }),
    fc.bigInt({ min: 1n << 53n, max: (1n << 64n) - 1n }),
    fc.double().filter((n) => !Number.isSafeInteger(n) || Object.is(n, -0)),
    fc.float({ noDefaultInfinity: false }).filter((n) => !Number.isSafeInteger(n) || Object.is(n, -0)),
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('item'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('item')), { maxLength: 5 }).map((entries) => {
      const map = new Map(entries)
      // As decode gives them back: text keys alone make an object.
      if ([...map.keys()].some((k) => typeof k !== 'string')) return map
      return Object.assign(Object.create(null), Object.fromEntries(map))
    }),
  ),
}))

describe('RFC 8949 appendix A', () => {
  it.each(rfc8949.accepted)('$diagnostic is $hex, both ways', ({ diagnostic, hex }) => {
    const value = parseDiagnostic(diagnostic)
    expect(toHex(encode(value))).toBe(hex)
    expect(decode(fromHex(hex))).toEqual(value)
  })

  it.each(rfc8949.refused)('$diagnostic ($hex) is refused as $kind', ({ hex, kind }) => {
    expect(kindOf(() => decode(fromHex(hex)))).toBe(kind)
  })

  it.each(rfc8949.notWellFormed)('%s of appendix F is refused', (hex) => {
    expect(kindOf(() => decode(fromHex(hex)))).toBeDefined()
  })
})

describe('one encoding for each value (RFC 8949 section 4.2.1)', () => {
  it('comes back from decode as it went into encode', () => {
    fc.assert(
      fc.property(item, (value) => {
        expect(decode(encode(value))).toEqual(value)
      }),
    )
  })

  it('every mutation of an encoding is refused with a CborError, or is itself the encoding of what it decodes to', () => {
    const mutation = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom('replace', 'insert', 'remove', 'cut'))
    fc.assert(
      fc.property(item, fc.array(mutation, { minLength: 1, maxLength: 4 }), (value, mutations) => {
        let bytes: Uint8Array = encode(value)
        for (const [place, byte, how] of mutations) {
          const at = place % (bytes.length + 1)
          const rest = bytes.subarray(how === 'insert' ? at : at + 1)
          if (how === 'cut') bytes = bytes.slice(0, at)
          else bytes = concat(bytes.subarray(0, at), how === 'remove' ? new Uint8Array(0) : Uint8Array.of(byte), rest)
        }
        let decoded: unknown
        try {
          decoded = decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CborError)
          return
        }
        expect(toHex(encode(decoded))).toBe(toHex(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  it('every short byte string is refused, or is the encoding of what it decodes to', () => {
    for (let first = 0; first < 256; first += 1) {
      for (let second = 0; second < 256; second += 1) {
        for (const bytes of [
          Uint8Array.of(first, second),
          Uint8Array.of(first, second, 0),
          Uint8Array.of(first, second, 0xff, 0x61, 0),
        ]) {
          let decoded: unknown
          try {
            decoded = decode(bytes)
          } catch (error) {
            if (!(error instanceof CborError)) throw error
            continue
          }
          expect(toHex(encode(decoded))).toBe(toHex(bytes))
        }
      }
    }
  })

  it.each([
    ['1800', 'not-shortest'],
    ['1817', 'not-shortest'],
    ['1900ff', 'not-shortest'],
    ['1a0000ffff', 'not-shortest'],
    ['1b00000000ffffffff', 'not-shortest'],
    ['3800', 'not-shortest'],
    ['5801aa', 'not-shortest'],
    ['780161', 'not-shortest'],
    ['980100', 'not-shortest'],
    ['b8010000', 'not-shortest'],
    ['0000', 'trailing'],
    ['', 'truncated'],
    ['a201010102', 'duplicate-key'],
    ['a202010101', 'unsorted-key'],
    ['a2616201616101', 'unsorted-key'],
    ['a262616101616201', 'unsorted-key'],
    ['a14100f6', 'unsupported'],
    ['a1f501', 'unsupported'],
    ['a1f93e0001', 'unsupported'],
    ['a1f9800001', 'unsupported'],
    ['62c328', 'bad-utf8'],
    ['63eda080', 'bad-utf8'],
    ['f97e01', 'not-shortest'],
    ['9bffffffffffffffff', 'truncated'],
    ['bb0fffffffffffffff', 'truncated'],
  ] as const)('%s is refused as %s', (hex, kind) => {
    expect(kindOf(() => decode(fromHex(hex)))).toBe(kind)
  })

  it('sorts keys by their encoded bytes, not by their order in the object', () => {
    expect(toHex(encode({ bb: 1, a: 2 }))).toBe('a261610262626201')
    expect(
      toHex(
        encode(
          new Map<unknown, unknown>([
            [-1, 0],
            ['', 0],
            [100, 0],
            [10, 0],
          ]),
        ),
      ),
    ).toBe('a40a0018640020006000')
  })

  it('keeps a byte order mark', () => {
    expect(decode(encode('\ufeffa'))).toBe('\ufeffa')
  })
})

describe('limits', () => {
  it('refuses nesting beyond 32 and does not exhaust the stack', () => {
    expect(decode(fromHex(`${'81'.repeat(32)}00`))).toBeDefined()
    expect(kindOf(() => decode(fromHex(`${'81'.repeat(33)}00`)))).toBe('too-deep')
    expect(kindOf(() => decode(fromHex('81'.repeat(200000))))).toBe('too-deep')
    let nested: unknown = 0
    for (let i = 0; i < 33; i += 1) nested = [nested]
    expect(kindOf(() => encode(nested))).toBe('too-deep')
    const circular: unknown[] = []
    circular.push(circular)
    expect(kindOf(() => encode(circular))).toBe('too-deep')
  })

  it('refuses input beyond 1 MiB', () => {
    expect(kindOf(() => decode(encode(new Uint8Array(1 << 20))))).toBe('too-long')
    expect(kindOf(() => decodeSequence(new Uint8Array((1 << 20) + 1)))).toBe('too-long')
  })
})

describe('maps with text keys', () => {
  it('are objects that inherit nothing', () => {
    const map = decode(encode({ a: 1 }))
    expect(isTextMap(map)).toBe(true)
    expect((map as Record<string, unknown>).constructor).toBeUndefined()
    expect(isTextMap(decode(encode({})))).toBe(true)
    expect(isTextMap(decode(encode([])))).toBe(false)
    expect(isTextMap(null)).toBe(false)
  })

  it('never hold the key __proto__', () => {
    expect(kindOf(() => decode(fromHex('a1695f5f70726f746f5f5f01')))).toBe('unsupported')
    expect(kindOf(() => encode(JSON.parse('{"__proto__":1}')))).toBe('not-encodable')
  })
})

describe('what has no encoding', () => {
  it.each([
    ['undefined', undefined],
    ['undefined in an object', { a: undefined }],
    ['a function', () => 0],
    ['a symbol', Symbol('s')],
    ['a Date', new Date(0)],
    ['2^64', 1n << 64n],
    ['-2^64 - 1', -(1n << 64n) - 1n],
    ['a lone surrogate', '\ud800'],
    ['a fraction as a key', new Map([[1.5, 1]])],
    ['bytes as a key', new Map([[new Uint8Array(1), 1]])],
    [
      '1 and 1n as keys',
      new Map<unknown, unknown>([
        [1, 1],
        [1n, 2],
      ]),
    ],
  ])('%s is not-encodable', (_, value) => {
    expect(kindOf(() => encode(value))).toBe('not-encodable')
  })
})

describe('sequences (RFC 8742)', () => {
  it('are the items one after the other, and may be empty', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 4 }), (items) => {
        expect(decodeSequence(encodeSequence(items))).toEqual(items)
      }),
    )
    expect(decodeSequence(new Uint8Array(0))).toEqual([])
  })

  it('that end within an item are refused', () => {
    expect(kindOf(() => decodeSequence(fromHex('0102430102')))).toBe('truncated')
  })
})

it('byte strings that come out of decode are copies', () => {
  const bytes = encode(Uint8Array.of(1, 2))
  const inner = decode(bytes) as Uint8Array
  bytes[1] = 9
  expect(inner).toEqual(Uint8Array.of(1, 2))
  expect(decode(Buffer.from([0x41, 7]))).toEqual(Uint8Array.of(7))
})
