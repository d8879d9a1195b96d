/** Charts as SVG, drawn from counts alone, so that the same seed draws the same bytes. Nothing is said by colour alone. */
import type { OperatingPoint } from './measure.ts'
import { percent } from './report.ts'
import { type Score, wilson } from './score.ts'

const INK = '#1b2430'
const FAINT = '#c9d1da'
const PAPER = '#ffffff'
/** Told apart by lightness too. */
const SERIES = ['#0b4f6c', '#c2410c', '#4d7c0f', '#7e22ce', '#0891b2', '#a16207'] as const
const DASHES = ['', '8 4', '2 4', '10 3 2 3', '4 2', '1 3'] as const

function svg(width: number, height: number, title: string, description: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"` +
      ` aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="13" fill="${INK}">`,
    `<title id="t">${escaped(title)}</title>`,
    `<desc id="d">${escaped(description)}</desc>`,
    `<rect width="${width}" height="${height}" fill="${PAPER}"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

const at = (value: number): string => value.toFixed(1)

function text(x: number, y: number, content: string, more = ''): string {
  return `<text x="${at(x)}" y="${at(y)}"${more}>${escaped(content)}</text>`
}

/** A bar for each attack, its 95% interval as a whisker. */
export function attacksChart(scores: readonly Score[]): string {
  const [left, top, row, width] = [430, 56, 22, 420]
  const height = top + scores.length * row + 40
  const body = [text(16, 26, 'Attacks found', ' font-size="18" font-weight="600"')]
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const x = left + share * width
    body.push(`<line x1="${at(x)}" y1="${top - 8}" x2="${at(x)}" y2="${height - 34}" stroke="${FAINT}"/>`)
    body.push(text(x, height - 16, `${share * 100}%`, ' text-anchor="middle"'))
  }
  for (const [i, { kind, variant, found, attacks }] of scores.entries()) {
    const y = top + i * row
    const share = attacks === 0 ? 0 : found / attacks
    const { low, high } = wilson(found, attacks)
    body.push(text(left - 10, y + 12, `${kind}: ${variant}`, ' text-anchor="end" font-size="12"'))
    body.push(`<rect x="${left}" y="${y}" width="${at(Math.max(1, share * width))}" height="15" fill="${SERIES[0]}"/>`)
    const middle = at(y + 7.5)
    body.push(
      `<path d="M${at(left + low * width)} ${middle}H${at(left + high * width)}" stroke="${SERIES[1]}" stroke-width="3"/>`,
    )
    body.push(text(left + width + 12, y + 12, `${percent(share)} of ${attacks}`, ' font-size="12"'))
  }
  const description = scores.map(({ variant, found, attacks }) => `${variant}: ${found} of ${attacks}`).join('; ')
  return svg(left + width + 130, height, 'Attacks found, by kind and strength', description, body)
}

export interface Curve {
  readonly label: string
  readonly points: readonly { readonly falseShare: number; readonly foundShare: number; readonly lateByMs: number }[]
}

export function curveOf(label: string, relay: string, points: readonly OperatingPoint[]): Curve {
  return {
    label,
    points: points.map(({ lateByMs, falseAlarms, honestLogins, found }) => ({
      lateByMs,
      falseShare: falseAlarms / honestLogins,
      foundShare: (found[relay]?.found ?? 0) / (found[relay]?.of ?? 1),
    })),
  }
}

/** False alarms on a logarithmic axis, because what matters lies below one in a thousand. */
export function rocChart(curves: readonly Curve[], chosenMs: number): string {
  const [left, top, width, height] = [80, 60, 520, 360]
  const decades = [-5, -4, -3, -2, -1] as const
  const x = (share: number): number => {
    const exponent = Math.log10(Math.max(share, 1e-5))
    return left + ((exponent + 5) / 4) * width
  }
  const y = (share: number): number => top + (1 - share) * height
  const body = [text(16, 26, 'Relayed cards: found against false alarms', ' font-size="18" font-weight="600"')]
  for (const exponent of decades) {
    const at10 = x(10 ** exponent)
    body.push(`<line x1="${at(at10)}" y1="${top}" x2="${at(at10)}" y2="${top + height}" stroke="${FAINT}"/>`)
    body.push(text(at10, top + height + 20, `1 in 1e${-exponent}`, ' text-anchor="middle"'))
  }
  for (const share of [0, 0.25, 0.5, 0.75, 0.95, 1]) {
    body.push(`<line x1="${left}" y1="${at(y(share))}" x2="${left + width}" y2="${at(y(share))}" stroke="${FAINT}"/>`)
    body.push(text(left - 8, y(share) + (share === 1 ? 0 : 5), `${share * 100}%`, ' text-anchor="end" font-size="12"'))
  }
  body.push(text(left + width / 2, top + height + 44, 'false alarms, of honest logins', ' text-anchor="middle"'))
  body.push(`<text transform="translate(22 ${top + height / 2}) rotate(-90)" text-anchor="middle">relays found</text>`)
  for (const [i, { label, points }] of curves.entries()) {
    const color = SERIES[i % SERIES.length]
    const path = points.map(({ falseShare, foundShare }) => `${at(x(falseShare))} ${at(y(foundShare))}`).join('L')
    const dash = DASHES[i % DASHES.length]
    body.push(
      `<path d="M${path}" fill="none" stroke="${color}" stroke-width="2.5"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`,
    )
    const chosen = points.find(({ lateByMs }) => lateByMs === chosenMs)
    if (chosen !== undefined)
      body.push(
        `<circle cx="${at(x(chosen.falseShare))}" cy="${at(y(chosen.foundShare))}" r="5" fill="${PAPER}" stroke="${color}" stroke-width="2.5"/>`,
      )
    const legendY = top + 14 + i * 24
    body.push(
      `<path d="M${left + width + 24} ${legendY}h40" stroke="${color}" stroke-width="2.5"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`,
    )
    body.push(text(left + width + 74, legendY + 4, label))
  }
  const legendEnd = top + 14 + curves.length * 24
  body.push(`<circle cx="${left + width + 44}" cy="${legendEnd}" r="5" fill="${PAPER}" stroke="${INK}" stroke-width="2"/>`)
  body.push(text(left + width + 74, legendEnd + 4, `the default: late by ${chosenMs} ms`))
  const description = curves
    .map(
      ({ label, points }) =>
        `${label}: ${points.map((p) => `${percent(p.foundShare)} at ${(p.falseShare * 1e4).toFixed(2)} in 1e4`).join(', ')}`,
    )
    .join('; ')
  return svg(left + width + 330, top + height + 66, 'Relayed cards found against false alarms, by threshold', description, body)
}
