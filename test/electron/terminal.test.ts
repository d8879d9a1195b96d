import { afterEach, describe, expect, test, vi } from 'vitest'
import { CeremonyFailed } from '../../electron/ceremonies/guide.ts'
import { createDesk, loginResult, PARTS, passOn, settle } from './terminal-desk.ts'

const PERSON = { givenName: 'Grace', familyName: 'Hopper', reference: 'C-2' }

afterEach(() => {
  vi.useRealTimers()
})

describe('pages without a ceremony', () => {
  test('nothing is decided before the gateway has answered once', () => {
    const desk = createDesk()
    expect(desk.page()).toEqual({ kind: 'starting' })
    desk.insert()
    expect(desk.runs).toHaveLength(0)
    desk.online()
    expect(desk.run().request).toEqual({ kind: 'sign-in' })
  })

  test('a terminal without identity enrols, and tells why it could not', async () => {
    const desk = createDesk()
    desk.terminal.gatewayChanged({ kind: 'not-enrolled' })
    expect(desk.page()).toEqual({ kind: 'enrol', busy: false })
    expect(desk.intent({ kind: 'enrol', code: 'X' })).toBe(true)
    expect(desk.page()).toEqual({ kind: 'enrol', busy: true })
    expect(desk.intent({ kind: 'enrol', code: 'Y' })).toBe(false)
    desk.enrolments[0]?.end({ code: 'invitation-used' })
    await settle()
    expect(desk.page()).toEqual({ kind: 'enrol', busy: false, problem: { code: 'invitation-used' } })
    desk.intent({ kind: 'enrol', code: 'Z' })
    desk.terminal.gatewayChanged({ kind: 'connecting' })
    desk.enrolments[1]?.end()
    await settle()
    expect(desk.page()).toEqual({ kind: 'starting' })
    desk.online()
    expect(desk.page()).toEqual({ kind: 'sign-in' })
  })

  test.each([
    [{ kind: 'no-library', library: 'libpcsclite.so.1' }, 'reader-library-missing'],
    [{ kind: 'service-down' }, 'reader-service-down'],
    [{ kind: 'no-permission' }, 'reader-no-permission'],
    [{ kind: 'failed', code: 'SCARD_F_INTERNAL_ERROR' }, 'reader-failed'],
  ] as const)('why no reader can be used is told: %o', (service, code) => {
    const desk = createDesk()
    desk.setService(service)
    expect(desk.terminal.snapshot().readers.problem).toEqual({ code })
  })

  test('a card that does not answer is told at once', () => {
    const desk = createDesk()
    desk.online()
    desk.mute()
    expect(desk.prompt()).toEqual({ kind: 'failed', problem: { code: 'card-mute', reader: 'A' }, canRetry: false })
    desk.pull()
    desk.insert()
    expect(desk.run().request).toEqual({ kind: 'sign-in' })
  })
})

