import { FieldError, Input, Label, TextField } from 'react-aria-components'
import { useTexts } from './context.ts'

interface Props {
  readonly label: string
  readonly value: string
  readonly maxLength: number
  readonly autoFocus?: boolean
  /** Cannot be changed just now; unlike a field that is disabled it keeps the focus. */
  readonly isReadOnly?: boolean
  /** Set as code: even widths, no capital letters forced, no correction. */
  readonly code?: boolean
  onChange(value: string): void
}

/** One line of text. What is missing is said when the form is sent, not while the person types. */
export function Field({ label, code = false, ...props }: Props) {
  const { text } = useTexts()
  return (
    <TextField
      {...props}
      className={code ? 'field field-code' : 'field'}
      isRequired
      autoComplete="off"
      spellCheck="false"
      autoCorrect="off"
    >
      <Label>{label}</Label>
      <Input />
      <FieldError>
        {({ validationDetails }) =>
          validationDetails.tooLong ? text('person.too-long', { limit: props.maxLength }) : text('person.missing')
        }
      </FieldError>
    </TextField>
  )
}
