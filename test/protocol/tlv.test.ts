import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import {
  decodeFirstTlv,
  decodeTemplate,
  decodeTlv,
  decodeTlvs,
  encodeTag,
  encodeTlv,
  required,
  TlvError,
  type TlvProblem,
} from '../../protocol/tlv.ts'

function problemOf(action: () => unknown): TlvProblem | undefined {
  try {
    action()
  } catch (error) {
    if (error instanceof TlvError) return error.problem
    throw error
  }
  return undefined
}

describe('BER-TLV (ISO/IEC 7816-4 section 6.3)', () => {
  it.each([
    ['a one-byte tag', 0x53, '', '5300'],
    ['a two-byte tag', 0x7f49, '01', '7f490101'],
    ['a three-byte tag', 0x5fc105, 'aabb', '5fc10502aabb'],
    ['a length of two bytes', 0x70, '00'.repeat(128), `708180${'00'.repeat(128)}`],
    ['a length of three bytes', 0x70, '00'.repeat(256), `70820100${'00'.repeat(256)}`],
  ])('writes and reads %s', (_name, tag, value, encoded) => {
    expect(toHex(encodeTlv(tag, fromHex(value)))).toBe(encoded)
    expect(toHex(decodeTlv(fromHex(encoded), tag))).toBe(value)
  })

  it('reads back every list of objects that it writes', () => {
    const tag = fc.constantFrom(0x53, 0x80, 0x7e, 0xfe, 0x7f49, 0x5f2f, 0x5fc102, 0x5fff81 & 0x5fff7f)
    fc.assert(
      fc.property(fc.array(fc.tuple(tag, fc.uint8Array({ maxLength: 300 })), { maxLength: 5 }), (objects) => {
        const bytes = Buffer.concat(objects.map(([t, value]) => encodeTlv(t, value)))
        expect(decodeTlvs(bytes).map(({ tag: t, value }) => [t, toHex(value)])).toEqual(
          objects.map(([t, value]) => [t, toHex(value)]),
        )
      }),
    )
  })

  it('writes again exactly what it accepts: no value has two encodings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let objects: ReturnType<typeof decodeTlvs>
        try {
          objects = decodeTlvs(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(TlvError)
          return
        }
        expect(toHex(Buffer.concat(objects.map(({ tag, value }) => encodeTlv(tag, value))))).toBe(toHex(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  it.each<[string, string, TlvProblem]>([
    ['a tag alone', '53', 'truncated'],
    ['half a tag', '7f', 'truncated'],
    ['half a three-byte tag', '5fc1', 'truncated'],
    ['half a length', '538201', 'truncated'],
    ['a value that is too short', '530201', 'truncated'],
    ['a tag of 00', '0000', 'tag-form'],
    ['a tag of FF', 'ff00', 'tag-form'],
    ['a long tag for a small number', '5f1e00', 'tag-form'],
    ['a tag number with a leading zero', '5f800100', 'tag-form'],
    ['a tag of four bytes', '5fc1818100', 'tag-form'],
    ['an indefinite length', '30800000', 'length-form'],
    ['a length of 5 in the long form', '5381050000000000', 'length-form'],
    ['a length with a leading zero', `53820080${'00'.repeat(128)}`, 'length-form'],
    ['a length of four bytes', '538400000001aa', 'length-form'],
  ])('refuses %s', (_name, hex, problem) => {
    expect(problemOf(() => decodeTlvs(fromHex(hex)))).toBe(problem)
  })

  it('refuses bytes after the object, another tag, a tag that comes twice and one that is missing', () => {
    expect(problemOf(() => decodeTlv(fromHex('530100ff'), 0x53))).toBe('trailing')
    expect(problemOf(() => decodeTlv(fromHex('530100'), 0x7e))).toBe('wrong-tag')
    expect(problemOf(() => decodeTemplate(fromHex('80008000')))).toBe('repeated')
    expect(problemOf(() => required(decodeTemplate(fromHex('8000')), 0x81))).toBe('missing')
  })

  it('splits the first object from what follows', () => {
    const { object, rest } = decodeFirstTlv(fromHex('5301aaff00'))
    expect(toHex(object.value)).toBe('aa')
    expect(toHex(rest)).toBe('ff00')
  })

  it('does not write what is no tag', () => {
    expect(toHex(encodeTag(0x5fc102))).toBe('5fc102')
    for (const tag of [0, 0x1f, 0xff, 0x5300, 0x5f1e, 0x1000053, -1]) expect(() => encodeTag(tag)).toThrow(RangeError)
  })
})
