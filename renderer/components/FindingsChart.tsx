/** Findings over the last days, drawn: one bar for six hours. The same as a table, for who would rather read or listen. */
import { useId } from 'react'
import { niceTop } from './chart-scale.ts'
import { useTexts } from './context.ts'

interface Props {
  /** Milliseconds since 1970, of the first hour. */
  readonly since: number
  /** For each hour. */
  readonly counts: readonly number[]
}

const HOUR_MS = 3_600_000
const HOURS_IN_BAR = 6
const WIDTH = 720
const HEIGHT = 110
/** Between bars, as a part of a bar's place. */
const GAP = 0.25

interface Bar {
  readonly at: number
  readonly count: number
}

function barsOf({ since, counts }: Props): readonly Bar[] {
  const bars: Bar[] = []
  for (let hour = 0; hour < counts.length; hour += HOURS_IN_BAR) {
    const count = counts.slice(hour, hour + HOURS_IN_BAR).reduce((sum, one) => sum + one, 0)
    bars.push({ at: since + hour * HOUR_MS, count })
  }
  return bars
}

export function FindingsChart(props: Props) {
  const texts = useTexts()
  const { text } = texts
  const title = useId()
  const description = useId()
  const bars = barsOf(props)
  const total = bars.reduce((sum, { count }) => sum + count, 0)
  const highest = bars.reduce((most, bar) => (bar.count > most.count ? bar : most), bars[0] ?? { at: props.since, count: 0 })
  const top = niceTop(highest.count)
  const place = WIDTH / Math.max(1, bars.length)
  const named = text('findings.chart', { count: total })
  const described =
    total === 0
      ? text('findings.chart-none')
      : text('findings.chart-most', { count: highest.count, when: texts.dateTime(highest.at) })
  return (
    <figure className="chart">
      <figcaption>{named}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 24}`} role="img" aria-labelledby={title} aria-describedby={description}>
        <title id={title}>{named}</title>
        <desc id={description}>{described}</desc>
        {[0, 0.5, 1].map((share) => (
          <line key={share} className="chart-line" x1="0" x2={WIDTH} y1={HEIGHT * share + 1} y2={HEIGHT * share + 1} />
        ))}
        {bars.map(({ at, count }, index) => {
          const height = (count / top) * HEIGHT
          return (
            <rect
              key={at}
              className="chart-bar"
              x={(index + GAP / 2) * place}
              y={HEIGHT - height + 1}
              width={place * (1 - GAP)}
              height={height}
              rx="2"
            />
          )
        })}
        <text className="chart-text" x="0" y={HEIGHT + 18}>
          {texts.date(props.since)}
        </text>
        <text className="chart-text" x={WIDTH} y={HEIGHT + 18} textAnchor="end">
          {text('findings.chart-now')}
        </text>
        {total > 0 && (
          <text className="chart-text" x="4" y="16">
            {top}
          </text>
        )}
      </svg>
      {total > 0 && (
        <details className="chart-table">
          <summary>{text('findings.chart-table')}</summary>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{text('findings.chart-from')}</th>
                <th scope="col">{text('findings.chart-count')}</th>
              </tr>
            </thead>
            <tbody>
              {bars
                .filter(({ count }) => count > 0)
                .map(({ at, count }) => (
                  <tr key={at}>
                    <th scope="row">{texts.dateTime(at)}</th>
                    <td>{count}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </details>
      )}
    </figure>
  )
}
