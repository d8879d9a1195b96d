/** What holds for every language, whatever it says. */
import { describe, expect, test } from 'vitest'
import { LANGUAGES, type Language } from '../../electron/contract/languages.ts'
import { en } from '../../renderer/locales/en/index.ts'
import { LANGUAGE_NAMES, loadTable, loadTexts } from '../../renderer/locales/languages.ts'
import { createTexts, type Entry } from '../../renderer/locales/texts.ts'

const english: { readonly [key: string]: Entry } = en
type LooseTable = { readonly [key: string]: Entry }
const tables = new Map<Language, LooseTable>(
  await Promise.all(LANGUAGES.map(async (language): Promise<[Language, LooseTable]> => [language, await loadTable(language)])),
)
const tableOf = (language: Language): LooseTable => tables.get(language) ?? {}
const translated = LANGUAGES.filter((language) => language !== 'en')

const formsOf = (entry: Entry | undefined): string[] =>
  entry === undefined ? [] : typeof entry === 'string' ? [entry] : Object.values(entry)
const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort()
/** What a reader sees as words: no parameters, no name of ours, no names of standards, programs and files. */
const words = (text: string): string =>
  text
    .replace(/\{\w+\}/g, '')
    .replace(
      /\b(?:Tessera|PC\/SC|PIV|USB|PIN|PUK|Debian|Ubuntu|Linux|Windows|Smart Card|pcscd|libpcsclite1|libccid|CSV|UTF-8|PDF|polkit|P-256|P-384)\b/g,
      '',
    )

describe.each(LANGUAGES)('%s', (language) => {
  const table = tableOf(language)

  test('has every text that English has, and no other', () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(english).sort())
  })

  test('has plural forms where English has them: all that the language knows', () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort()
    for (const [key, entry] of Object.entries(table)) {
      expect(typeof entry, key).toBe(typeof english[key])
      if (typeof entry !== 'string') expect(Object.keys(entry).sort(), key).toEqual(categories)
    }
  })

  test('fills in what English fills in; only a form that names its number in words may leave the count out', () => {
    for (const [key, entry] of Object.entries(table)) {
      const source = english[key]
      if (typeof entry === 'string') expect(names(entry), key).toEqual(names(formsOf(source).join()))
      else {
        const wanted = names(typeof source === 'object' ? source.other : '')
        expect(names(entry.other), key).toEqual(wanted)
        const others = wanted.filter((name) => name !== 'count')
        for (const form of Object.values(entry)) {
          expect(
            names(form).filter((name) => name !== 'count'),
            `${key}: ${form}`,
          ).toEqual(others)
        }
      }
    }
  })

  test('writes the digits of the keypad, and no straight or doubled signs', () => {
    const untidy = Object.entries(table).flatMap(([key, entry]) =>
      formsOf(entry)
        .filter((form) => /[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]|["']|\.\.\.| {2}|^\s|\s$/.test(form))
        .map((form) => `${key}: ${form}`),
    )
    expect(untidy).toEqual([])
  })

  test('says what happened without a full stop, and what to do with one', () => {
    for (const [key, entry] of Object.entries(table)) {
      if (/^problem\..+\.title$/.test(key)) expect(entry, key).not.toMatch(/[.।]$/)
      if (/^problem\..+\.remedy$/.test(key)) expect(entry, key).toMatch(/[.।]$/)
    }
  })

  test('has a name that is its own', () => {
    expect(new Intl.DisplayNames([language], { type: 'language' }).of(language)?.toLowerCase()).toBe(
      LANGUAGE_NAMES[language].toLowerCase(),
    )
  })
})

test.each([
  ['hi', /\p{Script=Devanagari}/u],
  ['ar', /\p{Script=Arabic}/u],
] as const)('%s is written in its own letters', (language, letters) => {
  const foreign = Object.entries(tableOf(language)).flatMap(([key, entry]) =>
    formsOf(entry)
      .filter((form) => /\p{L}/u.test(words(form)) && !letters.test(form))
      .map((form) => `${key}: ${form}`),
  )
  expect(foreign).toEqual([])
  const leftOver = Object.entries(tableOf(language)).flatMap(([key, entry]) =>
    formsOf(entry)
      .filter((form) => /[A-Za-z]{2,}/.test(words(form)))
      .map((form) => `${key}: ${form}`),
  )
  expect(leftOver).toEqual([])
})

