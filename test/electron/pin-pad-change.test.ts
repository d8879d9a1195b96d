/** A PIN that is changed on the reader's own keys: the state machine and the real ceremony, with the pad of a simulated reader. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PRACTICE_PIN } from '../../electron/contract/training.ts'
import type { PinPad, Readers } from '../../native/reader.ts'
import { interceptReaders } from './ceremonies-world.ts'
import { withPads } from './pad-person.ts'
import { createDesk } from './terminal-desk.ts'
import { TrainingWorld } from './training-world.ts'

const NEXT = '271828'
const WRONG = '111999'
const SHORT_SECONDS = 1

describe('a PIN change on the pad', () => {
  let desk: TrainingWorld
  let card: string
  /** Every command that a program sent to a card. */
  const sent: string[] = []
  /** What the reader was asked for: the seconds that it waits. */
  const asked: number[] = []
  /** The pad of the readers, as far as this test has it so. */
  let as: { verifyOnly?: true; hasty?: true } = {}
  function padAs(pad: PinPad): PinPad {
    const hurry = (structure: Uint8Array) => {
      asked.push(structure[0] ?? 0)
      return as.hasty ? Uint8Array.from(structure, (byte, at) => (at < 2 ? SHORT_SECONDS : byte)) : structure
    }
    const { modify } = pad
    const verify = (structure: Uint8Array) => pad.verify(hurry(structure))
    if (as.verifyOnly || modify === undefined) return { verify }
    return { verify, modify: (structure) => modify(hurry(structure)) }
  }
  beforeAll(async () => {
    desk = await TrainingWorld.create('only', (readers: Readers) =>
      withPads(
        interceptReaders(readers, (command, transmit) => {
          sent.push(Buffer.from(command).toString('latin1'))
          return transmit(command)
        }),
        padAs,
      ),
    )
    await desk.signIn()
    desk.do({ kind: 'simulate-pin-pad', present: true })
  })
  afterAll(async () => desk?.close())

  /** A practice card with its PIN, in front of a page that asks to change it. */
  beforeEach(async () => {
    await desk.start('last-try')
    card = desk.part('person').id
    desk.do({ kind: 'simulate-exercise' })
    as = {}
    desk.changesPinOnPad = true
    sent.length = 0
    asked.length = 0
    desk.do({ kind: 'change-pin' })
    desk.insert(card)
  })
  afterEach(async () => {
    desk.pull()
    await desk.until(({ page }) => page.kind !== 'ceremony' || isOver(), 'the ceremony goes on')
    if (desk.snapshot.page.kind === 'ceremony' || desk.snapshot.page.kind === 'blocked') desk.do({ kind: 'dismiss' })
    await desk.page('idle')
  })

  const prompt = () => (desk.snapshot.page.kind === 'ceremony' ? desk.snapshot.page.ceremony.prompt : undefined)
  const isOver = () => prompt()?.kind === 'failed' || prompt()?.kind === 'done'
  const pad = () => desk.snapshot.simulation?.pinPad
  function press(...keys: string[]): void {
    for (const key of keys) desk.do({ kind: 'simulate-pad-key', key: key as 'ok' })
  }
  /** The page says what is to be entered, and the reader does not wait yet. */
  async function told(code?: string): Promise<void> {
    await desk.until(() => {
      const shown = prompt()
      return shown?.kind === 'pin-pad' && shown.endsAt === undefined && shown.problem?.code === code
    }, `not told ${code}`)
    expect(pad()?.shown).toBeUndefined()
    expect(prompt()).toMatchObject({ change: true })
  }
  async function begin(): Promise<void> {
    desk.do({ kind: 'use-pin-pad' })
    await desk.until(() => pad()?.shown !== undefined, 'the pad does not wait')
  }
  async function enter(...pins: string[]): Promise<void> {
    for (const pin of pins) press(...pin, 'ok')
  }
  /** Changed or not: what the card takes. */
  async function logsInWith(pin: string): Promise<void> {
    desk.pull()
    await desk.until(({ page }) => page.kind === 'idle' || isOver(), 'no page to leave')
    if (isOver()) desk.do({ kind: 'dismiss' })
    await desk.page('idle')
    desk.insert(card)
    await desk.until(() => pad()?.shown !== undefined, 'the pad does not wait')
    press(...pin, 'ok')
    await desk.page('session')
  }

  test('is said first, then asked for three times; no program sends or sees a PIN, and the new one holds', async () => {
    await told()
    expect(prompt()).toMatchObject({ retriesLeft: 3 })
    await begin()
    const shown = prompt()
    if (shown?.kind !== 'pin-pad' || shown.endsAt === undefined) throw new Error('no countdown')
    const leftMs = shown.endsAt - Date.now()
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual((asked[0] ?? 0) * 1000)
    expect(pad()?.asks).toBe('pin')
    await enter(PRACTICE_PIN)
    expect(pad()).toEqual({ shown: 0, asks: 'new-pin' })
    await enter(NEXT)
    expect(pad()).toEqual({ shown: 0, asks: 'new-pin-again' })
    await enter(NEXT)
    await desk.prompt('done')
    expect(prompt()).toEqual({ kind: 'done', result: { kind: 'pin-changed' } })
    expect(sent.length).toBeGreaterThan(2)
    expect(sent.some((command) => command.includes(PRACTICE_PIN) || command.includes(NEXT))).toBe(false)
    expect(sent.some((command) => command.charCodeAt(1) === 0x24)).toBe(false)
    await logsInWith(NEXT)
  })

  test.each([
    ['two new PINs that differ', [PRACTICE_PIN, NEXT, '271829'], 'pin-pad-mismatch', 3],
    ['a new PIN that is too short', [PRACTICE_PIN, '2718'], 'pin-pad-length', 3],
    ['a wrong present PIN', [WRONG, NEXT, NEXT], 'pin-wrong', 2],
  ] as const)('%s: said, and entered again when the person is ready', async (_, pins, code, retriesLeft) => {
    await told()
    await begin()
    await enter(...pins)
    await told(code)
    expect(prompt()).toMatchObject({ retriesLeft })
    await begin()
    await enter(PRACTICE_PIN, NEXT, NEXT)
    await desk.prompt('done')
    await logsInWith(NEXT)
  })

  test('the red key leaves the PIN as it was', async () => {
    await told()
    await begin()
    await enter(PRACTICE_PIN, NEXT)
    press('cancel')
    await told('pin-pad-cancelled')
    desk.do({ kind: 'cancel' })
    await desk.page('idle')
    await logsInWith(PRACTICE_PIN)
  })

  test('the reader ends it by itself when its time is up, and the page says so', async () => {
    as = { hasty: true }
    await told()
    await begin()
    await enter(PRACTICE_PIN)
    await told('pin-pad-timeout')
    expect(prompt()).toMatchObject({ retriesLeft: 3 })
  })

  test('cancelled here, it lasts until the reader ends it by itself: no key is needed', async () => {
    as = { hasty: true }
    await told()
    await begin()
    desk.do({ kind: 'cancel' })
    expect(prompt()).toMatchObject({ kind: 'pin-pad', giveUp: 'cancel' })
    expect(pad()?.shown).toBe(0)
    await desk.page('idle')
    expect(pad()?.shown).toBeUndefined()
  })

  test('cancelled here and confirmed on the reader all the same, the person is told that the PIN was changed', async () => {
    await told()
    await begin()
    desk.do({ kind: 'cancel' })
    await enter(PRACTICE_PIN, NEXT, NEXT)
    await desk.prompt('done')
  })

  test('the last tries are counted: one left is confirmed first, none is a blocked PIN', async () => {
    await told()
    for (const [code, retriesLeft] of [
      ['pin-wrong', 2],
      ['pin-wrong', 1],
    ] as const) {
      await begin()
      await enter(WRONG, NEXT, NEXT)
      if (retriesLeft === 1) break
      await told(code)
      expect(prompt()).toMatchObject({ retriesLeft })
    }
    await desk.prompt('confirm-last-try')
    expect(desk.terminal.intent({ kind: 'use-pin-pad' }).accepted).toBe(false)
    desk.do({ kind: 'confirm-last-try' })
    await desk.until(() => pad()?.shown !== undefined, 'the pad does not wait')
    await enter(WRONG, NEXT, NEXT)
    await desk.page('blocked')
    expect(desk.snapshot.page).toMatchObject({ block: { code: 'pin-blocked' } })
  })

  test('the keyboard instead, before it begins: weak PINs are refused there', async () => {
    await told()
    desk.do({ kind: 'use-keyboard' })
    await desk.newPin('123456', PRACTICE_PIN)
    await desk.until(() => {
      const shown = prompt()
      return shown?.kind === 'choose-pin' && shown.problem?.code === 'pin-weak'
    }, 'a weak PIN was taken')
    await desk.newPin(NEXT, PRACTICE_PIN)
    await desk.prompt('done')
    expect(asked).toEqual([])
  })

  test('the keyboard instead, while the reader waits: it follows when the entry has ended there', async () => {
    await told()
    await begin()
    desk.do({ kind: 'use-keyboard' })
    expect(prompt()).toMatchObject({ kind: 'pin-pad', giveUp: 'keyboard' })
    press('cancel')
    await desk.prompt('choose-pin')
    expect(prompt()).not.toHaveProperty('problem')
  })
})

