/** The terminal's checks of itself: what each makes of what is seen, and that one after the other is done whatever happens. */
import { mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CHECKS, type CheckResult } from '../../electron/contract/diagnostics.ts'
import type { DeskReader } from '../../electron/contract/snapshot.ts'
import { createDeskProbes, type DeskProbesOptions } from '../../electron/diagnostics/desk-probes.ts'
import type { Probes } from '../../electron/diagnostics/probes.ts'
import * as rules from '../../electron/diagnostics/rules.ts'
import { runRound } from '../../electron/diagnostics/run.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { createDesk } from './terminal-desk.ts'

const NOW = Date.UTC(2026, 4, 12)
const DAY = 86_400_000
const told = ({ state, problems }: CheckResult) => [state, ...problems.map(({ code }) => code)]

describe('rules', () => {
  test.each([
    [{ kind: 'ready' }, ['passed'], ['passed']],
    [{ kind: 'no-permission' }, ['passed'], ['failed', 'reader-no-permission']],
    [{ kind: 'service-down' }, ['failed', 'reader-service-down'], ['unknown', 'reader-service-down']],
    [{ kind: 'no-library', library: 'x' }, ['failed', 'reader-library-missing'], ['unknown', 'reader-library-missing']],
    [{ kind: 'failed', code: 'x' }, ['failed', 'reader-failed'], ['unknown', 'reader-failed']],
    [{ kind: 'starting' }, ['unknown', 'check-failed'], ['unknown', 'check-failed']],
  ] as const)('a service that is %o', (service, ofService, ofPermission) => {
    expect(told(rules.readerService(service))).toEqual(ofService)
    expect(told(rules.readerPermission(service))).toEqual(ofPermission)
  })

  const reader = (state: DeskReader['state'], code?: 'card-mute' | 'reader-in-use' | 'reader-no-driver'): DeskReader => ({
    name: state,
    simulated: false,
    state,
    ...(code && { problem: { code } }),
  })

  test('readers: one that works is enough to work with, none is a failure', () => {
    expect(rules.readers([reader('ready'), reader('no-card')], undefined)).toEqual({
      state: 'passed',
      problems: [],
      fact: { kind: 'readers', count: 2 },
    })
    expect(rules.readers([reader('no-card'), reader('no-driver', 'reader-no-driver')], undefined)).toEqual({
      state: 'warning',
      problems: [{ code: 'reader-no-driver', reader: 'no-driver' }],
      fact: { kind: 'readers', count: 1 },
    })
    expect(told(rules.readers([reader('busy', 'reader-in-use')], undefined))).toEqual(['failed', 'reader-in-use'])
    expect(told(rules.readers([], { code: 'reader-no-device' }))).toEqual(['failed', 'reader-no-device'])
  })

  test('cards: none in is nothing known, and one that does not answer is a failure', () => {
    expect(told(rules.cards([reader('no-card')]))).toEqual(['unknown', 'card-none'])
    expect(told(rules.cards([reader('ready')]))).toEqual(['passed'])
    expect(rules.cards([reader('ready'), reader('unknown-card', 'card-mute')])).toMatchObject({
      state: 'failed',
      problems: [{ code: 'card-mute', reader: 'unknown-card' }],
      fact: { count: 1 },
    })
  })

  test.each([
    [undefined, ['passed']],
    ['unreachable', ['failed', 'broker-unreachable']],
    ['offline', ['failed', 'broker-unreachable']],
    ['untrusted', ['failed', 'broker-untrusted']],
    ['refused', ['failed', 'broker-refused']],
    ['not-accepted', ['failed', 'broker-refused']],
    ['tls-required', ['failed', 'broker-address-wrong']],
    ['bad-options', ['failed', 'broker-address-wrong']],
  ] as const)('a broker that says %s', (kind, said) => {
    expect(told(rules.broker(kind))).toEqual(said)
  })

  test.each([
    [{ kind: 'none' }, ['passed']],
    [{ kind: 'unreachable', code: 'ECONNREFUSED' }, ['unknown', 'broker-unreachable']],
    [{ kind: 'seen', validUntil: NOW + 30 * DAY }, ['passed']],
    [{ kind: 'seen', validUntil: NOW + 30 * DAY - 1 }, ['warning', 'broker-certificate-expiring']],
    [{ kind: 'seen', validUntil: NOW + 300 * DAY, refusedFor: 'CERT_HAS_EXPIRED' }, ['failed', 'broker-untrusted']],
  ] as const)('a broker’s certificate: %o', (seen, said) => {
    expect(told(rules.brokerCertificate(seen, NOW))).toEqual(said)
  })

  test.each([
    [undefined, ['unknown', 'not-enrolled']],
    [NOW, ['failed', 'terminal-certificate-expired']],
    [NOW + 1, ['warning', 'terminal-certificate-expiring']],
    [NOW + 30 * DAY, ['passed']],
  ] as const)('this terminal’s certificate until %s', (validUntil, said) => {
    expect(told(rules.terminalCertificate(validUntil, NOW))).toEqual(said)
  })

  test.each([
    [10, 0, ['passed'], ['passed']],
    [rules.SLOW_MS + 1, 0, ['warning', 'gateway-slow'], ['passed']],
    [10, rules.CLOCK_OFF_MS + 6, ['passed'], ['warning', 'clock-wrong']],
    [10, -rules.CLOCK_OFF_MS - 6, ['passed'], ['warning', 'clock-wrong']],
    [10, rules.CLOCK_WRONG_MS + 6, ['passed'], ['failed', 'clock-wrong']],
    // Half of a slow round trip may be on either side.
    [20_000, rules.CLOCK_OFF_MS + 9000, ['warning', 'gateway-slow'], ['passed']],
  ] as const)('an answer after %i ms with a clock %i ms apart', (ms, apart, ofGateway, ofClock) => {
    const seen = { kind: 'answered', ms, time: NOW, at: NOW + apart } as const
    expect(told(rules.gateway(seen))).toEqual(ofGateway)
    expect(told(rules.clock(seen))).toEqual(ofClock)
  })

  test('no answer: the gateway has failed, of the clock nothing is known; no gateway yet is no failure', () => {
    const offline = { kind: 'failed', problem: { code: 'gateway-offline' } } as const
    expect(told(rules.gateway(offline))).toEqual(['failed', 'gateway-offline'])
    expect(told(rules.clock(offline))).toEqual(['unknown', 'gateway-offline'])
    expect(told(rules.gateway({ kind: 'failed', problem: { code: 'not-enrolled' } }))).toEqual(['unknown', 'not-enrolled'])
  })

  test('disk and program', () => {
    expect(told(rules.storage({ kind: 'written' }))).toEqual(['passed'])
    expect(told(rules.storage({ kind: 'failed', code: 'ENOSPC' }))).toEqual(['failed', 'storage-full'])
    expect(told(rules.storage({ kind: 'failed', code: 'EROFS' }))).toEqual(['failed', 'storage-unwritable'])
    expect(rules.storage({ kind: 'written', freeBytes: rules.LOW_BYTES })).toEqual({
      state: 'passed',
      problems: [],
      fact: { kind: 'free-space', bytes: rules.LOW_BYTES },
    })
    expect(told(rules.storage({ kind: 'written', freeBytes: rules.LOW_BYTES - 1 }))).toEqual(['warning', 'storage-low'])
    expect(told(rules.program({ running: '1.0.0', installed: '1.0.0' }))).toEqual(['passed'])
    expect(told(rules.program({ running: '1.0.0', installed: '1.1.0' }))).toEqual(['warning', 'program-replaced'])
  })
})

