import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CeremonyFailed } from '../../electron/ceremonies/guide.ts'
import { createPinReports } from '../../electron/ceremonies/pin-reports.ts'
import { judgeNewPin } from '../../electron/ceremonies/pin-rules.ts'
import { problemOf } from '../../electron/ceremonies/problems.ts'
import type { GatewayLink } from '../../electron/session/link.ts'
import { LinkError, RefusedError } from '../../electron/session/link.ts'
import { ReaderError } from '../../native/reader.ts'
import { utf8 } from '../../protocol/bytes.ts'
import type { RequestBody } from '../../protocol/messages/operations.ts'
import { PivError } from '../../protocol/piv/errors.ts'

describe('a new PIN', () => {
  it.each([
    '000000',
    '123456',
    '87654321',
    '789012',
    '246802',
    '121212',
    '123123',
    '12341234',
    '12345',
    '123456789',
    '12345a',
    '',
  ])('is refused as weak: %s', (pin) => {
    expect(judgeNewPin(utf8(pin))).toBe('pin-weak')
  })

  it.each(['492716', '112358', '60391725'])('is taken: %s', (pin) => {
    expect(judgeNewPin(utf8(pin))).toBeUndefined()
  })

  it('is refused where it is the current one', () => {
    expect(judgeNewPin(utf8('492716'), utf8('492716'))).toBe('pin-unchanged')
  })

  it('is never refused for being one of the many', () => {
    // 6 digits: 10 x 10 steps and the repetitions of 2 and 3 digits; fewer than 1 in 800.
    let refused = 0
    for (let pin = 0; pin < 1_000_000; pin += 1) if (judgeNewPin(utf8(String(pin).padStart(6, '0'))) !== undefined) refused += 1
    expect(refused).toBeLessThan(1250)
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (next, current) => void judgeNewPin(next, current)))
  })
})

describe('what a person is told', () => {
  it.each([
    [new PivError({ kind: 'pin-wrong', retriesLeft: 2 }), { code: 'pin-wrong', retriesLeft: 2 }],
    [new PivError({ kind: 'pin-wrong', retriesLeft: 0 }), { code: 'pin-blocked', retriesLeft: 0 }],
    [new ReaderError('in-use', 'SCARD_E_SHARING_VIOLATION'), { code: 'reader-in-use', reader: 'R' }],
    [new ReaderError('no-card', 'SCARD_E_NO_SMARTCARD'), { code: 'card-removed', reader: 'R' }],
    [new RefusedError({ code: 'slow-down', retryAfterMs: 3000 }), { code: 'slow-down', retryAfterMs: 3000 }],
    [new RefusedError({ code: 'already-registered' }), { code: 'card-already-registered' }],
    [new LinkError('silent'), { code: 'gateway-silent' }],
    [new CeremonyFailed({ code: 'card-swapped' }), { code: 'card-swapped' }],
    [new Error('a mistake in the program'), { code: 'unexpected' }],
  ])('%s', (error, problem) => {
    expect(problemOf(error, 'R')).toEqual(problem)
  })
})

describe('reports of PIN changes', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-reports-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

  type Told = RequestBody<'pin.changed'>
  function gateway(answer: () => Promise<object>): { readonly told: Told[]; readonly link: GatewayLink } {
    const told: Told[] = []
    const link: GatewayLink = {
      state: () => ({ kind: 'online', site: '', since: 0 }),
      subscribe: () => () => undefined,
      opened: () => undefined,
      ended: () => undefined,
      close: async () => undefined,
      request: (_, body) => {
        told.push(body as Told)
        return answer() as never
      },
    }
    return { told, link }
  }
  const report = (at: number) => ({ guid: new Uint8Array(16).fill(at), at, outcome: 'changed' as const })

  it('outlive the program, and go out in order when the gateway is there', async () => {
    const path = join(folder, 'order.json')
    const offline = createPinReports({ path, link: () => undefined })
    await Promise.all([1, 2, 3].map((at) => offline.add(report(at))))
    const { told, link } = gateway(async () => ({}))
    const reports = createPinReports({ path, link: () => link })
    expect(await reports.waiting()).toBe(3)
    await reports.flush()
    expect(told).toEqual([1, 2, 3].map(report))
    expect(await reports.waiting()).toBe(0)
  })

  it('stay where the gateway did not answer, and go where it will never take them', async () => {
    const path = join(folder, 'stay.json')
    const answers: (() => Promise<object>)[] = [
      () => Promise.reject(new RefusedError({ code: 'unknown-card' })),
      () => Promise.reject(new LinkError('silent')),
    ]
    const { link } = gateway(() => answers.shift()?.() ?? Promise.reject(new RefusedError({ code: 'slow-down' })))
    const offline = createPinReports({ path, link: () => undefined })
    await offline.add(report(1))
    await offline.add(report(2))
    const reports = createPinReports({ path, link: () => link })
    await reports.flush()
    expect(await reports.waiting()).toBe(1)
    await reports.flush()
    expect(await reports.waiting()).toBe(1)
  })

  it('are not kept from being written by a damaged file', async () => {
    const path = join(folder, 'damaged.json')
    await writeFile(path, '[{"guid":1}]')
    const reports = createPinReports({ path, link: () => undefined })
    expect(await reports.waiting()).toBe(0)
    await reports.add(report(1))
    expect(await reports.waiting()).toBe(1)
  })
})
