/** The settings while the program runs: what is in force, what the window shows of them, and how one is changed. */
import {
  SETTING_KEYS,
  type SettingChange,
  type SettingKey,
  type SettingSource,
  type Settings,
  type SettingView,
  settingOf,
} from '../contract/settings.ts'
import { controlOf } from './kinds.ts'
import { keepSetting, type LoadedSettings, loadSettings, type SettingsPlaces } from './settings.ts'

export interface SettingsStore {
  /** In force now: what takes effect at once is as it was changed, the rest as it was at the start. */
  values(): Settings
  /** For the window; who may change what is decided by the terminal, which knows who is signed in. */
  views(): readonly SettingView[]
  /** True where policy or environment decide, so that nobody at the desk may change it. */
  isFixed(key: SettingKey): boolean
  /** Writes the file. Rejects where the file is damaged or cannot be written, or where the setting is fixed from outside. */
  change(change: SettingChange): Promise<void>
  /** Called after each change. */
  subscribe(listener: () => void): void
}

/** Throws a SettingsError that names the key. */
export function openSettings(places: SettingsPlaces): SettingsStore {
  const atStart = loadSettings(places)
  const listeners = new Set<() => void>()
  let loaded = atStart
  /** One change after the other: each reads what the one before has written. */
  let changing: Promise<void> = Promise.resolve()

  async function change({ key, value }: SettingChange): Promise<void> {
    if (isOutside(loaded.sources[key])) throw new Error(`${key} is fixed from outside`)
    await keepSetting(places.folder, key, value)
    loaded = loadSettings(places)
    for (const listener of listeners) listener()
  }

  return {
    values: () => inForce(atStart.values, loaded.values),
    views: () => SETTING_KEYS.map((key) => viewOf(key, loaded, atStart.values)),
    isFixed: (key) => isOutside(loaded.sources[key]),
    change(wanted) {
      const done = changing.then(() => change(wanted))
      changing = done.catch(() => undefined)
      return done
    },
    subscribe: (listener) => void listeners.add(listener),
  }
}

/** What the file says does not count there. */
function isOutside(source: SettingSource): source is 'policy' | 'environment' {
  return source === 'policy' || source === 'environment'
}

function inForce(atStart: Settings, now: Settings): Settings {
  const values: Record<string, unknown> = { ...atStart }
  for (const key of SETTING_KEYS) {
    if (settingOf(key).effect === 'at-once') values[key] = now[key]
  }
  return values as Settings
}

function viewOf(key: SettingKey, { values, sources }: LoadedSettings, atStart: Settings): SettingView {
  const { group, value: schema, change, effect } = settingOf(key)
  const source = sources[key]
  const control = change === 'nobody' ? undefined : controlOf(schema)
  const lock = isOutside(source) ? source : control === undefined ? 'set-up' : undefined
  return {
    key,
    group,
    source,
    shown: shownOf(key, values[key]),
    ...(control === undefined ? {} : { control }),
    ...(lock === undefined ? {} : { lock }),
    ...(effect === 'restart' && !isSame(values[key], atStart[key]) ? { waits: true } : {}),
  }
}

function shownOf(key: SettingKey, value: Settings[SettingKey]): SettingView['shown'] {
  const { shows } = settingOf(key)
  // A list is nothing that fits beside its name.
  if (value === undefined || typeof value === 'object' || shows === 'presence')
    return { kind: value === undefined ? 'not-set' : 'set' }
  return { kind: 'value', value: shows === 'address' && typeof value === 'string' ? withoutCredentials(value) : value }
}

/** A list is read anew each time, and means the same. */
function isSame(a: Settings[SettingKey], b: Settings[SettingKey]): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** A URL may carry a user name and a password in front of its host (RFC 3986 section 3.2.1). */
function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//')
}
