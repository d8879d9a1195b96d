/** Cards for many people: a file, what is in it, and then one card after another. */
import { FileSpreadsheet } from 'lucide-react'
import type { BatchFileProblem, BatchView } from '../../../electron/contract/batch.ts'
import type { Snapshot } from '../../../electron/contract/snapshot.ts'
import { Button } from '../../components/Button.tsx'
import { useTexts } from '../../components/context.ts'
import { Stage } from '../../components/Stage.tsx'
import { BatchPreview } from './BatchPreview.tsx'
import { BatchRest } from './BatchRest.tsx'
import { BatchRun } from './BatchRun.tsx'
import { FileProblem } from './FileProblem.tsx'
import { useBatch } from './use-batch.ts'

export function Batch({ batch, snapshot }: { readonly batch: BatchView; readonly snapshot: Snapshot }) {
  switch (batch.kind) {
    case 'none':
      return <NoBatch problem={batch.problem} />
    case 'preview':
      return <BatchPreview preview={batch.preview} />
    case 'open':
      return batch.batch.phase.kind === 'paused' || batch.batch.phase.kind === 'finished' ? (
        <BatchRest batch={batch.batch} />
      ) : (
        <BatchRun batch={batch.batch} snapshot={snapshot} />
      )
    default:
      return batch satisfies never
  }
}

function NoBatch({ problem }: { readonly problem: BatchFileProblem | undefined }) {
  const { text } = useTexts()
  const act = useBatch()
  return (
    <Stage title={text('batch.none.title')} hint={text('batch.none.hint')}>
      {problem && <FileProblem problem={problem} />}
      <div className="actions">
        <Button look="primary" icon={FileSpreadsheet} onPress={() => act({ kind: 'choose-file' })}>
          {text('batch.choose-file')}
        </Button>
      </div>
      <p className="fine-print">{text('batch.none.formats')}</p>
    </Stage>
  )
}
