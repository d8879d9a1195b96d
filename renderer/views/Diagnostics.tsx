/** What the terminal finds out about itself: check after check, each with what to do about it. Needs nobody signed in and no gateway. */
import {
  ArrowLeft,
  CircleCheck,
  CircleDashed,
  CircleQuestionMark,
  CircleX,
  FileText,
  LoaderCircle,
  type LucideIcon,
  RotateCw,
  TriangleAlert,
} from 'lucide-react'
import type { CheckFact, CheckView, DiagnosticsView } from '../../electron/contract/diagnostics.ts'
import type { Problem } from '../../electron/contract/problems.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { Button } from '../components/Button.tsx'
import { useTerminal, useTexts } from '../components/context.ts'
import { remedyOf } from '../components/ProblemNote.tsx'
import { Sheet } from '../components/Sheet.tsx'
import type { Texts } from '../locales/texts.ts'
import { SupportReport } from './SupportReport.tsx'

const ICONS: { readonly [State in CheckView['state']]: LucideIcon } = {
  waiting: CircleDashed,
  running: LoaderCircle,
  passed: CircleCheck,
  warning: TriangleAlert,
  failed: CircleX,
  unknown: CircleQuestionMark,
}

export function Diagnostics({ diagnostics }: { readonly diagnostics: DiagnosticsView }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const { running, checks, report } = diagnostics
  if (report) return <SupportReport report={report} />
  return (
    <Sheet
      title={text('diagnostics.title')}
      icon={ArrowLeft}
      back={text('readers.close')}
      onBack={() => void send({ kind: 'dismiss' })}
    >
      <Summary diagnostics={diagnostics} />
      <div className="actions">
        <Button look="primary" icon={RotateCw} isPending={running} onPress={() => void send({ kind: 'run-checks' })}>
          {text('diagnostics.again')}
        </Button>
        <Button icon={FileText} isDisabled={running} onPress={() => void send({ kind: 'prepare-report' })}>
          {text('diagnostics.report')}
        </Button>
      </div>
      <section aria-label={text('diagnostics.list')}>
        <ol className="checks">
          {checks.map((check) => (
            <Check key={check.id} check={check} />
          ))}
        </ol>
      </section>
    </Sheet>
  )
}

function Summary({ diagnostics: { running, checks, checkedAt } }: { readonly diagnostics: DiagnosticsView }) {
  const texts = useTexts()
  const { text } = texts
  const done = checks.filter((check) => 'problems' in check).length
  const troubles = checks.filter(({ state }) => state === 'failed' || state === 'warning').length
  const now = checks.find(({ state }) => state === 'running')
  const outcome = troubles === 0 ? text('diagnostics.well') : text('diagnostics.attend', { count: troubles })
  const words = running && now ? text('diagnostics.running', { check: text(`check.${now.id}`) }) : outcome
  // Eleven checks a second are no news each: their end is.
  useAnnouncement(running ? '' : words)
  return (
    <div className="checks-summary">
      <p className="checks-outcome">{words}</p>
      {running ? (
        <>
          <progress className="checks-progress" max={checks.length} value={done} aria-label={text('diagnostics.list')} />
          <p className="hint">{text('diagnostics.progress', { done, total: checks.length })}</p>
        </>
      ) : (
        checkedAt !== undefined && <p className="hint">{text('diagnostics.at', { when: texts.dateTime(checkedAt) })}</p>
      )}
    </div>
  )
}

function Check({ check }: { readonly check: CheckView }) {
  const texts = useTexts()
  const { text } = texts
  const Icon = ICONS[check.state]
  return (
    <li className={`check check-${check.state}`} aria-current={check.state === 'running' ? 'step' : undefined}>
      <Icon className="check-icon" aria-hidden />
      <div className="check-words">
        <h3>
          {text(`check.${check.id}`)} <span className="check-state">{text(`diagnostics.state.${check.state}`)}</span>
        </h3>
        {'fact' in check && check.fact && <p className="check-fact">{factText(texts, check.fact)}</p>}
        {'problems' in check && check.problems.map((problem) => <Trouble key={keyOf(problem)} problem={problem} />)}
      </div>
    </li>
  )
}

const keyOf = ({ code, reader = '' }: Problem): string => `${code} ${reader}`

function Trouble({ problem }: { readonly problem: Problem }) {
  const texts = useTexts()
  const { text } = texts
  return (
    <div className="check-trouble">
      <p>
        <strong>{text('diagnostics.problem', { title: text(`problem.${problem.code}.title`) })}</strong>{' '}
        {remedyOf(texts, problem).join(' ')}
      </p>
      {problem.reader !== undefined && <p className="check-detail">{text('problem.reader', { reader: problem.reader })}</p>}
      <p className="check-detail">{text('problem.code', { code: problem.code })}</p>
    </div>
  )
}

function factText(texts: Texts, fact: CheckFact): string {
  const { text } = texts
  switch (fact.kind) {
    case 'readers':
      return text('check.fact.readers', { count: fact.count })
    case 'cards':
      return text('check.fact.cards', { count: fact.count })
    case 'same-computer':
      return text('check.fact.same-computer')
    case 'valid-until':
      return text('check.fact.valid-until', { date: texts.date(fact.at) })
    case 'round-trip':
      return text('check.fact.round-trip', { duration: texts.duration(fact.ms) })
    case 'clock':
      return text('check.fact.clock', { duration: texts.duration(fact.ms) })
    case 'version':
      return text('check.fact.version', { version: fact.version })
    case 'free-space':
      return text('check.fact.free-space', { size: texts.size(fact.bytes) })
    default:
      return fact satisfies never
  }
}
