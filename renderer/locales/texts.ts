/**
 * How a text is found and filled: one flat table for each language, typed by the English one, so that a missing key, a missing
 * plural form or a missing parameter does not compile. Names in braces are parameters; an entry with plural forms chooses by
 * its `count` (CLDR plural categories through Intl.PluralRules). docs/decisions/texts.md says why there is no library here.
 */
import { languageOf } from '../../electron/contract/languages.ts'
import type { en } from './en/index.ts'

/** A sentence for each plural category that the language has. */
export type PluralText<Category extends Intl.LDMLPluralRule> = { readonly [C in Category]: string }
/** What is read of an entry: `other` always stands. */
export type Entry = string | ({ readonly other: string } & { readonly [C in Intl.LDMLPluralRule]?: string })

type English = typeof en
export type TextKey = keyof English
/** What a language has to provide: the same keys, and all of its own plural forms where English has them. */
export type Table<Category extends Intl.LDMLPluralRule> = {
  readonly [Key in TextKey]: English[Key] extends string ? string : PluralText<Category>
}
/** A table of whatever language. */
export type AnyTable = { readonly [Key in TextKey]: English[Key] extends string ? string : Exclude<Entry, string> }

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
  /** A time of today, such as '09:14'; takes milliseconds since 1970. */
  time(at: number): string
  /** A duration as people read it: '640 ms', '2.4 s'. */
  duration(ms: number): string
  /** A waiting time in whole seconds or minutes, rounded up; above two hours in hours, to the tenth. */
  wait(ms: number): string
  /** Bytes in megabytes, from a thousand of them on in gigabytes, rounded down. */
  size(bytes: number): string
}

/**
 * Digits are 0 to 9 in every language: those of the keypad, of card numbers and of what is printed on cards, so that one
 * window shows one kind of digit (docs/decisions/texts.md).
 */
const DIGITS = { numberingSystem: 'latn' } as const

const RIGHT_TO_LEFT_LETTER = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/

/**
 * A value inside a sentence keeps its own direction and does not turn its surroundings: first strong isolate and pop
 * directional isolate (Unicode Standard Annex 9, section 2.4). Where both run from left to right nothing is added.
 */
function isolate(value: string, direction: Texts['direction']): string {
  return direction === 'rtl' || RIGHT_TO_LEFT_LETTER.test(value) ? `\u2068${value}\u2069` : value
}

type Parameters = Readonly<Record<string, string | number>>

function fill(template: string, parameters: Parameters, show: (value: string | number) => string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name]
    if (value === undefined) throw new RangeError(`no value for {${name}}`)
    return show(value)
  })
}

/** The texts and formats of a locale, from its language's table. `timeZone` is the machine's where absent. */
export function createTexts(table: AnyTable, locale: string, timeZone?: string): Texts {
  const direction = languageOf(locale) === 'ar' ? 'rtl' : 'ltr'
  const plural = new Intl.PluralRules(locale)
  const number = new Intl.NumberFormat(locale, DIGITS)
  const zone = { ...DIGITS, ...(timeZone === undefined ? {} : { timeZone }) }
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long', ...zone })
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', ...zone })
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short', ...zone })
  const unit = (name: string) => new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long', ...DIGITS })
  const seconds = unit('second')
  const minutes = unit('minute')
  const hours = unit('hour')
  const megabytes = unit('megabyte')
  const gigabytes = unit('gigabyte')
  const show = (value: string | number) => (typeof value === 'number' ? number.format(value) : isolate(value, direction))
  const text: Texts['text'] = (key, ...rest) => {
    const parameters: Parameters & { readonly count?: number } = rest[0] ?? {}
    const entry: Entry = table[key]
    if (typeof entry === 'string') return fill(entry, parameters, show)
    return fill(entry[plural.select(Number(parameters.count))] ?? entry.other, parameters, show)
  }
  return {
    locale,
    direction,
    text,
    date: (at) => date.format(at),
    dateTime: (at) => dateTime.format(at),
    time: (at) => time.format(at),
    duration: (ms) =>
      ms < 1000
        ? text('duration.milliseconds', { value: Math.round(ms) })
        : text('duration.seconds', { value: Math.round(ms / 100) / 10 }),
    wait: (ms) =>
      ms <= 90_000
        ? seconds.format(Math.max(1, Math.ceil(ms / 1000)))
        : ms <= 2 * 3_600_000
          ? minutes.format(Math.ceil(ms / 60_000))
          : hours.format(Math.ceil(ms / 360_000) / 10),
    size: (bytes) => (bytes < 1e9 ? megabytes.format(Math.floor(bytes / 1e6)) : gigabytes.format(Math.floor(bytes / 1e8) / 10)),
  }
}
