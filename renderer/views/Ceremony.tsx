/** A ceremony as main tells it: one prompt in the middle, the steps beside it. Escape gives up where that is possible. */
import { useEffect } from 'react'
import type { Ceremony as CeremonyState, Prompt, Snapshot } from '../../electron/contract/snapshot.ts'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { Steps } from '../components/Steps.tsx'
import { PinPad } from './PinPad.tsx'
import { ChoosePin, EnterPin } from './PinPrompts.tsx'
import { ConfirmLastTry, Done, Failed, InsertCard, Working } from './Prompts.tsx'

/** What Escape asks of main, if anything. */
function escapeOf(prompt: Prompt): 'cancel' | 'dismiss' | undefined {
  switch (prompt.kind) {
    case 'insert-card':
    case 'enter-pin':
    case 'pin-pad':
    case 'confirm-last-try':
    case 'choose-pin':
      return 'cancel'
    case 'done':
    case 'failed':
      return 'dismiss'
    case 'working':
      return undefined
    default:
      return prompt satisfies never
  }
}

export function Ceremony({ ceremony, snapshot }: { readonly ceremony: CeremonyState; readonly snapshot: Snapshot }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const onEscape = escapeOf(ceremony.prompt)
  useEffect(() => {
    if (onEscape === undefined) return
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.repeat) void send({ kind: onEscape })
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [onEscape, send])

  const name = text(`ceremony.${ceremony.kind}`)
  const eyebrow = ceremony.person ? text('ceremony.for', { ceremony: name, person: fullName(texts, ceremony.person) }) : name
  return (
    <div className={ceremony.steps.length > 0 ? 'ceremony ceremony-stepped' : 'ceremony'}>
      <PromptView eyebrow={eyebrow} ceremony={ceremony} snapshot={snapshot} />
      {ceremony.steps.length > 0 && <Steps steps={ceremony.steps} />}
    </div>
  )
}

interface ViewProps {
  readonly eyebrow: string
  readonly ceremony: CeremonyState
  readonly snapshot: Snapshot
}

function PromptView({ eyebrow, ceremony, snapshot }: ViewProps) {
  const { prompt } = ceremony
  const shared = { eyebrow, ceremony }
  switch (prompt.kind) {
    case 'insert-card':
      return <InsertCard {...shared} prompt={prompt} snapshot={snapshot} />
    case 'working':
      return <Working {...shared} prompt={prompt} />
    case 'enter-pin':
      return <EnterPin {...shared} prompt={prompt} />
    case 'pin-pad':
      return <PinPad {...shared} prompt={prompt} isSimulated={snapshot.simulation?.pinPad !== undefined} />
    case 'confirm-last-try':
      return <ConfirmLastTry {...shared} prompt={prompt} />
    case 'choose-pin':
      return <ChoosePin {...shared} prompt={prompt} />
    case 'done':
      return <Done {...shared} prompt={prompt} />
    case 'failed':
      return <Failed {...shared} prompt={prompt} snapshot={snapshot} />
    default:
      return prompt satisfies never
  }
}
