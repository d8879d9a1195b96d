/** Beside a PIN that is entered on the reader: what to press in which order, how long it waits, and the way out. */
import { Check, Keyboard, Timer, TriangleAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { TriesLeft } from '../components/PinEntry.tsx'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { Stage } from '../components/Stage.tsx'
import type { Texts } from '../locales/texts.ts'
import type { PromptProps } from './prompt-props.ts'

const SECOND_MS = 1000

/** Milliseconds until then, looked at each second. */
function useTimeLeft(endsAt: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, endsAt - now)
}

/** When the reader gives up by itself: nothing here can end it sooner, because PC/SC cannot call off what a reader waits for. */
function Countdown({ endsAt }: { readonly endsAt: number }) {
  const { text, wait } = useTexts()
  const left = useTimeLeft(endsAt)
  return (
    <p className="tries" role="timer" aria-live="off">
      <Timer aria-hidden />
      {left > 0 ? text('pad.ends-in', { time: wait(left) }) : text('pad.time-up')}
    </p>
  )
}

/** What to press, one after the other. */
function Order({ change }: { readonly change: boolean }) {
  const { text } = useTexts()
  const steps = change
    ? [text('pad.change-step-1'), text('pad.change-step-2'), text('pad.change-step-3')]
    : [text('pad.step-1'), text('pad.step-2')]
  return (
    <ol className="pad-steps">
      {steps.map((step) => (
        <li key={step}>{step}</li>
      ))}
    </ol>
  )
}

interface Props extends PromptProps<'pin-pad'> {
  /** The keys are drawn in this window. */
  readonly isSimulated: boolean
}

function titleOf({ text }: Texts, { ceremony, prompt }: Pick<Props, 'ceremony' | 'prompt'>): string {
  const { change, endsAt, problem } = prompt
  if (endsAt === undefined && problem !== undefined) return text(`problem.${problem.code}.title`)
  if (change) return text(endsAt === undefined ? 'pad.change-ready-title' : 'pad.change-title')
  if (endsAt === undefined) return text('pad.again-title')
  return text(ceremony.kind === 'sign-in' || ceremony.part === 'approval' ? 'pad.title-own' : 'pad.title')
}

export function PinPad({ eyebrow, ceremony, prompt, isSimulated }: Props) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const { change = false, problem, retriesLeft, endsAt, giveUp } = prompt
  const isEntering = endsAt !== undefined
  const title = titleOf(texts, { ceremony, prompt })
  const tries = retriesLeft === undefined ? text('pin.tries-unknown') : text('pin.tries-left', { count: retriesLeft })
  return (
    <Stage
      key={isEntering ? 'entering' : 'again'}
      eyebrow={eyebrow}
      title={title}
      spoken={`${title}. ${tries}`}
      picture={<CardDrawing pose={isEntering ? 'pinpad' : 'wait'} />}
    >
      {problem && <ProblemNote problem={problem} />}
      {(isEntering || (change && !problem)) && <Order change={change} />}
      {change && !isEntering && !problem && (
        <p className="note note-caution note-short">
          <TriangleAlert className="note-icon" aria-hidden />
          {text('pad.change-warning')}
        </p>
      )}
      <TriesLeft count={retriesLeft} />
      {isEntering && <Countdown endsAt={endsAt} />}
      {giveUp !== undefined && (
        <p className="note note-caution note-short" role="status">
          {text(`pad.give-up-${giveUp}`)}
        </p>
      )}
      <div className="actions">
        {!isEntering && (
          <Button look="primary" icon={Check} onPress={() => void send({ kind: 'use-pin-pad' })} autoFocus>
            {text(change && !problem ? 'pad.change-begin' : 'pad.again')}
          </Button>
        )}
        <Button icon={Keyboard} onPress={() => void send({ kind: 'use-keyboard' })}>
          {text('pad.keyboard')}
        </Button>
        <Button look="quiet" onPress={() => void send({ kind: 'cancel' })}>
          {text('pad.cancel')}
        </Button>
      </div>
      {isEntering && giveUp === undefined && <p className="fine-print">{text('pad.ends')}</p>}
      {isEntering && change && <p className="fine-print">{text('pad.change-warning')}</p>}
      {isEntering && !change && !isSimulated && <p className="fine-print">{text('pad.private')}</p>}
    </Stage>
  )
}
