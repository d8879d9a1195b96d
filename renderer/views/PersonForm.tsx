/** Who gets a card: the form of a registration, and of the first operator. */
import { ArrowRight } from 'lucide-react'
import { Form, Label, Radio, RadioGroup } from 'react-aria-components'
import type { OperatorView } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { Field } from '../components/Field.tsx'
import { Stage } from '../components/Stage.tsx'
import type { PersonDraft, Role } from '../store/terminal-store.ts'
import { rolesUpTo } from './roles.ts'

/** protocol/messages/operations.ts, personSchema: the longest values that the gateway takes. */
const LONGEST_NAME = 80
const LONGEST_REFERENCE = 40

const isChoice = (value: string, choices: readonly PersonDraft['role'][]): value is PersonDraft['role'] =>
  (choices as readonly string[]).includes(value)

function RoleChoice({ operator }: { readonly operator: OperatorView }) {
  const { text } = useTexts()
  const role = useTerminal((state) => state.person.role)
  const edit = useTerminal((state) => state.editPerson)
  const choices: readonly PersonDraft['role'][] = ['none', ...rolesUpTo(operator.role)]
  return (
    <RadioGroup
      className="choice"
      orientation="horizontal"
      value={role}
      onChange={(value) => {
        if (isChoice(value, choices)) edit({ role: value })
      }}
    >
      <Label>{text('person.role')}</Label>
      <div className="choice-options">
        {choices.map((choice) => (
          <Radio key={choice} className="choice-option" value={choice}>
            {text(choice === 'none' ? 'person.role-none' : `role.${choice}`)}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  )
}

interface Props {
  readonly submitLabel: string
  /** The role that the person gets; the form asks for it where an operator is given instead. */
  readonly fixedRole?: Role
  readonly operator?: OperatorView
  readonly onCancel?: () => void
}

function PersonForm({ submitLabel, fixedRole, operator, onCancel }: Props) {
  const { text } = useTexts()
  const person = useTerminal((state) => state.person)
  const edit = useTerminal((state) => state.editPerson)
  const send = useTerminal((state) => state.send)
  function submit(): void {
    const chosen = fixedRole ?? (person.role === 'none' ? undefined : person.role)
    void send({
      kind: 'register',
      person: {
        givenName: person.givenName.trim(),
        familyName: person.familyName.trim(),
        reference: person.reference.trim(),
      },
      ...(chosen === undefined ? {} : { role: chosen }),
    })
  }
  return (
    <Form
      className="form form-wide"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Field
        label={text('person.given-name')}
        value={person.givenName}
        maxLength={LONGEST_NAME}
        onChange={(givenName) => edit({ givenName })}
        autoFocus
      />
      <Field
        label={text('person.family-name')}
        value={person.familyName}
        maxLength={LONGEST_NAME}
        onChange={(familyName) => edit({ familyName })}
      />
      <Field
        label={text('person.reference')}
        value={person.reference}
        maxLength={LONGEST_REFERENCE}
        onChange={(reference) => edit({ reference })}
      />
      {operator && <RoleChoice operator={operator} />}
      <div className="actions">
        <Button look="primary" type="submit" iconAfter={ArrowRight}>
          {submitLabel}
        </Button>
        {onCancel && (
          <Button look="quiet" onPress={onCancel}>
            {text('problem.cancel')}
          </Button>
        )}
      </div>
    </Form>
  )
}

export function FirstOperator() {
  const { text } = useTexts()
  return (
    <Stage title={text('first-operator.title')} hint={text('first-operator.hint')}>
      <PersonForm submitLabel={text('first-operator.submit')} fixedRole="supervisor" />
    </Stage>
  )
}

export function Register({ operator }: { readonly operator: OperatorView }) {
  const { text } = useTexts()
  const close = useTerminal((state) => state.closeRegistration)
  return (
    <Stage title={text('person.title')} hint={text('person.hint')}>
      <PersonForm submitLabel={text('person.submit')} operator={operator} onCancel={close} />
    </Stage>
  )
}
