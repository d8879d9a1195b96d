/** Settings from policy, environment, file and default: who wins, what is refused, what the window sees of it. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { intentSchema } from '../../electron/contract/intents.ts'
import { SETTING_KEYS, type SettingKey, settingChangeSchema, settingOf } from '../../electron/contract/settings.ts'
import { SettingsError } from '../../electron/settings/errors.ts'
import { controlOf } from '../../electron/settings/kinds.ts'
import { type PolicyFile, policyPlaces, readPolicy } from '../../electron/settings/policy.ts'
import { loadSettings } from '../../electron/settings/settings.ts'
import { openSettings } from '../../electron/settings/store.ts'
import { hasWords } from '../../renderer/views/setting-options.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-policy-'))
  chmodSync(folder, 0o700)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const write = (name: string, content: object, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content))
  chmodSync(path, mode)
  return path
}
const policy = (content: object): PolicyFile => ({ path: '/etc/tessera/policy.json', content: JSON.stringify(content) })
const me = process.getuid?.() ?? 0
const failure = (act: () => unknown): { kind: string; source: string; key: string | undefined } => {
  try {
    act()
  } catch (error) {
    if (error instanceof SettingsError) return { kind: error.kind, source: error.source, key: error.key }
    throw error
  }
  throw new Error('nothing was refused')
}

describe('precedence', () => {
  test('policy, then environment, then file, then default; each value says which', () => {
    write('settings.json', { theme: 'dark', idleMinutes: 5, logLevel: 'debug' })
    const { values, sources } = loadSettings({
      folder,
      environment: { TESSERA_IDLE_MINUTES: '7', TESSERA_LOG_LEVEL: 'error' },
      policy: policy({ logLevel: 'info' }),
    })
    expect(values).toMatchObject({ theme: 'dark', idleMinutes: 7, logLevel: 'info', sounds: true })
    expect(sources).toMatchObject({ theme: 'file', idleMinutes: 'environment', logLevel: 'policy', sounds: 'default' })
  })

  test('whatever the four say, the first that says something wins', () => {
    const minutes = fc.option(fc.integer({ min: 1, max: 1440 }), { nil: undefined })
    fc.assert(
      fc.property(minutes, minutes, minutes, (byPolicy, byEnvironment, byFile) => {
        write('settings.json', byFile === undefined ? {} : { idleMinutes: byFile })
        const { values } = loadSettings({
          folder,
          environment: byEnvironment === undefined ? {} : { TESSERA_IDLE_MINUTES: String(byEnvironment) },
          policy: byPolicy === undefined ? undefined : policy({ idleMinutes: byPolicy }),
        })
        expect(values.idleMinutes).toBe(byPolicy ?? byEnvironment ?? byFile ?? 15)
      }),
    )
  })

  test.each([
    [{ simulation: 'perhaps' }, 'bad-value', 'simulation'],
    [{ colour: 'red' }, 'unknown-key', 'colour'],
    [{ brokerCert: '/a.pem' }, 'incomplete', 'brokerCert'],
  ])('a policy that says %o is an error that names the policy', (content, kind, key) => {
    expect(failure(() => loadSettings({ folder, environment: {}, policy: policy(content) }))).toEqual({
      kind,
      source: '/etc/tessera/policy.json',
      key,
    })
  })

  test('what a policy overrides must be right all the same only where it counts', () => {
    write('settings.json', { simulation: 'perhaps' })
    const { values } = loadSettings({ folder, environment: {}, policy: policy({ simulation: 'off' }) })
    expect(values.simulation).toBe('off')
  })
})

describe('the policy file', () => {
  test('stands where only an administrator can write, on each system', () => {
    expect(policyPlaces({}, 'linux').ofMachine).toEqual(['/etc/tessera/policy.json'])
    expect(policyPlaces({}, 'darwin').ofMachine).toEqual(['/Library/Application Support/Tessera/policy.json'])
    expect(policyPlaces({ ProgramData: 'D:\\Data' }, 'win32').ofMachine).toEqual([
      'C:\\ProgramData\\Tessera\\policy.json',
      'D:\\Data\\Tessera\\policy.json',
    ])
  })

  test('of the machine is not overridden by the environment', () => {
    const ofMachine = write('machine.json', { theme: 'dark' })
    const ofEnvironment = write('mine.json', { theme: 'light' })
    const read = readPolicy({ ofMachine: [ofMachine], ofEnvironment }, { root: me, user: me })
    expect(read).toEqual({ path: ofMachine, content: '{"theme":"dark"}' })
  })

  test('of the environment counts where the machine has none, and must be there when it is named', () => {
    const ofEnvironment = write('mine.json', { theme: 'light' })
    const ofMachine = [join(folder, 'none', 'policy.json')]
    expect(readPolicy({ ofMachine, ofEnvironment }, { root: me, user: me })?.path).toBe(ofEnvironment)
    expect(readPolicy({ ofMachine }, { root: me, user: me })).toBeUndefined()
    const gone = join(folder, 'gone.json')
    expect(failure(() => readPolicy({ ofMachine, ofEnvironment: gone }))).toMatchObject({ kind: 'unreadable', source: gone })
  })

  test.each([0o620, 0o602, 0o666])('that others can write (%o) is refused', (mode) => {
    const path = write('machine.json', {}, mode)
    expect(failure(() => readPolicy({ ofMachine: [path] }, { root: me, user: me })).kind).toBe('not-protected')
  })

  test('in a folder that others can write is refused: they could put another one there', () => {
    const path = write('machine.json', {})
    chmodSync(folder, 0o777)
    expect(failure(() => readPolicy({ ofMachine: [path] }, { root: me, user: me }))).toMatchObject({
      kind: 'not-protected',
      source: folder,
    })
  })

  test('that belongs to somebody else than root is refused', () => {
    const path = write('machine.json', {})
    expect(failure(() => readPolicy({ ofMachine: [path] }, { root: me + 1, user: me })).kind).toBe('not-protected')
    // Only the one that the user names may be the user's.
    expect(readPolicy({ ofMachine: [], ofEnvironment: path }, { root: me + 1, user: me })?.path).toBe(path)
    expect(failure(() => readPolicy({ ofMachine: [], ofEnvironment: path }, { root: me + 1, user: me + 2 })).kind).toBe(
      'not-protected',
    )
  })

  test('that is there and cannot be read stops the program: a desk that was to be governed must not run ungoverned', () => {
    const directory = join(folder, 'policy.json')
    mkdirSync(directory, 0o700)
    expect(failure(() => readPolicy({ ofMachine: [directory] }, { root: me, user: me })).kind).toBe('unreadable')
  })
})

describe('the window', () => {
  const open = (environment: NodeJS.ProcessEnv = {}, fixed?: object) =>
    openSettings({ folder, environment, policy: fixed && policy(fixed) })
  const viewOf = (store: ReturnType<typeof open>, key: SettingKey) => store.views().find((view) => view.key === key)

  test('shows every setting, and why it cannot be changed', () => {
    const store = open({ TESSERA_THEME: 'dark' }, { autostart: true })
    expect(store.views().map(({ key }) => key)).toEqual(SETTING_KEYS)
    expect(viewOf(store, 'autostart')).toMatchObject({
      source: 'policy',
      lock: 'policy',
      shown: { kind: 'value', value: true },
    })
    expect(viewOf(store, 'theme')).toMatchObject({ source: 'environment', lock: 'environment' })
    expect(viewOf(store, 'brokerUrl')).toMatchObject({ source: 'default', lock: 'set-up' })
    expect(viewOf(store, 'sounds')).not.toHaveProperty('lock')
  })

  test('never gets a path, a code, or the credentials in an address', () => {
    write('settings.json', {
      brokerUrl: 'mqtts://ada:hunter2@broker.example:8883',
      brokerCa: '/home/ada/ca.pem',
      brokerCert: '/home/ada/cert.pem',
      brokerKey: '/home/ada/key.pem',
      invitation: 'SECRET-CODE',
    })
    const store = open()
    expect(JSON.stringify(store.views())).not.toMatch(/ada|hunter2|SECRET/)
    expect(viewOf(store, 'brokerUrl')?.shown).toEqual({ kind: 'value', value: 'mqtts://broker.example:8883' })
    expect(viewOf(store, 'invitation')?.shown).toEqual({ kind: 'set' })
  })

  test('a change is kept, told, and in force at once or from the next start', async () => {
    const store = open()
    let told = 0
    store.subscribe(() => {
      told += 1
    })
    await store.change({ key: 'idleMinutes', value: 30 })
    await store.change({ key: 'simulation', value: 'only' })
    expect(told).toBe(2)
    expect(JSON.parse(readFileSync(join(folder, 'settings.json'), 'utf8'))).toEqual({ idleMinutes: 30, simulation: 'only' })
    expect(store.values()).toMatchObject({ idleMinutes: 30, simulation: 'off' })
    expect(viewOf(store, 'simulation')).toMatchObject({ waits: true, shown: { kind: 'value', value: 'only' } })
    expect(viewOf(store, 'idleMinutes')).not.toHaveProperty('waits')
    await store.change({ key: 'simulation', value: 'off' })
    expect(viewOf(store, 'simulation')).not.toHaveProperty('waits')
    expect(open().values()).toMatchObject({ idleMinutes: 30, simulation: 'off' })
  })

  test('changes that are asked for at the same time are all kept, in their order', async () => {
    const store = open()
    await Promise.all([
      store.change({ key: 'idleMinutes', value: 30 }),
      store.change({ key: 'theme', value: 'contrast' }),
      store.change({ key: 'sounds', value: false }),
      store.change({ key: 'theme', value: 'dark' }),
    ])
    expect(open().values()).toMatchObject({ idleMinutes: 30, theme: 'dark', sounds: false })
  })

  test('what policy or environment fix cannot be changed, whoever asks', async () => {
    const store = open({ TESSERA_THEME: 'dark' }, { autostart: false })
    await expect(store.change({ key: 'autostart', value: true })).rejects.toThrow()
    await expect(store.change({ key: 'theme', value: 'light' })).rejects.toThrow()
    expect(store.values()).toMatchObject({ autostart: false, theme: 'dark' })
  })

  test('says of each whether it is fixed, by policy or environment and by nothing else', () => {
    writeFileSync(join(folder, 'settings.json'), JSON.stringify({ sounds: true }))
    const store = open({ TESSERA_THEME: 'dark' }, { autostart: false })
    expect(SETTING_KEYS.filter((key) => store.isFixed(key)).sort()).toEqual(['autostart', 'theme'])
  })

  test('has words for every choice', () => {
    for (const key of SETTING_KEYS) {
      const control = controlOf(settingOf(key).value)
      if (key === 'language' || control?.kind !== 'choice') continue
      for (const option of control.options) expect(hasWords(key, option), `${key} ${option}`).toBe(true)
    }
  })

  test('may change exactly the settings that say so, to what their schema allows', () => {
    for (const key of SETTING_KEYS) {
      const { change, value: schema, fallback } = settingOf(key)
      const parsed = v.safeParse(settingChangeSchema, { key, value: fallback })
      expect(parsed.success, key).toBe(change !== 'nobody')
      if (change !== 'nobody') expect(controlOf(schema), key).toBeDefined()
      expect(v.safeParse(settingChangeSchema, { key, value: { toString: 'x' } }).success, key).toBe(false)
    }
    expect(v.safeParse(intentSchema, { kind: 'set-setting', change: { key: 'brokerUrl', value: 'mqtt://evil' } }).success).toBe(
      false,
    )
  })
})
