/** One card after another: whose card it is now, what to do with it, and how far the batch is. */
import { Pause, RotateCcw, SkipForward, Volume2, VolumeX } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { ToggleButton } from 'react-aria-components'
import type { BatchPerson, BatchPhase, OpenBatchView } from '../../../electron/contract/batch.ts'
import type { Snapshot } from '../../../electron/contract/snapshot.ts'
import type { Urgency } from '../../components/Announcer.tsx'
import { Button } from '../../components/Button.tsx'
import { CardDrawing } from '../../components/CardDrawing.tsx'
import { fullName, useTexts } from '../../components/context.ts'
import { ProblemNote, remedyOf } from '../../components/ProblemNote.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { Stage } from '../../components/Stage.tsx'
import { play } from '../../components/tones.ts'
import type { Texts } from '../../locales/texts.ts'
import { useBatch } from './use-batch.ts'

type RunPhase = Exclude<BatchPhase, { kind: 'paused' | 'finished' }>

interface Words {
  readonly title: string
  readonly hint: string
  readonly pose: 'insert' | 'inside' | 'done' | 'failed'
  readonly urgency: Urgency
}

const NOBODY: BatchPerson = { givenName: '', familyName: '', reference: '' }

function wordsOf(texts: Texts, phase: RunPhase, { current, total }: OpenBatchView): Words {
  const { text } = texts
  const person = current?.person ?? NOBODY
  const name = fullName(texts, person)
  switch (phase.kind) {
    case 'next-card':
      return {
        title: text('batch.next.title', { name }),
        hint: text('batch.next.hint', { reference: person.reference }),
        pose: 'insert',
        urgency: 'step',
      }
    case 'working':
      return {
        title: text('batch.working.title', { name }),
        hint: text(phase.pausing ? 'batch.pausing' : 'working.hint'),
        pose: 'inside',
        urgency: 'step',
      }
    case 'remove-card':
      return {
        title: text('batch.remove.title', { number: phase.number, total }),
        hint: text('batch.remove.hint', { name: fullName(texts, phase.person) }),
        pose: 'done',
        urgency: 'step',
      }
    case 'trouble':
      return {
        title: text(`problem.${phase.problem.code}.title`),
        hint: [
          ...remedyOf(texts, phase.problem),
          text(phase.canRetry ? 'batch.trouble.again' : 'batch.trouble.for', { name }),
        ].join(' '),
        pose: 'failed',
        urgency: 'problem',
      }
    case 'offline':
      return {
        title: text(`problem.${phase.problem.code}.title`),
        hint: text('batch.offline.hint'),
        pose: 'failed',
        urgency: 'problem',
      }
    default:
      return phase satisfies never
  }
}

export function BatchRun({ batch, snapshot }: { readonly batch: OpenBatchView; readonly snapshot: Snapshot }) {
  const texts = useTexts()
  const { text } = texts
  const act = useBatch()
  const { phase, current, total, done, sound } = batch
  useTones(batch)
  if (phase.kind === 'paused' || phase.kind === 'finished') return null
  const { title, hint, pose, urgency } = wordsOf(texts, phase, batch)
  const number = phase.kind === 'remove-card' ? phase.number : (current?.number ?? total)
  const maySkip = phase.kind === 'next-card' || phase.kind === 'trouble' || phase.kind === 'offline'
  return (
    <Stage
      eyebrow={text('batch.card-of', { number, total })}
      title={title}
      hint={hint}
      urgency={urgency}
      picture={<CardDrawing pose={pose} />}
    >
      <ProgressLine
        className="batch-progress"
        label={text('batch.progress', { done, total })}
        value={done + partOf(phase)}
        total={total}
      />
      {phase.kind === 'working' && phase.step !== undefined && <p className="batch-step">{text(`step.${phase.step}`)}</p>}
      {phase.kind === 'next-card' && snapshot.readers.problem && <ProblemNote problem={snapshot.readers.problem} />}
      <div className="actions">
        {phase.kind === 'trouble' && phase.canRetry && (
          <Button look="primary" icon={RotateCcw} onPress={() => act({ kind: 'retry' })}>
            {text('problem.retry')}
          </Button>
        )}
        <Button icon={Pause} isDisabled={phase.kind === 'working' && phase.pausing} onPress={() => act({ kind: 'pause' })}>
          {text('batch.pause')}
        </Button>
        {maySkip && (
          <Button icon={SkipForward} onPress={() => act({ kind: 'skip' })}>
            {text('batch.skip')}
          </Button>
        )}
        <ToggleButton
          className="button button-quiet"
          isSelected={sound}
          onChange={(on) => act({ kind: 'set-sound', on })}
          aria-label={text('batch.sound')}
        >
          {sound ? <Volume2 className="button-icon" aria-hidden /> : <VolumeX className="button-icon" aria-hidden />}
          <span>{text('batch.sound')}</span>
        </ToggleButton>
      </div>
      {phase.kind === 'trouble' && <p className="fine-print">{text('problem.code', { code: phase.problem.code })}</p>}
    </Stage>
  )
}

/** How much of the present card is made, from 0 to 1. */
const partOf = (phase: RunPhase): number => (phase.kind === 'working' && phase.parts > 0 ? phase.part / phase.parts : 0)

/** One tone for each card that is ready, another where the technician is needed. */
function useTones({ done, phase, sound }: OpenBatchView): void {
  const before = useRef({ done, kind: phase.kind })
  useEffect(() => {
    const { done: doneBefore, kind } = before.current
    before.current = { done, kind: phase.kind }
    if (!sound) return
    if (done > doneBefore) play('done')
    else if (phase.kind !== kind && (phase.kind === 'trouble' || phase.kind === 'offline')) play('attention')
  }, [done, phase.kind, sound])
}
