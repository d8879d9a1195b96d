/** What the window shows of the terminal's checks of itself, and of the report that is made from them. */
import type { Problem } from './problems.ts'

/** In the order in which they are made: what the later ones need stands first. */
export const CHECKS = [
  'reader-service',
  'reader-permission',
  'readers',
  'cards',
  'broker',
  'broker-certificate',
  'gateway',
  'terminal-certificate',
  'clock',
  'storage',
  'program',
] as const
export type CheckId = (typeof CHECKS)[number]

/** What was measured, for people to read. */
export type CheckFact =
  | { readonly kind: 'readers'; readonly count: number }
  | { readonly kind: 'cards'; readonly count: number }
  /** The broker is on this computer: what is said to it needs no certificate. */
  | { readonly kind: 'same-computer' }
  /** Milliseconds since 1970. */
  | { readonly kind: 'valid-until'; readonly at: number }
  /** From the question to the gateway's answer. */
  | { readonly kind: 'round-trip'; readonly ms: number }
  /** How far this computer's clock is from the gateway's, either way. */
  | { readonly kind: 'clock'; readonly ms: number }
  /** Of the disk that Tessera's folder is on. */
  | { readonly kind: 'free-space'; readonly bytes: number }
  | { readonly kind: 'version'; readonly version: string }

export interface CheckResult {
  /** 'unknown': it could not be found out, and the problem says why. */
  readonly state: 'passed' | 'warning' | 'failed' | 'unknown'
  /** The worst first; none where it passed. */
  readonly problems: readonly Problem[]
  readonly fact?: CheckFact
}

export type CheckView = { readonly id: CheckId } & (CheckResult | { readonly state: 'waiting' | 'running' })

export interface DiagnosticsView {
  readonly running: boolean
  readonly checks: readonly CheckView[]
  /** When the last round ended; absent before. */
  readonly checkedAt?: number
  readonly report?: ReportView
}

/** The support report: what is shown is what is written, byte for byte. */
export type ReportView =
  | { readonly kind: 'preparing' }
  | { readonly kind: 'ready'; readonly text: string; readonly saved: 'not-yet' | 'saving' | 'saved' | 'failed' }
  | { readonly kind: 'failed' }
