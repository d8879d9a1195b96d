import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SettingsError } from '../../electron/settings/errors.ts'
import { tesseraHome } from '../../electron/settings/home.ts'
import { createLog, errorFields } from '../../electron/settings/log.ts'
import { keepSetting, loadSettings as load, readNamedFile } from '../../electron/settings/settings.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-settings-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function write(value: unknown): void {
  writeFileSync(join(folder, 'settings.json'), typeof value === 'string' ? value : JSON.stringify(value))
}

const loadSettings = (home: string, environment: NodeJS.ProcessEnv) =>
  load({ folder: home, environment, policy: undefined }).values

function failure(environment: NodeJS.ProcessEnv = {}): { kind: string; key: string | undefined } {
  try {
    loadSettings(folder, environment)
  } catch (error) {
    if (error instanceof SettingsError) return { kind: error.kind, key: error.key }
    throw error
  }
  throw new Error('the settings were taken')
}

describe('settings', () => {
  test('without a file and an environment: the broker on this machine, no simulated cards', () => {
    expect(loadSettings(folder, {})).toEqual({
      brokerUrl: 'mqtt://127.0.0.1:1883',
      simulation: 'off',
      idleMinutes: 15,
      logLevel: 'info',
      operatorCard: 'sign-in-only',
      pinPad: true,
      pinPadChange: false,
      language: 'system',
      theme: 'system',
      sounds: true,
      compact: false,
      kiosk: false,
      notifications: true,
      tray: false,
      autostart: false,
    })
  })

  test('the environment goes before the file, an empty variable does not', () => {
    write({ brokerUrl: 'mqtts://desk.example:8883', logLevel: 'debug', idleMinutes: 5 })
    expect(
      loadSettings(folder, { TESSERA_BROKER_URL: 'mqtt://localhost:1', TESSERA_LOG_LEVEL: '', TESSERA_IDLE_MINUTES: '30' }),
    ).toMatchObject({
      brokerUrl: 'mqtt://localhost:1',
      logLevel: 'debug',
      idleMinutes: 30,
    })
  })

  test.each([
    [{ brokerUrl: 'http://desk' }, 'bad-value', 'brokerUrl'],
    [{ brokerUrl: 'mqtt://' }, 'bad-value', 'brokerUrl'],
    [{ simulation: true }, 'bad-value', 'simulation'],
    [{ idleMinutes: 0 }, 'bad-value', 'idleMinutes'],
    [{ idleMinutes: '15' }, 'bad-value', 'idleMinutes'],
    [{ language: 'de-AT' }, 'bad-value', 'language'],
    [{ brokerurl: 'mqtt://localhost' }, 'unknown-key', 'brokerurl'],
    [{ toString: 1 }, 'unknown-key', 'toString'],
    [{ brokerCert: 'a.pem' }, 'incomplete', 'brokerCert'],
    [{ brokerKey: 'a.pem' }, 'incomplete', 'brokerKey'],
    ['{', 'not-json', undefined],
    ['[]', 'not-json', undefined],
  ])('%o is an error that names the key', (content, kind, key) => {
    write(content)
    expect(failure()).toEqual({ kind, key })
  })

  test.each([
    ['TESSERA_BROKER_URL', 'localhost:1883'],
    ['TESSERA_SIMULATION', 'yes'],
    ['TESSERA_IDLE_MINUTES', 'soon'],
    ['TESSERA_IDLE_MINUTES', '1e3'],
    ['TESSERA_LOG_LEVEL', 'all'],
    ['TESSERA_LANGUAGE', 'tlh'],
    ['TESSERA_TRAY', 'yes'],
  ])('a wrong %s is named as it stands in the environment', (variable, value) => {
    expect(failure({ [variable]: value })).toEqual({ kind: 'bad-value', key: variable })
  })

  test('what the desk chooses is written into the file beside what stands there', async () => {
    write({ brokerUrl: 'mqtts://desk.example:8883' })
    await keepSetting(folder, 'language', 'ar')
    expect(loadSettings(folder, {})).toMatchObject({ brokerUrl: 'mqtts://desk.example:8883', language: 'ar' })
    await keepSetting(folder, 'language', 'system')
    expect(loadSettings(folder, {}).language).toBe('system')
    expect(statSync(join(folder, 'settings.json')).mode & 0o777).toBe(0o600)
  })

  test('a file that is damaged is not written over', async () => {
    write('{')
    await expect(keepSetting(folder, 'language', 'de')).rejects.toThrow(SettingsError)
    expect(readFileSync(join(folder, 'settings.json'), 'utf8')).toBe('{')
  })

  test('a file that is not a file, and a certificate that is not there', () => {
    mkdirSync(join(folder, 'settings.json'))
    expect(failure()).toEqual({ kind: 'unreadable', key: undefined })
    expect(() => readNamedFile('brokerCa', join(folder, 'none.pem'))).toThrow(SettingsError)
  })

  test('the home folder follows the platform', () => {
    expect(tesseraHome({ TESSERA_HOME: '/srv/desk' })).toBe('/srv/desk')
    expect(tesseraHome({ XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/tessera')
    expect(tesseraHome({ XDG_DATA_HOME: 'relative' }, 'linux')).toMatch(/\.local\/share\/tessera$/)
    expect(tesseraHome({}, 'darwin')).toMatch(/Library\/Application Support\/tessera$/)
    expect(tesseraHome({ APPDATA: '/roaming' }, 'win32')).toBe('/roaming/tessera')
  })
})

describe('log', () => {
  const open = (level: 'error' | 'info' | 'debug' = 'info', maxBytes = 1024) =>
    createLog({ file: join(folder, 'log', 'terminal.log'), level: () => level, now: () => 0, maxBytes, files: 3 })
  const lines = (name = 'terminal.log') =>
    readFileSync(join(folder, 'log', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))

  test('one JSON object a line, readable by the user alone, quieter than its level never', () => {
    const log = open()
    log.info('gateway', { kind: 'online' })
    log.debug('not this')
    log.error('boom', { code: 'X', ms: 3 })
    expect(lines()).toEqual([
      { at: '1970-01-01T00:00:00.000Z', level: 'info', event: 'gateway', kind: 'online' },
      { at: '1970-01-01T00:00:00.000Z', level: 'error', event: 'boom', code: 'X', ms: 3 },
    ])
    expect(statSync(join(folder, 'log', 'terminal.log')).mode & 0o777).toBe(0o600)
  })

  test('the file starts over, and the oldest goes', () => {
    const log = open('info', 300)
    for (let count = 0; count < 40; count += 1) log.info('tick', { count })
    expect(readdirSync(join(folder, 'log')).sort()).toEqual(['terminal.log', 'terminal.log.1', 'terminal.log.2'])
    const kept = ['terminal.log.2', 'terminal.log.1', 'terminal.log'].flatMap((name) => lines(name)).map(({ count }) => count)
    expect(kept[kept.length - 1]).toBe(39)
    expect(kept).toEqual(kept.map((_, index) => 40 - kept.length + index))
    for (const name of readdirSync(join(folder, 'log'))) expect(statSync(join(folder, 'log', name)).size).toBeLessThanOrEqual(300)
    // A new start goes on in the same file.
    open('info', 300).info('again')
    expect(lines()[lines().length - 1]).toMatchObject({ event: 'again' })
  })

  test('a folder that cannot be written does not stop the desk', () => {
    writeFileSync(join(folder, 'log'), '')
    chmodSync(join(folder, 'log'), 0o400)
    expect(() => open().info('x')).not.toThrow()
  })

  test('what an error says may name a person, so only where it was thrown is kept', () => {
    const fields = errorFields(Object.assign(new TypeError('Ada Lovelace has PIN 123456'), { code: 'E_X' }))
    expect(fields).toMatchObject({ kind: 'TypeError', code: 'E_X' })
    expect(JSON.stringify(fields)).not.toMatch(/Ada|123456/)
    expect(fields.stack).toContain('settings.test')
    expect(errorFields('Ada')).toEqual({ kind: 'string' })
  })
})
