import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { EXERCISES, PRACTICE_PIN } from '../../electron/contract/training.ts'
import { EXERCISE } from '../../electron/training/exercises.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { blankCard } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import { OPERATOR_PIN, TrainingWorld } from './training-world.ts'

const OTHER_PIN = '593817'

describe('each exercise, done by a trainee at a real desk', () => {
  let desk: TrainingWorld
  let operatorCard: string
  beforeAll(async () => {
    desk = await TrainingWorld.create()
    operatorCard = await desk.signIn()
  })
  afterAll(async () => desk?.close())
  afterEach(() => {
    expect(desk.exercise).toMatchObject({ state: 'done', durationMs: expect.any(Number) })
    expect(desk.snapshot.simulation?.cards.every(({ part }) => part === undefined)).toBe(true)
  })

  test('a newcomer is registered on a blank card', async () => {
    await desk.start('newcomer')
    desk.do({ kind: 'register', person: { givenName: 'Ada', familyName: 'Lovelace', reference: 'C-1' } })
    desk.insert(desk.part('other').id)
    await desk.newPin(OTHER_PIN)
    await desk.dismiss('done')
    desk.pull()
    expect(desk.reached).toEqual(['form-sent', 'new-pin-asked', 'registered'])
  })

  test('the wrong card is refused, the right one logs in', async () => {
    await desk.start('wrong-card')
    desk.insert(desk.part('other').id)
    await desk.prompt('failed')
    expect(desk.reached).toEqual(['refused'])
    desk.pull()
    desk.insert(desk.part('person').id)
    await desk.pin(PRACTICE_PIN)
    await desk.page('session')
    desk.pull()
  })

  test('a card that is pulled while its PIN is checked loses the login and no try', async () => {
    await desk.start('pulled-card')
    const { id } = desk.part('person')
    desk.insert(id)
    await desk.pin(PRACTICE_PIN)
    await desk.prompt('failed')
    expect(desk.reached).toEqual(['pulled'])
    desk.insert(id)
    await desk.prompt('enter-pin')
    expect(desk.snapshot.page).toMatchObject({ ceremony: { prompt: { retriesLeft: 3 } } })
    await desk.pin(PRACTICE_PIN)
    await desk.page('session')
    expect(desk.exercise?.entries).toBe(2)
    desk.pull()
  })

  test('a forgotten PIN is given up in time and replaced with a supervisor’s approval', async () => {
    await desk.start('forgotten-pin')
    const { id } = desk.part('person')
    desk.insert(id)
    await desk.pin(OTHER_PIN)
    await desk.until(() => desk.reached.includes('wrong-pin'), 'the wrong PIN was not noticed')
    desk.do({ kind: 'cancel' })
    await desk.page('idle')
    desk.pull()
    await approveBySupervisor()
    desk.insert(id)
    await desk.newPin(OTHER_PIN)
    await desk.dismiss('done')
    desk.pull()
    expect(desk.reached).toEqual(['wrong-pin', 'stopped', 'approved', 'unblocked'])
  })

  test('the last try is left to the person who knows the PIN', async () => {
    await desk.start('last-try')
    desk.insert(desk.part('person').id)
    await desk.prompt('confirm-last-try')
    desk.do({ kind: 'cancel' })
    await desk.page('idle')
    desk.pull()
    expect(desk.exercise?.entries).toBe(0)
  })

  test('a blocked card is unblocked with a supervisor’s approval', async () => {
    await desk.start('blocked-card')
    const { id } = desk.part('person')
    desk.insert(id)
    await desk.page('blocked')
    desk.do({ kind: 'dismiss' })
    desk.pull()
    await approveBySupervisor()
    desk.insert(id)
    await desk.newPin(OTHER_PIN)
    await desk.dismiss('done')
    desk.pull()
  })

  test('a relayed card takes seconds where others take none', async () => {
    await desk.start('relayed-card')
    desk.insert(desk.part('person').id)
    await desk.pin(PRACTICE_PIN)
    await desk.page('session')
    // VERIFY and the signature, each behind the relay.
    expect(desk.snapshot.page).toMatchObject({ session: { loginMs: expect.toSatisfy((ms: number) => ms >= 500) } })
    desk.pull()
    await desk.page('idle')
  })

  test('with the gateway gone nobody logs in, a PIN can be changed, and the way back leads on', async () => {
    await desk.start('gateway-gone')
    expect(desk.snapshot.simulation?.gatewayCut).toBe(true)
    await desk.until(({ gateway }) => gateway.kind === 'offline', 'the gateway is still there')
    const { id } = desk.part('person')
    desk.insert(id)
    await desk.dismiss('failed')
    desk.pull()
    desk.do({ kind: 'change-pin' })
    desk.insert(id)
    await desk.newPin(OTHER_PIN, PRACTICE_PIN)
    await desk.dismiss('done')
    desk.pull()
    desk.do({ kind: 'simulate-gateway', cut: false })
    await desk.until(({ gateway }) => gateway.kind === 'online', 'the gateway did not come back')
    expect(desk.snapshot.simulation?.gatewayCut).toBeUndefined()
  })

  test('all of them were done', () => {
    expect(desk.snapshot.simulation?.training?.done).toEqual(EXERCISES)
    expect(Object.keys(EXERCISE).sort()).toEqual([...EXERCISES].sort())
  })

  async function approveBySupervisor(): Promise<void> {
    desk.do({ kind: 'unblock' })
    desk.insert(operatorCard)
    await desk.pin(OPERATOR_PIN)
    await desk.prompt('insert-card')
    desk.pull()
  }
})

