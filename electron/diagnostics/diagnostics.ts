/** The terminal's checks of itself and its report for support, as main has them done. */
import { readFileSync } from 'node:fs'
import type { CheckId, CheckResult, CheckView } from '../contract/diagnostics.ts'
import type { Probes } from './probes.ts'
import { type ReportFacts, supportReport } from './report.ts'
import { runRound } from './run.ts'

/** What the report tells of the log. */
const LOG_LINES = 100

export interface DiagnosticsOptions {
  readonly probes: Probes
  readonly now: () => number
  /** The log's present file; the one before it has the same name and '.1'. */
  readonly logFile: string
  readonly facts: () => Omit<ReportFacts, 'madeAt' | 'checks' | 'log'>
  readonly broke: (check: CheckId, error: unknown) => void
}

export interface Diagnostics {
  /** Never rejects. */
  round(begun: (id: CheckId) => void, done: (id: CheckId, result: CheckResult) => void): Promise<void>
  report(checks: readonly CheckView[]): string
}

export function createDiagnostics({ probes, now, logFile, facts, broke }: DiagnosticsOptions): Diagnostics {
  return {
    round: (begun, done) => runRound({ probes, now, begun, done, broke }),
    report: (checks) => supportReport({ ...facts(), madeAt: now(), checks, log: lastLines(logFile) }),
  }
}

function lastLines(file: string): readonly string[] {
  const lines = [`${file}.1`, file].flatMap((name) => {
    try {
      return readFileSync(name, 'utf8').split('\n')
    } catch {
      // A log that has not begun, or that cannot be read, has nothing to tell.
      return []
    }
  })
  return lines.filter((line) => line !== '').slice(-LOG_LINES)
}
