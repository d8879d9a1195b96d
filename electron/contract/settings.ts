/**
 * The terminal's settings: the one schema for the file, the environment, the managed policy and the window. A setting is added
 * here and has its name and hint in renderer/locales/<language>/settings.ts; docs/operations.md lists them all, and a test
 * holds the two together.
 */
import * as v from 'valibot'
import { handoverProgramsSchema } from './handover.ts'
import { LANGUAGE_SETTINGS } from './languages.ts'

interface Setting {
  /** The part of the page where it stands. */
  readonly group: 'desk' | 'work' | 'connection' | 'support'
  readonly variable: `TESSERA_${string}`
  readonly value: v.GenericSchema
  /** Absent where the setting may be left out altogether. */
  readonly fallback?: string | number | boolean
  /** What a wrong value is told, where the schema cannot say it. */
  readonly wanted?: string
  /**
   * Who may change it in the window: anyone at the desk; a supervisor who is signed in (anyone while the terminal belongs to
   * no gateway, because there is no supervisor yet); or nobody, because it is set up together with the machine.
   */
  readonly change: 'anyone' | 'supervisor' | 'nobody'
  readonly effect: 'at-once' | 'restart'
  /** What the window gets to see: the value, an address without user name and password, or only whether it is set. */
  readonly shows: 'value' | 'address' | 'presence'
}

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))
const PEM = 'must be the path of a file in PEM'
const byMachine = { group: 'connection', change: 'nobody', effect: 'restart' } as const
const file = { ...byMachine, value: path, wanted: PEM, shows: 'presence' } as const

const SETTINGS = {
  /** The language of the window, or the operating system's. */
  language: {
    group: 'desk',
    variable: 'TESSERA_LANGUAGE',
    value: v.picklist(LANGUAGE_SETTINGS),
    fallback: 'system',
    change: 'anyone',
    effect: 'at-once',
    shows: 'value',
  },
  /** 'contrast': high contrast, light or dark as the system. */
  theme: {
    group: 'desk',
    variable: 'TESSERA_THEME',
    value: v.picklist(['system', 'light', 'dark', 'contrast']),
    fallback: 'system',
    change: 'anyone',
    effect: 'at-once',
    shows: 'value',
  },
  /** A small window in front of the others, for who works in another program. */
  compact: {
    group: 'desk',
    variable: 'TESSERA_COMPACT',
    value: v.boolean(),
    fallback: false,
    change: 'anyone',
    effect: 'at-once',
    shows: 'value',
  },
  /** The whole screen, with no way out but the operating system's. */
  kiosk: {
    group: 'work',
    variable: 'TESSERA_KIOSK',
    value: v.boolean(),
    fallback: false,
    change: 'nobody',
    effect: 'restart',
    shows: 'value',
  },
  /** A short signal of the system when a card is blocked. */
  sounds: {
    group: 'desk',
    variable: 'TESSERA_SOUNDS',
    value: v.boolean(),
    fallback: true,
    change: 'anyone',
    effect: 'at-once',
    shows: 'value',
  },
  /** The system's own notifications of blocks and findings, while the window is not in front. */
  notifications: {
    group: 'work',
    variable: 'TESSERA_NOTIFICATIONS',
    value: v.boolean(),
    fallback: true,
    change: 'anyone',
    effect: 'at-once',
    shows: 'value',
  },
  /** An icon beside the clock. */
  tray: {
    group: 'work',
    variable: 'TESSERA_TRAY',
    value: v.boolean(),
    fallback: false,
    change: 'supervisor',
    effect: 'at-once',
    shows: 'value',
  },
  /** Tessera starts when the user of this computer logs in. */
  autostart: {
    group: 'work',
    variable: 'TESSERA_AUTOSTART',
    value: v.boolean(),
    fallback: false,
    change: 'supervisor',
    effect: 'at-once',
    shows: 'value',
  },
  /** After how many minutes without use the desk is locked. */
  idleMinutes: {
    group: 'work',
    variable: 'TESSERA_IDLE_MINUTES',
    value: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24 * 60)),
    fallback: 15,
    change: 'supervisor',
    effect: 'at-once',
    shows: 'value',
  },
  /** Whether the operator's card has to stay in: then the desk locks when it is pulled. */
  operatorCard: {
    group: 'work',
    variable: 'TESSERA_OPERATOR_CARD',
    value: v.picklist(['stay-in', 'sign-in-only']),
    fallback: 'sign-in-only',
    change: 'supervisor',
    effect: 'restart',
    shows: 'value',
  },
  /** PINs are entered on the reader, where it has a pad. */
  pinPad: {
    group: 'work',
    variable: 'TESSERA_PIN_PAD',
    value: v.boolean(),
    fallback: true,
    change: 'supervisor',
    effect: 'restart',
    shows: 'value',
  },
  /** New PINs too, which no program can look at then (docs/decisions/pin-pad.md). */
  pinPadChange: {
    group: 'work',
    variable: 'TESSERA_PIN_PAD_CHANGE',
    value: v.boolean(),
    fallback: false,
    change: 'supervisor',
    effect: 'restart',
    shows: 'value',
  },
  /** Simulated cards: beside the real ones, never, while there is no real reader, or instead of the real ones. */
  simulation: {
    group: 'work',
    variable: 'TESSERA_SIMULATION',
    value: v.picklist(['on', 'off', 'auto', 'only']),
    fallback: 'off',
    change: 'supervisor',
    effect: 'restart',
    shows: 'value',
  },
  /** mqtt://host:port or mqtts://host:port; without TLS only to this machine. */
  brokerUrl: {
    ...byMachine,
    variable: 'TESSERA_BROKER_URL',
    value: v.pipe(v.string(), v.maxLength(2048), v.regex(/^mqtts?:\/\/[^\s/]+\/?$/)),
    fallback: 'mqtt://127.0.0.1:1883',
    wanted: 'must be mqtt://host:port or mqtts://host:port',
    shows: 'address',
  },
  /** Files in PEM: the authority of the broker's certificate, and this terminal's client certificate and key. */
  brokerCa: { ...file, variable: 'TESSERA_BROKER_CA' },
  brokerCert: { ...file, variable: 'TESSERA_BROKER_CERT' },
  brokerKey: { ...file, variable: 'TESSERA_BROKER_KEY' },
  /** The code of `npm run gateway -- invite`: a terminal without identity enrols with it at start. */
  invitation: {
    ...byMachine,
    variable: 'TESSERA_INVITATION',
    value: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    wanted: 'must be the code of an invitation',
    shows: 'presence',
  },
  /** The programs on this computer that may be handed a person's login (docs/integrate.md, section 7), and the port they ask at. */
  handover: {
    ...byMachine,
    variable: 'TESSERA_HANDOVER',
    value: handoverProgramsSchema,
    wanted: 'must be a list of {"audience", "name"}, with "secretSha256" for app: and without it for https:',
    shows: 'presence',
  },
  /** 0: any that is free. */
  handoverPort: {
    ...byMachine,
    variable: 'TESSERA_HANDOVER_PORT',
    value: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
    shows: 'presence',
  },
  logLevel: {
    group: 'support',
    variable: 'TESSERA_LOG_LEVEL',
    value: v.picklist(['error', 'info', 'debug']),
    fallback: 'info',
    change: 'supervisor',
    effect: 'at-once',
    shows: 'value',
  },
} as const satisfies Readonly<Record<string, Setting>>

