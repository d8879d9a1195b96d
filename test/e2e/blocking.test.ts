/**
 * Attacks are seen and cards are blocked, on real parts: window, PC/SC service, MQTT broker over TLS, gateway in a process of its
 * own. The tests go one after the other, as a bad day at a desk does.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GatewayView } from '../../electron/contract/snapshot.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { CardFaults } from '../../native/virtual-card/faults.ts'
import { blankCard, FIRST_SIMULATED_SERIAL } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import type { TerminalWindow } from '../support/window.ts'
import { Desk, READER } from './desk.ts'

/**
 * Few wrong PINs are enough. What lies between card and terminal here (four processes of a machine that has other work) is noisier
 * than any reader, so the relay is longer, and the noise that would make an answer say nothing is larger.
 */
const POLICY = {
  bruteForce: { cardWrongPins: { events: 2, windowMs: 3_600_000 } },
  delay: { deviations: 0.1, lateByMs: 150 },
}
const RELAY_MS = 400
const HONEST_LOGINS = 10

const SUPERVISOR_PIN = '271828'
const PIN = '314159'
const NEW_PIN = '16180339'

function cardWithStorage(number: number) {
  const storage = memoryStorage(blankCard({ serial: FIRST_SIMULATED_SERIAL + number }))
  return { storage, card: new VirtualCard({ crypto: nodeCrypto, storage }) }
}

const supervisor = cardWithStorage(1)
const person = cardWithStorage(2)
let desk: Desk
let terminal: TerminalWindow
let guid = ''

const sinceOf = (gateway: GatewayView) => (gateway.kind === 'online' ? gateway.since : undefined)
const triesLeft = () => person.storage.load().pin.retriesLeft

beforeAll(async () => {
  desk = await Desk.start()
  terminal = await desk.openWindow(await desk.invite('--first-operator'))
  await terminal.reads('Register the first operator')
  await fillPerson('Ada', 'Lovelace', 'S-1')
  await desk.reader.insert(supervisor.card)
  await terminal.chooseNewPin(SUPERVISOR_PIN)
  await terminal.reads('Ada Lovelace is registered')
  await terminal.press('Done')
  await terminal.enterPin('Enter your PIN', SUPERVISOR_PIN)
  await terminal.reads('Insert the person’s card')
  await pull()
  await terminal.press('Register a person')
  await fillPerson('Grace', 'Hopper', 'C-7')
  await terminal.reads('Insert a blank card')
  await desk.reader.insert(person.card)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Grace Hopper is registered')
  const { page } = await terminal.snapshot()
  if (page.kind !== 'ceremony' || page.ceremony.prompt.kind !== 'done') throw new Error('not registered')
  const { result } = page.ceremony.prompt
  guid = result.kind === 'registered' ? result.guid.replaceAll(' ', '').toLowerCase() : ''
  await terminal.press('Done')
  await pull()
})
afterAll(async () => {
  await desk?.close()
})

/** vpcd's driver looks for a card that went only now and then; a person would see it first. */
async function pull(): Promise<void> {
  await desk.reader.pull()
  await terminal.until('without a card', ({ readers }) => readers.readers.every(({ state }) => state === 'empty'))
}

async function fillPerson(givenName: string, familyName: string, reference: string): Promise<void> {
  await terminal.fill('Given name', givenName)
  await terminal.fill('Family name', familyName)
  await terminal.fill('Customer, patient or staff number', reference)
  await terminal.press('Continue with a blank card')
}

async function logIn(pin: string): Promise<void> {
  await desk.reader.insert(person.card)
  await terminal.enterPin('Enter the PIN', pin)
  await terminal.reads('Grace Hopper is logged in')
}

/** Until the card blocks its PIN. */
async function enterWrongPins(): Promise<void> {
  await desk.reader.insert(person.card)
  await terminal.enterPin('Enter the PIN', '999999')
  await terminal.says('2 tries left')
  await terminal.enterPin('Enter the PIN', '999999')
  await terminal.reads('Only one try is left')
  await terminal.press('Use the last try')
  await terminal.enterPin('Enter the PIN', '999999')
}

/** From the block page: a supervisor approves with their card, then the holder chooses a new PIN. */
async function unblock(newPin: string): Promise<void> {
  await pull()
  await terminal.press('Unblock with a supervisor')
  await terminal.reads('A supervisor inserts their own card')
  await desk.reader.insert(supervisor.card)
  await terminal.enterPin('Enter your PIN', SUPERVISOR_PIN)
  await terminal.reads('Insert the card to unblock')
  await desk.reader.insert(person.card)
  await terminal.chooseNewPin(newPin)
  await terminal.reads('The card of Grace Hopper is unblocked')
  await terminal.press('Done')
  await pull()
}

test('the number is shown in groups of four', () => {
  expect(guid).toMatch(/^[0-9a-f]{32}$/)
})

test('wrong PINs until the card blocks its PIN: the page says what still works and who can undo it', async () => {
  await enterWrongPins()
  await terminal.reads('The card’s PIN is blocked')
  await terminal.says('A supervisor, together with the card’s holder.')
  expect((await terminal.snapshot()).page).toMatchObject({ kind: 'blocked', block: { cause: 'pin', canUnblock: true } })
  expect(triesLeft()).toBe(0)
})

test('the wrong PINs stand in the gateway’s audit, with the card’s own proof that it was there', async () => {
  expect(await desk.command('audit', 'verify')).toMatchObject({ intact: true })
})

test('a supervisor approves with a fresh login, and the holder chooses a new PIN', async () => {
  await unblock(NEW_PIN)
  await logIn(NEW_PIN)
  await terminal.press('End the session')
  await pull()
})

