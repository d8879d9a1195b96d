/** A supervisor blocks a card: asked once more before, told how it went after. */
import { CircleCheck, ShieldX } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { BlockingView } from '../../electron/contract/snapshot.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { Dialog } from '../components/Dialog.tsx'
import { ProblemNote } from '../components/ProblemNote.tsx'

/** Whose card: of the person who is logged in, with that number, or of a number that is typed in. */
export type BlockTarget =
  | { readonly kind: 'session'; readonly name: string }
  | { readonly kind: 'card'; readonly cardNumber: string }
  | { readonly kind: 'typed' }

interface Props {
  readonly target: BlockTarget
  readonly blocking: BlockingView | undefined
  readonly onClose: () => void
}

/** The digits of a card's number as main takes them; undefined where it is none. */
function cardDigits(typed: string): string | undefined {
  const digits = typed.replace(/[\s-]/g, '').toLowerCase()
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined
}

export function BlockDialog({ target, blocking, onClose }: Props) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const [asked, setAsked] = useState(false)
  const outcome = asked ? blocking : undefined
  const title =
    target.kind === 'session'
      ? text('block.title', { name: target.name })
      : text(target.kind === 'card' ? 'block.title-card' : 'block.title-number')

  function block(card: string | undefined): void {
    setAsked(true)
    void send({ kind: 'block-card', ...(card === undefined ? {} : { card }) })
  }
  function close(): void {
    if (outcome !== undefined) void send({ kind: 'block-seen' })
    onClose()
  }

  return (
    <Dialog title={title} hint={text('block.hint')} onClose={close}>
      {outcome === undefined || outcome.state === 'failed' ? (
        <Question target={target} problem={outcome?.problem} onBlock={block} onCancel={close} />
      ) : (
        <Progress done={outcome.state === 'done'} onClose={close} />
      )}
    </Dialog>
  )
}

interface QuestionProps {
  readonly target: BlockTarget
  readonly problem: BlockingView['problem']
  readonly onBlock: (card: string | undefined) => void
  readonly onCancel: () => void
}

function Question({ target, problem, onBlock, onCancel }: QuestionProps) {
  const { text } = useTexts()
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)

  function submit(event: FormEvent): void {
    event.preventDefault()
    const card = target.kind === 'typed' ? cardDigits(typed) : target.kind === 'card' ? cardDigits(target.cardNumber) : undefined
    if (card === undefined && target.kind !== 'session') setWrong(true)
    else onBlock(card)
  }

  return (
    <form className="form" onSubmit={submit}>
      {problem && <ProblemNote problem={problem} />}
      {target.kind === 'card' && <p className="code-line">{target.cardNumber}</p>}
      {target.kind === 'typed' && (
        <label className="field field-code">
          <span>{text('block.number')}</span>
          <input
            data-first
            value={typed}
            maxLength={47}
            autoComplete="off"
            spellCheck={false}
            aria-invalid={wrong}
            onChange={(event) => {
              setTyped(event.target.value)
              setWrong(false)
            }}
          />
          {wrong && <Wrong />}
        </label>
      )}
      <div className="actions">
        <Button type="submit" look="danger" icon={ShieldX}>
          {text('block.confirm')}
        </Button>
        <Button onPress={onCancel} {...(target.kind === 'typed' ? {} : { 'data-first': true })}>
          {text('block.cancel')}
        </Button>
      </div>
    </form>
  )
}

function Wrong() {
  const { text } = useTexts()
  useAnnouncement(text('block.number-wrong'), 'problem')
  return <span className="field-error">{text('block.number-wrong')}</span>
}

function Progress({ done, onClose }: { readonly done: boolean; readonly onClose: () => void }) {
  const { text } = useTexts()
  const words = text(done ? 'block.done' : 'block.working')
  useAnnouncement(words)
  return (
    <>
      <p className="dialog-outcome">
        {done && <CircleCheck aria-hidden />}
        {words}
      </p>
      <div className="actions">
        <Button look="primary" isDisabled={!done} onPress={onClose}>
          {text('block.close')}
        </Button>
      </div>
    </>
  )
}
