/** What happened at this desk: what the last logins' time went into, then everything, one page of rows at a time. */
import { ArrowLeft, ChevronLeft, ChevronRight, CircleAlert, CircleCheck, CircleSlash, type LucideIcon } from 'lucide-react'
import { memo, type ReactNode, useCallback, useId, useState } from 'react'
import {
  ACTIVITY_KINDS,
  ACTIVITY_OUTCOMES,
  ACTIVITY_PAGE,
  type ActivityFilter,
  type ActivityOutcome,
  type ActivityOverview,
  type ActivityRow,
} from '../../electron/contract/activity.ts'
import { useAnnouncement } from '../components/Announcer.tsx'
import { Button } from '../components/Button.tsx'
import { fullName, useTerminal, useTexts } from '../components/context.ts'
import { LoginTimesChart } from '../components/LoginTimesChart.tsx'
import { ProblemNote } from '../components/ProblemNote.tsx'
import { readerName } from '../components/reader-name.ts'
import { Sheet } from '../components/Sheet.tsx'

/** electron/contract/intents.ts: the longest search that main takes. */
const LONGEST_SEARCH = 48

export function Activity({ overview }: { readonly overview: ActivityOverview }) {
  const { text } = useTexts()
  const send = useTerminal((state) => state.send)
  const { filter, rows, from, matches, kept, timings, problem } = overview
  const to = from + rows.length
  const shown = text('activity.shown', { from: from + 1, to, total: matches })
  useAnnouncement(rows.length === 0 ? text('activity.none') : shown)
  const show = useCallback(
    (next: ActivityFilter, start = 0) =>
      void send({ kind: 'show-activity', ...present(next), ...(start === 0 ? {} : { from: start }) }),
    [send],
  )
  return (
    <Sheet
      title={text('activity.title')}
      icon={ArrowLeft}
      back={text('readers.close')}
      onBack={() => void send({ kind: 'dismiss' })}
    >
      {problem && <ProblemNote problem={problem} tone="caution" />}
      <section aria-label={text('activity.chart-section')}>
        <h2>{text('activity.chart-section')}</h2>
        <LoginTimesChart timings={timings} />
      </section>
      <section aria-label={text('activity.list')}>
        <h2>{text('activity.list')}</h2>
        <Filter filter={filter} onChange={show} />
        {rows.length === 0 ? (
          <p className="hint">{text(kept === 0 ? 'activity.empty' : 'activity.none')}</p>
        ) : (
          <>
            <Rows rows={rows} />
            <div className="pager">
              <Button
                look="quiet"
                icon={ChevronLeft}
                isDisabled={from === 0}
                onPress={() => show(filter, Math.max(0, from - ACTIVITY_PAGE))}
              >
                {text('activity.newer')}
              </Button>
              <span>{shown}</span>
              <Button
                look="quiet"
                iconAfter={ChevronRight}
                isDisabled={to >= matches}
                onPress={() => show(filter, from + ACTIVITY_PAGE)}
              >
                {text('activity.older')}
              </Button>
            </div>
          </>
        )}
        <p className="fine-print">{text('activity.names')}</p>
      </section>
    </Sheet>
  )
}

/** Only what is set: an intent has no empty fields. */
function present({ only, outcome, search }: ActivityFilter) {
  return { ...(only && { only }), ...(outcome && { outcome }), ...(search && { search }) }
}

interface FilterProps {
  readonly filter: ActivityFilter
  readonly onChange: (next: ActivityFilter) => void
}

const Filter = memo(function Filter({ filter, onChange }: FilterProps) {
  const { text } = useTexts()
  // What is typed stands here at once; main's answer follows.
  const [typed, setTyped] = useState(filter.search ?? '')
  return (
    <form className="search" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label={text('activity.only')}
        value={filter.only}
        all={text('activity.all')}
        options={ACTIVITY_KINDS}
        nameOf={(kind) => text(`activity.kind.${kind}`)}
        onChange={(only) => onChange({ ...filter, only })}
      />
      <Choice
        label={text('activity.outcome')}
        value={filter.outcome}
        all={text('activity.any')}
        options={ACTIVITY_OUTCOMES}
        nameOf={(outcome) => text(`activity.outcome.${outcome}`)}
        onChange={(outcome) => onChange({ ...filter, outcome })}
      />
      <label className="field">
        <span>{text('activity.search')}</span>
        <input
          value={typed}
          maxLength={LONGEST_SEARCH}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target: { value } }) => {
            setTyped(value)
            onChange({ ...filter, search: value.trim() })
          }}
        />
      </label>
    </form>
  )
})

interface ChoiceProps<T extends string> {
  readonly label: string
  readonly value: T | undefined
  readonly all: string
  readonly options: readonly T[]
  nameOf(option: T): string
  onChange(option: T | undefined): void
}

function Choice<T extends string>({ label, value, all, options, nameOf, onChange }: ChoiceProps<T>) {
  const id = useId()
  return (
    <div className="field field-select">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value ?? ''} onChange={({ target }) => onChange(options.find((option) => option === target.value))}>
        <option value="">{all}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {nameOf(option)}
          </option>
        ))}
      </select>
    </div>
  )
}

const ICONS: { readonly [Outcome in ActivityOutcome]: LucideIcon } = {
  done: CircleCheck,
  failed: CircleAlert,
  cancelled: CircleSlash,
}

function Rows({ rows }: { readonly rows: readonly ActivityRow[] }) {
  const { text } = useTexts()
  const heading = (words: ReactNode) => <th scope="col">{words}</th>
  return (
    <div className="table-frame">
      <table className="table activity">
        <thead>
          <tr>
            {heading(text('activity.when'))}
            {heading(text('activity.only'))}
            {heading(text('activity.outcome'))}
            {heading(text('activity.card'))}
            {heading(text('activity.reader'))}
            {heading(text('activity.took'))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            // The next page's rows take the places of these: half the work of taking rows out and putting new ones in.
            <Row key={place} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** From here on minutes say more than seconds. */
const LONG_MS = 90_000

const Row = memo(function Row({ row }: { readonly row: ActivityRow }) {
  const texts = useTexts()
  const { text } = texts
  const { at, kind, outcome, code, card, name, reader, tookMs } = row
  const Icon = ICONS[outcome]
  return (
    <tr>
      <td>{texts.dateTime(at)}</td>
      <th scope="row">{text(`activity.kind.${kind}`)}</th>
      <td className={`cell-icon outcome-${outcome}`}>
        <Icon aria-hidden />
        {code === undefined ? text(`activity.outcome.${outcome}`) : text(`problem.${code}.title`)}
      </td>
      <td className="cell-card">
        {name && <bdi>{fullName(texts, name)}</bdi>} {card !== undefined && <bdi className="card-reference">{card}</bdi>}
      </td>
      <td>{reader !== undefined && <bdi>{readerName(texts, reader)}</bdi>}</td>
      <td>{tookMs === undefined ? '' : tookMs > LONG_MS ? texts.wait(tookMs) : texts.duration(tookMs)}</td>
    </tr>
  )
})
