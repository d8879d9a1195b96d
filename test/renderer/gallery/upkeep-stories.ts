/** Settings, diagnostics and the report for support, as snapshots. */
import { CHECKS, type CheckResult, type CheckView, type DiagnosticsView } from '../../../electron/contract/diagnostics.ts'
import { SETTING_KEYS, type SettingView, settingOf } from '../../../electron/contract/settings.ts'
import type { Page, SettingsPage, Snapshot } from '../../../electron/contract/snapshot.ts'
import { controlOf } from '../../../electron/settings/kinds.ts'
import type { Story } from './story.ts'

type MakeStory = (name: string, page: Page, rest?: Partial<Snapshot>) => Story

const NOON = Date.UTC(2026, 4, 12, 12, 4)
const DAY = 86_400_000

function setting(key: SettingView['key'], change: Partial<SettingView> = {}): SettingView {
  const { group, value, fallback, change: who } = settingOf(key)
  const control = who === 'nobody' ? undefined : controlOf(value)
  return {
    key,
    group,
    source: 'default',
    shown: fallback === undefined ? { kind: 'not-set' } : { kind: 'value', value: fallback },
    ...(control === undefined ? { lock: 'set-up' } : { control }),
    ...change,
  }
}

const settings = (changes: { readonly [K in SettingView['key']]?: Partial<SettingView> } = {}): readonly SettingView[] =>
  SETTING_KEYS.map((key) => setting(key, changes[key]))

const passed = (fact?: CheckResult['fact']): CheckResult => ({ state: 'passed', problems: [], ...(fact && { fact }) })

const WELL: Readonly<Record<CheckView['id'], CheckResult>> = {
  'reader-service': passed(),
  'reader-permission': passed(),
  readers: passed({ kind: 'readers', count: 2 }),
  cards: passed({ kind: 'cards', count: 1 }),
  broker: passed(),
  'broker-certificate': passed({ kind: 'valid-until', at: NOON + 300 * DAY }),
  gateway: passed({ kind: 'round-trip', ms: 14 }),
  'terminal-certificate': passed({ kind: 'valid-until', at: NOON + 700 * DAY }),
  clock: passed({ kind: 'clock', ms: 120 }),
  storage: passed({ kind: 'free-space', bytes: 41_990_000_000 }),
  program: passed({ kind: 'version', version: '0.1.0' }),
}

const TROUBLED: Readonly<Record<CheckView['id'], CheckResult>> = {
  ...WELL,
  readers: {
    state: 'warning',
    problems: [{ code: 'reader-no-driver', reader: 'ACS ACR39U ICC Reader' }],
    fact: { kind: 'readers', count: 1 },
  },
  cards: { state: 'unknown', problems: [{ code: 'card-none' }] },
  broker: { state: 'failed', problems: [{ code: 'broker-untrusted' }] },
  'broker-certificate': {
    state: 'failed',
    problems: [{ code: 'broker-untrusted' }],
    fact: { kind: 'valid-until', at: NOON - DAY },
  },
  gateway: { state: 'failed', problems: [{ code: 'gateway-offline' }] },
  'terminal-certificate': {
    state: 'warning',
    problems: [{ code: 'terminal-certificate-expiring' }],
    fact: { kind: 'valid-until', at: NOON + 9 * DAY },
  },
  clock: { state: 'unknown', problems: [{ code: 'gateway-offline' }] },
  storage: { state: 'failed', problems: [{ code: 'storage-full' }] },
}

const checked = (results: Readonly<Record<CheckView['id'], CheckResult>>): readonly CheckView[] =>
  CHECKS.map((id) => ({ id, ...results[id] }))

const halfway: readonly CheckView[] = CHECKS.map((id, index) =>
  index < 4 ? { id, ...WELL[id] } : { id, state: index === 4 ? 'running' : 'waiting' },
)

const REPORT = `${JSON.stringify(
  {
    format: 'tessera-support-report/1',
    madeAt: new Date(NOON).toISOString(),
    program: { version: '0.1.0', electron: '45.4.1', chromium: '144.0.0', node: '24.1.0' },
    settings: SETTING_KEYS.map((key) => ({ key, source: 'default', value: 'not-set' })),
    checks: CHECKS.map((id) => ({ id, state: 'passed', codes: [] })),
    log: [{ at: new Date(NOON).toISOString(), level: 'info', event: 'gateway', kind: 'online' }],
  },
  null,
  2,
)}\n`

const withoutOperator = { operator: undefined } as unknown as Partial<Snapshot>

export function upkeepStories(story: MakeStory): readonly Story[] {
  const settingsPage = (page: SettingsPage): Page => ({ kind: 'settings', page })
  const diagnosticsPage = (diagnostics: DiagnosticsView): Page => ({ kind: 'diagnostics', diagnostics })
  const well: DiagnosticsView = { running: false, checks: checked(WELL), checkedAt: NOON }
  return [
    story('settings', settingsPage({ settings: settings() })),
    story(
      'settings-locked',
      settingsPage({
        settings: settings({
          theme: { source: 'policy', lock: 'policy', shown: { kind: 'value', value: 'contrast' } },
          sounds: { source: 'environment', lock: 'environment' },
          idleMinutes: { lock: 'role' },
          simulation: { source: 'policy', lock: 'policy' },
          brokerUrl: {
            source: 'policy',
            lock: 'policy',
            shown: { kind: 'value', value: 'mqtts://broker.harbour-street.branches.example-bank.example:8883' },
          },
          brokerCa: { source: 'policy', lock: 'policy', shown: { kind: 'set' } },
        }),
      }),
      withoutOperator,
    ),
    story(
      'settings-changed',
      settingsPage({
        settings: settings({
          simulation: { source: 'file', waits: true, shown: { kind: 'value', value: 'auto' } },
          autostart: { source: 'file', shown: { kind: 'value', value: true } },
        }),
        unkept: 'theme',
      }),
    ),
    {
      ...story('settings-wrong-number', settingsPage({ settings: settings() })),
      async act(page) {
        const field = page.locator('.field-number input')
        await field.fill('0')
        await field.press('Enter')
      },
    },
    story('settings-high-contrast', settingsPage({ settings: settings() }), { highContrast: true }),
    story('diagnostics-running', diagnosticsPage({ running: true, checks: halfway })),
    story('diagnostics-well', diagnosticsPage(well)),
    story('diagnostics-troubled', diagnosticsPage({ ...well, checks: checked(TROUBLED) }), {
      ...withoutOperator,
      gateway: { kind: 'offline', since: NOON, problem: { code: 'gateway-offline' } },
    }),
    story('report-preparing', diagnosticsPage({ ...well, report: { kind: 'preparing' } })),
    story('report-ready', diagnosticsPage({ ...well, report: { kind: 'ready', text: REPORT, saved: 'not-yet' } })),
    story('report-saved', diagnosticsPage({ ...well, report: { kind: 'ready', text: REPORT, saved: 'saved' } })),
    story('report-unsaved', diagnosticsPage({ ...well, report: { kind: 'ready', text: REPORT, saved: 'failed' } })),
    story('report-failed', diagnosticsPage({ ...well, report: { kind: 'failed' } })),
  ]
}
