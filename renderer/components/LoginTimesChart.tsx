/**
 * What the last logins' time went into: one bar for each, its parts told by their order, their pattern and their colour, and the
 * median of each part beside its pattern. The same as a table, for who would rather read or listen.
 */
import { memo, useId, useState } from 'react'
import { LOGIN_PARTS, type LoginPart, type LoginTimings, totalOf } from '../../electron/contract/activity.ts'
import { niceTop } from './chart-scale.ts'
import { useTexts } from './context.ts'

const WIDTH = 720
const HEIGHT = 100
/** There is room for this many; fewer keep to the same width. */
const BARS = 24
/** Between bars, as a part of a bar's place. */
const GAP = 0.3

interface Props {
  readonly timings: LoginTimings
}

export const LoginTimesChart = memo(function LoginTimesChart({ timings }: Props) {
  const texts = useTexts()
  const { text } = texts
  const id = useId()
  const [open, setOpen] = useState(false)
  const { last, median, count } = timings
  if (median === undefined) return <p className="hint">{text('activity.chart-none')}</p>
  const top = niceTop(Math.max(...last.map(({ parts }) => totalOf(parts))))
  const place = WIDTH / BARS
  const named = text('activity.chart', { count: last.length })
  return (
    <figure className="chart times">
      <figcaption>{named}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 24}`} role="img" aria-labelledby={`${id}-name`} aria-describedby={`${id}-words`}>
        <title id={`${id}-name`}>{named}</title>
        <desc id={`${id}-words`}>{text('activity.chart-half', { duration: texts.duration(median.totalMs) })}</desc>
        <Patterns id={id} />
        {[0, 0.5, 1].map((share) => (
          <line key={share} className="chart-line" x1="0" x2={WIDTH} y1={HEIGHT * share + 1} y2={HEIGHT * share + 1} />
        ))}
        {last.map(({ at, parts }, index) => {
          let y = HEIGHT + 1
          return (
            <g key={`${at} ${index}`}>
              {LOGIN_PARTS.map((part) => {
                const height = (parts[part] / top) * HEIGHT
                y -= height
                return (
                  <Piece
                    key={part}
                    id={id}
                    part={part}
                    x={(index + GAP / 2) * place}
                    y={y}
                    width={place * (1 - GAP)}
                    height={height}
                  />
                )
              })}
            </g>
          )
        })}
        <text className="chart-text" x="0" y={HEIGHT + 18}>
          {texts.dateTime(last[0]?.at ?? 0)}
        </text>
        <text className="chart-text" x={WIDTH} y="16" textAnchor="end">
          {texts.duration(top)}
        </text>
      </svg>
      <p className="times-median">{text('activity.median', { count })}</p>
      <ul className="times-parts">
        {LOGIN_PARTS.map((part) => (
          <li key={part}>
            <svg className="times-swatch" viewBox="0 0 20 20" aria-hidden>
              <Piece id={id} part={part} x={1} y={1} width={18} height={18} />
            </svg>
            <span>{text(`activity.part.${part}`)}</span>
            <strong>{texts.duration(median.parts[part])}</strong>
          </li>
        ))}
        <li className="times-total">
          <span>{text('activity.total')}</span>
          <strong>{texts.duration(median.totalMs)}</strong>
        </li>
      </ul>
      <details className="chart-table" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>{text('findings.chart-table')}</summary>
        {open && <TimesTable timings={timings} />}
      </details>
    </figure>
  )
})

function TimesTable({ timings }: Props) {
  const texts = useTexts()
  const { text } = texts
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is worked by keys (WCAG 2.2, 2.1.1)
    <section className="table-frame" aria-label={text('findings.chart-table')} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{text('activity.when')}</th>
            {LOGIN_PARTS.map((part) => (
              <th key={part} scope="col">
                {text(`activity.part.${part}`)}
              </th>
            ))}
            <th scope="col">{text('activity.total')}</th>
          </tr>
        </thead>
        <tbody>
          {timings.last.map(({ at, parts }, index) => (
            <tr key={`${at} ${index}`}>
              <th scope="row">{texts.dateTime(at)}</th>
              {LOGIN_PARTS.map((part) => (
                <td key={part}>{texts.duration(parts[part])}</td>
              ))}
              <td>{texts.duration(totalOf(parts))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface PieceProps {
  readonly id: string
  readonly part: LoginPart
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

function Piece({ id, part, ...box }: PieceProps) {
  return (
    <>
      <rect className={`times-piece times-${part}`} {...box} />
      <rect className="times-piece" fill={`url(#${id}-${part})`} {...box} />
    </>
  )
}

/** Lines and dots of the ground's colour over each part's own. The first part has none. */
function Patterns({ id }: { readonly id: string }) {
  const pattern = (part: LoginPart, d: string) => (
    <pattern id={`${id}-${part}`} width="6" height="6" patternUnits="userSpaceOnUse">
      <path className="times-line" d={d} />
    </pattern>
  )
  return (
    <defs>
      {pattern('connect', '')}
      {pattern('read', 'M-1 7 7 -1M-1 1 1 -1M5 7 7 5')}
      {pattern('handshake', 'M2 3h2')}
      {pattern('verify', 'M0 3h6')}
      {pattern('sign', 'M0 3h6M3 0v6')}
      {pattern('gateway', 'M3 0v6')}
    </defs>
  )
}
