/** Does what the terminal asks for itself: changes settings, makes checks, makes and writes the report for support. */
import type { Diagnostics } from './diagnostics/diagnostics.ts'
import type { SettingsStore } from './settings/store.ts'
import type { UpkeepEffect, UpkeepEvent } from './terminal/upkeep-state.ts'

export interface UpkeepOptions {
  readonly settings: Pick<SettingsStore, 'change'>
  /** Loaded when they are first needed. */
  readonly diagnostics: () => Promise<Diagnostics>
  /** Asks where, and writes. Rejects where the file cannot be written. */
  readonly save: (text: string) => Promise<'saved' | 'cancelled'>
  readonly onFailure: (where: string, error: unknown) => void
}

/** Never rejects: what goes wrong is told as an event, too. */
export function createUpkeep({ settings, diagnostics, save, onFailure }: UpkeepOptions) {
  return async (effect: UpkeepEffect, tell: (event: UpkeepEvent) => void): Promise<void> => {
    switch (effect.kind) {
      case 'change-setting':
        try {
          await settings.change(effect.change)
        } catch (error) {
          onFailure('setting-unkept', error)
          tell({ kind: 'setting-unkept', key: effect.change.key })
        }
        return
      case 'run-checks': {
        const { round } = effect
        const { round: run } = await diagnostics()
        await run(
          (id) => tell({ kind: 'check-begun', round, id }),
          (id, result) => tell({ kind: 'checked', round, id, result }),
        )
        return
      }
      case 'make-report':
        try {
          const { report } = await diagnostics()
          tell({ kind: 'report-made', text: report(effect.checks) })
        } catch (error) {
          onFailure('report', error)
          tell({ kind: 'report-made', text: undefined })
        }
        return
      case 'save-report':
        try {
          tell({ kind: 'report-saved', outcome: await save(effect.text) })
        } catch (error) {
          onFailure('report-unsaved', error)
          tell({ kind: 'report-saved', outcome: 'failed' })
        }
        return
      default:
        effect satisfies never
    }
  }
}
