/** The languages' tables. Each is a file of its own in the bundle, fetched when its language is first needed. */
import { type Language, languageOf } from '../../electron/contract/languages.ts'
import { type AnyTable, createTexts, type Texts } from './texts.ts'

const TABLES: { readonly [L in Language]: () => Promise<AnyTable> } = {
  en: async () => (await import('./en/index.ts')).en,
  de: async () => (await import('./de/index.ts')).de,
  fr: async () => (await import('./fr/index.ts')).fr,
  es: async () => (await import('./es/index.ts')).es,
  hi: async () => (await import('./hi/index.ts')).hi,
  ar: async () => (await import('./ar/index.ts')).ar,
}

/** Each language as its own speakers write it: never translated, so that everyone finds their own. */
export const LANGUAGE_NAMES: { readonly [L in Language]: string } = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  hi: 'हिन्दी',
  ar: 'العربية',
}

/** The table of a language; English for what is none of ours. */
export const loadTable = (language: Language | undefined): Promise<AnyTable> => TABLES[language ?? 'en']()

/** The texts of a locale such as 'de-AT'. */
export async function loadTexts(locale: string): Promise<Texts> {
  return createTexts(await loadTable(languageOf(locale)), locale)
}
