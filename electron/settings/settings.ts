/**
 * The terminal's settings as they stand: the managed policy goes before the environment, that before the file
 * TESSERA_HOME/terminal/settings.json, and that before what the schema says (electron/contract/settings.ts).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { writePrivateFile } from '../../native/conversation/private-file.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { SETTING_KEYS, type SettingKey, type SettingSource, type Settings, settingOf } from '../contract/settings.ts'
import { SettingsError } from './errors.ts'
import { fromVariable, wantedBy } from './kinds.ts'
import type { PolicyFile } from './policy.ts'

export interface SettingsPlaces {
  /** TESSERA_HOME/terminal */
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  readonly policy: PolicyFile | undefined
}

export interface LoadedSettings {
  readonly values: Settings
  readonly sources: Readonly<Record<SettingKey, SettingSource>>
}

/** Throws a SettingsError that names the key. */
export function loadSettings({ folder, environment, policy }: SettingsPlaces): LoadedSettings {
  const file = fileOf(folder)
  const layers = [
    {
      source: 'policy' as const,
      name: policy?.path ?? '',
      content: policy === undefined ? {} : parse(policy.path, policy.content),
    },
    { source: 'environment' as const, name: 'environment', content: readEnvironment(environment) },
    { source: 'file' as const, name: file, content: readFile(file) },
  ]
  for (const { name, content } of layers) {
    const stranger = Object.keys(content).find((key) => !isKey(key))
    if (stranger !== undefined) throw new SettingsError('unknown-key', name, stranger, 'there is no such setting')
  }
  const values: Record<string, unknown> = {}
  const sources: Record<string, SettingSource> = {}
  const blame = (key: SettingKey): [source: string, name: string] => {
    const layer = layers.find(({ source }) => source === sources[key])
    return [layer?.name ?? file, layer?.source === 'environment' ? settingOf(key).variable : key]
  }
  for (const key of SETTING_KEYS) {
    const { value: schema, fallback, wanted } = settingOf(key)
    const layer = layers.find(({ content }) => Object.hasOwn(content, key))
    sources[key] = layer?.source ?? 'default'
    if (layer === undefined) {
      if (fallback !== undefined) values[key] = fallback
      continue
    }
    const parsed = v.safeParse(schema, layer.content[key])
    if (!parsed.success) {
      const [source, name] = blame(key)
      throw new SettingsError('bad-value', source, name, wanted ?? wantedBy(schema))
    }
    values[key] = parsed.output
  }
  const settings = values as Settings
  if ((settings.brokerCert === undefined) !== (settings.brokerKey === undefined)) {
    const [source, name] = blame(settings.brokerCert === undefined ? 'brokerKey' : 'brokerCert')
    throw new SettingsError('incomplete', source, name, 'a client certificate and its key are given together')
  }
  return { values: settings, sources: sources as LoadedSettings['sources'] }
}

const isKey = (key: string): key is SettingKey => (SETTING_KEYS as readonly string[]).includes(key)

function readEnvironment(environment: NodeJS.ProcessEnv): Record<string, unknown> {
  const content: Record<string, unknown> = {}
  for (const key of SETTING_KEYS) {
    const { variable, value: schema } = settingOf(key)
    const text = environment[variable]
    // An empty variable is one that was meant to be absent.
    if (text !== undefined && text !== '') content[key] = fromVariable(schema, text)
  }
  return content
}

const fileOf = (terminalFolder: string): string => join(terminalFolder, 'settings.json')

/** Writes one setting into the file and leaves the others as they stand. Rejects where the file is damaged or cannot be written. */
export async function keepSetting<K extends SettingKey>(terminalFolder: string, key: K, value: Settings[K]): Promise<void> {
  const file = fileOf(terminalFolder)
  await writePrivateFile(file, utf8(`${JSON.stringify({ ...readFile(file), [key]: value }, null, 2)}\n`))
}

function readFile(file: string): Record<string, unknown> {
  try {
    return parse(file, readFileSync(file, 'utf8'))
  } catch (cause) {
    if (cause instanceof SettingsError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new SettingsError('unreadable', file, undefined, 'cannot be read', { cause })
  }
}

function parse(file: string, content: string): Record<string, unknown> {
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
    throw new SettingsError('unreadable', file, settingOf(key).variable, 'the file cannot be read', { cause })
  }
}
