/** PINs on the reader's own keys: the terminal's state machine and real ceremonies, with the pad of a simulated reader. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PRACTICE_PIN } from '../../electron/contract/training.ts'
import type { Readers } from '../../native/reader.ts'
import { interceptReaders } from './ceremonies-world.ts'
import { createDesk, settle } from './terminal-desk.ts'
import { OPERATOR_PIN, TrainingWorld } from './training-world.ts'

const KEYS = { wrong: '111999', right: PRACTICE_PIN }

describe('a login on the pad', () => {
  let desk: TrainingWorld
  let card: string
  /** Every command that a program sent to a card. */
  const sent: string[] = []
  beforeAll(async () => {
    desk = await TrainingWorld.create('only', (readers: Readers) =>
      interceptReaders(readers, (command, transmit) => {
        sent.push(Buffer.from(command).toString('latin1'))
        return transmit(command)
      }),
    )
    await desk.signIn()
    await desk.start('last-try')
    card = desk.part('person').id
    desk.do({ kind: 'simulate-exercise' })
    desk.do({ kind: 'simulate-pin-pad', present: true })
  })
  afterAll(async () => desk?.close())
  beforeEach(() => {
    sent.length = 0
    desk.insert(card)
  })
  afterEach(async () => {
    desk.pull()
    desk.do({ kind: 'simulate-mishap', card, mishap: 'none' })
    await desk.until(({ page }) => page.kind !== 'ceremony' || page.ceremony.prompt.kind === 'failed', 'the ceremony goes on')
    if (desk.snapshot.page.kind === 'ceremony' || desk.snapshot.page.kind === 'blocked') desk.do({ kind: 'dismiss' })
    await desk.page('idle')
  })

  async function waits(): Promise<void> {
    await desk.until(({ simulation }) => simulation?.pinPad?.shown !== undefined, 'the pad does not wait')
  }
  function press(...keys: string[]): void {
    for (const key of keys) desk.do({ kind: 'simulate-pad-key', key: key as 'ok' })
  }
  const prompt = () => (desk.snapshot.page.kind === 'ceremony' ? desk.snapshot.page.ceremony.prompt : undefined)
  async function again(code: string): Promise<void> {
    await desk.until(({ page }) => {
      const shown = page.kind === 'ceremony' ? page.ceremony.prompt : undefined
      return shown?.kind === 'pin-pad' && shown.endsAt === undefined && shown.problem?.code === code
    }, `no ${code}`)
  }

  test('goes from the reader to the card: no program sends or sees the PIN', async () => {
    await waits()
    expect(prompt()).toMatchObject({ kind: 'pin-pad', retriesLeft: 3, endsAt: expect.any(Number) })
    press(...KEYS.right)
    expect(desk.snapshot.simulation?.pinPad?.shown).toBe(6)
    press('ok')
    await desk.page('session')
    expect(sent.length).toBeGreaterThan(3)
    expect(sent.some((command) => command.includes(KEYS.right))).toBe(false)
  })

  test('a wrong PIN costs one try, is said, and is entered again when the person is ready', async () => {
    await waits()
    press(...KEYS.wrong, 'ok')
    await again('pin-wrong')
    expect(prompt()).toMatchObject({ retriesLeft: 2 })
    expect(desk.snapshot.simulation?.pinPad?.shown).toBeUndefined()
    desk.do({ kind: 'use-pin-pad' })
    await waits()
    press(...KEYS.right, 'ok')
    await desk.page('session')
  })

  test('too few digits, and the red key, cost no try', async () => {
    await waits()
    press('1', '2', 'ok')
    await again('pin-pad-length')
    desk.do({ kind: 'use-pin-pad' })
    await waits()
    press('1', 'cancel')
    await again('pin-pad-cancelled')
    expect(prompt()).toMatchObject({ retriesLeft: 3 })
    desk.do({ kind: 'cancel' })
    await desk.page('idle')
  })

  test('the keyboard instead: chosen while the reader waits, it follows when the entry has ended there', async () => {
    await waits()
    desk.do({ kind: 'use-keyboard' })
    expect(prompt()).toMatchObject({ kind: 'pin-pad', giveUp: 'keyboard' })
    press('cancel')
    await desk.prompt('enter-pin')
    expect(prompt()).not.toHaveProperty('problem')
    await desk.pin(PRACTICE_PIN)
    await desk.page('session')
  })

  test('cancelled while the reader waits, it ends when the entry has ended there', async () => {
    await waits()
    desk.do({ kind: 'cancel' })
    expect(prompt()).toMatchObject({ kind: 'pin-pad', giveUp: 'cancel' })
    press('cancel')
    await desk.page('idle')
  })

  test('cancelled while the reader waits, a PIN that is confirmed there all the same opens nothing', async () => {
    await waits()
    desk.do({ kind: 'cancel' })
    press(...KEYS.right, 'ok')
    await desk.page('idle')
    expect(desk.snapshot.page.kind).toBe('idle')
  })

  test('the card pulled meanwhile ends it at once', async () => {
    await waits()
    desk.pull()
    await desk.prompt('failed')
    expect(prompt()).toMatchObject({ problem: { code: 'card-removed' } })
  })

  test('the last try is asked for before the reader waits', async () => {
    desk.pull()
    await desk.prompt('failed')
    desk.do({ kind: 'simulate-mishap', card, mishap: 'one-try' })
    desk.insert(card)
    await desk.prompt('confirm-last-try')
    expect(desk.snapshot.simulation?.pinPad?.shown).toBeUndefined()
    expect(desk.terminal.intent({ kind: 'use-pin-pad' }).accepted).toBe(false)
    desk.do({ kind: 'confirm-last-try' })
    await waits()
    press(...KEYS.right, 'ok')
    await desk.page('session')
  })

  test('an operator’s PIN too', async () => {
    await waits()
    press('cancel')
    await again('pin-pad-cancelled')
    desk.do({ kind: 'cancel' })
    await desk.page('idle')
    desk.pull()
    desk.do({ kind: 'lock' })
    desk.insert(desk.snapshot.simulation?.cards[0]?.id ?? '')
    await waits()
    press(...OPERATOR_PIN, 'ok')
    await desk.page('idle')
  })
})

test('what belongs to the pad is out of place elsewhere', async () => {
  const desk = createDesk()
  desk.online()
  await desk.signIn()
  for (const kind of ['use-pin-pad', 'use-keyboard'] as const) expect(desk.intent({ kind })).toBe(false)
  desk.insert()
  const asked = desk.run().guide.askPad({ retriesLeft: 3, seconds: 30 })
  expect(await asked).toBe('pad')
  expect(desk.prompt()).toEqual({ kind: 'pin-pad', retriesLeft: 3, endsAt: 31_000 })
  expect(desk.intent({ kind: 'submit-pin', pin: '271828' })).toBe(false)
  desk.run().guide.step('verify')
  await settle()
  expect(desk.prompt()).toEqual({ kind: 'working' })
})
