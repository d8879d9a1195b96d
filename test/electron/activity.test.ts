/** What the journal is told of a desk at work, driven through the terminal itself, and what its page is told again. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ActivityEntry } from '../../electron/activity/entry.ts'
import { findActivity } from '../../electron/activity/pages.ts'
import { createRecorder, type Recorder } from '../../electron/activity/recorder.ts'
import { CeremonyFailed } from '../../electron/ceremonies/guide.ts'
import { ACTIVITY_PAGE } from '../../electron/contract/activity.ts'
import type { Notice } from '../../protocol/messages/notices.ts'
import { createDesk, loginResult, PARTS, passOn, settle } from './terminal-desk.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-activity-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

type Desk = ReturnType<typeof createDesk>
const NUMBER = '000102030405060708090a0b0c0d0e0f'

function record(desk: Desk, clock = { ms: 0 }): Recorder {
  const recorder = createRecorder({
    folder,
    now: () => 1000,
    monotonic: () => clock.ms,
    cardIn: () => undefined,
    onUnwritten: (error) => {
      throw error
    },
  })
  desk.watch((before, after, outcome) => recorder.watch(before, after, outcome))
  return recorder
}
const rowsOf = async (recorder: Recorder) => (await recorder.find({}, 0)).rows
/** The latest first, as words. */
const told = async (recorder: Recorder) =>
  (await rowsOf(recorder)).map(({ kind, outcome, code }) => [kind, outcome, code].filter(Boolean).join(' '))

async function onDuty(role: 'desk' | 'supervisor' = 'supervisor') {
  const desk = createDesk()
  desk.online()
  const clock = { ms: 0 }
  const recorder = record(desk, clock)
  await desk.signIn(role)
  return { desk, recorder, clock }
}

describe('a row', () => {
  test('of a login says how long it took and what its time went into; of a card that is pulled, how long the session lasted', async () => {
    const { desk, recorder, clock } = await onDuty()
    clock.ms = 1000
    desk.insert()
    clock.ms = 6000
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(2), loginMs: 12, parts: PARTS } })
    await settle()
    clock.ms = 66_000
    desk.pull()
    const [pulled, login, signIn] = await rowsOf(recorder)
    expect(pulled).toMatchObject({ kind: 'card-pulled', tookMs: 60_000, reader: 'A' })
    expect(login).toMatchObject({ kind: 'login', outcome: 'done', tookMs: 5000, loginMs: 12, reader: 'A', at: 1000 })
    expect(pulled?.card).toBe(login?.card)
    expect(signIn).toMatchObject({ kind: 'sign-in', outcome: 'done' })
    const { timings } = await recorder.find({}, 0)
    expect(timings).toEqual({ last: [{ at: 1000, parts: PARTS }], median: { parts: PARTS, totalMs: 15 }, count: 1 })
  })

  test('of a ceremony that failed has its code, and one that was called off has none', async () => {
    const { desk, recorder } = await onDuty()
    desk.insert()
    desk.run().reject(new CeremonyFailed({ code: 'gateway-silent' }))
    await settle()
    desk.pull()
    desk.intent({ kind: 'dismiss' })
    desk.insert()
    const asked = desk.run().guide.askPin({ retriesLeft: 3 })
    desk.intent({ kind: 'cancel' })
    await passOn(desk.run(), asked)
    expect(await told(recorder)).toEqual(['login cancelled', 'login failed gateway-silent', 'sign-in done'])
  })

  test('of a card that was taken out while the PIN was asked says so', async () => {
    const { desk, recorder } = await onDuty()
    desk.insert()
    const asked = desk.run().guide.askPin({ retriesLeft: 3 })
    desk.pull()
    await passOn(desk.run(), asked)
    expect((await told(recorder))[0]).toBe('login failed card-removed')
  })

  test('of a change of PIN, of a card that does not answer, and of who is no operator', async () => {
    const { desk, recorder } = await onDuty()
    desk.intent({ kind: 'change-pin' })
    desk.insert()
    desk.run().resolve({ kind: 'finished', result: { kind: 'pin-changed' } })
    await settle()
    desk.pull()
    desk.intent({ kind: 'dismiss' })
    desk.mute()
    desk.pull()
    desk.intent({ kind: 'dismiss' })
    desk.intent({ kind: 'sign-out' })
    desk.insert()
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(7), loginMs: 1, parts: PARTS } })
    await settle()
    expect(await told(recorder)).toEqual([
      'sign-in failed not-an-operator',
      'sign-out done',
      'login failed card-mute',
      'change-pin done',
      'sign-in done',
    ])
  })

  test('of a block: the one that a notice brings, and the one that is asked for here', async () => {
    const { desk, recorder } = await onDuty()
    desk.intent({ kind: 'block-card', card: 'e'.repeat(32) })
    desk.blocks[0]?.resolve()
    await settle()
    desk.intent({ kind: 'block-seen' })
    desk.intent({ kind: 'block-card', card: 'd'.repeat(32) })
    desk.blocks[1]?.reject(new CeremonyFailed({ code: 'unknown-card' }))
    await settle()
    await desk.logIn()
    const { guid } = loginResult(2).card
    const notice: Notice = { kind: 'block', notice: new Uint8Array(16), at: 1, guid, cause: 'supervisor', blockPin: false }
    desk.terminal.noticed(notice, { reader: 'A', insertions: 2 })
    expect(await told(recorder)).toEqual([
      // The operator's own card is the one that was blocked.
      'sign-out done',
      'block done card-blocked',
      'login done',
      'block failed unknown-card',
      'block done',
      'sign-in done',
    ])
  })
})

