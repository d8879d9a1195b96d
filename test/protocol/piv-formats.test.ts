/** The formats of the PIV data model, byte by byte. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { derToRaw, rawToDer } from '../../protocol/piv/ecdsa-signature.ts'
import { PivError } from '../../protocol/piv/errors.ts'
import { parseKeyMetadata, parseManagementKeyMetadata, parseReferenceMetadata } from '../../protocol/piv/metadata.ts'
import {
  buildCapabilityContainer,
  buildCertificateObject,
  buildChuid,
  NON_FEDERAL_FASC_N,
  parseCapabilityContainer,
  parseCertificateObject,
  parseChuid,
  parseDiscovery,
} from '../../protocol/piv/objects.ts'
import { encodePin, encodePuk } from '../../protocol/piv/pin.ts'
import { decodeTlvs, encodeTlv, TlvError } from '../../protocol/tlv.ts'

const GUID = fromHex('00112233445546778899aabbccddeeff')

describe('CHUID (SP 800-73-5 part 1 section 3.1.2)', () => {
  it('has the elements in their order', () => {
    const chuid = buildChuid(GUID, '20351231')
    expect(toHex(chuid)).toBe(`3019${toHex(NON_FEDERAL_FASC_N)}3410${toHex(GUID)}35083230333531323331${'3e00'}fe00`)
    expect(parseChuid(chuid)).toEqual({ guid: GUID, expires: '20351231' })
  })

  it("names no agency: the FASC-N's fields are 9999 9999 999999 0 1 0000000000 3 0000 1, each digit with odd parity", () => {
    const bits = [...NON_FEDERAL_FASC_N].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    const characters = bits.match(/.{5}/g) ?? []
    expect(characters).toHaveLength(40)
    for (const character of characters) expect([...character].filter((bit) => bit === '1').length % 2).toBe(1)
    // Four bits, least significant first; 11 starts, 13 separates, 15 ends; the last one checks the columns.
    const values = characters.map((character) => Number.parseInt([...character.slice(0, 4)].reverse().join(''), 2))
    const text = values.map((value) => '0123456789?S?F?E'[value]).join('')
    expect(text.slice(0, -1)).toBe('S9999F9999F999999F0F1F0000000000300001E')
    expect(values.reduce((check, value) => check ^ value, 0)).toBe(0)
  })

  it("reads other people's, with elements that it does not know and without a date", () => {
    const other = concat(
      encodeTlv(0xee, fromHex('0040')),
      encodeTlv(0x30, new Uint8Array(25)),
      encodeTlv(0x32, utf8('9999')),
      encodeTlv(0x34, GUID),
      encodeTlv(0x3e, new Uint8Array(600)),
      encodeTlv(0xfe),
    )
    expect(parseChuid(other)).toEqual({ guid: GUID, expires: undefined })
  })

  it('refuses what is no CHUID', () => {
    expect(() => parseChuid(encodeTlv(0x34, GUID.subarray(1)))).toThrow(PivError)
    expect(() => parseChuid(concat(encodeTlv(0x34, GUID), encodeTlv(0x35, utf8('tomorrow'))))).toThrow(PivError)
    expect(() => parseChuid(encodeTlv(0x30))).toThrow(TlvError)
    expect(() => parseChuid(concat(buildChuid(GUID, '20351231'), fromHex('00')))).toThrow(TlvError)
    expect(() => buildChuid(GUID.subarray(1), '20351231')).toThrow(RangeError)
    expect(() => buildChuid(GUID, '2035-12-31')).toThrow(RangeError)
  })
})

describe('the other objects', () => {
  it('Card Capability Container: every element that table 8 requires', () => {
    const container = buildCapabilityContainer(fromHex('0102030405060708090a0b0c0d0e'))
    expect(decodeTlvs(container).map(({ tag }) => tag)).toEqual([
      0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe,
    ])
    expect(toHex(container)).toContain('f501 10'.replace(' ', ''))
    expect(toHex(parseCapabilityContainer(container))).toBe('0102030405060708090a0b0c0d0e')
    expect(() => parseCapabilityContainer(encodeTlv(0xf0, new Uint8Array(20)))).toThrow(PivError)
    expect(() => buildCapabilityContainer(new Uint8Array(13))).toThrow(RangeError)
  })

  it('certificate: written with an empty information byte, read also where that is missing', () => {
    const der = fromHex('3003020101')
    expect(toHex(buildCertificateObject(der))).toBe('70053003020101710100fe00')
    expect(parseCertificateObject(buildCertificateObject(der))).toEqual(der)
    expect(parseCertificateObject(concat(encodeTlv(0x70, der), encodeTlv(0xfe)))).toEqual(der)
  })

  it.each([
    ['packed with gzip', '70023000710101fe00', 'not-supported'],
    ['empty', '7000710100fe00', 'not-found'],
    ['with information of two bytes', '7002300071020000fe00', 'bad-response'],
  ])('certificate: refuses one that is %s', (_name, hex, kind) => {
    try {
      parseCertificateObject(fromHex(hex))
      expect.unreachable()
    } catch (error) {
      expect(error instanceof PivError && error.problem.kind).toBe(kind)
    }
  })

  it('discovery: a card that prefers the global PIN', () => {
    const value = concat(encodeTlv(0x4f, fromHex('a0000003080000100001 00'.replace(' ', ''))), encodeTlv(0x5f2f, fromHex('6020')))
    expect(parseDiscovery(value)).toMatchObject({ applicationPin: true, globalPin: true, preferred: 'global' })
    expect(() => parseDiscovery(encodeTlv(0x5f2f, fromHex('4000')))).toThrow(TlvError)
  })
})

describe('metadata', () => {
  it('of an RSA key is a key that Tessera does not work with', () => {
    const rsa = fromHex('010107 02020201 030102 0403810100'.replaceAll(' ', ''))
    expect(parseKeyMetadata(rsa)).toEqual({
      algorithm: undefined,
      pinPolicy: 'once',
      generatedOnCard: false,
      publicKey: undefined,
    })
  })

  it('refuses an unknown management key algorithm and more tries left than there are', () => {
    expect(() => parseManagementKeyMetadata(fromHex('010155020200010501 01'.replace(' ', '')))).toThrow(PivError)
    expect(() => parseReferenceMetadata(fromHex('0101ff05010006020304'))).toThrow(PivError)
    expect(() => parseReferenceMetadata(fromHex('0101ff050100'))).toThrow(TlvError)
  })
})

describe('ECDSA signatures', () => {
  it('go from r || s to DER and back, whatever the leading zeros', () => {
    const half = (length: number) =>
      fc
        .tuple(fc.integer({ min: 0, max: length - 1 }), fc.uint8Array({ minLength: length, maxLength: length }))
        .map(([zeros, bytes]) => bytes.fill(0, 0, zeros).map((byte, i) => (i === length - 1 ? byte | 1 : byte)))
    const raw = fc.constantFrom(32, 48).chain((length) => fc.tuple(half(length), half(length)))
    fc.assert(
      fc.property(raw, ([r, s]) => {
        const signature = concat(r, s)
        expect(toHex(derToRaw(rawToDer(signature), r.length))).toBe(toHex(signature))
      }),
    )
  })

  it.each([
    ['three integers', '3009020101020101020101'],
    ['one integer', '3003020101'],
    ['bytes behind it', '300602010102010100'],
    ['an integer with a leading zero too many', '300702020001020101'],
    ['a negative integer', '3006020181020101'],
    ['zero', '3006020100020101'],
    ['an empty integer', '300502000201 01'.replace(' ', '')],
    ['a BIT STRING', '3006030101020101'],
    ['an integer longer than the field', `3026022101${'00'.repeat(32)}020101`],
  ])('refuses %s', (_name, hex) => {
    expect(() => derToRaw(fromHex(hex), 32)).toThrow(TlvError)
  })

  it('refuses halves of different lengths', () => {
    expect(() => rawToDer(new Uint8Array(63))).toThrow(RangeError)
    expect(() => rawToDer(new Uint8Array(0))).toThrow(RangeError)
  })
})

describe('PIN and PUK', () => {
  it('are padded with FF to 8 bytes', () => {
    expect(toHex(encodePin(utf8('123456')))).toBe('313233343536ffff')
    expect(toHex(encodePin(utf8('12345678')))).toBe('3132333435363738')
    expect(toHex(encodePuk(fromHex('000102030405fe')))).toBe('000102030405feff')
  })
  it('have 6 to 8 bytes', () => {
    for (const bytes of [5, 9]) expect(() => encodePuk(new Uint8Array(bytes))).toThrow(PivError)
    expect(() => encodePuk(fromHex('00010203ff050607'))).toThrow(PivError)
  })
})
