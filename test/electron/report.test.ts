/** The report for support: what stands in it, and what never does. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostKind } from '../../electron/diagnostics/host-kind.ts'
import { logEntry } from '../../electron/diagnostics/log-entry.ts'
import { type ReportFacts, supportReport } from '../../electron/diagnostics/report.ts'

const facts: ReportFacts = {
  madeAt: Date.UTC(2026, 4, 12),
  program: { version: '0.1.0', electron: '45.4.1', chromium: '144.0', node: '24.1.0' },
  system: { platform: 'linux', release: '6.1.0-13-amd64', architecture: 'x64', locale: 'de-AT', desktop: 'GNOME wayland' },
  settings: [
    {
      key: 'idleMinutes',
      group: 'work',
      source: 'policy',
      shown: { kind: 'value', value: 30 },
      control: { kind: 'number', least: 1, most: 1440 },
      lock: 'policy',
    },
    { key: 'invitation', group: 'connection', source: 'file', shown: { kind: 'set' }, lock: 'set-up' },
    {
      key: 'brokerUrl',
      group: 'connection',
      source: 'file',
      shown: { kind: 'value', value: 'mqtts://broker.example' },
      lock: 'set-up',
    },
  ],
  brokerUrl: 'mqtts://broker.example:8883',
  gateway: { kind: 'offline', since: 1, problem: { code: 'gateway-silent' } },
  readers: {
    readers: [],
    desk: [
      { name: 'ACS ACR39U ICC Reader (12345678) 00 00', simulated: false, state: 'busy', problem: { code: 'reader-in-use' } },
    ],
  },
  checks: [
    { id: 'clock', state: 'warning', problems: [{ code: 'clock-wrong' }], fact: { kind: 'clock', ms: 40_000 } },
    { id: 'program', state: 'waiting' },
  ],
  counts: { malformedFrames: 3 },
  log: [
    JSON.stringify({ at: '2026-05-12T08:00:00.000Z', level: 'info', event: 'gateway', kind: 'online' }),
    JSON.stringify({
      at: '2026-05-12T08:00:01.000Z',
      level: 'error',
      event: 'unexpected',
      where: 'login',
      kind: 'TypeError',
      stack: 'at run (/home/ada/tessera/dist/main.cjs:12:34) | at async file:///home/ada/tessera/native/broker.ts:5:6',
    }),
  ],
  secrets: [],
}

test('tells version, system, settings, readers, checks, counts and the log, by code', () => {
  expect(JSON.parse(supportReport(facts))).toEqual({
    format: 'tessera-support-report/1',
    madeAt: '2026-05-12T00:00:00.000Z',
    program: facts.program,
    system: facts.system,
    settings: [
      { key: 'idleMinutes', source: 'policy', value: 30 },
      { key: 'invitation', source: 'file', value: 'set' },
      { key: 'brokerUrl', source: 'file', value: 'TLS, name, port 8883' },
    ],
    gateway: { kind: 'offline', code: 'gateway-silent' },
    readers: [{ name: 'ACS ACR39U ICC Reader 00 00', simulated: false, state: 'busy', code: 'reader-in-use' }],
    checks: [
      { id: 'clock', state: 'warning', codes: ['clock-wrong'], fact: { kind: 'clock', ms: 40_000 } },
      { id: 'program', state: 'waiting' },
    ],
    counts: { malformedFrames: 3 },
    log: [
      { at: '2026-05-12T08:00:00.000Z', level: 'info', event: 'gateway', kind: 'online' },
      {
        at: '2026-05-12T08:00:01.000Z',
        level: 'error',
        event: 'unexpected',
        where: 'login',
        kind: 'TypeError',
        frames: ['main.cjs:12', 'broker.ts:5'],
      },
    ],
  })
})

/** Long and odd enough not to be found by chance; upper case, because the report's own words are not. */
const planted = fc
  .array(fc.constantFrom(...'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789'), { minLength: 10, maxLength: 24 })
  .map((letters) => `Q7X${letters.join('')}`)
const holds = (report: string, secret: string): boolean => report.toLowerCase().includes(secret.toLowerCase())

