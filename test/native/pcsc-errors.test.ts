import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { namedCodes, pcscError, serviceStateOf } from '../../native/pcsc/errors.ts'
import { ReaderError } from '../../native/reader.ts'
import vectors from '../vectors/pcsc-return-codes.json' with { type: 'json' }

const systemHeader = '/usr/include/PCSC/pcsclite.h'

describe('PC/SC return codes', () => {
  it.each(vectors.codes)('%s has its name and a kind', (name, code) => {
    const error = pcscError(Number(code))
    expect(error).toBeInstanceOf(ReaderError)
    expect(error.code).toBe(name)
  })

  it('are the same whether a platform hands them over signed or unsigned', () => {
    expect(pcscError(0x80100069 | 0)).toMatchObject({ kind: 'card-removed', code: 'SCARD_W_REMOVED_CARD' })
    expect(pcscError(0x80100069)).toMatchObject({ kind: 'card-removed', code: 'SCARD_W_REMOVED_CARD' })
  })

  it('each appear once, by number and by name', () => {
    expect(new Set(namedCodes.map(({ code }) => code)).size).toBe(namedCodes.length)
    expect(new Set(namedCodes.map(({ name }) => name)).size).toBe(namedCodes.length)
  })

  it('of the header of pcsc-lite, where one is installed beside the vectors, agree with it', () => {
    // Without the header the vectors stand in for it: they hold what it says.
    const text = existsSync(systemHeader) ? readFileSync(systemHeader, 'utf8') : vectorsAsHeader()
    const defined = [...text.matchAll(/^#define (SCARD_[EFWP]_\w+)\s+\(\(LONG\)(0x[0-9A-F]{8})\)/gm)]
    expect(defined.length).toBeGreaterThan(50)
    for (const [, name = '', code = ''] of defined) {
      // The one name that pcsc-lite gives to another number than Windows (errors.ts).
      if (name === 'SCARD_E_UNSUPPORTED_FEATURE') continue
      expect([code, pcscError(Number(code)).code]).toEqual([code, name])
    }
  })

  it('without a name keep their number', () => {
    expect(pcscError(0xdeadbeef)).toMatchObject({ kind: 'unexpected', code: '0xDEADBEEF' })
    expect(pcscError(0x17)).toMatchObject({ kind: 'unexpected', code: '0x00000017' })
  })

  it('say what a service that fails is', () => {
    expect(serviceStateOf(pcscError(0x8010001d))).toEqual({ kind: 'service-down' })
    expect(serviceStateOf(pcscError(0x8010001e))).toEqual({ kind: 'service-down' })
    expect(serviceStateOf(pcscError(0x80100013))).toEqual({ kind: 'service-down' })
    expect(serviceStateOf(pcscError(0x8010006a))).toEqual({ kind: 'no-permission' })
    expect(serviceStateOf(pcscError(0x80100001))).toEqual({ kind: 'failed', code: 'SCARD_F_INTERNAL_ERROR' })
  })
})

function vectorsAsHeader(): string {
  return vectors.codes.map(([name, code]) => `#define ${name}\t((LONG)${code})`).join('\n')
}
