import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { buildPinModify, buildPinVerify, FEATURE, parseFeatures, parsePadResult } from '../../protocol/pin-pad.ts'

/**
 * The fields in the order of PC/SC part 10 revision 2.02.09, as hexadecimal digits: that of USB CCID revision 1.1, section 6.1.11, with
 * bTimerOut2 and ulDataLength added. Compared with the public header of the CCID driver for PC/SC Lite (reader.h) and the reference
 * manual of a reader that has a pad (ACS APG8201, sections on FEATURE_VERIFY_PIN_DIRECT and FEATURE_MODIFY_PIN_DIRECT, where abData begins
 * at offset 19 and 24). The values are ours, for the PIV PIN.
 */
const inOrder = (fields: Readonly<Record<string, string>>): string => Object.values(fields).join('')

describe('PC/SC part 10', () => {
  test('section 2.5.2: PIN_VERIFY_STRUCTURE for the PIV PIN, field by field', () => {
    expect(toHex(buildPinVerify(30))).toBe(
      inOrder({
        bTimerOut: '1e',
        bTimerOut2: '1e',
        bmFormatString: '82',
        bmPINBlockString: '08',
        bmPINLengthFormat: '00',
        wPINMaxExtraDigit: '0806',
        bEntryValidationCondition: '02',
        bNumberMessage: '01',
        wLangId: '0904',
        bMsgIndex: '00',
        bTeoPrologue: '000000',
        ulDataLength: '0d000000',
        abData: '0020008008ffffffffffffffff',
      }),
    )
  })

  test('section 2.5.3: PIN_MODIFY_STRUCTURE for the PIV PIN, field by field', () => {
    expect(toHex(buildPinModify(30))).toBe(
      inOrder({
        bTimerOut: '1e',
        bTimerOut2: '1e',
        bmFormatString: '82',
        bmPINBlockString: '08',
        bmPINLengthFormat: '00',
        bInsertionOffsetOld: '00',
        bInsertionOffsetNew: '08',
        wPINMaxExtraDigit: '0806',
        bConfirmPIN: '03',
        bEntryValidationCondition: '02',
        bNumberMessage: '03',
        wLangId: '0904',
        bMsgIndex1: '00',
        bMsgIndex2: '01',
        bMsgIndex3: '02',
        bTeoPrologue: '000000',
        ulDataLength: '15000000',
        abData: '0024008010ffffffffffffffffffffffffffffffff',
      }),
    )
  })

  test('section 2.2: the features of a reader, each with its control code', () => {
    const features = parseFeatures(fromHex('060442330006070442330007120442330012'))
    expect(features?.get(FEATURE.verifyPinDirect)).toBe(0x42330006)
    expect(features?.get(FEATURE.modifyPinDirect)).toBe(0x42330007)
    expect(features?.size).toBe(3)
    expect(parseFeatures(new Uint8Array(0))?.size).toBe(0)
  })

  test.each([
    ['cut short', '0604423300'],
    ['with another length', '060342330006'],
    ['with a feature twice', '060442330006060442330007'],
    ['with a rest', '06044233000607'],
  ])('a list of features %s is none', (_, list) => {
    expect(parseFeatures(fromHex(list))).toBeUndefined()
  })

  test('section 2.6: what ended on the reader is no try; everything else is the card’s', () => {
    const ends = ['6400', '6401', '6402', '6403'].map((sw) => parsePadResult(fromHex(sw)))
    expect(ends).toEqual(['timeout', 'cancelled', 'mismatch', 'wrong-length'].map((end) => ({ kind: 'ended', end })))
    expect(parsePadResult(fromHex('6b80'))).toEqual({ kind: 'refused' })
    expect(parsePadResult(fromHex('9000'))).toEqual({ kind: 'card', sw: 0x9000 })
    expect(parsePadResult(fromHex('63c2'))).toEqual({ kind: 'card', sw: 0x63c2 })
    expect(parsePadResult(fromHex('90'))).toBeUndefined()
    expect(parsePadResult(fromHex('009000'))).toBeUndefined()
  })
})