describe('what never stands in it', () => {
  test('is anything that was planted where no list of secrets knows of it', () => {
    fc.assert(
      fc.property(planted, (secret) => {
        const line = { at: '2026-05-12T08:00:00.000Z', level: 'info', event: 'gateway' }
        const report = supportReport({
          ...facts,
          settings: [
            { key: 'brokerCa', group: 'connection', source: 'file', shown: { kind: 'value', value: `/home/${secret}/ca.pem` } },
            {
              key: 'brokerUrl',
              group: 'connection',
              source: 'file',
              shown: { kind: 'value', value: `mqtts://${secret}.example` },
            },
          ],
          brokerUrl: `mqtts://${secret}:${secret}@${secret}.example:8883`,
          gateway: { kind: 'online', site: secret, since: 1 },
          readers: {
            problem: { code: 'reader-in-use', reader: secret },
            readers: [{ name: secret, simulated: false, state: 'card' }],
            desk: [
              { name: `Reader (${secret})`, simulated: false, state: 'ready', problem: { code: 'card-mute', reader: secret } },
            ],
          },
          checks: [{ id: 'readers', state: 'failed', problems: [{ code: 'card-mute', reader: secret }] }],
          log: [
            secret,
            `{"at":"${secret}"`,
            JSON.stringify({ ...line, name: secret, message: secret, person: { givenName: secret } }),
            JSON.stringify({ ...line, event: secret }),
            JSON.stringify({ ...line, level: secret }),
            JSON.stringify({ ...line, code: `${secret} <${secret}@example>` }),
            JSON.stringify({
              ...line,
              stack: `at login (/home/${secret}/tessera/main.cjs:1:2) | Error: ${secret} | at ${secret}`,
            }),
          ],
        })
        expect(holds(report, secret)).toBe(false)
      }),
    )
  })

  test('is anything that is known to be private, wherever it turns up', () => {
    fc.assert(
      fc.property(planted, (secret) => {
        const line = { at: '2026-05-12T08:00:00.000Z', level: 'info', event: 'gateway' }
        const report = supportReport({
          ...facts,
          program: { ...facts.program, version: `0.1.0-${secret}` },
          system: { ...facts.system, desktop: secret.toLowerCase(), release: `6.1 ${secret}` },
          readers: { readers: [], desk: [{ name: `Reader of ${secret}`, simulated: false, state: 'ready' }] },
          checks: [{ id: 'program', state: 'passed', problems: [], fact: { kind: 'version', version: secret } }],
          log: [JSON.stringify({ ...line, code: secret, kind: `E ${secret}`, where: secret.toLowerCase(), version: secret })],
          secrets: ['', 'a', `/home/${secret}`, secret],
        })
        expect(holds(report, secret)).toBe(false)
        expect(report).toContain('[removed]')
      }),
    )
  })

  test('is a card number, a name in other letters, or a text that is no name of a program', () => {
    const report = supportReport({
      ...facts,
      system: { ...facts.system, desktop: 'Zoë’s computer' },
      readers: { readers: [], desk: [{ name: 'Reader 0123456789abcdef', simulated: false, state: 'ready' }] },
      log: [JSON.stringify({ at: '2026-05-12T08:00:00.000Z', level: 'info', event: 'login', code: 'Zoë' })],
    })
    expect(report).not.toMatch(/Zo|0123456789/)
  })
})

test.each([
  ['mqtt://127.0.0.1:1883', 'no TLS, this computer, port 1883'],
  ['mqtts://localhost', 'TLS, this computer, port 8883'],
  ['mqtts://10.1.2.3:8884', 'TLS, private address, port 8884'],
  ['mqtts://172.31.0.1', 'TLS, private address, port 8883'],
  ['mqtts://172.32.0.1', 'TLS, public address, port 8883'],
  ['mqtts://[fd00::1]', 'TLS, private address, port 8883'],
  ['mqtts://[2001:db8::1]', 'TLS, public address, port 8883'],
  ['mqtts://broker.example', 'TLS, name, port 8883'],
  ['mqtt://broker.example', 'not usable'],
])('%s is told as: %s', (url, kind) => {
  expect(hostKind(url)).toBe(kind)
})

test('a line of the log that is none is left out', () => {
  for (const line of ['', 'null', '[]', '{}', '{"at":1}']) expect(logEntry(line)).toBeUndefined()
})
