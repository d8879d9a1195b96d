/** The store's part that keeps findings, and what their rules have learned (gateway/findings/). */
import type { FindingKind } from '../../protocol/messages/finding-operations.ts'
import type { Finding } from '../findings/finding.ts'

/** One finding, and how often the same was found again soon after. */
export interface FindingRecord extends Omit<Finding, 'card'> {
  readonly id: Uint8Array
  readonly card?: Uint8Array | undefined
  /** Of the latest occurrence. */
  readonly lastAt: number
  readonly occurrences: number
}

export interface ListedFinding extends FindingRecord {
  /** 1, 2, 3 ... in the order in which they were stored. */
  readonly sequence: number
}

/** How many findings of a kind began in the hour that begins then. */
export interface FindingsOfHour {
  readonly at: number
  readonly kind: FindingKind
  readonly count: number
}

export interface FindingReader {
  /** The latest first; only those before that sequence number. */
  findings(query: {
    readonly before?: number | undefined
    readonly kind?: FindingKind | undefined
    readonly limit: number
  }): Promise<ListedFinding[]>
  /** From that time on, up to but not including the other; by hour. */
  findingsByHour(from: number, to: number): Promise<FindingsOfHour[]>
  /** Terminals at which a supervisor has signed in since, and is still. */
  supervisorTerminals(since: number, limit: number): Promise<string[]>
  /** What was learned of a card's or reader's answer times. */
  timings(subject: string): Promise<Uint8Array | undefined>
}

export interface FindingWriter {
  insertFinding(finding: FindingRecord): Promise<void>
  repeatFinding(id: Uint8Array, lastAt: number, occurrences: number): Promise<void>
  /** Keeps so many of the latest. */
  forgetFindings(keep: number): Promise<void>
  saveTimings(subject: string, history: Uint8Array): Promise<void>
}
