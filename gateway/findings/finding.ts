/** What a rule has found. */

export const FINDING_KINDS = [
  'replay',
  'brute-force-pin',
  'brute-force-handshake',
  'injection',
  'delay',
  'clone',
  'flooding',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

/** The layer of the paper's dual verification at which it was seen: the device, or the person. */
export const LAYERS = ['perception', 'application'] as const
export type Layer = (typeof LAYERS)[number]

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What the policy answers with, mildest first; each also notifies. docs/operations.md says what each does. */
export const RESPONSES = ['notify', 'slow-down', 'end-session', 'quarantine-terminal', 'block-card'] as const
export type Response = (typeof RESPONSES)[number]

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
