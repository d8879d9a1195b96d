/** What the terminal does for itself: who may change a setting, when checks run, and what becomes of the report. */
import { describe, expect, test } from 'vitest'
import { CHECKS, type CheckId, type CheckResult } from '../../electron/contract/diagnostics.ts'
import type { SettingChange, SettingView } from '../../electron/contract/settings.ts'
import type { Page } from '../../electron/contract/snapshot.ts'
import type { Diagnostics } from '../../electron/diagnostics/diagnostics.ts'
import type { UpkeepEffect, UpkeepEvent } from '../../electron/terminal/upkeep-state.ts'
import { createUpkeep } from '../../electron/upkeep.ts'
import { createDesk } from './terminal-desk.ts'

const view = (key: SettingView['key'], change: Partial<SettingView> = {}): SettingView => ({
  key,
  group: 'work',
  source: 'default',
  shown: { kind: 'value', value: 'system' },
  control: { kind: 'switch' },
  ...change,
})
const settings: readonly SettingView[] = [
  view('theme'),
  view('language'),
  view('autostart'),
  view('sounds', { source: 'policy', lock: 'policy' }),
]
const passed: CheckResult = { state: 'passed', problems: [] }

function deskWithSettings() {
  const desk = createDesk()
  desk.terminal.settingsChanged(settings, 60_000)
  return desk
}
type Desk = ReturnType<typeof deskWithSettings>

const set = (desk: Desk, change: SettingChange) => desk.intent({ kind: 'set-setting', change })
function pageAs<K extends Page['kind']>(desk: Desk, kind: K): Extract<Page, { kind: K }> {
  const page = desk.page()
  if (page.kind !== kind) throw new Error(`the page is ${page.kind}`)
  return page as Extract<Page, { kind: K }>
}
const diagnostics = (desk: Desk) => pageAs(desk, 'diagnostics').diagnostics
const lockOf = (desk: Desk, key: SettingView['key']) =>
  pageAs(desk, 'settings').page.settings.find((setting) => setting.key === key)?.lock
/** As if the driver told it. */
const tell = (desk: Desk, event: UpkeepEvent, at = desk.tells.length - 1) => desk.tells[at]?.(event)

describe('a setting', () => {
  test('that anyone may change is changed before anyone has signed in', () => {
    const desk = deskWithSettings()
    desk.online()
    expect(set(desk, { key: 'theme', value: 'dark' })).toBe(true)
    expect(desk.upkeep).toEqual([{ kind: 'change-setting', change: { key: 'theme', value: 'dark' } }])
  })

  test('for supervisors is locked for everyone else, and says so', async () => {
    const desk = deskWithSettings()
    desk.online()
    desk.intent({ kind: 'show', page: 'settings' })
    expect(lockOf(desk, 'autostart')).toBe('role')
    expect(set(desk, { key: 'autostart', value: true })).toBe(false)
    desk.intent({ kind: 'show', page: 'desk' })
    await desk.signIn('registrar')
    expect(set(desk, { key: 'autostart', value: true })).toBe(false)
    const other = deskWithSettings()
    other.online()
    await other.signIn('supervisor')
    other.intent({ kind: 'show', page: 'settings' })
    expect(lockOf(other, 'autostart')).toBeUndefined()
    expect(set(other, { key: 'autostart', value: true })).toBe(true)
  })

  test('may be changed by anyone while the terminal belongs to no gateway: there is no supervisor yet', () => {
    const desk = deskWithSettings()
    desk.terminal.gatewayChanged({ kind: 'not-enrolled' })
    expect(set(desk, { key: 'autostart', value: true })).toBe(true)
  })

  test('that a policy fixes is changed by nobody', async () => {
    const desk = deskWithSettings()
    desk.online()
    await desk.signIn('supervisor')
    expect(set(desk, { key: 'sounds', value: true })).toBe(false)
    expect(desk.upkeep).toEqual([])
  })

  test('of the language speaks at once', () => {
    const desk = deskWithSettings()
    desk.online()
    expect(set(desk, { key: 'language', value: 'ar' })).toBe(true)
    expect(desk.terminal.snapshot().language).toMatchObject({ setting: 'ar', desk: 'ar-CH' })
  })

  test('that could not be kept is named until the next change', () => {
    const desk = deskWithSettings()
    desk.online()
    desk.intent({ kind: 'show', page: 'settings' })
    set(desk, { key: 'theme', value: 'dark' })
    tell(desk, { kind: 'setting-unkept', key: 'theme' })
    expect(pageAs(desk, 'settings').page.unkept).toBe('theme')
    set(desk, { key: 'theme', value: 'light' })
    expect(pageAs(desk, 'settings').page).not.toHaveProperty('unkept')
  })

  test('of high contrast is in every snapshot', () => {
    const desk = deskWithSettings()
    expect(desk.terminal.snapshot()).not.toHaveProperty('highContrast')
    desk.terminal.settingsChanged([view('theme', { shown: { kind: 'value', value: 'contrast' } })], 60_000)
    expect(desk.terminal.snapshot().highContrast).toBe(true)
  })
})

