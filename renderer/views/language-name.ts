import { LANGUAGES } from '../../electron/contract/languages.ts'
import { LANGUAGE_NAMES } from '../locales/languages.ts'

/** As its own speakers write it; undefined for what is none of ours. */
export function languageName(code: string): string | undefined {
  const known = LANGUAGES.find((language) => language === code)
  return known && LANGUAGE_NAMES[known]
}