test('the card that is to be unblocked cannot approve its own unblocking', async () => {
  await terminal.press('Unblock a card')
  await terminal.reads('A supervisor inserts their own card')
  await desk.reader.insert(person.card)
  await terminal.enterPin('Enter your PIN', NEW_PIN)
  await terminal.reads('This card cannot approve')
  await terminal.press('Close')
  await pull()
})

test('the gateway knows where the card is, and that it went', async () => {
  await logIn(NEW_PIN)
  await expect
    .poll(() => desk.command('locate', 'card', guid), { timeout: 30_000 })
    .toMatchObject({ places: [{ reader: READER, present: true }] })
  await pull()
  await terminal.reads('Insert the person’s card')
  await expect
    .poll(() => desk.command('locate', 'card', guid), { timeout: 30_000 })
    .toMatchObject({ places: [{ reader: READER, present: false }] })
})

test('a block from the command line ends the session, and blocks the PIN on the card', async () => {
  await logIn(NEW_PIN)
  await desk.command('block', guid)
  await terminal.reads('This card is blocked')
  await terminal.says('An administrator blocked it.')
  await terminal.says('The PIN on the card is blocked too.')
  expect(triesLeft()).toBe(0)
})

test('a blocked card is refused before a PIN is asked, and without the broker too', async () => {
  await pull()
  await terminal.press('Close')
  // The page goes before the card comes: what is read then is new.
  await terminal.reads('Insert the person’s card')
  await desk.reader.insert(person.card)
  await terminal.reads('This card is blocked')
  await pull()
  await terminal.press('Close')
  await desk.mosquitto.stop()
  await terminal.until('offline', ({ gateway }) => gateway.kind === 'offline')
  await terminal.press('Change a PIN')
  await desk.reader.insert(person.card)
  await terminal.reads('This card is blocked')
  await desk.mosquitto.start()
  await terminal.until('online', ({ gateway }) => gateway.kind === 'online')
})

test('and unblocked again by a supervisor: only the proof lifts the block', async () => {
  await unblock(PIN)
  await logIn(PIN)
})

test('a supervisor blocks the card of the person who is logged in', async () => {
  await terminal.press('Block this card')
  await terminal.press('Block the card')
  await terminal.reads('This card is blocked')
  await terminal.says('A supervisor blocked it.')
  await unblock(NEW_PIN)
})

test('a card that is blocked while the desk has no broker is known before its next ceremony', async () => {
  await desk.mosquitto.stop()
  await terminal.until('offline', ({ gateway }) => gateway.kind === 'offline')
  await desk.command('block', guid)
  await desk.mosquitto.start()
  await terminal.until('online', ({ gateway }) => gateway.kind === 'online')
  await desk.reader.insert(person.card)
  await terminal.reads('This card is blocked')
  await unblock(PIN)
})

test('the readers of every desk are listed for the supervisor', async () => {
  await terminal.turnTo('Readers')
  await terminal.reads('Readers')
  await terminal.until(
    'listed',
    ({ page }) => page.kind === 'readers' && page.overview.everywhere?.places.some(({ reader }) => reader === READER) === true,
  )
  await terminal.press('Back')
  await terminal.reads('Insert the person’s card')
})

test('wrong PINs are a finding where the policy says so, and the finding blocks the card', async () => {
  const { gateway: before } = await terminal.snapshot()
  await desk.restartGatewayWith(POLICY)
  // The terminal learns of another gateway by a question that the one before does not answer any more.
  await terminal.turnTo('Readers')
  await terminal.until('greeted again', ({ gateway }) => gateway.kind === 'online' && gateway.since !== sinceOf(before))
  await terminal.press('Back')
  await terminal.reads('Insert the person’s card')
  await enterWrongPins()
  await terminal.reads('This card is blocked')
  await terminal.says('The gateway blocked it because of what it saw: many wrong PINs.')
  await unblock(NEW_PIN)
})

test('a supervisor is told of the finding, and sees it with its evidence', async () => {
  await terminal.until('told', ({ newFindings }) => newFindings !== undefined && newFindings > 0)
  await terminal.turnTo('Findings')
  await terminal.reads('Findings')
  await terminal.says('The card was blocked.')
  const { page } = await terminal.snapshot()
  expect(page).toMatchObject({
    kind: 'findings',
    overview: { findings: [{ kind: 'brute-force-pin', layer: 'application', response: 'block-card' }] },
  })
  await terminal.press('Back')
  expect((await terminal.snapshot()).newFindings).toBeUndefined()
})

test('a card that answers later than it ever did is found out: its session is stopped', async () => {
  const faults = new CardFaults()
  for (let login = 0; login < HONEST_LOGINS; login += 1) {
    await desk.reader.insert(person.card, faults)
    await terminal.enterPin('Enter the PIN', NEW_PIN)
    await terminal.reads('Grace Hopper is logged in')
    await pull()
    await terminal.reads('Insert the person’s card')
  }
  expect(await desk.command('findings', '--kind', 'delay')).toEqual([])
  // A relay: each of the card's answers takes its way over a network.
  faults.delayMs = RELAY_MS
  await desk.reader.insert(person.card, faults)
  await terminal.enterPin('Enter the PIN', NEW_PIN)
  await terminal.reads('The session was stopped')
  await terminal.says('the card answers late, as if it were elsewhere')
  expect((await terminal.snapshot()).page).toMatchObject({ kind: 'blocked', block: { cause: 'finding', finding: 'delay' } })
  await pull()
  await terminal.press('Close')
})

test('what was done stands in the gateway’s books, and they are whole', async () => {
  expect(await desk.command('audit', 'verify')).toMatchObject({ intact: true })
})