describe('checks', () => {
  function opened() {
    const desk = deskWithSettings()
    desk.terminal.gatewayChanged({ kind: 'not-enrolled' })
    desk.intent({ kind: 'show', page: 'diagnostics' })
    return desk
  }
  const finish = (desk: Desk, round: number, result: CheckResult = passed) => {
    for (const id of CHECKS) tell(desk, { kind: 'checked', round, id, result })
  }

  test('begin when the page is opened, without operator and gateway, and show how far they are', () => {
    const desk = opened()
    expect(desk.upkeep).toEqual([{ kind: 'run-checks', round: 1 }])
    tell(desk, { kind: 'check-begun', round: 1, id: 'reader-service' })
    expect(diagnostics(desk).running).toBe(true)
    expect(diagnostics(desk).checks.slice(0, 2)).toEqual([
      { id: 'reader-service', state: 'running' },
      { id: 'reader-permission', state: 'waiting' },
    ])
    tell(desk, { kind: 'checked', round: 1, id: 'reader-service', result: passed })
    expect(diagnostics(desk).checks[0]).toEqual({ id: 'reader-service', ...passed })
    finish(desk, 1)
    expect(diagnostics(desk)).toMatchObject({ running: false, checkedAt: 1000 })
  })

  test('are not begun twice at once; a new round forgets the one before, and what that one still says', () => {
    const desk = opened()
    expect(desk.intent({ kind: 'run-checks' })).toBe(false)
    desk.intent({ kind: 'show', page: 'desk' })
    desk.intent({ kind: 'show', page: 'diagnostics' })
    expect(desk.upkeep).toHaveLength(1)
    finish(desk, 1)
    expect(desk.intent({ kind: 'run-checks' })).toBe(true)
    tell(desk, { kind: 'checked', round: 1, id: 'clock', result: passed })
    expect(diagnostics(desk).checks.every(({ state }) => state === 'waiting')).toBe(true)
  })

  test('lead to a report that is shown, saved, and gone with the next round', () => {
    const desk = opened()
    expect(desk.intent({ kind: 'prepare-report' })).toBe(false)
    finish(desk, 1)
    expect(desk.intent({ kind: 'save-report' })).toBe(false)
    expect(desk.intent({ kind: 'prepare-report' })).toBe(true)
    expect(diagnostics(desk).report).toEqual({ kind: 'preparing' })
    tell(desk, { kind: 'report-made', text: 'TEXT' })
    expect(diagnostics(desk).report).toEqual({ kind: 'ready', text: 'TEXT', saved: 'not-yet' })
    expect(desk.intent({ kind: 'save-report' })).toBe(true)
    // What is written is what was shown, not what would be made now.
    expect(desk.upkeep[desk.upkeep.length - 1]).toEqual({ kind: 'save-report', text: 'TEXT' })
    expect(desk.intent({ kind: 'save-report' })).toBe(false)
    for (const [outcome, saved] of [
      ['cancelled', 'not-yet'],
      ['failed', 'failed'],
      ['saved', 'saved'],
    ] as const) {
      tell(desk, { kind: 'report-saved', outcome })
      expect(diagnostics(desk).report).toMatchObject({ saved })
    }
    desk.intent({ kind: 'run-checks' })
    expect(diagnostics(desk)).not.toHaveProperty('report')
    tell(desk, { kind: 'report-made', text: 'LATE' })
    expect(diagnostics(desk)).not.toHaveProperty('report')
  })

  test('a report that could not be made is told, and can be left', () => {
    const desk = opened()
    finish(desk, 1)
    desk.intent({ kind: 'prepare-report' })
    tell(desk, { kind: 'report-made', text: undefined })
    expect(diagnostics(desk).report).toEqual({ kind: 'failed' })
    expect(desk.intent({ kind: 'close-report' })).toBe(true)
    expect(diagnostics(desk)).not.toHaveProperty('report')
    expect(desk.intent({ kind: 'close-report' })).toBe(false)
  })
})

describe('what is done for it', () => {
  async function done(effect: UpkeepEffect, fails = false) {
    const events: UpkeepEvent[] = []
    const failures: string[] = []
    const changed: SettingChange[] = []
    const saved: string[] = []
    const failing = (): void => {
      if (fails) throw new Error('no')
    }
    const own: Diagnostics = {
      async round(begun, finished) {
        for (const id of ['broker', 'clock'] satisfies CheckId[]) {
          begun(id)
          finished(id, passed)
        }
      },
      report(checks) {
        failing()
        return `${checks.length} checks`
      },
    }
    const perform = createUpkeep({
      settings: {
        async change(change) {
          failing()
          changed.push(change)
        },
      },
      diagnostics: async () => own,
      async save(text) {
        failing()
        saved.push(text)
        return 'saved'
      },
      onFailure: (where) => failures.push(where),
    })
    await perform(effect, (event) => events.push(event))
    return { events, failures, changed, saved }
  }

  test('is told as it happens', async () => {
    const change = { key: 'theme', value: 'dark' } as const
    expect(await done({ kind: 'change-setting', change })).toMatchObject({ changed: [change], events: [] })
    expect((await done({ kind: 'run-checks', round: 7 })).events).toEqual([
      { kind: 'check-begun', round: 7, id: 'broker' },
      { kind: 'checked', round: 7, id: 'broker', result: passed },
      { kind: 'check-begun', round: 7, id: 'clock' },
      { kind: 'checked', round: 7, id: 'clock', result: passed },
    ])
    expect((await done({ kind: 'make-report', checks: [] })).events).toEqual([{ kind: 'report-made', text: '0 checks' }])
    expect(await done({ kind: 'save-report', text: 'TEXT' })).toMatchObject({
      saved: ['TEXT'],
      events: [{ kind: 'report-saved', outcome: 'saved' }],
    })
  })

  test.each([
    [
      { kind: 'change-setting', change: { key: 'theme', value: 'dark' } },
      { kind: 'setting-unkept', key: 'theme' },
      'setting-unkept',
    ],
    [{ kind: 'make-report', checks: [] }, { kind: 'report-made', text: undefined }, 'report'],
    [{ kind: 'save-report', text: 'TEXT' }, { kind: 'report-saved', outcome: 'failed' }, 'report-unsaved'],
  ] as const)('where %o fails, that is told too, and logged', async (effect, event, where) => {
    expect(await done(effect, true)).toMatchObject({ events: [event], failures: [where] })
  })
})
