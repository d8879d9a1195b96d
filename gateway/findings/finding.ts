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
export type Layer = 'perception' | 'application'

export type Severity = 'low' | 'medium' | 'high' | 'critical'

/** What the policy answers with, mildest first. */
export const RESPONSES = ['notify', 'slow-down', 'quarantine-terminal', 'block-card'] as const
export type Response = (typeof RESPONSES)[number]

/** What a rule reports; the judge adds the policy's answer. */
export interface Suspicion {
  readonly kind: FindingKind
  readonly layer: Layer
  readonly severity: Severity
  /** The card concerned, only where its own key proved that it takes part. */
  readonly card?: string
  /** Numbers and names that let a supervisor judge for themselves; no secrets and no names of persons. */
  readonly evidence: Readonly<Record<string, string | number | boolean>>
}

export interface Finding extends Suspicion {
  readonly at: number
  readonly terminal: string
  readonly site: string
  readonly response: Response
}
