import { describe, expect, it } from 'vitest'
import { toT0Tpdu } from '../../native/pcsc/t0.ts'
import { ReaderError } from '../../native/reader.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'

describe('an APDU over T=0 (ISO/IEC 7816-3 section 12.2)', () => {
  it.each([
    ['case 1, no data: P3 is 0', '00a40400', '00a4040000'],
    ['case 2, an answer expected', '00b0000010', '00b0000010'],
    ['case 2, 256 bytes expected', '00b0000000', '00b0000000'],
    ['case 3, data', '00a4040002a000', '00a4040002a000'],
    ['case 4, data and an answer: the expected length stays out', '00a4040002a00000', '00a4040002a000'],
  ])('%s', (_, apdu, tpdu) => {
    expect(toHex(toT0Tpdu(fromHex(apdu)))).toBe(tpdu)
  })

  it('refuses extended lengths, which T=0 does not have', () => {
    expect(() => toT0Tpdu(fromHex('00b00000000100'))).toThrow(expect.objectContaining({ kind: 'protocol-mismatch' }))
    expect(() => toT0Tpdu(fromHex('00db3fff000001aa'))).toThrow(expect.objectContaining({ kind: 'protocol-mismatch' }))
  })

  it.each(['', '00a404', '00a4040003a000', '00a4040001a00000'])('refuses what is no APDU: %s', (hex) => {
    expect(() => toT0Tpdu(fromHex(hex))).toThrow(ReaderError)
  })
})
