/** A batch that is paused or finished: how far it came, its slips, its report, and the ways on. */
import { FileSpreadsheet, Play, Printer, RotateCcw, Save, Trash2 } from 'lucide-react'
import { useId, useState } from 'react'
import type { BatchReport, BatchReportRow, BatchSaving, OpenBatchView } from '../../../electron/contract/batch.ts'
import { BATCH_ROWS } from '../../../electron/contract/batch.ts'
import { useAnnouncement } from '../../components/Announcer.tsx'
import { Button } from '../../components/Button.tsx'
import { fullName, useTexts } from '../../components/context.ts'
import { Dialog } from '../../components/Dialog.tsx'
import { ProblemNote } from '../../components/ProblemNote.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { Stage } from '../../components/Stage.tsx'
import { FileProblem } from './FileProblem.tsx'
import { useBatch } from './use-batch.ts'

export function BatchRest({ batch }: { readonly batch: OpenBatchView }) {
  const texts = useTexts()
  const { text } = texts
  const act = useBatch()
  const [closing, setClosing] = useState(false)
  const { done, total, skipped, left, report, saving, fileProblem } = batch
  const finished = batch.phase.kind === 'finished'
  return (
    <Stage
      title={text(finished ? 'batch.finished.title' : 'batch.paused.title')}
      hint={text('batch.counts', { done, total, skipped, left })}
    >
      <ProgressLine className="batch-progress" label={text('batch.progress', { done, total })} value={done} total={total} />
      {report?.medianMs !== undefined && report.p95Ms !== undefined && (
        <p>{text('batch.times', { median: texts.duration(report.medianMs), most: texts.duration(report.p95Ms) })}</p>
      )}
      {fileProblem && <FileProblem problem={fileProblem} />}
      <div className="actions">
        {!finished && (
          <Button look="primary" icon={Play} onPress={() => act({ kind: 'resume' })} autoFocus>
            {text('batch.resume')}
          </Button>
        )}
        {skipped > 0 && (
          <Button icon={RotateCcw} onPress={() => act({ kind: 'take-up-skipped' })}>
            {text('batch.take-up', { count: skipped })}
          </Button>
        )}
        <Button icon={FileSpreadsheet} onPress={() => act({ kind: 'choose-file' })}>
          {text('batch.add')}
        </Button>
        <Button icon={Trash2} onPress={() => setClosing(true)}>
          {text('batch.close')}
        </Button>
      </div>
      <Slips slips={batch.slips} />
      {report && <Report report={report} total={total} />}
      {saving && <Saving saving={saving} />}
      {closing && <CloseDialog batch={batch} onClose={() => setClosing(false)} />}
    </Stage>
  )
}

function Slips({ slips }: { readonly slips: number }) {
  const { text } = useTexts()
  const act = useBatch()
  const title = useId()
  return (
    <section className="batch-part" aria-labelledby={title}>
      <h2 id={title}>{text('batch.slips.title')}</h2>
      <p>{slips === 0 ? text('batch.slips.none') : text('batch.slips.waiting', { count: slips })}</p>
      {slips > 0 && (
        <>
          <p className="fine-print">{text('batch.slips.hint')}</p>
          <div className="actions">
            <Button icon={Printer} onPress={() => act({ kind: 'save-slips', format: 'a4' })}>
              {text('batch.slips.a4')}
            </Button>
            <Button icon={Printer} onPress={() => act({ kind: 'save-slips', format: 'label' })}>
              {text('batch.slips.label')}
            </Button>
          </div>
        </>
      )}
    </section>
  )
}

function Saving({ saving }: { readonly saving: BatchSaving }) {
  const { text } = useTexts()
  const words =
    saving.state === 'working'
      ? text('batch.saving')
      : saving.state === 'failed'
        ? ''
        : saving.what === 'slips'
          ? text('batch.saved.slips', { count: saving.count })
          : text('batch.saved.report')
  useAnnouncement(words)
  if (saving.state === 'failed') return <ProblemNote problem={saving.problem} />
  return <p className="batch-saving">{words}</p>
}

function Report({ report: { rows, from }, total }: { readonly report: BatchReport; readonly total: number }) {
  const { text } = useTexts()
  const act = useBatch()
  const title = useId()
  return (
    <section className="batch-part" aria-labelledby={title}>
      <h2 id={title}>{text('batch.report.title')}</h2>
      <Rows rows={rows} titled={title} />
      <div className="actions">
        {total > BATCH_ROWS && (
          <>
            <Button isDisabled={from === 0} onPress={() => act({ kind: 'show-people', from: Math.max(0, from - BATCH_ROWS) })}>
              {text('batch.rows.before')}
            </Button>
            <p>{text('batch.rows', { from: from + 1, to: from + rows.length, total })}</p>
            <Button
              isDisabled={from + rows.length >= total}
              onPress={() => act({ kind: 'show-people', from: from + BATCH_ROWS })}
            >
              {text('batch.rows.after')}
            </Button>
          </>
        )}
        <Button icon={Save} onPress={() => act({ kind: 'save-report' })}>
          {text('batch.report.save')}
        </Button>
      </div>
    </section>
  )
}

function Rows({ rows, titled }: { readonly rows: readonly BatchReportRow[]; readonly titled: string }) {
  const { text } = useTexts()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is worked by keys (WCAG 2.2, 2.1.1)
    <section className="table-frame batch-rows" aria-labelledby={titled} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{text('batch.column.number')}</th>
            <th scope="col">{text('batch.column.person')}</th>
            <th scope="col">{text('batch.column.outcome')}</th>
            <th scope="col">{text('done.card-number')}</th>
            <th scope="col">{text('batch.column.time')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.number} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Row({ row: { number, person, outcome } }: { readonly row: BatchReportRow }) {
  const texts = useTexts()
  const { text } = texts
  const code = outcome.kind === 'failed' || outcome.kind === 'skipped' ? outcome.code : undefined
  return (
    <tr className={outcome.kind === 'done' ? undefined : 'row-away'}>
      <td>{number}</td>
      <th scope="row">
        <bdi>{fullName(texts, person)}</bdi> · <bdi>{person.reference}</bdi>
      </th>
      <td>
        {text(`batch.outcome.${outcome.kind}`)}
        {code !== undefined && <span className="batch-why">{text(`problem.${code}.title`)}</span>}
      </td>
      <td className="cell-number">{outcome.kind === 'done' && <bdi>{outcome.cardNumber}</bdi>}</td>
      <td className="batch-time">{outcome.kind === 'done' && outcome.ms !== undefined && texts.duration(outcome.ms)}</td>
    </tr>
  )
}

function CloseDialog({ batch, onClose }: { readonly batch: OpenBatchView; readonly onClose: () => void }) {
  const { text } = useTexts()
  const act = useBatch()
  const { left, slips } = batch
  return (
    <Dialog title={text('batch.close.title')} hint={text('batch.close.hint')} onClose={onClose}>
      {left > 0 && <p>{text('batch.close.left', { count: left })}</p>}
      {slips > 0 && <p>{text('batch.close.slips', { count: slips })}</p>}
      <div className="actions">
        <Button
          look="danger"
          icon={Trash2}
          onPress={() => {
            onClose()
            act({ kind: 'close' })
          }}
        >
          {text('batch.close.confirm')}
        </Button>
        <Button onPress={onClose} data-first>
          {text('batch.close.keep')}
        </Button>
      </div>
    </Dialog>
  )
}
