/** What `npm start` shows where there is no reader: the main job with simulated cards, under a banner that says so. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TerminalWindow } from '../support/window.ts'
import { SimulatedDesk } from './simulated-desk.ts'

const PIN = '271828'

let desk: SimulatedDesk
let terminal: TerminalWindow

beforeAll(async () => {
  desk = await SimulatedDesk.open()
  terminal = desk.terminal
})
afterAll(() => desk?.close())

test('the banner says what the cards are, and a new one is blank', async () => {
  await terminal.reads('Register the first operator')
  await terminal.says('Simulated cards — not for real people')
  await terminal.press('New blank card')
  const { simulation } = await terminal.until('a card', (snapshot) => snapshot.simulation?.cards.length === 1)
  expect(simulation?.cards).toMatchObject([{ label: 'Card 1', state: 'blank' }])
})

test('it is registered, signs in, and is known by its holder’s name', async () => {
  await desk.fillPerson('Ada', 'Lovelace', 'S-1')
  await desk.insert(1)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Ada Lovelace is registered')
  await terminal.press('Done')
  await desk.signIn(PIN)
  const { simulation } = await terminal.snapshot()
  expect(simulation?.cards).toMatchObject([{ state: 'registered', holder: 'Ada Lovelace' }])
})

test('a blank card that is put in while the form is open is registered from there, with what was typed', async () => {
  await desk.remove(1)
  await terminal.press('Register a person')
  await terminal.fill('Given name', 'Grace')
  await terminal.press('New blank card')
  await desk.insert(2)
  await terminal.reads('This card is not registered yet')
  await terminal.press('Register this card')
  expect(await terminal.page.getByLabel('Given name').inputValue()).toBe('Grace')
  await terminal.fill('Family name', 'Hopper')
  await terminal.fill('Customer, patient or staff number', 'C-1')
  await terminal.press('Continue with a blank card')
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Grace Hopper is registered')
  await terminal.press('Done')
  await desk.remove(2)
  await desk.insert(1)
  await desk.logIn(PIN, 'Ada Lovelace')
})

test('pulled, it ends the session at once', async () => {
  await desk.remove(1)
  await desk.insert(1)
  await desk.logIn(PIN, 'Ada Lovelace')
  const elapsedMs = await terminal.page.evaluate(async () => {
    const ended = new Promise<void>((resolve) => {
      window.tessera.onChanged(({ page }) => {
        if (page.kind === 'idle') resolve()
      })
    })
    const begin = performance.now()
    await window.tessera.intent({ kind: 'simulate-remove', reader: 'Simulated reader 1' })
    await ended
    return performance.now() - begin
  })
  console.log(`The session was over in the window after ${elapsedMs.toFixed(1)} ms.`)
  // Far more than it takes: a machine with other work to do is no failure, a session that waits for something is.
  expect(elapsedMs).toBeLessThan(5000)
  await terminal.reads('Insert the person’s card')
})

async function insertPart(part: 'person' | 'other'): Promise<void> {
  const { simulation } = await terminal.until('a card for the exercise', ({ simulation }) =>
    (simulation?.cards ?? []).some((card) => card.part === part),
  )
  const card = simulation?.cards.find((candidate) => candidate.part === part)
  await terminal.press(`Insert ${card?.label} into Simulated reader 1`)
}

test('a trainer starts an exercise, which follows what the trainee does to its end', async () => {
  await terminal.press('Training')
  await terminal.reads('Training')
  await terminal.press('Start: The last try')
  await terminal.reads('Insert the person’s card')
  await terminal.says('Step 1 of 2: Insert the card')
  await insertPart('person')
  await terminal.reads('Only one try is left')
  await terminal.says('Step 2 of 2: Stop')
  await terminal.press('Stop here')
  await terminal.says('The last try: Done')
  await terminal.says('The last try belongs to who is sure.')
  await terminal.press('Close the exercise')
  await terminal.press('Remove')
})

test('the gateway is cut on purpose, said in the banner, and connected again', async () => {
  await terminal.press('Cut the gateway')
  await terminal.says('The link to the gateway is cut on purpose')
  await terminal.until('offline', ({ gateway }) => gateway.kind === 'offline')
  await terminal.press('Reconnect the gateway')
  await terminal.until('online', ({ gateway }) => gateway.kind === 'online')
})

test('a desk that is locked shows nothing, and opens for its operator’s card and PIN', async () => {
  await terminal.press('Ada Lovelace · Supervisor')
  await terminal.press('Lock this desk')
  await terminal.reads('This desk is locked')
  expect((await terminal.snapshot()).navigation).toBeUndefined()
  await desk.insert(1)
  await desk.signIn(PIN)
  await desk.remove(1)
})

test('another operator takes over with their card, without a sign-out', async () => {
  const person = { givenName: 'Li', familyName: 'Wei', reference: 'S-2' }
  const before = (await terminal.snapshot()).simulation?.cards.length ?? 0
  await terminal.press('New blank card')
  const { simulation } = await terminal.until('another card', ({ simulation }) => simulation?.cards.length === before + 1)
  const card = simulation?.cards[before]
  expect(await terminal.intent({ kind: 'register', person, role: 'desk' })).toBe(true)
  await terminal.press(`Insert ${card?.label} into Simulated reader 1`)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Li Wei is registered')
  await terminal.press('Done')
  await terminal.press('Remove')
  await terminal.press('Ada Lovelace · Supervisor')
  await terminal.press('Switch operator')
  await terminal.reads('Insert your operator card')
  await terminal.says('Ada Lovelace · Supervisor')
  await terminal.press(`Insert ${card?.label} into Simulated reader 1`)
  await terminal.enterPin('Enter your PIN', PIN)
  await terminal.says('Li Wei · Desk')
  await terminal.reads('Insert the person’s card')
})

test('a PIN is entered on the reader: the window says how, and the keyboard stays a choice', async () => {
  await terminal.press('Remove')
  await terminal.press('Give the readers a PIN pad')
  await desk.insert(1)
  await terminal.reads('Enter the PIN on the reader')
  await terminal.says('Type the digits on the reader’s own keys')
  const pad = terminal.page.getByRole('region', { name: 'Simulated PIN pad' })
  for (const digit of PIN) await pad.getByRole('button', { name: `Key ${digit}` }).click()
  await pad.getByRole('button', { name: 'OK' }).click()
  await terminal.reads('Ada Lovelace is logged in')
  await terminal.press('Remove Card 1')
  await desk.insert(1)
  await terminal.reads('Enter the PIN on the reader')
  await terminal.press('Use the keyboard instead')
  await terminal.says('Press the red key on the reader')
  await pad.getByRole('button', { name: 'Cancel' }).click()
  await desk.logIn(PIN, 'Ada Lovelace')
})
