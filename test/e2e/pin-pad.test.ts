/** A PIN that is changed on the reader, in the real program: the pad is a simulated one, which is drawn and pressed here. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TerminalWindow } from '../support/window.ts'
import { SimulatedDesk } from './simulated-desk.ts'

const PIN = '271828'
const NEW_PIN = '16180339'

let desk: SimulatedDesk
let terminal: TerminalWindow
beforeAll(async () => {
  desk = await SimulatedDesk.open({ environment: { TESSERA_PIN_PAD_CHANGE: 'true' } })
  terminal = desk.terminal
  await desk.registerFirstOperator(PIN)
  await desk.signIn(PIN)
  await desk.remove(1)
  await terminal.press('Give the readers a PIN pad')
})
afterAll(() => desk?.close())

/** The page for the person stands still while the keys beside it are pressed. */
async function enter(...pins: string[]): Promise<void> {
  const pad = terminal.page.getByRole('region', { name: 'Simulated PIN pad' })
  for (const pin of pins) {
    for (const digit of pin) await pad.getByRole('button', { name: `Key ${digit}` }).click()
    await pad.getByRole('button', { name: 'OK' }).click()
  }
}

test('says the order and what nobody checks, and waits until the person begins, by one key', async () => {
  await terminal.press('Change a PIN')
  await desk.insert(1)
  await terminal.reads('The PIN is changed on the reader')
  await terminal.says('No program sees the new PIN')
  expect((await terminal.snapshot()).simulation?.pinPad?.shown).toBeUndefined()
  await terminal.page.getByRole('button', { name: 'Begin on the reader' }).press('Enter')
  await terminal.reads('Change the PIN on the reader')
  await terminal.says('Ends by itself in')
  await terminal.says('Only the reader can end it sooner')
})

test('asks again after two new PINs that differ, and changes the PIN then', async () => {
  await enter(PIN, NEW_PIN, '16180330')
  await terminal.reads('The two entries on the reader were not the same')
  await terminal.press('Enter it on the reader')
  await terminal.reads('Change the PIN on the reader')
  await enter(PIN, NEW_PIN, NEW_PIN)
  await terminal.reads('The PIN is changed')
  await terminal.press('Done')
  await desk.remove(1)
  await desk.insert(1)
  await terminal.reads('Enter the PIN on the reader')
  await enter(NEW_PIN)
  await terminal.reads('Ada Lovelace is logged in')
})
