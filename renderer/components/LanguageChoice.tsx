/**
 * The language, in one place: of the desk while nobody is served, of the person while somebody is. A plain select, because
 * everyone knows how to work it by keys, touch and voice, and it costs the start nothing.
 */
import { ChevronDown, Globe } from 'lucide-react'
import { LANGUAGES, type LanguageView, languageOf } from '../../electron/contract/languages.ts'
import { LANGUAGE_NAMES } from '../locales/languages.ts'
import { useTerminal, useTexts } from './context.ts'

export function LanguageChoice({ language }: { readonly language: LanguageView }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const { choosesFor, setting, locked, desk, person } = language
  const forDesk = choosesFor === 'desk'
  const label = text(`language.${choosesFor}`)

  function choose(value: string): void {
    const chosen = LANGUAGES.find((code) => code === value)
    if (!forDesk && chosen) void send({ kind: 'set-person-language', language: chosen })
    else if (forDesk) void send({ kind: 'set-language', language: chosen ?? 'system' })
  }

  const current = languageOf(person ?? desk) ?? 'en'
  return (
    <span className="status-item language" title={forDesk && locked ? text('language.locked') : label}>
      <Globe aria-hidden />
      <span className="language-name" lang={current} aria-hidden="true">
        {LANGUAGE_NAMES[current]}
      </span>
      <ChevronDown className="language-arrow" aria-hidden />
      <select
        className="language-select"
        aria-label={label}
        value={forDesk ? setting : current}
        disabled={forDesk && locked}
        onChange={(event) => choose(event.target.value)}
      >
        {forDesk && <option value="system">{text('language.system')}</option>}
        {LANGUAGES.map((code) => (
          <option key={code} value={code} lang={code}>
            {LANGUAGE_NAMES[code]}
          </option>
        ))}
      </select>
    </span>
  )
}
