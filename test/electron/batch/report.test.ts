/** The report as a file, and the PINs that cards of a batch begin with. */
import { describe, expect, test } from 'vitest'
import { newBatch, withState } from '../../../electron/batch/batch.ts'
import { initialPin } from '../../../electron/batch/pin.ts'
import { percentile, reportCsv } from '../../../electron/batch/report.ts'
import { judgeNewPin } from '../../../electron/ceremonies/pin-rules.ts'
import { nodeCrypto } from '../../../native/crypto.ts'
import { utf8 } from '../../../protocol/bytes.ts'

const person = (givenName: string) => ({ givenName, familyName: 'B', reference: 'C-1' })
const lineOf = (givenName: string) => reportCsv(newBatch([person(givenName)], 0)).split('\r\n')[1]

describe('the report', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)'])('shows %s as text, which a spreadsheet would take for a formula', (name) => {
    expect(lineOf(name)).toContain(`,'${name},`)
  })

  test('keeps commas, quotation marks and letters of every script', () => {
    expect(lineOf('Ada, "A"')).toContain('"Ada, ""A"""')
    expect(reportCsv(newBatch([person('ليلى')], 0))).toMatch(/^\ufeffnumber,.*\r\n1,C-1,ليلى,B,,waiting,,,\r\n$/)
  })

  test('tells the outcome of each, with the reason, the card and the time', () => {
    const batch = newBatch([person('Ada'), { ...person('Eva'), reference: 'C-2', role: 'desk' }], 0)
    const guid = '0123456789abcdef0123456789abcdef'
    const made = withState(batch, 0, { kind: 'done', guid, at: 1, ms: 5120 })
    const csv = reportCsv(withState(made, 1, { kind: 'skipped', code: 'card-not-blank' }))
    expect(csv.split('\r\n').slice(1, 3)).toEqual([`1,C-1,Ada,B,,done,,${guid},5.1`, '2,C-2,Eva,B,desk,skipped,card-not-blank,,'])
  })

  test.each([
    [[], 0.5, undefined],
    [[7], 0.95, 7],
    [[4, 1, 3, 2], 0.5, 2],
    [Array.from({ length: 100 }, (_, at) => at + 1), 0.95, 95],
  ])('of %j has as its percentile %d %s', (values, share, expected) => {
    expect(percentile(values, share)).toBe(expected)
  })
})

test('an initial PIN has eight digits, keeps the rules for new PINs, and no byte is folded onto a digit', () => {
  const bytes = [255, 250, 1, 2, 3, 4, 5, 6, 7, 8, 2, 7, 1, 8, 2, 8, 1, 8]
  const crypto = { randomBytes: (length: number) => Uint8Array.from({ length }, () => bytes.shift() ?? 0) }
  // 12345678 would be the first one: everybody tries that.
  expect(initialPin(crypto)).toBe('27182818')
  const pins = Array.from({ length: 200 }, () => initialPin(nodeCrypto))
  expect(pins.every((pin) => /^\d{8}$/.test(pin) && judgeNewPin(utf8(pin)) === undefined)).toBe(true)
  expect(new Set(pins).size).toBeGreaterThan(190)
})