describe('at the simulated desk', () => {
  let desk: TrainingWorld
  let card: string
  beforeAll(async () => {
    desk = await TrainingWorld.create('on')
    await desk.signIn()
    await desk.start('last-try')
    card = desk.part('person').id
    desk.do({ kind: 'simulate-exercise' })
  })
  afterAll(async () => desk?.close())
  afterEach(async () => {
    desk.pull()
    desk.do({ kind: 'simulate-mishap', card, mishap: 'none' })
    await desk.until(({ page }) => page.kind !== 'ceremony' || page.ceremony.prompt.kind === 'failed', 'the ceremony goes on')
    if (desk.snapshot.page.kind !== 'idle') desk.do({ kind: 'dismiss' })
    await desk.page('idle')
  })

  async function fails(code: string): Promise<void> {
    await desk.until(
      ({ page }) =>
        page.kind === 'ceremony' && page.ceremony.prompt.kind === 'failed' && page.ceremony.prompt.problem.code === code,
      `no ${code}`,
    )
  }

  test.each([
    ['mute', 'card-mute'],
    ['busy', 'reader-in-use'],
    ['pull-at-read', 'card-removed'],
  ] as const)('a card that is to be %s ends a login with %s', async (mishap, code) => {
    desk.do({ kind: 'simulate-mishap', card, mishap })
    desk.insert(card)
    await fails(code)
  })

  test('a card that is to be pulled at the PIN is pulled there, once', async () => {
    desk.do({ kind: 'simulate-mishap', card, mishap: 'pull-at-pin' })
    desk.insert(card)
    await fails('card-removed')
    desk.insert(card)
    await desk.prompt('enter-pin')
    desk.do({ kind: 'cancel' })
  })

  test('a card in its reader that is to be unreadable becomes so, and readable again', () => {
    desk.insert(card)
    desk.do({ kind: 'simulate-mishap', card, mishap: 'mute' })
    const state = () => desk.readers.status().readers[0]?.state.kind
    expect(state()).toBe('mute')
    desk.do({ kind: 'simulate-mishap', card, mishap: 'none' })
    expect(state()).not.toBe('mute')
  })

  test('tries that were spent stay so until the card is mended', async () => {
    desk.do({ kind: 'simulate-mishap', card, mishap: 'puk-blocked' })
    desk.do({ kind: 'simulate-mishap', card, mishap: 'slow' })
    desk.insert(card)
    await desk.page('blocked')
    desk.do({ kind: 'dismiss' })
    desk.pull()
    desk.do({ kind: 'simulate-mishap', card, mishap: 'none' })
    desk.insert(card)
    await desk.prompt('enter-pin')
    expect(desk.snapshot.page).toMatchObject({ ceremony: { prompt: { retriesLeft: 3 } } })
    desk.do({ kind: 'cancel' })
  })

  test('an exercise that is stopped leaves the gateway connected and no card marked', async () => {
    await desk.start('gateway-gone')
    expect(desk.cuts[desk.cuts.length - 1]).toBe(true)
    await desk.until(({ gateway }) => gateway.kind === 'offline', 'the gateway is still there')
    desk.do({ kind: 'simulate-exercise' })
    expect(desk.cuts[desk.cuts.length - 1]).toBe(false)
    expect(desk.exercise).toBeUndefined()
    expect(desk.snapshot.simulation?.cards.some(({ part }) => part !== undefined)).toBe(false)
    await desk.until(({ gateway }) => gateway.kind === 'online', 'the gateway did not come back')
  })

  test('a try too many misses the exercise, and it can be done once more', async () => {
    await desk.start('last-try')
    desk.insert(card)
    await desk.prompt('confirm-last-try')
    desk.do({ kind: 'confirm-last-try' })
    await desk.pin(OTHER_PIN)
    await desk.page('blocked')
    expect(desk.exercise).toMatchObject({ state: 'missed', entries: 1 })
    desk.do({ kind: 'dismiss' })
    desk.pull()
    await desk.start('last-try')
    expect(desk.exercise).toMatchObject({ state: 'running', entries: 0 })
    desk.do({ kind: 'simulate-exercise' })
  })

  test('a practice card that the gateway has blocked is replaced', async () => {
    await desk.start('pulled-card')
    const { id } = desk.part('person')
    desk.insert(id)
    await desk.prompt('enter-pin')
    const at = desk.readers.status().readers.find(({ state }) => state.kind === 'card' || state.kind === 'in-use')
    desk.terminal.noticed(
      {
        kind: 'block',
        notice: new Uint8Array(16),
        guid: new Uint8Array(16),
        at: Date.now(),
        cause: 'supervisor',
        blockPin: false,
      },
      at && { reader: at.name, insertions: at.insertions },
    )
    await desk.page('blocked')
    desk.do({ kind: 'dismiss' })
    desk.do({ kind: 'simulate-exercise' })
    desk.pull()
    await desk.start('last-try')
    expect(desk.part('person').id).not.toBe(id)
    desk.do({ kind: 'simulate-exercise' })
  })

  test('the gateway is not cut while a real card is in, and is back before one is used', async () => {
    const cuts = desk.cuts.length
    const real = new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard()) })
    desk.real.plug('Reader of the desk')
    desk.do({ kind: 'simulate-gateway', cut: true })
    expect(desk.cuts.slice(cuts)).toEqual([true])
    desk.real.insert('Reader of the desk', real)
    expect(desk.cuts.slice(cuts)).toEqual([true, false])
    desk.do({ kind: 'simulate-gateway', cut: true })
    expect(desk.cuts.slice(cuts)).toEqual([true, false])
    await desk.prompt('failed')
    desk.real.unplug('Reader of the desk')
    await desk.until(({ gateway }) => gateway.kind === 'online', 'the gateway did not come back')
  })
})

