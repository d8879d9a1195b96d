/** The prompts of a ceremony that ask for no PIN. */
import { Check, RotateCcw, UserPlus } from 'lucide-react'
import type { Ceremony, CeremonyResult, Snapshot } from '../../electron/contract/snapshot.ts'
import { Button } from '../components/Button.tsx'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { remedyOf } from '../components/ProblemNote.tsx'
import { readerName } from '../components/reader-name.ts'
import { Stage } from '../components/Stage.tsx'
import type { Texts } from '../locales/texts.ts'
import { Health } from './Health.tsx'
import type { PromptProps } from './prompt-props.ts'
import { includesRole } from './roles.ts'

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
    <Stage
      eyebrow={eyebrow}
      title={title}
      hint={hint}
      picture={<CardDrawing pose={prompt.result.kind === 'pin-changed' ? 'done' : 'remove'} />}
    >
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

/** A card put in for a login that nobody has registered: whoever may do so goes on from here, with what was typed before. */
function mayRegisterInstead({ kind, prompt }: Ceremony, { operator }: Snapshot): boolean {
  if (kind !== 'login' || prompt.kind !== 'failed' || operator === undefined) return false
  const isUnregistered = prompt.problem.code === 'card-not-registered' || prompt.problem.code === 'unknown-card'
  return isUnregistered && includesRole(operator.role, 'registrar')
}

export function Failed({ eyebrow, ceremony, prompt, snapshot }: PromptProps<'failed'> & { readonly snapshot: Snapshot }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const openRegistration = useTerminal((state) => state.openRegistration)
  const { problem, canRetry } = prompt
  const offersRegistration = mayRegisterInstead(ceremony, snapshot)
  const closes = !canRetry && !offersRegistration
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
        {offersRegistration && (
          <Button
            look="primary"
            icon={UserPlus}
            onPress={() => {
              openRegistration()
              void send({ kind: 'dismiss' })
            }}
            autoFocus
          >
            {text('problem.register')}
          </Button>
        )}
        <Button look={closes ? 'primary' : 'secondary'} onPress={() => void send({ kind: 'dismiss' })} autoFocus={closes}>
          {text('problem.dismiss')}
        </Button>
      </div>
      <p className="fine-print">
        {text('problem.code', { code: problem.code })}
        {problem.reader !== undefined && ` · ${text('problem.reader', { reader: readerName(texts, problem.reader) })}`}
      </p>
    </Stage>
  )
}