describe('a PIN is typed here', () => {
  let desk: TrainingWorld
  let card: string
  let verifyOnly = false
  beforeAll(async () => {
    const padAs = ({ verify, ...rest }: PinPad): PinPad => (verifyOnly ? { verify } : { verify, ...rest })
    desk = await TrainingWorld.create('only', (readers) => withPads(readers, padAs))
    await desk.signIn()
    desk.do({ kind: 'simulate-pin-pad', present: true })
    await desk.start('last-try')
    card = desk.part('person').id
    desk.do({ kind: 'simulate-exercise' })
  })
  afterAll(async () => desk?.close())

  test.each([
    ['the settings do not want it on the reader', false, false],
    ['the reader only verifies', true, true],
  ])('where %s', async (_, allowed, only) => {
    desk.changesPinOnPad = allowed
    verifyOnly = only
    desk.do({ kind: 'change-pin' })
    desk.insert(card)
    await desk.prompt('choose-pin')
    desk.do({ kind: 'cancel' })
    await desk.page('idle')
    desk.pull()
  })
})

test('a change is read about before the reader waits, and its countdown is the reader’s', async () => {
  const desk = createDesk()
  desk.online()
  await desk.signIn()
  desk.intent({ kind: 'change-pin' })
  desk.insert()
  const chosen = desk.run().guide.askPad({ retriesLeft: 3, seconds: 60, change: true })
  expect(desk.prompt()).toEqual({ kind: 'pin-pad', change: true, retriesLeft: 3 })
  expect(desk.intent({ kind: 'use-pin-pad' })).toBe(true)
  expect(await chosen).toBe('pad')
  expect(desk.prompt()).toEqual({ kind: 'pin-pad', change: true, retriesLeft: 3, endsAt: 61_000 })
})
