/** The languages of the window, and how one is chosen. Both sides of the IPC know them. */

/** BCP 47 language subtags, in the order in which they are offered. Each has its texts in renderer/locales/. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'hi', 'ar'] as const
export type Language = (typeof LANGUAGES)[number]

/** 'system': what the operating system prefers. */
export const LANGUAGE_SETTINGS = ['system', ...LANGUAGES] as const
export type LanguageSetting = (typeof LANGUAGE_SETTINGS)[number]

export interface LanguageView {
  /** BCP 47, such as 'de-AT': the language of the desk and the region of its dates and numbers. */
  readonly desk: string
  /** The language of the person who is being served, where it is not the desk's: BCP 47 too. */
  readonly person?: string
  /** Whom a choice is for now: the desk, by intent 'set-language', or the person there, by 'set-person-language'. */
  readonly choosesFor: 'desk' | 'person'
  readonly setting: LanguageSetting
  /** The setting is fixed from outside, such as by the environment. */
  readonly locked: boolean
}

const isLanguage = (tag: string): tag is Language => (LANGUAGES as readonly string[]).includes(tag)

/** The primary language subtag (RFC 5646 section 2.2.1) where Tessera has that language. */
export function languageOf(locale: string): Language | undefined {
  const [primary = ''] = locale.toLowerCase().split('-')
  return isLanguage(primary) ? primary : undefined
}

/** The region subtag (RFC 5646 section 2.2.4), such as AT of de-AT or EG of ar-Arab-EG. */
function regionOf(locale: string): string | undefined {
  return /^[a-z]{2,8}(?:-[a-z]{4})?-([a-z]{2}|[0-9]{3})(?:-|$)/i.exec(locale)?.[1]?.toUpperCase()
}

/**
 * The locale for a setting, given what the operating system prefers (BCP 47, best first). A language that was chosen keeps
 * the region of the system, because a desk in Vienna writes its dates as Vienna does, also in English.
 */
export function chooseLocale(setting: LanguageSetting, system: readonly string[]): string {
  if (setting === 'system') return system.find((locale) => languageOf(locale) !== undefined) ?? 'en'
  const same = system.find((locale) => languageOf(locale) === setting)
  if (same !== undefined) return same
  const region = system[0] === undefined ? undefined : regionOf(system[0])
  return region === undefined ? setting : `${setting}-${region}`
}
