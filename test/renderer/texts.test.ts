import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROBLEMS } from '../../electron/contract/problems.ts'
import { en } from '../../renderer/locales/en/index.ts'
import { createTexts, type Entry, type TextKey } from '../../renderer/locales/texts.ts'

const table: { readonly [key: string]: Entry } = en
const folder = path.join(import.meta.dirname, '..', '..', 'renderer')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.tsx?$/.test(file) && !/^locales.en/.test(file),
)
const sources = files.map((file) => ({ file, code: readFileSync(path.join(folder, file), 'utf8') }))

/** Keys and patterns of keys that the code asks for: every string or template inside `text(...)`. */
function askedFor(code: string): RegExp[] {
  const patterns: RegExp[] = []
  for (const call of code.matchAll(/\btext\(/g)) {
    let depth = 1
    let end = call.index + call[0].length
    while (depth > 0 && end < code.length) {
      if (code[end] === '(') depth++
      if (code[end] === ')') depth--
      end++
    }
    const inside = code.slice(call.index + call[0].length, end - 1)
    for (const [, plain, template] of inside.matchAll(/'([a-z][a-z-]*(?:\.[a-z0-9-]+)+)'|`([^`]+)`/g)) {
      const source =
        plain?.replaceAll('.', '\\.') ?? (template ?? '').replaceAll('.', '\\.').replace(/\$\{[^}]*\}/g, '[a-zA-Z-]+')
      patterns.push(new RegExp(`^${source}$`))
    }
  }
  return patterns
}

const patterns = sources.flatMap(({ code }) => askedFor(code))

describe('the English texts', () => {
  test('every text that the code asks for exists', () => {
    expect(patterns.length).toBeGreaterThan(80)
    expect(patterns.filter((pattern) => !Object.keys(table).some((key) => pattern.test(key))).map(String)).toEqual([])
  })

  test('every text is used', () => {
    const unused = Object.keys(table).filter((key) => !patterns.some((pattern) => pattern.test(key)))
    expect(unused).toEqual([])
  })

  test('every problem has what happened and what to do, and no other has', () => {
    for (const code of PROBLEMS) {
      expect(table[`problem.${code}.title`], code).toMatch(/^[A-Z].*[^.]$/)
      expect(table[`problem.${code}.remedy`], code).toMatch(/^[A-Z].*\.$/)
    }
    const codes = Object.keys(table).flatMap((key) => /^problem\.(.+)\.title$/.exec(key)?.[1] ?? [])
    expect(codes.toSorted()).toEqual([...PROBLEMS].toSorted())
  })

  test('no sentence stands in the views themselves', () => {
    const loose = sources.flatMap(({ file, code }) => {
      const withoutComments = code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
      const attributes = withoutComments.match(/\b(?:aria-label|title|label|hint|placeholder|alt)="[^"]+"/g) ?? []
      const words = withoutComments.match(/>\s*[A-Za-z][A-Za-z ,.’]{2,}\s*<\//g) ?? []
      return [...attributes, ...words].map((found) => `${file}: ${found}`)
    })
    expect(loose).toEqual([])
  })
})

test('no style sheet draws a sign that the letters of the bundle lack: what the system has instead is another on each machine', () => {
  const sheets = readdirSync(path.join(folder, 'design')).map((file) => readFileSync(path.join(folder, 'design', file), 'utf8'))
  const drawn = sheets.flatMap((css) => [...css.matchAll(/\bcontent:\s*"([^"]*)"/g)].map(([, sign]) => sign ?? ''))
  expect(drawn).toContain('')
  expect(drawn.filter((sign) => !/^[\u0020-\u00ff]*$/.test(sign))).toEqual([])
})

describe('texts and formats', () => {
  const british = createTexts(en, 'en-GB', 'UTC')
  const noon = Date.UTC(2026, 4, 12, 12, 4)

  test('parameters are filled in, and the count chooses the form', () => {
    expect(british.text('done.registered', { name: 'Ada Lovelace' })).toBe('Ada Lovelace is registered')
    expect(british.text('pin.tries-left', { count: 1 })).toBe('1 try left')
    expect(british.text('pin.tries-left', { count: 3 })).toBe('3 tries left')
  })

  test('a value that holds braces is not filled in again', () => {
    expect(british.text('done.registered', { name: '{name}' })).toBe('{name} is registered')
  })

  test('a parameter that is missing throws instead of showing its name', () => {
    const untyped = british.text as (key: TextKey) => string
    expect(() => untyped('done.registered')).toThrow(RangeError)
  })

  test('dates follow the locale', () => {
    expect(british.date(noon)).toBe('12 May 2026')
    expect(british.dateTime(noon)).toBe('12 May 2026 at 12:04')
    expect(createTexts(en, 'en-US', 'UTC').date(noon)).toBe('May 12, 2026')
  })

  test('durations are milliseconds below a second, seconds above', () => {
    expect(british.duration(213.7)).toBe('214 ms')
    expect(british.duration(999.4)).toBe('999 ms')
    expect(british.duration(2_440)).toBe('2.4 s')
  })

  test('waiting times are rounded up and never nothing', () => {
    expect(british.wait(0)).toBe('1 second')
    expect(british.wait(29_001)).toBe('30 seconds')
    expect(british.wait(91_000)).toBe('2 minutes')
    expect(british.wait(2 * 3_600_000)).toBe('120 minutes')
    expect(british.wait(8.04 * 3_600_000)).toBe('8.1 hours')
    expect(british.size(999_999_999)).toBe('999 megabytes')
    expect(british.size(41_990_000_000)).toBe('41.9 gigabytes')
  })
})
