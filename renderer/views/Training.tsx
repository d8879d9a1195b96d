/** The exercises: what each is about, which are done, and the way to start one. */
import { ArrowLeft, CircleCheck, GraduationCap, Play } from 'lucide-react'
import type { SimulationView } from '../../electron/contract/snapshot.ts'
import { EXERCISES, type ExerciseId, PRACTICE_PIN } from '../../electron/contract/training.ts'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { Sheet } from '../components/Sheet.tsx'

export function Training({ simulation }: { readonly simulation: SimulationView | undefined }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const done = simulation?.training?.done ?? []
  return (
    <Sheet
      title={text('training.title')}
      icon={ArrowLeft}
      back={text('training.close')}
      onBack={() => void send({ kind: 'dismiss' })}
    >
      <p className="hint">
        {text('training.hint')} {text('training.pin', { pin: PRACTICE_PIN })}
      </p>
      <ul className="exercises">
        {EXERCISES.map((id) => (
          <Exercise key={id} id={id} isDone={done.includes(id)} />
        ))}
      </ul>
    </Sheet>
  )
}

function Exercise({ id, isDone }: { readonly id: ExerciseId; readonly isDone: boolean }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const name = text(`exercise.${id}`)
  const Icon = isDone ? CircleCheck : GraduationCap
  return (
    <li className="exercise-card">
      <h2>
        <Icon className={isDone ? 'exercise-icon exercise-icon-done' : 'exercise-icon'} aria-hidden />
        {name}
        {isDone && <span className="tag">{text('training.is-done')}</span>}
      </h2>
      <p>{text(`exercise.${id}.task`)}</p>
      <Button
        icon={Play}
        aria-label={text(isDone ? 'training.again' : 'training.start', { exercise: name })}
        onPress={() => void send({ kind: 'simulate-exercise', exercise: id })}
      >
        {text(isDone ? 'training.again-short' : 'training.start-short')}
      </Button>
    </li>
  )
}
