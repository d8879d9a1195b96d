import { afterEach, describe, expect, test, vi } from 'vitest'
import { createDesk, loginResult, PARTS, settle } from './terminal-desk.ts'

const LOCKED = { kind: 'locked', operator: { givenName: 'Ada', familyName: 'Lovelace' } }

/** Another person's card and session. */
function other(session: number) {
  const result = loginResult(session, 'desk')
  const holder = { ...result.holder, givenName: 'Grace', familyName: 'Hopper' }
  return { ...result, holder, card: { ...result.card, guid: new Uint8Array(16).fill(9) } }
}

type Desk = ReturnType<typeof createDesk>

async function signInAgain(desk: Desk, result = loginResult(3, 'supervisor'), reader = 'A'): Promise<void> {
  desk.insert(reader)
  expect(desk.run().request).toEqual({ kind: 'sign-in' })
  desk.run().resolve({ kind: 'logged-in', login: { result, loginMs: 10, parts: PARTS } })
  await settle()
}

async function atWork(options: Parameters<typeof createDesk>[0] = {}): Promise<Desk> {
  const desk = createDesk(options)
  desk.online()
  await desk.signIn()
  return desk
}

afterEach(() => void vi.useRealTimers())

describe('locking', () => {
  test('ends what was going on and shows nothing of it', async () => {
    const desk = await atWork()
    await desk.logIn()
    expect(desk.page().kind).toBe('session')
    expect(desk.intent({ kind: 'lock' })).toBe(true)
    expect(desk.page()).toEqual(LOCKED)
    expect(desk.terminal.snapshot().operator).toBeUndefined()
    expect(desk.terminal.snapshot().navigation).toBeUndefined()
    expect(desk.endedSessions).toEqual([
      { session: 2, reason: 'operator' },
      { session: 1, reason: 'operator' },
    ])
  })

  test('opens for the same operator, who finds what they had begun', async () => {
    const desk = await atWork()
    const { shift } = desk.terminal.snapshot()
    desk.intent({ kind: 'lock' })
    await signInAgain(desk)
    expect(desk.page()).toEqual({ kind: 'idle' })
    expect(desk.terminal.snapshot()).toMatchObject({ shift, operator: { givenName: 'Ada' } })
  })

  test('opens for another operator, who finds nothing of it', async () => {
    const desk = await atWork()
    const { shift } = desk.terminal.snapshot()
    desk.intent({ kind: 'lock' })
    await signInAgain(desk, other(3))
    expect(desk.terminal.snapshot().operator).toMatchObject({ givenName: 'Grace', role: 'desk' })
    expect(desk.terminal.snapshot().shift).not.toBe(shift)
  })

  test('opens for no one else: a person’s card is refused and the desk stays locked', async () => {
    const desk = await atWork()
    desk.intent({ kind: 'lock' })
    await signInAgain(desk, loginResult(4))
    expect(desk.prompt()).toMatchObject({ kind: 'failed', problem: { code: 'not-an-operator' } })
    expect(desk.intent({ kind: 'dismiss' })).toBe(true)
    expect(desk.page()).toEqual(LOCKED)
    expect(desk.endedSessions).toContainEqual({ session: 4, reason: 'operator' })
  })

  test('leaves nothing to do but to open it', async () => {
    const desk = await atWork()
    desk.intent({ kind: 'lock' })
    for (const kind of [
      'change-pin',
      'unblock',
      'sign-out',
      'switch-operator',
      'dismiss',
      'retry',
      'lock',
      'show-readers',
    ] as const) {
      expect(desk.intent({ kind }), kind).toBe(false)
    }
    expect(desk.intent({ kind: 'set-language', language: 'de' })).toBe(true)
    expect(desk.page()).toEqual(LOCKED)
  })

  test('by hand waits for a card that is at work', async () => {
    const desk = await atWork()
    desk.insert()
    expect(desk.intent({ kind: 'lock' })).toBe(false)
    void desk
      .run()
      .guide.askPin({ retriesLeft: 3 })
      .catch(() => undefined)
    expect(desk.intent({ kind: 'lock' })).toBe(true)
    expect(desk.page()).toEqual(LOCKED)
  })
})