test('a service that has only just been asked is waited for, and told as what it says then', async () => {
  const readers = createSimulatedReaders({ names: [] })
  readers.setService({ kind: 'starting' })
  const { snapshot } = createDesk().terminal
  const { readers: look } = createDeskProbes({
    readers,
    snapshot,
    connection: { gateway: () => undefined },
    brokerUrl: 'mqtt://127.0.0.1',
    tls: undefined,
    crypto: nodeCrypto,
    folder: '',
    manifest: '',
  })
  const seen = look()
  readers.setService({ kind: 'service-down' })
  expect((await seen).service).toEqual({ kind: 'service-down' })
  expect((await look()).service).toEqual({ kind: 'service-down' })
})

describe('a round', () => {
  const probes: Probes = {
    readers: async () => ({ service: { kind: 'ready' }, desk: [{ name: 'A', simulated: false, state: 'ready' }] }),
    broker: async () => undefined,
    brokerCertificate: async () => ({ kind: 'none' }),
    gateway: async () => ({ kind: 'answered', ms: 5, time: NOW, at: NOW }),
    terminalCertificate: async () => NOW + 400 * DAY,
    storage: async () => ({ kind: 'written' }),
    versions: () => ({ running: '1.0.0', installed: '1.0.0' }),
  }
  async function round(change: Partial<Probes>, limitMs = 1000) {
    const events: string[] = []
    const states: Record<string, string[]> = {}
    await runRound({
      probes: { ...probes, ...change },
      now: () => NOW,
      begun: (id) => events.push(`begin ${id}`),
      done: (id, result) => {
        events.push(`end ${id}`)
        states[id] = told(result)
      },
      broke: (id) => events.push(`broke ${id}`),
      limitMs,
    })
    return { events, states }
  }

  test('makes every check, one after the other, and asks the gateway once', async () => {
    let asked = 0
    const { events, states } = await round({
      gateway: async () => {
        asked += 1
        return { kind: 'answered', ms: 5, time: NOW, at: NOW }
      },
    })
    expect(events).toEqual(CHECKS.flatMap((id) => [`begin ${id}`, `end ${id}`]))
    expect(new Set(Object.values(states).flat())).toEqual(new Set(['passed']))
    expect(asked).toBe(1)
  })

  test('goes on behind a check that breaks, and behind one that never ends', async () => {
    const { events, states } = await round(
      {
        readers: () => {
          throw new Error('no')
        },
        broker: () => new Promise(() => undefined),
        gateway: () => new Promise(() => undefined),
      },
      20,
    )
    for (const id of ['reader-service', 'readers', 'cards', 'broker', 'gateway', 'clock']) {
      expect(states[id]).toEqual(['unknown', 'check-failed'])
      expect(events).toContain(`broke ${id}`)
    }
    expect(states['broker-certificate']).toEqual(['passed'])
    expect(states.program).toEqual(['passed'])
  })
})

describe('the disk', () => {
  /** What else the probes need is not asked for. */
  const probesOf = (folder: string) => createDeskProbes({ folder } as DeskProbesOptions)

  test('is found writable, with what is free where the runtime can measure it, and nothing is left behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-disk-'))
    try {
      const seen = await probesOf(folder).storage()
      const { bavail, bsize } = await statfs(folder)
      expect(seen.kind === 'written' && seen.freeBytes).toBeGreaterThan(0)
      // Others write to the same disk meanwhile.
      expect(seen.kind === 'written' && seen.freeBytes).toBeLessThan(2 * bavail * bsize)
      expect(await readdir(folder)).toEqual([])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('that cannot be written says why', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-disk-'))
    try {
      await writeFile(join(folder, 'file'), '')
      expect(await probesOf(join(folder, 'file', 'terminal')).storage()).toEqual({ kind: 'failed', code: 'ENOTDIR' })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
