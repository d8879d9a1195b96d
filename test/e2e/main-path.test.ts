/**
 * The main job on real parts: window, PC/SC service, MQTT broker over TLS, gateway in a process of its own. The tests go one after
 * the other, as the day at a desk does.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TerminalWindow } from '../support/window.ts'
import { Desk, newCard } from './desk.ts'

const OPERATOR_PIN = '271828'
const PIN = '314159'
const NEW_PIN = '16180339'

const operatorCard = newCard(1)
const personCard = newCard(2)
let desk: Desk
let terminal: TerminalWindow

beforeAll(async () => {
  desk = await Desk.start()
  terminal = await desk.openWindow(await desk.invite('--first-operator'))
})
afterAll(async () => {
  await desk?.close()
})

async function fillPerson(givenName: string, familyName: string, reference: string): Promise<void> {
  await terminal.fill('Given name', givenName)
  await terminal.fill('Family name', familyName)
  await terminal.fill('Customer, patient or staff number', reference)
  await terminal.press('Continue with a blank card')
}

test('the terminal enrols by its invitation, and a first operator is registered on a blank card', async () => {
  await terminal.reads('Register the first operator')
  expect((await terminal.snapshot()).gateway).toMatchObject({ kind: 'online', site: 'Desk' })
  await fillPerson('Ada', 'Lovelace', 'S-1')
  await terminal.reads('Insert a blank card')
  await desk.reader.insert(operatorCard)
  await terminal.chooseNewPin(OPERATOR_PIN)
  await terminal.reads('Ada Lovelace is registered')
})

test('the operator signs in with the card that is still in', async () => {
  await terminal.press('Done')
  await terminal.enterPin('Enter your PIN', OPERATOR_PIN)
  await terminal.reads('Insert the person’s card')
  expect((await terminal.snapshot()).operator).toMatchObject({ givenName: 'Ada', role: 'supervisor' })
})

test('the operator’s card goes out, and a person is registered on a blank card', async () => {
  await desk.reader.pull()
  await terminal.press('Register a person')
  await fillPerson('Grace', 'Hopper', 'C-7')
  await terminal.reads('Insert a blank card')
  await desk.reader.insert(personCard)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Grace Hopper is registered')
  await terminal.press('Done')
  await terminal.reads('Insert the person’s card')
})

test('the person logs in: the tries are shown before, a wrong PIN costs one', async () => {
  await desk.reader.insert(personCard)
  await terminal.reads('Enter the PIN')
  await terminal.says('3 tries left')
  await terminal.enterPin('Enter the PIN', '999999')
  await terminal.says('2 tries left')
  const asked = await terminal.until(
    'asked again',
    ({ page }) => page.kind === 'ceremony' && page.ceremony.prompt.kind === 'enter-pin',
  )
  expect(asked.page).toMatchObject({ ceremony: { prompt: { retriesLeft: 2, problem: { code: 'pin-wrong' } } } })
  await terminal.enterPin('Enter the PIN', PIN)
  await terminal.reads('Grace Hopper is logged in')
  expect((await terminal.snapshot()).page).toMatchObject({ session: { reference: 'C-7', reader: 'Virtual PCD 00 00' } })
})

test('pulling the card ends the session at once', async () => {
  await terminal.page.evaluate(() => {
    window.tessera.onChanged(({ page }) => {
      if (page.kind === 'idle') document.documentElement.dataset.idleAt ??= String(Date.now())
    })
  })
  const pulledAt = Date.now()
  await desk.reader.pull()
  await terminal.reads('Insert the person’s card')
  const idleAt = Number(await terminal.page.evaluate(() => document.documentElement.dataset.idleAt))
  // vpcd itself looks for a card that went only now and then: pcscd tells within half a second, the terminal adds nothing to see.
  console.log(`The session was over in the window ${idleAt - pulledAt} ms after the card was pulled.`)
  expect(idleAt - pulledAt).toBeLessThan(10_000)
})

test('the PIN is changed with the broker stopped', async () => {
  await desk.mosquitto.stop()
  await terminal.until('offline', ({ gateway }) => gateway.kind === 'offline')
  await terminal.press('Change a PIN')
  await terminal.reads('Insert the card whose PIN is to change')
  await desk.reader.insert(personCard)
  await terminal.enterPin('Enter the present PIN', PIN)
  await terminal.chooseNewPin(NEW_PIN)
  await terminal.reads('The PIN is changed')
  await terminal.press('Done')
  await desk.reader.pull()
  await desk.mosquitto.start()
  await terminal.until('online', ({ gateway }) => gateway.kind === 'online')
})

test('from then on only the new PIN works, and the login before is shown', async () => {
  await desk.reader.insert(personCard)
  await terminal.enterPin('Enter the PIN', PIN)
  await terminal.says('2 tries left')
  await terminal.enterPin('Enter the PIN', NEW_PIN)
  await terminal.reads('Grace Hopper is logged in')
  const { page } = await terminal.snapshot()
  expect(page.kind === 'session' && page.session.last?.site).toBe('Desk')
})

test('another card in the same reader ends the session and starts anew', async () => {
  await desk.reader.insert(operatorCard)
  await terminal.reads('Enter the PIN')
  const { page } = await terminal.snapshot()
  expect(page).toMatchObject({ kind: 'ceremony', ceremony: { kind: 'login' } })
})

test('a card that is swapped while the PIN is asked does not go on: the other one starts anew', async () => {
  const prompts = await terminal.promptsFromNow()
  await desk.reader.insert(personCard)
  // The question about the card before is called off, and only then there is one about this card.
  await expect.poll(prompts).toMatch(/(?<!enter-pin) enter-pin$/)
  await terminal.enterPin('Enter the PIN', NEW_PIN)
  await terminal.reads('Grace Hopper is logged in')
})

test('the gateway goes and comes back: the operator stays, the session too', async () => {
  await desk.stopGateway('SIGKILL')
  await desk.startGateway()
  expect((await terminal.snapshot()).page.kind).toBe('session')
  await terminal.press('End the session')
  await terminal.reads('Insert the person’s card')
  expect((await terminal.snapshot()).operator).toBeDefined()
})

test('what was done stands in the gateway’s books, and they are whole', async () => {
  await desk.reader.pull()
  expect(await desk.command('audit', 'verify')).toMatchObject({ intact: true })
  const cards = (await desk.command('cards')) as readonly { readonly state: string }[]
  expect(JSON.stringify(cards).match(/"active"/g)).toHaveLength(2)
})