type Table = typeof SETTINGS
export type SettingKey = keyof Table
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[]
export const settingOf = (key: SettingKey): Setting => SETTINGS[key]

type Values = { readonly [K in SettingKey]: v.InferOutput<Table[K]['value']> }
type Given = { [K in SettingKey]: Table[K] extends { readonly fallback: unknown } ? K : never }[SettingKey]
export type Settings = Pick<Values, Given> & Partial<Omit<Values, Given>>

/** The keys that the window can change. */
export type ChangeableKey = { [K in SettingKey]: Table[K]['change'] extends 'nobody' ? never : K }[SettingKey]

const change = <K extends ChangeableKey, S extends v.GenericSchema>(key: K, value: S) =>
  v.strictObject({ key: v.literal(key), value })

/** One new value: each key with what it may be. */
export const settingChangeSchema = v.variant('key', [
  change('language', SETTINGS.language.value),
  change('theme', SETTINGS.theme.value),
  change('compact', SETTINGS.compact.value),
  change('sounds', SETTINGS.sounds.value),
  change('notifications', SETTINGS.notifications.value),
  change('tray', SETTINGS.tray.value),
  change('autostart', SETTINGS.autostart.value),
  change('idleMinutes', SETTINGS.idleMinutes.value),
  change('operatorCard', SETTINGS.operatorCard.value),
  change('pinPad', SETTINGS.pinPad.value),
  change('pinPadChange', SETTINGS.pinPadChange.value),
  change('simulation', SETTINGS.simulation.value),
  change('logLevel', SETTINGS.logLevel.value),
])
export type SettingChange = v.InferOutput<typeof settingChangeSchema>

export type SettingSource = 'default' | 'file' | 'environment' | 'policy'

/** How a value is chosen in the window. */
export type SettingControl =
  | { readonly kind: 'choice'; readonly options: readonly string[] }
  | { readonly kind: 'switch' }
  | { readonly kind: 'number'; readonly least: number; readonly most: number }

/** Why it cannot be changed here and now. */
export type SettingLock = 'policy' | 'environment' | 'set-up' | 'role'

export interface SettingView {
  readonly key: SettingKey
  readonly group: Setting['group']
  readonly source: SettingSource
  /** What may be shown of it. */
  readonly shown: { readonly kind: 'value'; readonly value: string | number | boolean } | { readonly kind: 'set' | 'not-set' }
  /** Absent where nobody may change it in the window. */
  readonly control?: SettingControl
  readonly lock?: SettingLock
  /** It was changed and takes effect when the program starts again. */
  readonly waits?: true
}