test.each(translated)('%s leaves no sentence in English', (language) => {
  const same = Object.entries(tableOf(language)).flatMap(([key, entry]) =>
    formsOf(entry).filter((form) => words(form).trim().split(/\s+/).length > 2 && formsOf(english[key]).includes(form)),
  )
  expect(same).toEqual([])
})

test('Arabic uses its own comma and question mark', () => {
  const latin = Object.entries(tableOf('ar')).filter(([, entry]) =>
    formsOf(entry).some((form) => /\p{Script=Arabic}\s?[,?;]/u.test(form)),
  )
  expect(latin).toEqual([])
})

describe('plurals', () => {
  test.each([
    [0, 'zero', 'لم تبقَ أي محاولة'],
    [1, 'one', 'بقيت محاولة واحدة'],
    [2, 'two', 'بقيت محاولتان'],
    [3, 'few', 'بقيت 3 محاولات'],
    [10, 'few', 'بقيت 10 محاولات'],
    [11, 'many', 'بقيت 11 محاولة'],
    [99, 'many', 'بقيت 99 محاولة'],
    [100, 'other', 'بقيت 100 محاولة'],
    [103, 'few', 'بقيت 103 محاولات'],
  ])('Arabic counts %i as %s', async (count, category, said) => {
    expect(new Intl.PluralRules('ar').select(count)).toBe(category)
    expect((await loadTexts('ar')).text('pin.tries-left', { count })).toBe(said)
  })

  test.each([
    ['de', 1, 'Noch 1 Versuch'],
    ['de', 0, 'Noch 0 Versuche'],
    // French counts nothing as one.
    ['fr', 0, '0 essai restant'],
    ['fr', 3, '3 essais restants'],
    ['fr', 1_000_000, '1\u202f000\u202f000 d’essais restants'],
    ['es', 1, 'Queda 1 intento'],
    ['es', 2_000_000, 'Quedan 2.000.000 de intentos'],
    // So does Hindi.
    ['hi', 0, '0 मौका बाकी है'],
    ['hi', 3, '3 मौके बाकी हैं'],
    ['en', 0, '0 tries left'],
  ])('%s: %i', async (language, count, said) => {
    expect((await loadTexts(language)).text('pin.tries-left', { count })).toBe(said)
  })
})

describe('dates, times and numbers', () => {
  const noon = Date.UTC(2026, 4, 12, 14, 4)
  test.each([
    ['en-GB', '12 May 2026 at 14:04', '2.4 s', '30 seconds'],
    ['en-US', 'May 12, 2026 at 2:04 PM', '2.4 s', '30 seconds'],
    ['de-AT', '12. Mai 2026 um 14:04', '2,4 s', '30 Sekunden'],
    ['fr-CH', '12 mai 2026 à 14:04', '2,4 s', '30 secondes'],
    ['es-ES', '12 de mayo de 2026 a las 14:04', '2,4 s', '30 segundos'],
    ['hi-IN', '12 मई 2026 को 2:04 pm बजे', '2.4 सेकंड', '30 सेकंड'],
    ['ar-EG', '12 مايو 2026 في 2:04 م', '2.4 ثانية', '30 ثانية'],
  ])('%s', async (locale, dateTime, duration, wait) => {
    const texts = createTexts(await loadTable(locale.slice(0, 2) as Language), locale, 'UTC')
    // Which kind of space stands between depends on the engine's version of CLDR.
    const plain = (said: string) => said.replace(/[\u00a0\u202f]/g, ' ').replace(/[\u200e\u200f]/g, '')
    expect(plain(texts.dateTime(noon))).toBe(dateTime)
    expect(plain(texts.duration(2_440))).toBe(duration)
    expect(plain(texts.wait(29_001))).toBe(wait)
  })
})

describe('direction', () => {
  test('Arabic runs from right to left, the others from left to right', async () => {
    for (const language of LANGUAGES) expect((await loadTexts(language)).direction).toBe(language === 'ar' ? 'rtl' : 'ltr')
  })

  test('a Latin name in an Arabic sentence and an Arabic name in a Latin one are isolated', async () => {
    const arabic = await loadTexts('ar')
    expect(arabic.text('session.title', { name: 'Jon (1)' })).toBe('تم تسجيل دخول \u2068Jon (1)\u2069')
    const german = await loadTexts('de')
    expect(german.text('session.title', { name: 'ليلى' })).toBe('\u2068ليلى\u2069 ist angemeldet')
    expect(german.text('session.title', { name: 'Jon' })).toBe('Jon ist angemeldet')
  })
})

test('a language that there is not speaks English', async () => {
  expect((await loadTexts('pt-BR')).text('pin.submit')).toBe('Continue')
})
