/** A blocked card at a terminal that was, or is, without its gateway: every ceremony asks the list first, and no PIN is asked for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changePin } from '../../electron/ceremonies/change-pin.ts'
import { login } from '../../electron/ceremonies/login.ts'
import { commitBlock, liftBlock } from '../../gateway/blocks/commit.ts'
import { fromHex } from '../../protocol/bytes.ts'
import { newCard, personGuide, problemOfCeremony, READER, type TestCard, until, World } from './ceremonies-world.ts'

const PIN = '284617'
const NEW_PIN = '735194'

let world: World
let card: TestCard
let guid: Uint8Array
beforeAll(async () => {
  world = await World.create()
  // As the program does with each greeting (electron/services.ts).
  world.link.subscribe(({ kind }) => {
    const greeting = world.link.greeting()
    if (kind === 'online' && greeting !== undefined) world.blocks.greeted(greeting.blockListVersion)
  })
  await world.online()
  await world.signInOperator()
  card = newCard()
  guid = fromHex((await world.register(world.insert(card), { newPins: [{ next: PIN }] })).guid)
})
afterAll(() => world.close())

const registry = () => {
  if (world.gateway === undefined) throw new Error('no gateway')
  return world.gateway.registry
}
const block = () =>
  commitBlock(registry(), { notice: registry().crypto.randomBytes(16), guid, at: registry().now(), cause: 'administrator' })
const offline = () => until(() => world.link.state().kind === 'offline', 10_000, 'the link did not go offline')

/** Nobody was asked for anything, and the card's counter stands where it stood. */
async function refused(ceremony: (guide: ReturnType<typeof personGuide>) => Promise<unknown>): Promise<void> {
  const guide = personGuide({ pins: [PIN], newPins: [{ current: PIN, next: NEW_PIN }] })
  expect(await problemOfCeremony(ceremony(guide))).toEqual({ code: 'card-blocked' })
  expect(guide.asked).toEqual([])
  expect(card.storage.load().pin.retriesLeft).toBe(3)
}

test('a terminal that was away while a card was blocked knows it before its next ceremony', async () => {
  await world.stopBroker()
  await offline()
  await block()
  expect(world.blocks.isBlocked(guid)).toBe(false)
  await world.startBroker()
  await world.online()
  await refused((guide) => login(world.desk(guide), world.insertion(), 'holder'))
  await refused((guide) => changePin(world.desk(guide), world.insertion()))
})

test('a PIN update without a gateway honours the list as far as it is known', async () => {
  await world.stopBroker()
  await offline()
  await refused((guide) => changePin(world.desk(guide), world.insertion()))
  world.readers.remove(READER)
  await world.startBroker()
  await world.online()
})

test('a block that was lifted is over for the terminal too, and the PIN is changed without a gateway', async () => {
  expect(await liftBlock(registry(), guid)).toBe('done')
  await world.stopBroker()
  await offline()
  await world.startBroker()
  await world.online()
  await expect.poll(() => world.blocks.isBlocked(guid)).toBe(false)
  await world.stopBroker()
  await offline()
  await expect(world.changePin(world.insert(card), { newPins: [{ current: PIN, next: NEW_PIN }] })).resolves.toEqual({
    kind: 'pin-changed',
  })
  await world.startBroker()
  await world.online()
})