describe('an operator who goes', () => {
  const grace = () => {
    const result = loginResult(3, 'desk')
    return { ...result, card: { ...result.card, guid: new Uint8Array(16).fill(9) } }
  }
  async function signInWith(desk: Desk, result: ReturnType<typeof loginResult>): Promise<void> {
    desk.insert()
    desk.run().resolve({ kind: 'logged-in', login: { result, loginMs: 10, parts: PARTS } })
    await settle()
    desk.pull()
  }

  test('has a row for a sign-out, with how long they were signed in, their own card and no name', async () => {
    const { desk, recorder, clock } = await onDuty()
    clock.ms = 90_000
    desk.intent({ kind: 'sign-out' })
    const [out, signIn] = await rowsOf(recorder)
    expect(out).toMatchObject({ kind: 'sign-out', outcome: 'done', tookMs: 90_000, card: signIn?.card })
    expect(out?.name).toBeUndefined()
  })

  test('has a row for a lock; to open the desk again is a sign-in, and nobody has been replaced', async () => {
    const { desk, recorder } = await onDuty()
    desk.intent({ kind: 'lock' })
    await signInWith(desk, loginResult(4, 'supervisor'))
    expect(await told(recorder)).toEqual(['sign-in done', 'lock done', 'sign-in done'])
  })

  test('has a row where another one takes over, at an open desk and at a locked one', async () => {
    const { desk, recorder, clock } = await onDuty()
    clock.ms = 60_000
    desk.intent({ kind: 'switch-operator' })
    await signInWith(desk, grace())
    desk.intent({ kind: 'lock' })
    await signInWith(desk, loginResult(5, 'supervisor'))
    const rows = await rowsOf(recorder)
    expect(rows.map(({ kind }) => kind)).toEqual(['sign-in', 'switch-operator', 'lock', 'sign-in', 'switch-operator', 'sign-in'])
    const [, fromLocked, lock, , fromOpen, first] = rows
    expect(fromOpen).toMatchObject({ tookMs: 60_000, card: first?.card })
    // Who had locked the desk was not signed in any more.
    expect(fromLocked?.tookMs).toBeUndefined()
    expect(fromLocked?.card).toBe(lock?.card)
    expect(rows.every(({ kind, name }) => name === undefined || kind === 'sign-in')).toBe(true)
  })

  test('has no row where they sign in over themselves', async () => {
    const { desk, recorder } = await onDuty()
    desk.intent({ kind: 'switch-operator' })
    await signInWith(desk, loginResult(4, 'supervisor'))
    expect(await told(recorder)).toEqual(['sign-in done', 'sign-in done'])
  })

  test('is signed out of a desk that stays locked, once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const idleMs = 1000
    const desk = createDesk({ idleMs })
    desk.online()
    const recorder = record(desk)
    await desk.signIn('desk')
    for (let times = 0; times < 3; times += 1) vi.advanceTimersByTime(idleMs)
    vi.useRealTimers()
    expect(await told(recorder)).toEqual(['sign-out done', 'lock done', 'sign-in done'])
  })
})