describe('sign-in and login', () => {
  test('the first card signs the operator in, the next one logs a person in', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    desk.run().guide.begin('sign-in', ['read-card', 'enter-pin', 'verify'])
    desk.run().guide.step('enter-pin')
    const pin = desk.run().guide.askPin({ retriesLeft: 3 })
    expect(desk.page()).toEqual({
      kind: 'ceremony',
      ceremony: {
        kind: 'sign-in',
        steps: [
          { id: 'read-card', state: 'done' },
          { id: 'enter-pin', state: 'active' },
          { id: 'verify', state: 'todo' },
        ],
        prompt: { kind: 'enter-pin', retriesLeft: 3 },
      },
    })
    expect(desk.intent({ kind: 'submit-pin', pin: '123456' })).toBe(true)
    expect(await pin).toEqual(new TextEncoder().encode('123456'))
    expect(desk.prompt()).toEqual({ kind: 'working' })
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(1, 'desk'), loginMs: 9, parts: PARTS } })
    await settle()
    expect(desk.page()).toEqual({ kind: 'idle' })
    expect(desk.terminal.snapshot().operator).toEqual({ givenName: 'Ada', familyName: 'Lovelace', role: 'desk', since: 1000 })

    desk.pull()
    expect(desk.terminal.snapshot().operator).toBeDefined()
    await desk.logIn()
    expect(desk.runs).toHaveLength(2)
    expect(desk.run().request).toEqual({ kind: 'login' })
    expect(desk.page()).toMatchObject({
      kind: 'session',
      session: { reader: 'A', loginMs: 12, cardNumber: '0001 0203 0405 0607 0809 0A0B 0C0D 0E0F' },
    })
  })

  test('pulling the card ends the session at once, at the desk and at the gateway', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    await desk.logIn()
    desk.pull()
    expect(desk.page()).toEqual({ kind: 'idle' })
    expect(desk.endedSessions).toEqual([{ session: 2, reason: 'card-removed' }])
  })

  test.each(['unplug', 'service'] as const)('a reader that goes away takes the session with it: %s', async (how) => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    await desk.logIn()
    if (how === 'unplug') desk.unplug()
    else desk.terminal.readersChanged({ service: { kind: 'service-down' }, readers: [] })
    expect(desk.endedSessions).toEqual([{ session: 2, reason: 'card-removed' }])
  })

  test('a card swapped between two looks ends the session and starts a login of the other card', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    await desk.logIn()
    desk.insert()
    expect(desk.endedSessions).toEqual([{ session: 2, reason: 'card-removed' }])
    expect(desk.runs).toHaveLength(3)
    expect(desk.run().card).toEqual({ reader: 'A', insertions: 3 })
  })

  test('our own exclusive use of the card is not a pulled card', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    await desk.logIn()
    desk.inUse()
    expect(desk.page().kind).toBe('session')
    expect(desk.runs).toHaveLength(2)
  })

  test('a card that went while the gateway still answered gets no session', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    desk.insert()
    desk.pull()
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(2), loginMs: 1, parts: PARTS } })
    await settle()
    expect(desk.prompt()).toEqual({ kind: 'failed', problem: { code: 'card-removed', reader: 'A' }, canRetry: true })
    expect(desk.endedSessions).toEqual([{ session: 2, reason: 'card-removed' }])
  })

  test('a sign-in with a card that is no operator’s fails and closes its session', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(4), loginMs: 1, parts: PARTS } })
    await settle()
    expect(desk.prompt()).toMatchObject({ kind: 'failed', problem: { code: 'not-an-operator' }, canRetry: false })
    expect(desk.endedSessions).toEqual([{ session: 4, reason: 'operator' }])
  })

  test('the card is pulled while the PIN is asked: the question ends, and the next insertion starts anew', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    const first = desk.run()
    const asked = first.guide.askPin({})
    desk.pull()
    expect(desk.prompt()).toEqual({ kind: 'working' })
    expect(desk.intent({ kind: 'submit-pin', pin: '123456' })).toBe(false)
    // The card is back before the first ceremony has cleaned up: nothing starts before it has.
    desk.insert()
    expect(desk.runs).toHaveLength(1)
    await passOn(first, asked)
    expect(desk.runs).toHaveLength(2)
  })

  test('the last try is asked for before the PIN', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    const asked = desk.run().guide.askPin({ retriesLeft: 1, problem: { code: 'pin-wrong', retriesLeft: 1 } })
    expect(desk.prompt()).toEqual({ kind: 'confirm-last-try' })
    expect(desk.intent({ kind: 'submit-pin', pin: '123456' })).toBe(false)
    expect(desk.intent({ kind: 'confirm-last-try' })).toBe(true)
    expect(desk.intent({ kind: 'confirm-last-try' })).toBe(false)
    expect(desk.prompt()).toEqual({ kind: 'enter-pin', retriesLeft: 1, problem: { code: 'pin-wrong', retriesLeft: 1 } })
    expect(desk.intent({ kind: 'submit-pin', pin: '123456' })).toBe(true)
    await asked
  })

  test('cancel leaves no failure behind, and a session that still came about is closed', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    const run = desk.run()
    const asked = run.guide.askPin({})
    expect(desk.intent({ kind: 'cancel' })).toBe(true)
    await passOn(run, asked)
    expect(desk.page()).toEqual({ kind: 'sign-in' })
    expect(desk.intent({ kind: 'cancel' })).toBe(false)
  })

  test('a failure names its step, is retried with the card that is in, or left', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    desk.run().guide.begin('sign-in', ['read-card', 'verify'])
    desk.run().guide.step('verify')
    desk.run().reject(new CeremonyFailed({ code: 'gateway-offline' }))
    await settle()
    expect(desk.page()).toMatchObject({
      ceremony: {
        steps: [
          { id: 'read-card', state: 'done' },
          { id: 'verify', state: 'failed' },
        ],
        prompt: { kind: 'failed', canRetry: true },
      },
    })
    expect(desk.intent({ kind: 'retry' })).toBe(true)
    expect(desk.runs).toHaveLength(2)
    desk.run().reject(new CeremonyFailed({ code: 'card-blocked' }))
    await settle()
    expect(desk.intent({ kind: 'retry' })).toBe(false)
    expect(desk.intent({ kind: 'dismiss' })).toBe(true)
    expect(desk.page()).toEqual({ kind: 'sign-in' })
    // The card that was dismissed does not start over by itself.
    expect(desk.runs).toHaveLength(2)
  })

  test('an error without a name is told as such and reported', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    desk.run().reject(new TypeError('boom'))
    await settle()
    expect(desk.prompt()).toMatchObject({ kind: 'failed', problem: { code: 'unexpected' } })
    expect(desk.unexpected).toEqual(['sign-in'])
  })
})

