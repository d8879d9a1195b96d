/** What a rule has found, in the words that supervisors' terminals are told it in. */
import type { FindingKind, Layer, Response, Severity } from '../../protocol/messages/finding-operations.ts'

/** Numbers and names that let a supervisor judge for themselves; no secrets and no names of persons. */
export type Evidence = Readonly<Record<string, string | number | boolean>>

/** What a rule reports; the judge adds the policy's answer. */
export interface Suspicion {
  readonly kind: FindingKind
  readonly layer: Layer
  readonly severity: Severity
  /** The card concerned, only where its own key proved that it takes part. */
  readonly card?: string
  readonly evidence: Evidence
}

export interface Finding extends Suspicion {
  readonly at: number
  readonly terminal: string
  readonly site: string
  /** The terminal's own doing; otherwise its name may only have been used. */
  readonly own: boolean
  readonly response: Response
}
