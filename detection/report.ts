/** What was measured, as tables for people. */
import type { EndToEnd, OperatingPoint, Rates } from './measure.ts'
import { quantile, type Score, wilson } from './score.ts'

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((entry, i) => (i < 2 ? entry.padEnd(widths[i] ?? 0) : entry.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}

/** 850 ms, 12.5 s, 3.2 h. */
function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(1)} min`
  return `${(ms / 3_600_000).toFixed(1)} h`
}

export function attackTable(scores: readonly Score[]): string {
  const rows = scores.map(({ kind, variant, attacks, found, delaysMs, actionsUntil }) => {
    const { low, high } = wilson(found, attacks)
    const delay = quantile(delaysMs, 0.5)
    const actions = quantile(actionsUntil, 0.5)
    return [
      kind,
      variant,
      `${found}/${attacks}`,
      percent(found / attacks),
      `${percent(low)}-${percent(high)}`,
      delay === undefined ? '-' : duration(delay),
      actions === undefined ? '-' : String(actions),
    ]
  })
  return table(['FOUND BY', 'ATTACK', 'FOUND', 'RATE', '95% INTERVAL', 'AFTER', 'STEPS'], rows)
}

export function falseAlarmLines({ falseAlarms, honestEvents, honestLogins }: Rates): string {
  const kinds = new Map<string, number>()
  for (const { kind } of falseAlarms) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const delays = kinds.get('delay') ?? 0
  const { high } = wilson(delays, honestLogins)
  return [
    `False alarms: ${falseAlarms.length} in ${honestEvents} honest events, ${per(falseAlarms.length, honestEvents, 1e5)} in 1e5` +
      ` (${[...kinds].map(([kind, n]) => `${kind} ${n}`).join(', ') || 'none'})`,
    `Relay rule: ${delays} in ${honestLogins} honest logins, ${per(delays, honestLogins, 1e4)} in 1e4 (95%: below ${(high * 1e4).toFixed(2)})`,
  ].join('\n')
}

function per(count: number, of: number, unit: number): string {
  return of === 0 ? '-' : ((count / of) * unit).toFixed(2)
}

export function throughputLine({ events, judgeMs }: Rates): string {
  return `Judge: ${events} events, ${((judgeMs * 1000) / events).toFixed(2)} us each, ${Math.round(events / (judgeMs / 1000))} a second`
}

export function curveTable(curve: readonly OperatingPoint[]): string {
  const relays = Object.keys(curve[0]?.found ?? {})
  const rows = curve.map(({ lateByMs, falseAlarms, honestLogins, found }) => [
    `${lateByMs} ms`,
    per(falseAlarms, honestLogins, 1e4),
    ...relays.map((relay) => percent((found[relay]?.found ?? 0) / (found[relay]?.of ?? 1))),
  ])
  return table(['LATE BY', 'FALSE/1e4', ...relays.map((relay) => relay.replace('relay by ', ''))], rows)
}

export function endToEndLines(run: EndToEnd): string {
  return [
    attackTable(run.scores),
    `${run.actions} actions, ${run.events} events, ${run.honestLogins} honest logins in ${duration(run.ms)}:` +
      ` ${Math.round(run.events / (run.ms / 1000))} events a second; false alarms: ${run.falseAlarms.length}`,
  ].join('\n')
}
