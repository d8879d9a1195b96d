/** What the gateway has found, for supervisors: over time, and each with its evidence and what was done about it. */
import { ArrowLeft, CircleAlert, Info, type LucideIcon, ShieldX, TriangleAlert } from 'lucide-react'
import { useId, useState } from 'react'
import type { FindingsOverview, FindingView, Snapshot } from '../../electron/contract/snapshot.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { FindingsChart } from '../components/FindingsChart.tsx'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { Sheet } from '../components/Sheet.tsx'
import { BlockDialog } from './BlockDialog.tsx'
import { evidenceText, FINDING_KINDS, isFindingKind } from './finding-names.ts'

const ICONS: { readonly [Severity in FindingView['severity']]: LucideIcon } = {
  low: Info,
  medium: TriangleAlert,
  high: TriangleAlert,
  critical: CircleAlert,
}

export function Findings({ overview, snapshot }: { readonly overview: FindingsOverview; readonly snapshot: Snapshot }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const [blocking, setBlocking] = useState<string>()
  const choice = useId()
  const { findings, only, problem, hasMore } = overview
  const loading = overview.state === 'loading'
  useAnnouncement(loading ? text('readers.loading') : text('findings.count', { count: findings.length }))
  return (
    <Sheet
      title={text('findings.title')}
      icon={ArrowLeft}
      back={text('readers.close')}
      onBack={() => void send({ kind: 'dismiss' })}
    >
      <section aria-label={text('findings.chart-section')}>
        <div className="field field-select">
          <label htmlFor={choice}>{text('findings.only')}</label>
          <select
            id={choice}
            value={only ?? 'all'}
            onChange={({ target: { value } }) =>
              void send({ kind: 'show-findings', ...(isFindingKind(value) ? { only: value } : {}) })
            }
          >
            <option value="all">{text('findings.all')}</option>
            {FINDING_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {text(`findings.kind.${kind}`)}
              </option>
            ))}
          </select>
        </div>
        <FindingsChart since={overview.chart.since} counts={overview.chart.counts} />
      </section>
      <section aria-label={text('findings.list')}>
        {problem && <ProblemNote problem={problem} />}
        {findings.length === 0 && !problem && <p className="hint">{text(loading ? 'readers.loading' : 'findings.none')}</p>}
        <ol className="findings">
          {findings.map((finding) => (
            <Finding key={finding.sequence} finding={finding} onBlock={setBlocking} />
          ))}
        </ol>
        {hasMore && (
          <Button isPending={loading} onPress={() => void send({ kind: 'show-more' })}>
            {text('readers.more')}
          </Button>
        )}
      </section>
      {blocking !== undefined && (
        <BlockDialog
          target={{ kind: 'card', cardNumber: blocking }}
          blocking={snapshot.blocking}
          onClose={() => setBlocking(undefined)}
        />
      )}
    </Sheet>
  )
}

interface FindingProps {
  readonly finding: FindingView
  readonly onBlock: (cardNumber: string) => void
}

function Finding({ finding, onBlock }: FindingProps) {
  const texts = useTexts()
  const { text } = texts
  const { kind, severity, layer, response, site, terminal, own, occurrences, cardNumber, evidence } = finding
  const Icon = ICONS[severity]
  const place = terminal === '' ? text('findings.stranger') : site === '' ? terminal : site
  return (
    <li className={`finding finding-${severity}`}>
      <Icon className="finding-icon" aria-hidden />
      <div className="finding-words">
        <h3>{text(`findings.kind.${kind}`)}</h3>
        <p>
          {text(`findings.severity.${severity}`)} · {text(`findings.layer.${layer}`)} · {texts.dateTime(finding.lastAt)}
          {occurrences > 1 && ` · ${text('findings.occurrences', { count: occurrences })}`}
        </p>
        <p>
          {text(own || terminal === '' ? 'findings.place' : 'findings.place-named', { place })}{' '}
          <strong>{text(`findings.response.${response}`)}</strong>
        </p>
        <ul className="evidence" aria-label={text('findings.evidence')}>
          {evidence.map(({ name, value }) => (
            <li key={name}>
              <bdi>{evidenceText(texts, name, value)}</bdi>
            </li>
          ))}
        </ul>
        {cardNumber !== undefined && (
          <div className="finding-card">
            <span className="code-line">
              <bdi>{cardNumber}</bdi>
            </span>
            <Button look="quiet" icon={ShieldX} onPress={() => onBlock(cardNumber)}>
              {text('block.action')}
            </Button>
          </div>
        )}
      </div>
    </li>
  )
}