test('a card of a batch has its row, however its registration ends', async () => {
  const clock = { ms: 0 }
  const recorder = record(createDesk(), clock)
  const card = { reader: 'B', insertions: 1 }
  const registered = { kind: 'registered', givenName: 'Ada', familyName: 'Lovelace', guid: NUMBER } as const
  const working = recorder.registering(card, async () => {
    clock.ms = 700
    return registered
  })
  expect(await working).toBe(registered)
  const failure = new CeremonyFailed({ code: 'card-not-blank' })
  await expect(recorder.registering(card, () => Promise.reject(failure))).rejects.toBe(failure)
  const broken = new TypeError('broken')
  await expect(recorder.registering(card, () => Promise.reject(broken))).rejects.toBe(broken)
  const rows = await rowsOf(recorder)
  expect(rows.map(({ kind, outcome, code, reader }) => [kind, outcome, code, reader])).toEqual([
    ['register', 'failed', 'unexpected', 'B'],
    ['register', 'failed', 'card-not-blank', 'B'],
    ['register', 'done', undefined, 'B'],
  ])
  expect(rows[2]).toMatchObject({ tookMs: 700, name: { givenName: 'Ada', familyName: 'Lovelace' } })
  expect((await recorder.find({ search: NUMBER }, 0)).matches).toBe(1)
})

describe('names', () => {
  test('stand in no file, and no card’s number does', async () => {
    const { desk, recorder } = await onDuty()
    await desk.logIn()
    await rowsOf(recorder)
    const { holder, card } = loginResult(2)
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), 'latin1')
      for (const secret of [holder.givenName, holder.familyName, holder.reference, Buffer.from(card.guid).toString('hex')]) {
        expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
      }
    }
  })

  test('are shown to the operator who was there, and to nobody after', async () => {
    const { desk, recorder } = await onDuty()
    await desk.logIn()
    expect((await rowsOf(recorder))[0]?.name).toEqual({
      givenName: loginResult(2).holder.givenName,
      familyName: loginResult(2).holder.familyName,
    })
    desk.pull()
    desk.intent({ kind: 'sign-out' })
    await desk.signIn('desk')
    expect((await rowsOf(recorder)).filter(({ kind, name }) => kind === 'login' && name !== undefined)).toEqual([])
  })
})

describe('a card', () => {
  test('has the same reference after the next start, and is found by it or by its number', async () => {
    const { desk, recorder } = await onDuty()
    await desk.logIn()
    const card = (await rowsOf(recorder))[0]?.card ?? ''
    expect(card).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
    const again = record(createDesk())
    for (const search of [card, card.toLowerCase().slice(0, 6), NUMBER, '0001 0203 0405 0607 0809 0A0B 0C0D 0E0F']) {
      expect((await again.find({ search }, 0)).matches).toBeGreaterThan(0)
    }
    expect((await again.find({ search: 'f'.repeat(32) }, 0)).matches).toBe(0)
  })

  test('has another reference at another desk', async () => {
    const { desk, recorder } = await onDuty()
    await desk.logIn()
    const here = (await rowsOf(recorder))[0]?.card
    await rm(join(folder, 'references.key'))
    const other = createDesk()
    other.online()
    const elsewhere = record(other)
    await other.signIn()
    await other.logIn()
    expect((await rowsOf(elsewhere))[0]?.card).not.toBe(here)
  })
})

describe('a page', () => {
  const entries = Array.from(
    { length: 10_000 },
    (_, at): ActivityEntry => ({
      at,
      kind: at % 3 === 0 ? 'login' : 'change-pin',
      outcome: at % 10 === 0 ? 'failed' : 'done',
      card: at % 100 === 0 ? 'K7QM-2F4X' : '0D9B-TTWC',
      ...(at % 3 === 0 ? { parts: { ...PARTS, gateway: at } } : {}),
    }),
  )
  const find = (filter: Parameters<typeof findActivity>[1], wanted: string, from: number) =>
    findActivity(entries, filter, wanted, from, () => undefined)

  test('holds the latest rows, few of many, and leads on to the oldest', () => {
    const first = find({}, '', 0)
    expect([first.rows.length, first.rows[0]?.at, first.matches, first.kept]).toEqual([ACTIVITY_PAGE, 9999, 10_000, 10_000])
    expect(find({}, '', 9990).rows.map(({ at }) => at)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    expect(find({}, '', 20_000).rows).toEqual([])
  })

  test('holds what every filter lets through', () => {
    const { rows, matches } = find({ only: 'login', outcome: 'failed' }, 'K7QM', 0)
    expect(matches).toBe(34)
    expect(rows.every(({ at }) => at % 300 === 0)).toBe(true)
  })

  test('draws the last 24 logins, the oldest first, and the medians of 200', () => {
    const { last, median, count } = find({ only: 'change-pin' }, '', 0).timings
    expect([last.length, last[0]?.at, last[23]?.at, count]).toEqual([24, 9930, 9999, 200])
    // The 200 are 9402, 9405 ... 9999: an even number, whose median lies between the two in the middle.
    expect(median?.parts.gateway).toBe(9700.5)
    expect(median?.totalMs).toBe(9710.5)
  })
})