describe('registration and PIN update', () => {
  test('the first operator becomes a supervisor and signs in with the card that is still in', async () => {
    const desk = createDesk()
    desk.online(true)
    expect(desk.page()).toEqual({ kind: 'first-operator' })
    desk.insert()
    expect(desk.runs).toHaveLength(0)
    expect(desk.intent({ kind: 'register', person: PERSON, role: 'desk' })).toBe(true)
    expect(desk.run().request).toEqual({ kind: 'register', person: PERSON, role: 'supervisor' })
    const result = { kind: 'registered', givenName: 'Grace', familyName: 'Hopper', guid: '00' } as const
    desk.run().resolve({ kind: 'finished', result })
    await settle()
    expect(desk.prompt()).toEqual({ kind: 'done', result })
    desk.intent({ kind: 'dismiss' })
    expect(desk.runs).toHaveLength(2)
    expect(desk.run().request).toEqual({ kind: 'sign-in' })
  })

  test('the operator’s own card, still in the reader, is not the card that is registered', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert()
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(1, 'registrar'), loginMs: 1, parts: PARTS } })
    await settle()
    expect(desk.intent({ kind: 'register', person: PERSON })).toBe(true)
    expect(desk.page()).toEqual({
      kind: 'ceremony',
      ceremony: {
        kind: 'register',
        person: { givenName: 'Grace', familyName: 'Hopper' },
        steps: [{ id: 'insert', state: 'active' }],
        prompt: { kind: 'insert-card' },
      },
    })
    desk.pull()
    desk.insert()
    expect(desk.run().request).toEqual({ kind: 'register', person: PERSON, session: new Uint8Array(16).fill(1) })
  })

  test('only a registrar registers', async () => {
    const desk = createDesk()
    desk.online()
    expect(desk.intent({ kind: 'register', person: PERSON })).toBe(false)
    await desk.signIn('desk')
    expect(desk.intent({ kind: 'register', person: PERSON })).toBe(false)
  })

  test('a registration that failed is not left because a card is put in', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    desk.intent({ kind: 'register', person: PERSON })
    desk.insert()
    desk.run().reject(new CeremonyFailed({ code: 'card-removed' }))
    await settle()
    desk.pull()
    desk.insert()
    expect(desk.runs).toHaveLength(2)
    expect(desk.intent({ kind: 'retry' })).toBe(true)
    expect(desk.run().request.kind).toBe('register')
    expect(desk.run().card).toEqual({ reader: 'A', insertions: 3 })
  })

  test('an operator whose session the gateway has forgotten signs in again', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    desk.intent({ kind: 'register', person: PERSON })
    desk.insert()
    desk.run().reject(new CeremonyFailed({ code: 'session-unknown' }))
    await settle()
    expect(desk.page()).toEqual({ kind: 'sign-in', problem: { code: 'session-unknown' } })
    expect(desk.terminal.snapshot().operator).toBeUndefined()
  })

  test('the PIN is changed in the person’s session, which then goes on', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    await desk.logIn()
    expect(desk.intent({ kind: 'change-pin' })).toBe(true)
    const asked = desk.run().guide.askNewPin({ current: true, retriesLeft: 3 })
    expect(desk.intent({ kind: 'submit-new-pin', pin: '654321' })).toBe(false)
    expect(desk.intent({ kind: 'submit-pin', pin: '654321' })).toBe(false)
    expect(desk.intent({ kind: 'submit-new-pin', pin: '654321', current: '123456' })).toBe(true)
    expect(await asked).toEqual({ next: new TextEncoder().encode('654321'), current: new TextEncoder().encode('123456') })
    desk.run().resolve({ kind: 'finished', result: { kind: 'pin-changed' } })
    await settle()
    desk.intent({ kind: 'dismiss' })
    expect(desk.page().kind).toBe('session')
    expect(desk.endedSessions).toEqual([])
  })

  test('the PIN can be changed with the gateway away and nobody signed in', () => {
    const desk = createDesk()
    desk.terminal.gatewayChanged({ kind: 'offline', since: 1, problem: { code: 'gateway-offline' } })
    expect(desk.intent({ kind: 'change-pin' })).toBe(true)
    expect(desk.prompt()).toEqual({ kind: 'insert-card' })
    desk.insert()
    expect(desk.run().request).toEqual({ kind: 'change-pin' })
  })
})

