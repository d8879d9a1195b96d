/** A problem as what happened and what to do; tries, reader and waiting time where it carries them. */
import { CircleAlert, TriangleAlert } from 'lucide-react'
import type { Problem } from '../../electron/contract/problems.ts'
import type { Texts } from '../locales/texts.ts'
import { useAnnouncement } from './Announcer.tsx'
import { useTexts } from './context.ts'
import { readerName } from './reader-name.ts'

/** The sentences after the title, in reading order. */
export function remedyOf(texts: Texts, problem: Problem): string[] {
  return [
    texts.text(`problem.${problem.code}.remedy`),
    ...(problem.retriesLeft === undefined || problem.retriesLeft === 0
      ? []
      : [texts.text('problem.tries-left', { count: problem.retriesLeft })]),
    ...(problem.retryAfterMs === undefined ? [] : [texts.text('problem.wait', { wait: texts.wait(problem.retryAfterMs) })]),
  ]
}

interface Props {
  readonly problem: Problem
  /** 'trouble' keeps the person from going on; 'caution' does not. */
  readonly tone?: 'trouble' | 'caution'
}

export function ProblemNote({ problem, tone = 'trouble' }: Props) {
  const texts = useTexts()
  const Icon = tone === 'trouble' ? CircleAlert : TriangleAlert
  const title = texts.text(`problem.${problem.code}.title`)
  const remedy = remedyOf(texts, problem).join(' ')
  useAnnouncement(`${title}. ${remedy}`, 'problem')
  return (
    <div className={`note note-${tone}`}>
      <Icon className="note-icon" aria-hidden />
      <div>
        <p className="note-title">{title}</p>
        <p>{remedy}</p>
        {problem.reader !== undefined && (
          <p className="note-detail">{texts.text('problem.reader', { reader: readerName(texts, problem.reader) })}</p>
        )}
      </div>
    </div>
  )
}
