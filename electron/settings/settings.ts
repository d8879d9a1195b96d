/**
 * The terminal's settings: one schema, read from the file TESSERA_HOME/terminal/settings.json and from the environment, which
 * goes before the file. docs/operations.md lists them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { writePrivateFile } from '../../native/conversation/private-file.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { LANGUAGE_SETTINGS } from '../contract/languages.ts'

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))

const settingsSchema = v.strictObject({
  /** mqtt://host:port or mqtts://host:port; without TLS only to this machine. */
  brokerUrl: v.optional(v.pipe(v.string(), v.maxLength(2048), v.regex(/^mqtts?:\/\/[^\s/]+\/?$/)), 'mqtt://127.0.0.1:1883'),
  /** Files in PEM: the authority of the broker's certificate, and this terminal's client certificate and key. */
  brokerCa: v.optional(path),
  brokerCert: v.optional(path),
  brokerKey: v.optional(path),
  /** The code of `npm run gateway -- invite`: a terminal without identity enrols with it at start. */
  invitation: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  /** Simulated cards: beside the real ones, never, while there is no real reader, or instead of the real ones. */
  simulation: v.optional(v.picklist(['on', 'off', 'auto', 'only']), 'off'),
  /** After how many minutes without use the desk is locked. */
  idleMinutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24 * 60)), 15),
  /** Whether the operator's card has to stay in: then the desk locks when it is pulled. */
  operatorCard: v.optional(v.picklist(['stay-in', 'sign-in-only']), 'sign-in-only'),
  logLevel: v.optional(v.picklist(['error', 'info', 'debug']), 'info'),
  /** The language of the window, or the operating system's. */
  language: v.optional(v.picklist(LANGUAGE_SETTINGS), 'system'),
})

export type Settings = v.InferOutput<typeof settingsSchema>
type Key = keyof Settings

/** The variable of each key. */
const VARIABLES: Readonly<Record<Key, string>> = {
  brokerUrl: 'TESSERA_BROKER_URL',
  brokerCa: 'TESSERA_BROKER_CA',
  brokerCert: 'TESSERA_BROKER_CERT',
  brokerKey: 'TESSERA_BROKER_KEY',
  invitation: 'TESSERA_INVITATION',
  simulation: 'TESSERA_SIMULATION',
  idleMinutes: 'TESSERA_IDLE_MINUTES',
  operatorCard: 'TESSERA_OPERATOR_CARD',
  logLevel: 'TESSERA_LOG_LEVEL',
  language: 'TESSERA_LANGUAGE',
}

export type SettingsErrorKind =
  /** The file is there and cannot be read. */
  | 'unreadable'
  /** The file is not a JSON object. */
  | 'not-json'
  /** A key that there is not. */
  | 'unknown-key'
  | 'bad-value'
  /** A client certificate without its key, or the other way round. */
  | 'incomplete'

/** `key` is named as it stands in its source: brokerUrl in the file, TESSERA_BROKER_URL in the environment. */
export class SettingsError extends Error {
  readonly kind: SettingsErrorKind
  readonly source: string
  readonly key: string | undefined
  constructor(kind: SettingsErrorKind, source: string, key: string | undefined, wanted: string, options?: ErrorOptions) {
    super(`Settings: ${key === undefined ? source : `${key} (${source})`}: ${wanted}`, options)
    this.name = 'SettingsError'
    this.kind = kind
    this.source = source
    this.key = key
  }
}

const WANTED: Readonly<Record<Key, string>> = {
  brokerUrl: 'must be mqtt://host:port or mqtts://host:port',
  brokerCa: 'must be the path of a file in PEM',
  brokerCert: 'must be the path of a file in PEM',
  brokerKey: 'must be the path of a file in PEM',
  invitation: 'must be the code of an invitation',
  simulation: 'must be on, off, auto or only',
  idleMinutes: 'must be a whole number from 1 to 1440',
  operatorCard: 'must be stay-in or sign-in-only',
  logLevel: 'must be error, info or debug',
  language: `must be ${LANGUAGE_SETTINGS.slice(0, -1).join(', ')} or ${LANGUAGE_SETTINGS[LANGUAGE_SETTINGS.length - 1]}`,
}

/** Throws a SettingsError that names the key. */
export function loadSettings(terminalFolder: string, environment: NodeJS.ProcessEnv): Settings {
  const file = fileOf(terminalFolder)
  const fromFile = readFile(file)
  const merged: Record<string, unknown> = { ...fromFile }
  for (const key of Object.keys(VARIABLES) as Key[]) {
    const value = environment[VARIABLES[key]]
    // An empty variable is one that was meant to be absent.
    if (value === undefined || value === '') continue
    merged[key] = key === 'idleMinutes' && /^\d{1,4}$/.test(value) ? Number(value) : value
  }
  const sourceOf = (key: Key): [source: string, name: string] => {
    const variable = VARIABLES[key]
    return isLocked(key, environment) ? ['environment', variable] : [file, key]
  }
  const parsed = v.safeParse(settingsSchema, merged)
  if (!parsed.success) {
    const key = String(parsed.issues[0].path?.[0]?.key ?? '')
    if (!Object.hasOwn(VARIABLES, key)) throw new SettingsError('unknown-key', file, key, 'there is no such setting')
    const [source, name] = sourceOf(key as Key)
    throw new SettingsError('bad-value', source, name, WANTED[key as Key])
  }
  const settings = parsed.output
  if ((settings.brokerCert === undefined) !== (settings.brokerKey === undefined)) {
    const [source, name] = sourceOf(settings.brokerCert === undefined ? 'brokerKey' : 'brokerCert')
    throw new SettingsError('incomplete', source, name, 'a client certificate and its key are given together')
  }
  return settings
}

const fileOf = (terminalFolder: string): string => join(terminalFolder, 'settings.json')

/** True where the environment decides, so that what the file says does not count. */
export function isLocked(key: Key, environment: NodeJS.ProcessEnv): boolean {
  return (environment[VARIABLES[key]] ?? '') !== ''
}

/** Writes one setting into the file and leaves the others as they stand. Rejects where the file is damaged or cannot be written. */
export async function keepSetting<K extends Key>(terminalFolder: string, key: K, value: Settings[K]): Promise<void> {
  const file = fileOf(terminalFolder)
  await writePrivateFile(file, utf8(`${JSON.stringify({ ...readFile(file), [key]: value }, null, 2)}\n`))
}

function readFile(file: string): Record<string, unknown> {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new SettingsError('unreadable', file, undefined, 'cannot be read', { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (cause) {
    throw new SettingsError('not-json', file, undefined, 'is not JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingsError('not-json', file, undefined, 'must hold one JSON object')
  }
  return value as Record<string, unknown>
}

/** A file that a setting names. Throws a SettingsError. */
export function readNamedFile(key: 'brokerCa' | 'brokerCert' | 'brokerKey', file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new SettingsError('unreadable', file, VARIABLES[key], 'the file cannot be read', { cause })
  }
}
