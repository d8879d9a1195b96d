/** What a batch comes to: for the window, and as a file for a spreadsheet. */
import type { BatchOutcome, BatchReport, BatchReportRow } from '../contract/batch.ts'
import { BATCH_ROWS } from '../contract/batch.ts'
import { groupsOfFour } from '../terminal/card-number.ts'
import type { Batch, Member, MemberState } from './batch.ts'

function outcomeOf(state: MemberState): BatchOutcome {
  switch (state.kind) {
    case 'waiting':
    case 'running':
      return { kind: 'waiting' }
    case 'done':
      return { kind: 'done', cardNumber: groupsOfFour(state.guid), ...(state.ms !== undefined && { ms: state.ms }) }
    case 'failed':
      return { kind: 'failed', code: state.code }
    case 'skipped':
      return { kind: 'skipped', ...(state.code && { code: state.code }) }
    default:
      return state satisfies never
  }
}

/** The smallest value that at least that share of the values does not exceed (nearest rank); undefined for none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

const timesOf = ({ members }: Batch): readonly number[] =>
  members.flatMap(({ state }) => (state.kind === 'done' && state.ms !== undefined ? [state.ms] : []))

/** The people from that one on, as many as the window draws. */
export function reportOf(batch: Batch, from: number): BatchReport {
  const times = timesOf(batch)
  const medianMs = percentile(times, 0.5)
  const p95Ms = percentile(times, 0.95)
  const rows = batch.members
    .slice(from, from + BATCH_ROWS)
    .map(({ person, state }, at): BatchReportRow => ({ number: from + at + 1, person, outcome: outcomeOf(state) }))
  return { from, rows, ...(medianMs !== undefined && { medianMs }), ...(p95Ms !== undefined && { p95Ms }) }
}

const COLUMNS = ['number', 'reference', 'given name', 'family name', 'role', 'outcome', 'code', 'card number', 'seconds']

/** RFC 4180, with a byte order mark, because spreadsheets take UTF-8 for something else without one. */
export function reportCsv({ members }: Batch): string {
  const rows = members.map((member, at) => cellsOf(member, at + 1))
  return `\ufeff${[COLUMNS, ...rows].map((cells) => cells.map(cell).join(',')).join('\r\n')}\r\n`
}

function cellsOf({ person, state }: Member, number: number): readonly string[] {
  const outcome = outcomeOf(state)
  const code = 'code' in outcome ? (outcome.code ?? '') : ''
  const seconds = state.kind === 'done' && state.ms !== undefined ? (state.ms / 1000).toFixed(1) : ''
  const card = state.kind === 'done' ? state.guid : ''
  const { reference, givenName, familyName, role = '' } = person
  return [String(number), reference, givenName, familyName, role, outcome.kind, code, card, seconds]
}

/** A spreadsheet takes what begins so for a formula, and would carry out what somebody has called themselves. */
const FORMULA = /^[=+\-@\t\r]/

function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe
}
