import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { EXERCISES, PRACTICE_PIN } from '../../electron/contract/training.ts'
import { EXERCISE } from '../../electron/training/exercises.ts'
import { OPERATOR_PIN, TrainingWorld } from './training-world.ts'

const OTHER_PIN = '593817'

describe('each exercise, done by a trainee at a real desk', () => {
  let desk: TrainingWorld
  let operatorCard: string
  beforeAll(async () => {
    desk = await TrainingWorld.create()
    operatorCard = await desk.signIn()
  }, 30_000)
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