describe('leaving', () => {
  test('sign-out and end of session tell the gateway', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    await desk.logIn()
    expect(desk.intent({ kind: 'end-session' })).toBe(true)
    expect(desk.page()).toEqual({ kind: 'idle' })
    expect(desk.intent({ kind: 'end-session' })).toBe(false)
    expect(desk.intent({ kind: 'sign-out' })).toBe(true)
    expect(desk.page()).toEqual({ kind: 'sign-in' })
    expect(desk.endedSessions).toEqual([
      { session: 2, reason: 'operator' },
      { session: 1, reason: 'operator' },
    ])
  })

  test('a desk that is left alone locks, and signs out when nobody comes back; one that is used does neither', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const desk = createDesk({ idleMs: 1000 })
    desk.online()
    await desk.signIn()
    vi.advanceTimersByTime(900)
    desk.intent({ kind: 'cancel' })
    vi.advanceTimersByTime(900)
    expect(desk.page()).toEqual({ kind: 'idle' })
    vi.advanceTimersByTime(200)
    expect(desk.page()).toEqual({ kind: 'locked', operator: { givenName: 'Ada', familyName: 'Lovelace' } })
    expect(desk.endedSessions).toEqual([{ session: 1, reason: 'idle' }])
    vi.advanceTimersByTime(1000)
    expect(desk.page()).toEqual({ kind: 'sign-in' })
    expect(desk.endedSessions).toHaveLength(1)
  })

  test('closing ends the sessions and every question', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    desk.intent({ kind: 'change-pin' })
    desk.insert()
    const asked = desk.run().guide.askNewPin({ current: true })
    const rejected = expect(asked).rejects.toThrow('cancelled')
    await desk.terminal.close()
    await rejected
    expect(desk.endedSessions).toEqual([{ session: 1, reason: 'quit' }])
    expect(desk.intent({ kind: 'sign-out' })).toBe(false)
    await expect(desk.run().guide.askPin({})).rejects.toThrow('cancelled')
  })

  test('simulated cards are handled only where there are some', () => {
    const desk = createDesk()
    expect(desk.intent({ kind: 'simulate-new-card' })).toBe(false)
    desk.terminal.simulationChanged({ readers: [], cards: [] })
    expect(desk.intent({ kind: 'simulate-new-card' })).toBe(true)
    expect(desk.simulated).toEqual([{ kind: 'simulate-new-card' }])
    desk.terminal.simulationChanged(undefined)
    expect(desk.terminal.snapshot()).not.toHaveProperty('simulation')
  })
})
