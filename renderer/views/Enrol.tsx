import { ArrowRight } from 'lucide-react'
import { Form } from 'react-aria-components'
import type { Problem } from '../../electron/contract/problems.ts'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { Field } from '../components/Field.tsx'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { Stage } from '../components/Stage.tsx'

/** electron/contract/intents.ts: the longest code that main takes. */
const LONGEST_CODE = 200

/** The terminal joins a gateway by a one-time code. */
export function Enrol({ busy, problem }: { readonly busy: boolean; readonly problem: Problem | undefined }) {
  const { text } = useTexts()
  const code = useTerminal((state) => state.enrolCode)
  const edit = useTerminal((state) => state.editEnrolCode)
  const send = useTerminal((state) => state.send)
  return (
    <Stage title={text('enrol.title')} hint={text('enrol.hint')} spoken={busy ? text('enrol.busy') : undefined}>
      {problem && !busy && <ProblemNote problem={problem} />}
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          if (!busy) void send({ kind: 'enrol', code: code.trim() })
        }}
      >
        <Field
          label={text('enrol.code')}
          value={code}
          maxLength={LONGEST_CODE}
          onChange={edit}
          isReadOnly={busy}
          autoFocus
          code
        />
        <div className="actions">
          <Button look="primary" type="submit" iconAfter={ArrowRight} isPending={busy}>
            {text(busy ? 'enrol.busy' : 'enrol.submit')}
          </Button>
        </div>
      </Form>
    </Stage>
  )
}
