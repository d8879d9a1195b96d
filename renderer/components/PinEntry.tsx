/**
 * Where a PIN is typed, by keyboard or keypad. The digits stay in this component: in no store, and in the page only as
 * dots. They are dropped when they are handed on and when the entry goes away; JavaScript cannot wipe the string itself
 * (docs/security.md).
 */
import { ArrowRight, LifeBuoy } from 'lucide-react'
import { type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react'
import { Input, Label, TextField } from 'react-aria-components'
import { useAnnouncement } from './Announcer.tsx'
import { Button } from './Button.tsx'
import { useTexts } from './context.ts'
import { Keypad } from './Keypad.tsx'

/** SP 800-73-5 part 2, section 3.2.1: a PIV PIN is 6 to 8 decimal digits. */
const SHORTEST = 6
const LONGEST = 8
const DOT = '•'

interface Props {
  readonly label: string
  /** How a PIN has to be. */
  readonly rules: string
  /** What else is to know before it is typed, such as the tries left. */
  readonly children?: ReactNode
  onSubmit(pin: string): void
  onCancel(): void
}

function PinTiles({ count }: { readonly count: number }) {
  return (
    <span className="pin-tiles" aria-hidden="true">
      {Array.from({ length: LONGEST }, (_, place) => {
        const kind = place < count ? 'pin-tile-full' : place < SHORTEST ? 'pin-tile-open' : 'pin-tile-extra'
        return <span key={`tile ${place + 1}`} className={`pin-tile ${kind}`} />
      })}
    </span>
  )
}

export function PinEntry({ label, rules, children, onSubmit, onCancel }: Props) {
  const { text } = useTexts()
  const digits = useRef('')
  const [count, setCount] = useState(0)
  const [tooShort, setTooShort] = useState(false)
  const explanation = useId()
  useAnnouncement(tooShort ? text('pin.too-short') : count === 0 ? '' : text('pin.entered', { count }))

  function hold(next: string): void {
    digits.current = next.slice(0, LONGEST)
    setCount(digits.current.length)
    setTooShort(false)
  }
  function submit(): void {
    const pin = digits.current
    if (pin.length < SHORTEST) {
      setTooShort(true)
      return
    }
    hold('')
    onSubmit(pin)
  }

  /** Digits reach the PIN wherever the focus stands; other keys keep their meaning there. */
  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return
    const elsewhere = event.target instanceof Element && event.target.closest('button, a, select, [role="button"]') !== null
    if (/^[0-9]$/.test(event.key)) {
      // A key that is held down would fill the field by itself.
      if (!event.repeat) hold(digits.current + event.key)
    } else if (event.key === 'Backspace') hold(digits.current.slice(0, -1))
    else if (event.key === 'Enter' && !elsewhere) {
      // The key that ended the step before must not also end this one.
      if (!event.repeat) submit()
    } else return
    event.preventDefault()
  }
  const latest = useRef(onKey)
  latest.current = onKey
  // Before it is drawn: whoever sees the field may type.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => latest.current(event)
    window.addEventListener('keydown', listen, true)
    return () => {
      window.removeEventListener('keydown', listen, true)
      digits.current = ''
    }
  }, [])

  /** What did not come by key: pasted, dictated, or from the system's own keyboard. */
  function onChange(value: string): void {
    const kept = value.split(DOT).length - 1
    hold(digits.current.slice(0, kept) + value.replace(/[^0-9]/g, ''))
  }

  return (
    <div className="pin-entry">
      <div className="pin-form">
        <TextField
          className="pin-field"
          value={DOT.repeat(count)}
          onChange={onChange}
          aria-describedby={explanation}
          isInvalid={tooShort}
          autoComplete="off"
          spellCheck="false"
          inputMode="numeric"
          autoFocus
        >
          <Label>{label}</Label>
          <span className="pin-box">
            <Input onSelect={({ currentTarget }) => currentTarget.setSelectionRange(count, count)} />
            <PinTiles count={count} />
          </span>
        </TextField>
        <div id={explanation} className="pin-explanation">
          {children}
          <p className={tooShort ? 'rules rules-missed' : 'rules'}>{tooShort ? text('pin.too-short') : rules}</p>
        </div>
        <div className="actions">
          <Button look="primary" iconAfter={ArrowRight} onPress={submit}>
            {text('pin.submit')}
          </Button>
          <Button look="quiet" onPress={onCancel}>
            {text('problem.cancel')}
          </Button>
        </div>
      </div>
      <Keypad onDigit={(digit) => hold(digits.current + digit)} onDelete={() => hold(digits.current.slice(0, -1))} />
    </div>
  )
}

/** Said before every entry: how many tries the card still allows. */
export function TriesLeft({ count }: { readonly count: number | undefined }) {
  const { text } = useTexts()
  return (
    <p className={count !== undefined && count <= 1 ? 'tries tries-few' : 'tries'}>
      <LifeBuoy aria-hidden />
      {count === undefined ? text('pin.tries-unknown') : text('pin.tries-left', { count })}
    </p>
  )
}
