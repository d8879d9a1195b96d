/**
 * How a text is found and filled: one flat table for each language, typed by the English one, so that a missing key or a
 * missing parameter does not compile. Names in braces are parameters; an entry with plural forms chooses by its `count`
 * (CLDR plural categories through Intl.PluralRules).
 */
import { en } from './en.ts'

/** A sentence for each plural category that the language needs; `other` always stands. */
export type PluralText = { readonly other: string } & { readonly [Category in Intl.LDMLPluralRule]?: string }
export type Entry = string | PluralText

type English = typeof en
export type TextKey = keyof English
/** What a language has to provide: the same keys, and plural forms where English has them. */
export type Table = { readonly [Key in TextKey]: English[Key] extends string ? string : PluralText }

type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never
type Forms<E> = E extends string ? E : E[keyof E] & string
type ParametersOf<K extends TextKey> = NamesIn<Forms<English[K]>> | (English[K] extends string ? never : 'count')
/** What `text` takes behind its key: nothing, or an object with every parameter of the entry. */
export type TextArguments<K extends TextKey> = [ParametersOf<K>] extends [never]
  ? []
  : [parameters: { readonly [Name in ParametersOf<K>]: string | number }]

export interface Texts {
  /** BCP 47, such as 'en-GB': of dates and numbers. */
  readonly locale: string
  readonly direction: 'ltr' | 'rtl'
  text<K extends TextKey>(key: K, ...rest: TextArguments<K>): string
  /** A day, such as '3 May 2026'; takes milliseconds since 1970. */
  date(at: number): string
  /** A day and its time, such as '3 May 2026 at 09:14'; takes milliseconds since 1970. */
  dateTime(at: number): string
  /** A duration as people read it: '640 ms', '2.4 s'. */
  duration(ms: number): string
  /** A waiting time in whole seconds or minutes, rounded up. */
  wait(ms: number): string
}

const tables: { readonly [language: string]: Table } = { en }
const RIGHT_TO_LEFT = ['ar', 'fa', 'he', 'ur']

const languageOf = (locale: string): string => locale.split('-')[0] ?? locale

/** The first of the person's locales that has a table; English where none has. */
export function chooseLocale(wanted: readonly string[]): string {
  return wanted.find((locale) => languageOf(locale) in tables) ?? 'en'
}

function fill(template: string, parameters: Readonly<Record<string, string | number>>, number: Intl.NumberFormat): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name]
    if (value === undefined) throw new RangeError(`no value for {${name}}`)
    return typeof value === 'number' ? number.format(value) : value
  })
}

/** The texts and formats of a locale. `timeZone` is the machine's where absent. */
export function createTexts(locale: string, timeZone?: string): Texts {
  const language = languageOf(locale)
  const table: Table = tables[language] ?? en
  const plural = new Intl.PluralRules(locale)
  const number = new Intl.NumberFormat(locale)
  const zone = timeZone === undefined ? {} : { timeZone }
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long', ...zone })
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', ...zone })
  const unit = (name: string) => new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' })
  const seconds = unit('second')
  const minutes = unit('minute')
  const text: Texts['text'] = (key, ...rest) => {
    const parameters: Readonly<Record<string, string | number>> & { readonly count?: number } = rest[0] ?? {}
    const entry: Entry = table[key]
    if (typeof entry === 'string') return fill(entry, parameters, number)
    return fill(entry[plural.select(Number(parameters.count))] ?? entry.other, parameters, number)
  }
  return {
    locale,
    direction: RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr',
    text,
    date: (at) => date.format(at),
    dateTime: (at) => dateTime.format(at),
    duration: (ms) =>
      ms < 1000
        ? text('duration.milliseconds', { value: Math.round(ms) })
        : text('duration.seconds', { value: Math.round(ms / 100) / 10 }),
    wait: (ms) => (ms <= 90_000 ? seconds.format(Math.max(1, Math.ceil(ms / 1000))) : minutes.format(Math.ceil(ms / 60_000))),
  }
}
