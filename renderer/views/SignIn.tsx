import type { Problem } from '../../electron/contract/problems.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { CardDrawing } from '../components/CardDrawing.tsx'
import { useTexts } from '../components/context.ts'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { Stage } from '../components/Stage.tsx'
import { Health } from './Health.tsx'

export function SignIn({ snapshot, problem }: { readonly snapshot: Snapshot; readonly problem: Problem | undefined }) {
  const { text } = useTexts()
  return (
    <Stage title={text('sign-in.title')} hint={text('sign-in.hint')} picture={<CardDrawing pose="insert" />}>
      {problem && <ProblemNote problem={problem} />}
      <Health snapshot={snapshot} />
    </Stage>
  )
}
