/**
 * A day at a desk with no mouse: the real program, simulated cards, and nothing but keys. What is to be used is looked for with Tab,
 * by the name that a screen reader tells.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestGateway } from '../support/gateway.ts'
import type { TerminalWindow } from '../support/window.ts'
import { SimulatedDesk } from './simulated-desk.ts'

const OPERATOR_PIN = '271828'
const PIN = '314159'
const NEW_PIN = '16180339'
const LAST_PIN = '141421'
/** More stops than any page has. */
const MOST = 120

let desk: SimulatedDesk
let gateway: TestGateway
let terminal: TerminalWindow

beforeAll(async () => {
  desk = await SimulatedDesk.open({ enrols: false })
  ;({ gateway, terminal } = desk)
})
afterAll(() => desk?.close())

const key = (name: string) => terminal.page.keyboard.press(name)
const type = (text: string) => terminal.page.keyboard.type(text)

/** Tab until the control of that name has the focus. */
async function goTo(role: 'button' | 'textbox', name: string): Promise<void> {
  const wanted = terminal.page.getByRole(role, { name, exact: true }).first()
  await wanted.waitFor()
  for (let stops = 0; stops < MOST; stops += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return
    await key('Tab')
  }
  throw new Error(`Tab does not come to ${role} "${name}"`)
}
async function use(name: string): Promise<void> {
  await goTo('button', name)
  await key('Enter')
}
async function fill(name: string, text: string): Promise<void> {
  await goTo('textbox', name)
  await type(text)
}
async function person(givenName: string, familyName: string, reference: string): Promise<void> {
  await fill('Given name', givenName)
  await fill('Family name', familyName)
  await fill('Customer, patient or staff number', reference)
  await key('Enter')
  await terminal.reads('Insert a blank card')
}
const insert = (card: string) => use(`Insert ${card} into Simulated reader 1`)
const remove = (card: string) => use(`Remove ${card} from Simulated reader 1`)

test('enrols the terminal', async () => {
  await terminal.reads('Enter the code that your administrator gave you')
  await fill('Invitation code', await gateway.invite(true))
  await key('Enter')
  await terminal.reads('Register the first operator')
})

test('registers the first operator, who signs in', async () => {
  await use('New blank card')
  await person('Ada', 'Lovelace', 'S-1')
  await insert('Card 1')
  await terminal.chooseNewPin(OPERATOR_PIN)
  await terminal.reads('Ada Lovelace is registered')
  await use('Done')
  await desk.signIn(OPERATOR_PIN)
  await remove('Card 1')
})

test('registers a person', async () => {
  await use('New blank card')
  await use('Register a person')
  await person('Grace', 'Hopper', 'C-7')
  await insert('Card 2')
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Grace Hopper is registered')
  await use('Done')
  await remove('Card 2')
})

test('logs the person in, and changes their PIN', async () => {
  await insert('Card 2')
  await terminal.enterPin('Enter the PIN', PIN)
  await terminal.reads('Grace Hopper is logged in')
  await use('Change the PIN')
  await terminal.enterPin('Enter the present PIN', PIN)
  await terminal.chooseNewPin(NEW_PIN)
  await terminal.reads('The PIN is changed')
  await use('Done')
  await remove('Card 2')
  await insert('Card 2')
  await terminal.enterPin('Enter the PIN', NEW_PIN)
  await terminal.reads('Grace Hopper is logged in')
})

test('blocks the card, from a dialog that keeps the focus in', async () => {
  await use('Block this card')
  const dialog = terminal.page.getByRole('dialog')
  await dialog.waitFor()
  for (let stops = 0; stops < 6; stops += 1) {
    const outside = await terminal.page.evaluate(() => {
      const { activeElement } = document
      return activeElement !== document.body && activeElement?.closest('dialog') === null
    })
    expect(outside).toBe(false)
    await key('Tab')
  }
  await key('Escape')
  await dialog.waitFor({ state: 'detached' })
  await use('Block this card')
  await use('Block the card')
  await terminal.reads('This card is blocked')
})

test('unblocks it with the supervisor’s card', async () => {
  await remove('Card 2')
  await use('Unblock with a supervisor')
  await terminal.reads('A supervisor inserts their own card')
  await insert('Card 1')
  await terminal.enterPin('Enter your PIN', OPERATOR_PIN)
  await terminal.reads('Insert the card to unblock')
  await remove('Card 1')
  await insert('Card 2')
  await terminal.chooseNewPin(LAST_PIN)
  await terminal.reads('The card of Grace Hopper is unblocked')
  await use('Done')
  await remove('Card 2')
  await insert('Card 2')
  await terminal.enterPin('Enter the PIN', LAST_PIN)
  await terminal.reads('Grace Hopper is logged in')
})
