/** The state machine's part for what concerns the terminal itself: its settings, its checks and the report for support. */
import { includesRole } from '../../protocol/messages/operations.ts'
import type { CheckView, DiagnosticsView } from '../contract/diagnostics.ts'
import { type SettingChange, type SettingView, settingOf } from '../contract/settings.ts'
import type { SettingsPage } from '../contract/snapshot.ts'
import { type Next, to } from './moves.ts'
import type { Command, State } from './state.ts'
import { INITIAL_UPKEEP, type UpkeepEffect, type UpkeepEvent, type UpkeepState } from './upkeep-state.ts'

export type UpkeepCommand = Extract<
  Command,
  { kind: 'set-setting' | 'run-checks' | 'prepare-report' | 'save-report' | 'close-report' }
>

const upkept = (state: State, change: Partial<UpkeepState>, ...effects: readonly UpkeepEffect[]): Next =>
  to({ ...state, upkeep: { ...state.upkeep, ...change } }, ...effects.map((effect) => ({ kind: 'upkeep' as const, effect })))

/** Undefined where it is out of place. */
export function upkeep(state: State, command: UpkeepCommand): Next | undefined {
  const { report, checks, round } = state.upkeep
  switch (command.kind) {
    case 'set-setting':
      return setSetting(state, command.change)
    case 'run-checks':
      return isChecking(state.upkeep) ? undefined : runChecks(state)
    case 'prepare-report':
      if (report?.kind === 'preparing' || isChecking(state.upkeep) || round === 0) return undefined
      return upkept(state, { report: { kind: 'preparing' } }, { kind: 'make-report', checks })
    case 'save-report':
      if (report?.kind !== 'ready' || report.saved === 'saving') return undefined
      return upkept(state, { report: { ...report, saved: 'saving' } }, { kind: 'save-report', text: report.text })
    case 'close-report': {
      if (report === undefined) return undefined
      const { report: _, ...rest } = state.upkeep
      return to({ ...state, upkeep: rest })
    }
    default:
      return command satisfies never
  }
}

/** Begins a round of checks: by hand, and when the page is opened. */
export function runChecks(state: State): Next {
  const round = state.upkeep.round + 1
  // A report tells of the checks before.
  const { report: _, ...rest } = state.upkeep
  return upkept({ ...state, upkeep: rest }, { checks: INITIAL_UPKEEP.checks, round }, { kind: 'run-checks', round })
}

function setSetting(state: State, change: SettingChange): Next | undefined {
  const view = state.upkeep.settings.find(({ key }) => key === change.key)
  if (view === undefined || lockOf(state, view) !== undefined) return undefined
  const { unkept: _, ...rest } = state.upkeep
  // The language speaks at once, as it does from the choice in the line above.
  const language = change.key === 'language' ? { language: { ...state.language, setting: change.value } } : {}
  return upkept({ ...state, ...language, upkeep: rest }, {}, { kind: 'change-setting', change })
}

/** Why this setting cannot be changed now. A terminal that belongs to no gateway has no supervisor yet. */
function lockOf({ gateway, operator }: State, { key, lock }: SettingView): SettingView['lock'] {
  if (lock !== undefined || settingOf(key).change !== 'supervisor' || gateway.kind === 'not-enrolled') return lock
  return includesRole(operator?.role, 'supervisor') ? undefined : 'role'
}

export const isChecking = ({ checks, round }: UpkeepState): boolean =>
  round > 0 && checks.some(({ state }) => state === 'waiting' || state === 'running')

export function upkeepHappened(state: State, event: UpkeepEvent, now: number): Next {
  const { report, checks, round } = state.upkeep
  switch (event.kind) {
    case 'settings':
      return upkept(state, { settings: event.settings })
    case 'setting-unkept':
      return upkept(state, { unkept: event.key })
    case 'check-begun':
      return event.round === round ? upkept(state, { checks: replaced(checks, { id: event.id, state: 'running' }) }) : to(state)
    case 'checked': {
      if (event.round !== round) return to(state)
      const next = { ...state.upkeep, checks: replaced(checks, { id: event.id, ...event.result }) }
      return upkept(state, isChecking(next) ? next : { ...next, checkedAt: now })
    }
    case 'report-made':
      if (report?.kind !== 'preparing') return to(state)
      return upkept(state, {
        report: event.text === undefined ? { kind: 'failed' } : { kind: 'ready', text: event.text, saved: 'not-yet' },
      })
    case 'report-saved':
      if (report?.kind !== 'ready') return to(state)
      return upkept(state, { report: { ...report, saved: event.outcome === 'cancelled' ? 'not-yet' : event.outcome } })
    default:
      return event satisfies never
  }
}

const replaced = (checks: readonly CheckView[], check: CheckView): readonly CheckView[] =>
  checks.map((known) => (known.id === check.id ? check : known))

export function settingsPage(state: State): SettingsPage {
  const { settings, unkept } = state.upkeep
  return {
    settings: settings.map((view) => {
      const lock = lockOf(state, view)
      return lock === undefined ? view : { ...view, lock }
    }),
    ...(unkept === undefined ? {} : { unkept }),
  }
}

export function diagnosticsView({ upkeep: { checks, checkedAt, report, ...rest } }: State): DiagnosticsView {
  return {
    running: isChecking({ checks, ...rest }),
    checks,
    ...(checkedAt === undefined ? {} : { checkedAt }),
    ...(report === undefined ? {} : { report }),
  }
}

export function wantsHighContrast({ upkeep: { settings } }: State): boolean {
  return settings.some(({ key, shown }) => key === 'theme' && shown.kind === 'value' && shown.value === 'contrast')
}

/** Undefined where nobody at the desk decides how large the window is. */
export function resizing({ upkeep: { settings } }: State): { readonly compact: boolean } | undefined {
  const isOn = (wanted: SettingView['key']): boolean =>
    settings.some(({ key, shown }) => key === wanted && shown.kind === 'value' && shown.value === true)
  const compact = settings.find(({ key }) => key === 'compact')
  return compact === undefined || compact.lock !== undefined || isOn('kiosk') ? undefined : { compact: isOn('compact') }
}