describe('beside a real reader', () => {
  test.each(['off', 'auto'] as const)('there is nothing to train with where the settings say %s', async (mode) => {
    const desk = await TrainingWorld.create(mode)
    try {
      desk.real.plug('Reader of the desk')
      expect(desk.snapshot.simulation).toBeUndefined()
      for (const intent of [
        { kind: 'simulate-new-card' },
        { kind: 'simulate-gateway', cut: true },
        { kind: 'simulate-exercise', exercise: 'newcomer' },
        { kind: 'show', page: 'training' },
      ] as const) {
        expect(desk.terminal.intent(intent).accepted, intent.kind).toBe(false)
      }
      expect(desk.readers.status().readers.map(({ simulated }) => simulated)).toEqual([false])
      expect(desk.snapshot.navigation?.pages.map(({ page }) => page)).not.toContain('training')
    } finally {
      await desk.close()
    }
  })

  test('an exercise asks for an operator', async () => {
    const desk = await TrainingWorld.create('on')
    try {
      expect(desk.terminal.intent({ kind: 'simulate-exercise', exercise: 'newcomer' }).accepted).toBe(false)
      await desk.signIn()
      expect(desk.terminal.intent({ kind: 'simulate-exercise', exercise: 'newcomer' }).accepted).toBe(true)
    } finally {
      await desk.close()
    }
  })
})
