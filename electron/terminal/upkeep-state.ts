/** What the terminal knows of itself: its settings, its checks, and the report for support. */
import { CHECKS, type CheckId, type CheckResult, type CheckView, type ReportView } from '../contract/diagnostics.ts'
import type { SettingChange, SettingKey, SettingView } from '../contract/settings.ts'

export interface UpkeepState {
  readonly settings: readonly SettingView[]
  /** The setting whose last change could not be kept. */
  readonly unkept?: SettingKey
  readonly checks: readonly CheckView[]
  /** Tells the results of this round from those of an earlier one; 0 before the first. */
  readonly round: number
  readonly checkedAt?: number
  readonly report?: ReportView
}

export const INITIAL_UPKEEP: UpkeepState = { settings: [], checks: CHECKS.map((id) => ({ id, state: 'waiting' })), round: 0 }

export type UpkeepEvent =
  | { readonly kind: 'settings'; readonly settings: readonly SettingView[] }
  | { readonly kind: 'setting-unkept'; readonly key: SettingKey }
  | { readonly kind: 'check-begun'; readonly round: number; readonly id: CheckId }
  | { readonly kind: 'checked'; readonly round: number; readonly id: CheckId; readonly result: CheckResult }
  | { readonly kind: 'report-made'; readonly text: string | undefined }
  | { readonly kind: 'report-saved'; readonly outcome: 'saved' | 'failed' | 'cancelled' }

export type UpkeepEffect =
  | { readonly kind: 'change-setting'; readonly change: SettingChange }
  | { readonly kind: 'run-checks'; readonly round: number }
  | { readonly kind: 'make-report'; readonly checks: readonly CheckView[] }
  | { readonly kind: 'save-report'; readonly text: string }