describe('the operator’s own card', () => {
  test('locks the desk when it is pulled, where it has to stay in', async () => {
    const desk = createDesk({ operatorCard: 'stay-in' })
    desk.online()
    await signInAgain(desk, loginResult(1, 'desk'))
    expect(desk.page()).toEqual({ kind: 'idle' })
    desk.insert('B')
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(2), loginMs: 1, parts: PARTS } })
    await settle()
    desk.pull('A')
    expect(desk.page()).toEqual(LOCKED)
    expect(desk.endedSessions).toEqual([
      { session: 2, reason: 'card-removed' },
      { session: 1, reason: 'card-removed' },
    ])
  })

  test('pulled while another card is at work, it covers that at once and lets nobody in by it', async () => {
    const desk = createDesk({ operatorCard: 'stay-in' })
    desk.online()
    await signInAgain(desk, loginResult(1, 'desk'))
    desk.insert('B')
    const login = desk.run()
    desk.unplug('A')
    expect(desk.page()).toEqual(LOCKED)
    login.resolve({ kind: 'logged-in', login: { result: loginResult(2), loginMs: 1, parts: PARTS } })
    await settle()
    expect(desk.page()).toEqual(LOCKED)
    expect(desk.endedSessions).toEqual([
      { session: 1, reason: 'card-removed' },
      { session: 2, reason: 'operator' },
    ])
  })

  test('pulled while the gateway still answered its sign-in, it locks the desk', async () => {
    const desk = createDesk({ operatorCard: 'stay-in' })
    desk.online()
    desk.insert()
    desk.pull()
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(1, 'desk'), loginMs: 1, parts: PARTS } })
    await settle()
    expect(desk.page()).toEqual(LOCKED)
    expect(desk.endedSessions).toEqual([{ session: 1, reason: 'card-removed' }])
  })

  test('may go where it served to sign in', async () => {
    const desk = createDesk()
    desk.online()
    await signInAgain(desk, loginResult(1, 'desk'))
    desk.pull()
    expect(desk.page()).toEqual({ kind: 'idle' })
  })
})

describe('another operator takes over', () => {
  test('with their card, without a sign-out: the one before is signed out when they are in', async () => {
    const desk = await atWork()
    expect(desk.intent({ kind: 'switch-operator' })).toBe(true)
    expect(desk.prompt()).toEqual({ kind: 'insert-card' })
    expect(desk.terminal.snapshot().operator?.givenName).toBe('Ada')
    await signInAgain(desk, other(3))
    expect(desk.terminal.snapshot().operator).toMatchObject({ givenName: 'Grace' })
    expect(desk.page()).toEqual({ kind: 'idle' })
    expect(desk.endedSessions).toEqual([{ session: 1, reason: 'operator' }])
  })

  test('or does not: who works here goes on', async () => {
    const desk = await atWork()
    desk.intent({ kind: 'switch-operator' })
    expect(desk.intent({ kind: 'cancel' })).toBe(true)
    expect(desk.page()).toEqual({ kind: 'idle' })
    desk.intent({ kind: 'switch-operator' })
    await signInAgain(desk, loginResult(4))
    desk.intent({ kind: 'dismiss' })
    expect(desk.page()).toEqual({ kind: 'idle' })
    expect(desk.terminal.snapshot().operator?.givenName).toBe('Ada')
  })

  test('not while a person is served', async () => {
    const desk = await atWork()
    await desk.logIn()
    expect(desk.intent({ kind: 'switch-operator' })).toBe(false)
  })
})

test('a question that is left alone locks the desk too', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const desk = await atWork({ idleMs: 1000 })
  desk.intent({ kind: 'change-pin' })
  desk.insert()
  const asked = desk.run().guide.askNewPin({ current: true })
  const rejected = expect(asked).rejects.toThrow('cancelled')
  vi.advanceTimersByTime(1100)
  await rejected
  expect(desk.page()).toEqual(LOCKED)
})
