/** The exercise that runs, above the simulated cards: the task in one sentence, the step that is next, and how it ended. */
import { CircleCheck, CircleX, GraduationCap, LoaderCircle, type LucideIcon } from 'lucide-react'
import type { ExerciseView } from '../../electron/contract/training.ts'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import type { Texts } from '../locales/texts.ts'

const ICONS: { readonly [State in ExerciseView['state']]: LucideIcon } = {
  preparing: LoaderCircle,
  running: GraduationCap,
  done: CircleCheck,
  missed: CircleX,
  failed: CircleX,
}

interface Words {
  readonly title: string
  readonly sentence: string
  readonly detail?: string
}

function wordsOf({ text, wait }: Texts, { id, state, problem, steps, entries, durationMs }: ExerciseView): Words {
  const name = text(`exercise.${id}`)
  switch (state) {
    case 'preparing':
      return { title: name, sentence: text('training.preparing') }
    case 'running': {
      const at = steps.findIndex((step) => step.state === 'active')
      const step = steps[at]
      if (step === undefined) return { title: name, sentence: text(`exercise.${id}.task`) }
      const place = text('training.step', { step: at + 1, total: steps.length })
      return { title: name, sentence: text(`exercise.${id}.task`), detail: `${place}: ${text(`exercise-step.${step.id}`)}` }
    }
    case 'done': {
      const took = durationMs === undefined ? '' : ` · ${text('training.took', { duration: wait(durationMs) })}`
      return {
        title: `${name}: ${text('training.well-done')}`,
        sentence: text(`exercise.${id}.learned`),
        detail: `${text('training.entries', { count: entries })}${took}`,
      }
    }
    case 'missed':
      return { title: `${name}: ${text('training.missed')}`, sentence: text('training.missed-hint') }
    case 'failed':
      return {
        title: `${name}: ${text('training.missed')}`,
        sentence: problem ? `${text(`problem.${problem.code}.title`)}. ${text(`problem.${problem.code}.remedy`)}` : '',
      }
    default:
      return state satisfies never
  }
}

export function ExerciseBar({ exercise }: { readonly exercise: ExerciseView }) {
  const texts = useTexts()
  const { text } = texts
  const send = useTerminal((state) => state.send)
  const Icon = ICONS[exercise.state]
  const { title, sentence, detail } = wordsOf(texts, exercise)
  const isOver = exercise.state !== 'running' && exercise.state !== 'preparing'
  return (
    <section className={`exercise exercise-${exercise.state}`} aria-label={text('training.exercise')}>
      <Icon className="exercise-icon" aria-hidden />
      <div className="exercise-words" role="status">
        <p>
          <strong className="exercise-title">{title}</strong>
          {detail !== undefined && <span className="exercise-detail">{detail}</span>}
        </p>
        <p>{sentence}</p>
      </div>
      {isOver && (
        <Button onPress={() => void send({ kind: 'simulate-exercise', exercise: exercise.id })}>
          {text('training.again-short')}
        </Button>
      )}
      <Button look="quiet" onPress={() => void send({ kind: 'simulate-exercise' })}>
        {text(isOver ? 'training.leave' : 'training.stop')}
      </Button>
    </section>
  )
}
