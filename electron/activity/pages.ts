/** What the Activity page is told: one page of rows that match, and what the last logins' time went into. Pure. */
import {
  ACTIVITY_PAGE,
  type ActivityFilter,
  type ActivityRow,
  LOGIN_PARTS,
  type LoginPart,
  type LoginTimings,
  type TimedLogin,
  totalOf,
} from '../contract/activity.ts'
import type { ActivityFound } from '../terminal/overview.ts'
import type { ActivityEntry } from './entry.ts'

/** How many bars the chart has, and over how many logins its medians go. */
const DRAWN_LOGINS = 24
const MEDIAN_LOGINS = 200

/** `wanted` is what a card's reference must begin with, without its hyphen. */
export function findActivity(
  entries: readonly ActivityEntry[],
  { only, outcome }: ActivityFilter,
  wanted: string,
  from: number,
  nameAt: (index: number) => ActivityRow['name'],
): ActivityFound {
  const rows: ActivityRow[] = []
  let matches = 0
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index]
    if (entry === undefined || (only !== undefined && entry.kind !== only)) continue
    if (outcome !== undefined && entry.outcome !== outcome) continue
    if (wanted !== '' && entry.card?.replace('-', '').startsWith(wanted) !== true) continue
    if (matches >= from && rows.length < ACTIVITY_PAGE) rows.push(rowOf(entry, index, nameAt(index)))
    matches += 1
  }
  return { rows, from, matches, kept: entries.length, timings: timingsOf(entries) }
}

function rowOf({ parts: _, ...entry }: ActivityEntry, sequence: number, name: ActivityRow['name']): ActivityRow {
  return { ...entry, sequence, ...(name && { name }) }
}

function timingsOf(entries: readonly ActivityEntry[]): LoginTimings {
  const timed: TimedLogin[] = []
  for (let index = entries.length - 1; index >= 0 && timed.length < MEDIAN_LOGINS; index -= 1) {
    const entry = entries[index]
    if (entry?.kind === 'login' && entry.parts !== undefined) timed.push({ at: entry.at, parts: entry.parts })
  }
  const last = timed.slice(0, DRAWN_LOGINS).reverse()
  if (timed.length === 0) return { last, count: 0 }
  const median = (part: LoginPart): number => medianOf(timed.map(({ parts }) => parts[part]))
  const medians = Object.fromEntries(LOGIN_PARTS.map((part) => [part, median(part)])) as Record<LoginPart, number>
  const totalMs = medianOf(timed.map(({ parts }) => totalOf(parts)))
  return { last, median: { parts: medians, totalMs }, count: timed.length }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}
