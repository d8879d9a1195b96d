/** The two prompts that ask for a PIN: the present one, and a new one chosen twice. */
import { EyeOff, TriangleAlert } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useAnnouncement } from '../components/Announcer.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { PinEntry, TriesLeft } from '../components/PinEntry.tsx'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { Stage } from '../components/Stage.tsx'
import type { PromptProps } from './prompt-props.ts'

export function EnterPin({ eyebrow, ceremony, prompt }: PromptProps<'enter-pin'>) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const tries =
    prompt.retriesLeft === undefined ? text('pin.tries-unknown') : text('pin.tries-left', { count: prompt.retriesLeft })
  const own = ceremony.kind === 'sign-in' || ceremony.part === 'approval'
  const title = text(own ? 'pin.title-operator' : 'pin.title')
  return (
    <Stage eyebrow={eyebrow} title={title} spoken={`${title}. ${tries}`}>
      {prompt.problem && <ProblemNote problem={prompt.problem} />}
      <PinEntry
        label={text('pin.label')}
        rules={text('pin.length')}
        onSubmit={(pin) => void send({ kind: 'submit-pin', pin })}
        onCancel={() => void send({ kind: 'cancel' })}
      >
        <TriesLeft count={prompt.retriesLeft} />
      </PinEntry>
    </Stage>
  )
}

type Turn = 'current' | 'new' | 'repeat'

/** One field at a time: the present PIN where it is asked for, the new one, and the new one once more. */
export function ChoosePin({ eyebrow, prompt }: PromptProps<'choose-pin'>) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const first: Turn = prompt.current ? 'current' : 'new'
  const [turn, setTurn] = useState<Turn>(first)
  const [mismatch, setMismatch] = useState(false)
  // Kept out of React's state, so that no tool that shows state shows a PIN.
  const held = useRef({ current: '', chosen: '' })
  useEffect(
    () => () => {
      held.current = { current: '', chosen: '' }
    },
    [],
  )
  useAnnouncement(mismatch ? text('choose-pin.mismatch') : '', 'problem')

  function take(pin: string): void {
    const { current, chosen } = held.current
    switch (turn) {
      case 'current':
        held.current = { current: pin, chosen: '' }
        setTurn('new')
        return
      case 'new':
        held.current = { current, chosen: pin }
        setMismatch(false)
        setTurn('repeat')
        return
      case 'repeat':
        if (pin !== chosen) {
          held.current = { current, chosen: '' }
          setMismatch(true)
          setTurn('new')
          return
        }
        held.current = { current: '', chosen: '' }
        setTurn(first)
        void send({ kind: 'submit-new-pin', pin, ...(prompt.current ? { current } : {}) })
        return
      default:
        turn satisfies never
    }
  }

  const title = text(`choose-pin.${turn}`)
  return (
    <Stage key={turn} eyebrow={eyebrow} title={title} spoken={turn === 'new' ? `${title}. ${text('choose-pin.rules')}` : title}>
      {prompt.problem && turn === first && !mismatch && <ProblemNote problem={prompt.problem} />}
      {mismatch && turn === 'new' && (
        <p className="note note-caution note-short">
          <TriangleAlert className="note-icon" aria-hidden />
          {text('choose-pin.mismatch')}
        </p>
      )}
      <PinEntry
        label={text(`choose-pin.${turn}-label`)}
        rules={text(turn === 'new' ? 'choose-pin.rules' : 'pin.length')}
        onSubmit={take}
        onCancel={() => void send({ kind: 'cancel' })}
      >
        {turn === 'current' ? (
          <TriesLeft count={prompt.retriesLeft} />
        ) : (
          <p className="private">
            <EyeOff aria-hidden />
            {text('choose-pin.private')}
          </p>
        )}
      </PinEntry>
    </Stage>
  )
}
