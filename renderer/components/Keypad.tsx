/** Digits to touch. It never takes the focus by touch: the PIN field keeps it, and with it the keyboard. */
import { Delete } from 'lucide-react'
import { Button, Group } from 'react-aria-components'
import { useTexts } from './context.ts'

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const

interface Props {
  onDigit(digit: string): void
  onDelete(): void
}

export function Keypad({ onDigit, onDelete }: Props) {
  const { text } = useTexts()
  return (
    <Group className="keypad" aria-label={text('pin.keypad')}>
      {DIGITS.map((digit) => (
        <Button
          key={digit}
          className={`key key-${digit}`}
          preventFocusOnPress
          aria-label={text('pin.digit', { digit })}
          onPress={() => onDigit(digit)}
        >
          {digit}
        </Button>
      ))}
      <Button className="key key-delete" preventFocusOnPress aria-label={text('pin.delete')} onPress={onDelete}>
        <Delete aria-hidden />
      </Button>
    </Group>
  )
}
