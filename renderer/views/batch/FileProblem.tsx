import type { BatchFileProblem } from '../../../electron/contract/batch.ts'
import { useTexts } from '../../components/context.ts'
import { ProblemNote } from '../../components/ProblemNote.tsx'

/** Why a file cannot be read as people, and where. */
export function FileProblem({ problem }: { readonly problem: BatchFileProblem }) {
  const { text } = useTexts()
  const { code, line } = problem
  return (
    <>
      <ProblemNote problem={{ code }} />
      {line !== undefined && <p className="fine-print">{text('batch.line', { line })}</p>}
    </>
  )
}
