/** A desk that was left: nothing of it is seen until an operator has signed in. */
import type { Page, Snapshot } from '../../electron/contract/snapshot.ts'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { fullName, useTexts } from '../components/context.ts'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { Stage } from '../components/Stage.tsx'
import { Health } from './Health.tsx'

interface Props {
  readonly page: Extract<Page, { kind: 'locked' }>
  readonly snapshot: Snapshot
}

export function Lock({ page: { operator, problem }, snapshot }: Props) {
  const texts = useTexts()
  const { text } = texts
  return (
    <Stage
      title={text('locked.title')}
      hint={text('locked.hint', { name: fullName(texts, operator) })}
      picture={<CardDrawing pose="insert" />}
    >
      {problem && <ProblemNote problem={problem} />}
      <Health snapshot={snapshot} />
    </Stage>
  )
}
