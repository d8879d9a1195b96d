/** The prompts of a ceremony that ask for no PIN. */
import { Check, RotateCcw } from 'lucide-react'
import type { CeremonyResult, Snapshot } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { remedyOf } from '../components/ProblemNote.tsx'
import { Stage } from '../components/Stage.tsx'
import type { Texts } from '../locales/texts.ts'
import { Health } from './Health.tsx'
import type { PromptProps } from './prompt-props.ts'

export function InsertCard({ eyebrow, ceremony, snapshot }: PromptProps<'insert-card'> & { readonly snapshot: Snapshot }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  return (
    <Stage
      eyebrow={eyebrow}
      title={text(ceremony.part === 'approval' ? 'insert.approver' : `insert.${ceremony.kind}`)}
      hint={text(ceremony.part === 'approval' ? 'insert.approver-hint' : 'insert.hint')}
      picture={<CardDrawing pose="insert" />}
    >
      <Health snapshot={snapshot} />
      <div className="actions">
        <Button onPress={() => void send({ kind: 'cancel' })}>{text('problem.cancel')}</Button>
      </div>
    </Stage>
  )
}

export function Working({ eyebrow, ceremony }: PromptProps<'working'>) {
  const { text } = useTexts()
  const active = ceremony.steps.find((step) => step.state === 'active')
  const title = text(`working.${ceremony.kind}`)
  const now = active === undefined ? title : text(`step.${active.id}`)
  return (
    <div className="late">
      <Stage eyebrow={eyebrow} title={title} hint={text('working.hint')} spoken={now} picture={<CardDrawing pose="inside" />}>
        <p className="working-now">
          <span className="working-tiles" aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
          {now}
        </p>
      </Stage>
    </div>
  )
}

export function ConfirmLastTry({ eyebrow }: PromptProps<'confirm-last-try'>) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  return (
    <Stage
      eyebrow={eyebrow}
      title={text('last-try.title')}
      hint={text('last-try.hint')}
      urgency="problem"
      picture={<CardDrawing pose="failed" />}
    >
      <div className="actions">
        <Button look="primary" onPress={() => void send({ kind: 'cancel' })} autoFocus>
          {text('last-try.stop')}
        </Button>
        <Button onPress={() => void send({ kind: 'confirm-last-try' })}>{text('last-try.continue')}</Button>
      </div>
    </Stage>
  )
}

function wordsOf(texts: Texts, result: CeremonyResult): { readonly title: string; readonly hint: string } {
  switch (result.kind) {
    case 'registered':
      return { title: texts.text('done.registered', { name: fullName(texts, result) }), hint: texts.text('done.registered-hint') }
    case 'unblocked':
      return { title: texts.text('done.unblocked', { name: fullName(texts, result) }), hint: texts.text('done.unblocked-hint') }
    case 'pin-changed':
      return { title: texts.text('done.pin-changed'), hint: texts.text('done.pin-changed-hint') }
    default:
      return result satisfies never
  }
}

export function Done({ eyebrow, prompt }: PromptProps<'done'>) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const { title, hint } = wordsOf(texts, prompt.result)
  return (
    <Stage eyebrow={eyebrow} title={title} hint={hint} picture={<CardDrawing pose="done" />}>
      {prompt.result.kind === 'registered' && (
        <dl className="facts facts-alone">
          <div className="fact fact-number">
            <dt>{text('done.card-number')}</dt>
            <dd>
              <bdi>{prompt.result.guid}</bdi>
            </dd>
          </div>
        </dl>
      )}
      <div className="actions">
        <Button look="primary" icon={Check} onPress={() => void send({ kind: 'dismiss' })} autoFocus>
          {text('done.continue')}
        </Button>
      </div>
    </Stage>
  )
}

export function Failed({ eyebrow, prompt }: PromptProps<'failed'>) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const { problem, canRetry } = prompt
  return (
    <Stage
      eyebrow={eyebrow}
      title={text(`problem.${problem.code}.title`)}
      hint={remedyOf(texts, problem).join(' ')}
      urgency="problem"
      picture={<CardDrawing pose="failed" />}
    >
      <div className="actions">
        {canRetry && (
          <Button look="primary" icon={RotateCcw} onPress={() => void send({ kind: 'retry' })} autoFocus>
            {text('problem.retry')}
          </Button>
        )}
        <Button look={canRetry ? 'secondary' : 'primary'} onPress={() => void send({ kind: 'dismiss' })} autoFocus={!canRetry}>
          {text('problem.dismiss')}
        </Button>
      </div>
      <p className="fine-print">
        {text('problem.code', { code: problem.code })}
        {problem.reader !== undefined && ` · ${text('problem.reader', { reader: problem.reader })}`}
      </p>
    </Stage>
  )
}
