/** The report for support before it is saved: what stands here is what will be in the file. */
import { ArrowLeft, CircleCheck, Save } from 'lucide-react'
import type { ReportView } from '../../electron/contract/diagnostics.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { Sheet } from '../components/Sheet.tsx'

export function SupportReport({ report }: { readonly report: ReportView }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  return (
    <Sheet
      title={text('report.title')}
      icon={ArrowLeft}
      back={text('report.back')}
      onBack={() => void send({ kind: 'close-report' })}
    >
      {report.kind === 'preparing' && <p className="hint">{text('report.preparing')}</p>}
      {report.kind === 'failed' && <p className="field-error">{text('report.failed')}</p>}
      {report.kind === 'ready' && <Ready report={report} />}
    </Sheet>
  )
}

function Ready({ report: { text: content, saved } }: { readonly report: Extract<ReportView, { kind: 'ready' }> }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const outcome = saved === 'saved' ? text('report.saved') : saved === 'failed' ? text('report.unsaved') : ''
  useAnnouncement(outcome === '' ? text('report.hint') : outcome, saved === 'failed' ? 'problem' : undefined)
  return (
    <>
      <p className="hint">{text('report.hint')}</p>
      <div className="actions">
        <Button look="primary" icon={Save} isPending={saved === 'saving'} onPress={() => void send({ kind: 'save-report' })}>
          {text('report.save')}
        </Button>
        {saved === 'saved' && (
          <p className="dialog-outcome">
            <CircleCheck aria-hidden />
            {outcome}
          </p>
        )}
        {saved === 'failed' && <p className="field-error">{outcome}</p>}
      </div>
      {/* It scrolls, so the keyboard must reach it (WCAG 2.2, 2.1.1). */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls */}
      <section className="report" aria-label={text('report.text')} tabIndex={0}>
        <pre dir="ltr">{content}</pre>
      </section>
    </>
  )
}
