/**
 * The report that a desk hands to whoever helps it: what the program, the machine, the settings, readers and checks are like, and
 * what the log told last. Two nets keep people and secrets out of it: only what is named here is taken, each in a form of its own;
 * and what is known to be private on this desk is struck out of whatever came through.
 */
import type { CheckView } from '../contract/diagnostics.ts'
import type { SettingView } from '../contract/settings.ts'
import type { GatewayView, ReadersView } from '../contract/snapshot.ts'
import { hostKind } from './host-kind.ts'
import { logEntry } from './log-entry.ts'

export interface ReportFacts {
  readonly madeAt: number
  readonly program: Readonly<Record<'version' | 'electron' | 'chromium' | 'node', string>>
  readonly system: Readonly<Record<'platform' | 'release' | 'architecture' | 'locale' | 'desktop', string>>
  readonly settings: readonly SettingView[]
  readonly brokerUrl: string
  readonly gateway: GatewayView
  readonly readers: ReadersView
  readonly checks: readonly CheckView[]
  /** Messages that the broker delivered and that were good for nothing; other counts by name. */
  readonly counts: Readonly<Record<string, number>>
  /** Lines of the log as they stand in the file, the oldest first. */
  readonly log: readonly string[]
  /** What must not be in it wherever it came from: names, hosts, folders, codes. */
  readonly secrets: readonly string[]
}

const REPORT_FORMAT = 'tessera-support-report/1'
/** Text as programs and systems name themselves; anything else is left out. */
const PLAIN = /^[\w .:;,+()/-]{0,80}$/
const REMOVED = '[removed]'

/** JSON, as it is shown and as it is written. */
export function supportReport(facts: ReportFacts): string {
  const { program, system, gateway, readers, checks, counts } = facts
  const report = {
    format: REPORT_FORMAT,
    madeAt: new Date(facts.madeAt).toISOString(),
    program: mapped(program, plain),
    system: mapped(system, plain),
    settings: facts.settings.map((view) => setting(view, facts.brokerUrl)),
    gateway: { kind: gateway.kind, ...(gateway.kind === 'offline' ? { code: gateway.problem.code } : {}) },
    readers: readers.desk.map(({ name, simulated, state, problem }) => ({
      name: readerModel(name),
      simulated,
      state,
      ...(problem && { code: problem.code }),
    })),
    checks: checks.map(checkLine),
    counts,
    log: facts.log.flatMap((line) => logEntry(line) ?? []),
  }
  return `${JSON.stringify(struckOut(report, facts.secrets), null, 2)}\n`
}

const plain = (text: string): string => (PLAIN.test(text) ? text : REMOVED)

function mapped<K extends string>(texts: Readonly<Record<K, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries<string>(texts).map(([name, text]) => [name, change(text)]))
}

/** Only what was chosen among a few values, or counted, is told; of the rest, whether it is set. */
function setting({ key, source, shown, control, waits }: SettingView, brokerUrl: string) {
  const value =
    key === 'brokerUrl' ? hostKind(brokerUrl) : shown.kind === 'value' && control === undefined ? 'set' : plainValue(shown)
  return { key, source, value, ...(waits && { waits }) }
}

const plainValue = (shown: SettingView['shown']): string | number | boolean => (shown.kind === 'value' ? shown.value : shown.kind)

/** Drivers put serial numbers into a reader's name, mostly in brackets. */
function readerModel(name: string): string {
  return plain(
    name
      .replace(/[([].*?[)\]]/g, '')
      .replace(/\d{5,}/g, '')
      .replace(/\s+/g, ' ')
      .trim(),
  )
}

function checkLine(check: CheckView) {
  if (!('problems' in check)) return { id: check.id, state: check.state }
  const { id, state, problems, fact } = check
  return { id, state, codes: problems.map(({ code }) => code), ...(fact && { fact: { ...fact } }) }
}

/** Shorter than this it would strike out half of the report, and gives nobody away. */
const SHORTEST_SECRET = 3

function struckOut(value: unknown, secrets: readonly string[]): unknown {
  // The longest first: what contains another one goes as a whole.
  const known = secrets.filter(({ length }) => length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length)
  if (known.length === 0) return value
  const pattern = new RegExp(known.map((secret) => secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'gi')
  const strike = (part: unknown): unknown => {
    if (typeof part === 'string') return part.replace(pattern, REMOVED)
    if (Array.isArray(part)) return part.map(strike)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, strike(inner)]))
  }
  return strike(value)
}
