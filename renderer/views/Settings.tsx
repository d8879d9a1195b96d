/** Every setting with its value, where it comes from, and the way to change it, or why there is none here. */
import { ArrowLeft, Lock, RotateCw } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import type { SettingChange, SettingControl, SettingView } from '../../electron/contract/settings.ts'
import type { SettingsPage } from '../../electron/contract/snapshot.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { Sheet } from '../components/Sheet.tsx'
import type { Texts } from '../locales/texts.ts'
import { languageName } from './language-name.ts'
import { hasWords, type OptionText } from './setting-options.ts'

const GROUPS: readonly SettingView['group'][] = ['desk', 'work', 'connection', 'support']

export function Settings({ page }: { readonly page: SettingsPage }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  return (
    <Sheet
      title={text('settings.title')}
      icon={ArrowLeft}
      back={text('readers.close')}
      onBack={() => void send({ kind: 'dismiss' })}
    >
      <p className="hint">{text('settings.hint')}</p>
      {GROUPS.map((group) => (
        <section key={group} aria-labelledby={`settings-${group}`}>
          <h2 id={`settings-${group}`}>{text(`settings.group.${group}`)}</h2>
          <ul className="settings">
            {page.settings
              .filter((view) => view.group === group)
              .map((view) => (
                <Setting key={view.key} view={view} unkept={page.unkept === view.key} />
              ))}
          </ul>
        </section>
      ))}
    </Sheet>
  )
}

/** What stands on a control, or instead of it. */
function shownText(texts: Texts, { key, shown }: SettingView): string {
  const { text } = texts
  if (shown.kind !== 'value') return text(`settings.${shown.kind}`)
  const { value } = shown
  if (typeof value === 'boolean') return text(value ? 'settings.on' : 'settings.off')
  return typeof value === 'number' ? String(value) : choiceText(texts, key, value)
}

function choiceText({ text }: Texts, key: string, option: string): string {
  if (key === 'language') return option === 'system' ? text('language.system') : (languageName(option) ?? option)
  return hasWords(key, option) ? text(`setting.${key}.${option}` as OptionText) : option
}

function Setting({ view, unkept }: { readonly view: SettingView; readonly unkept: boolean }) {
  const texts = useTexts()
  const { text } = texts
  const { key, source, control, lock, waits } = view
  const name = useId()
  const about = useId()
  return (
    <li className="setting">
      <div className="setting-words">
        <h3 id={name}>{text(`setting.${key}.name`)}</h3>
        <p id={about}>{text(`setting.${key}.hint`)}</p>
        <p className="setting-source">
          {lock && <Lock aria-hidden />}
          {text(lock ? `settings.lock.${lock}` : `settings.source.${source}`)}
        </p>
        {waits && (
          <p className="setting-waits">
            <RotateCw aria-hidden />
            {text('settings.waits')}
          </p>
        )}
        {unkept && <Unkept />}
      </div>
      <div className="setting-control">
        {control && lock === undefined ? (
          <Control view={view} control={control} name={name} about={about} />
        ) : (
          <p className="setting-value">
            <bdi>{shownText(texts, view)}</bdi>
          </p>
        )}
      </div>
    </li>
  )
}

function Unkept() {
  const { text } = useTexts()
  useAnnouncement(text('settings.unkept'), 'problem')
  return <p className="field-error">{text('settings.unkept')}</p>
}

interface ControlProps {
  readonly view: SettingView
  readonly control: SettingControl
  /** Elements that name and explain it. */
  readonly name: string
  readonly about: string
}

function Control({ view, control, ...labels }: ControlProps) {
  const texts = useTexts()
  const send = useTerminal((state) => state.send)
  const { key, shown } = view
  const value = shown.kind === 'value' ? shown.value : ''
  const aria = { 'aria-labelledby': labels.name, 'aria-describedby': labels.about }
  // Main parses the change by the schema that it made this control from.
  const change = (next: string | number | boolean): void => {
    void send({ kind: 'set-setting', change: { key, value: next } as SettingChange })
  }
  switch (control.kind) {
    case 'switch':
      return (
        <button
          type="button"
          role="switch"
          aria-checked={value === true}
          className="switch"
          {...aria}
          onClick={() => change(value !== true)}
        >
          <span className="switch-track" aria-hidden="true" />
          <span>{shownText(texts, view)}</span>
        </button>
      )
    case 'choice':
      return (
        <span className="field field-select">
          <select {...aria} value={String(value)} onChange={(event) => change(event.target.value)}>
            {control.options.map((option) => (
              <option key={option} value={option}>
                {choiceText(texts, key, option)}
              </option>
            ))}
          </select>
        </span>
      )
    case 'number':
      return <NumberField control={control} value={Number(value)} labels={labels} onChange={change} />
    default:
      return control satisfies never
  }
}

interface NumberFieldProps {
  readonly control: Extract<SettingControl, { kind: 'number' }>
  readonly value: number
  readonly labels: Pick<ControlProps, 'name' | 'about'>
  onChange(value: number): void
}

/** Sent when it is left or confirmed, not while it is typed: half a number is another number. */
function NumberField({ control: { least, most }, value, labels, onChange }: NumberFieldProps) {
  const { text } = useTexts()
  const [typed, setTyped] = useState(String(value))
  const [isWrong, setWrong] = useState(false)
  const sent = useRef(value)
  const error = useId()
  useEffect(() => {
    sent.current = value
    setTyped(String(value))
  }, [value])

  function finish(): void {
    const wanted = /^\d{1,9}$/.test(typed.trim()) ? Number(typed) : Number.NaN
    const fits = wanted >= least && wanted <= most
    setWrong(!fits)
    if (!fits || wanted === sent.current) return
    sent.current = wanted
    onChange(wanted)
  }

  return (
    <span className="field field-number">
      <input
        inputMode="numeric"
        autoComplete="off"
        maxLength={9}
        value={typed}
        aria-labelledby={labels.name}
        aria-describedby={isWrong ? `${labels.about} ${error}` : labels.about}
        aria-invalid={isWrong || undefined}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={finish}
        onKeyDown={(event: KeyboardEvent) => {
          if (event.key === 'Enter') finish()
        }}
      />
      {isWrong && <WrongNumber id={error} words={text('settings.range', { least, most })} />}
    </span>
  )
}

function WrongNumber({ id, words }: { readonly id: string; readonly words: string }) {
  useAnnouncement(words, 'problem')
  return (
    <span id={id} className="field-error">
      {words}
    </span>
  )
}
