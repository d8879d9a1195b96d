/** Beside a PIN that is entered on the reader: what to press in which order, how long it waits, and the way out. */
import { Check, Keyboard, Timer } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { TriesLeft } from '../components/PinEntry.tsx'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { Stage } from '../components/Stage.tsx'
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

function Countdown({ endsAt }: { readonly endsAt: number }) {
  const { text, wait } = useTexts()
  const left = useTimeLeft(endsAt)
  return (
    <p className="tries" role="timer" aria-live="off">
      <Timer aria-hidden />
      {text('pad.seconds', { time: wait(left) })}
    </p>
  )
}

interface Props extends PromptProps<'pin-pad'> {
  /** The keys are drawn in this window. */
  readonly isSimulated: boolean
}

export function PinPad({ eyebrow, ceremony, prompt, isSimulated }: Props) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const { problem, retriesLeft, endsAt, giveUp } = prompt
  const own = ceremony.kind === 'sign-in' || ceremony.part === 'approval'
  const isEntering = endsAt !== undefined
  const title = text(isEntering ? (own ? 'pad.title-own' : 'pad.title') : 'pad.again-title')
  const tries = retriesLeft === undefined ? text('pin.tries-unknown') : text('pin.tries-left', { count: retriesLeft })
  return (
    <Stage
      key={isEntering ? 'entering' : 'again'}
      eyebrow={eyebrow}
      title={!isEntering && problem ? text(`problem.${problem.code}.title`) : title}
      spoken={`${title}. ${tries}`}
      picture={<CardDrawing pose={isEntering ? 'pinpad' : 'wait'} />}
    >
      {problem && <ProblemNote problem={problem} />}
      {isEntering && (
        <ol className="pad-steps">
          <li>{text('pad.step-1')}</li>
          <li>{text('pad.step-2')}</li>
        </ol>
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
            {text('pad.again')}
          </Button>
        )}
        <Button icon={Keyboard} onPress={() => void send({ kind: 'use-keyboard' })}>
          {text('pad.keyboard')}
        </Button>
        <Button look="quiet" onPress={() => void send({ kind: 'cancel' })}>
          {text('pad.cancel')}
        </Button>
      </div>
      {isEntering && !isSimulated && <p className="fine-print">{text('pad.private')}</p>}
    </Stage>
  )
}
