/** Unblocking on a whole desk in one process, and what a wrong PIN tells the gateway. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { blockPin } from '../../electron/ceremonies/block-pin.ts'
import { login } from '../../electron/ceremonies/login.ts'
import { approve } from '../../electron/ceremonies/unblock.ts'
import type { GatewayLink } from '../../electron/session/link.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { toHex, utf8 } from '../../protocol/bytes.ts'
import type { RequestBody } from '../../protocol/messages/operations.ts'
import { wrongPinStatement } from '../../protocol/messages/presence-proof.ts'
import { PivCard } from '../../protocol/piv/card.ts'
import { SLOT } from '../../protocol/piv/constants.ts'
import {
  cardOf,
  newCard,
  personGuide,
  problemOfCeremony,
  READER,
  somebody,
  type TestCard,
  until,
  World,
} from './ceremonies-world.ts'

const PIN = '492716'
const NEW_PIN = '602957'

let world: World
let people = 500

beforeAll(async () => {
  world = await World.create()
  await world.online()
  await world.signInOperator()
})
afterAll(() => world.close())
afterEach(() => {
  world.seenReaders = world.readers
  world.seenLink = world.link
  world.readers.remove(READER)
})

async function registered(): Promise<TestCard & { readonly guid: Uint8Array }> {
  const card = newCard()
  people += 1
  const at = world.insert(card)
  await world.register(at, { newPins: [{ next: PIN }] }, { person: somebody(people) })
  const { result } = await world.login(world.insert(card), { pins: [PIN] })
  return { ...card, guid: result.card.guid }
}

const pinOf = ({ storage }: TestCard) => storage.load().pin.retriesLeft
const pukOf = ({ storage }: TestCard) => toHex(storage.load().puk.value)
const managementKeyOf = ({ storage }: TestCard) => toHex(storage.load().managementKey.value)

async function blockItsPin(card: TestCard): Promise<void> {
  const person = { pins: ['111222', '111222', '111222'] }
  expect(await problemOfCeremony(world.login(world.insert(card), person))).toMatchObject({ code: 'pin-blocked' })
}

/** What the gateway is asked, as it passes by. */
function recorded(): { operation: string; body: unknown }[] {
  const asked: { operation: string; body: unknown }[] = []
  const link: GatewayLink = {
    state: () => world.link.state(),
    subscribe: (listener) => world.link.subscribe(listener),
    opened: (session) => world.link.opened(session),
    ended: (session) => world.link.ended(session),
    close: () => world.link.close(),
    request(operation, body, options) {
      asked.push({ operation, body })
      return world.link.request(operation, body, options)
    },
  }
  world.seenLink = link
  return asked
}

describe('unblocking', () => {
  it('gives a card whose PIN is blocked a new PIN, another PUK and another management key', async () => {
    const card = await registered()
    await blockItsPin(card)
    const [puk, managementKey] = [pukOf(card), managementKeyOf(card)]
    const approval = await world.approve()
    const result = await world.unblock(world.insert(card), { newPins: [{ next: NEW_PIN }] }, { approval, guid: card.guid })
    expect(result).toMatchObject({ kind: 'unblocked', familyName: `Person ${people}` })
    expect(pinOf(card)).toBe(3)
    expect(pukOf(card)).not.toBe(puk)
    expect(managementKeyOf(card)).not.toBe(managementKey)
    await expect(world.login(world.insert(card), { pins: [NEW_PIN] })).resolves.toBeDefined()
  })

  it('lifts the gateway’s block by the proof at its end, and not before', async () => {
    const card = await registered()
    await world.link.request('card.block', { session: world.session, guid: card.guid })
    expect(await problemOfCeremony(world.login(world.insert(card), { pins: [PIN] }))).toEqual({ code: 'card-blocked' })
    const approval = await world.approve()
    const guide = { newPins: [{ next: '123456' }, { next: NEW_PIN }] }
    await world.unblock(world.insert(card), guide, { approval, guid: card.guid })
    await expect(world.login(world.insert(card), { pins: [NEW_PIN] })).resolves.toBeDefined()
  })

  it('takes an approval once, and only of the card that was meant', async () => {
    const [card, other] = [await registered(), await registered()]
    const approval = await world.approve()
    expect(
      await problemOfCeremony(
        world.unblock(world.insert(other), { newPins: [{ next: NEW_PIN }] }, { approval, guid: card.guid }),
      ),
    ).toMatchObject({ code: 'card-swapped' })
    await world.unblock(world.insert(card), { newPins: [{ next: NEW_PIN }] }, { approval })
    const again = world.unblock(world.insert(other), { newPins: [{ next: NEW_PIN }] }, { approval })
    expect(await problemOfCeremony(again)).toMatchObject({ code: 'session-unknown' })
    expect(pinOf(other)).toBe(3)
  })

  it('is approved by nobody but a supervisor, and not with the blocked card, which is asked for no PIN', async () => {
    const card = await registered()
    const person = approve(world.desk(personGuide({ pins: [PIN] })), world.insert(card))
    expect(await problemOfCeremony(person)).toMatchObject({ code: 'approver-needed' })
    await blockItsPin(card)
    const guide = personGuide({ pins: [PIN] })
    expect(await problemOfCeremony(approve(world.desk(guide), world.insert(card)))).toMatchObject({ code: 'approver-needed' })
    expect(guide.asked).toEqual([])
  })

  it('is not offered to a card that is not registered', async () => {
    const approval = await world.approve()
    expect(await problemOfCeremony(world.unblock(world.insert(newCard()), {}, { approval }))).toEqual({
      code: 'card-not-registered',
    })
  })

  it('goes on with another approval where the card was pulled, whatever it had done by then', async () => {
    const card = await registered()
    await blockItsPin(card)
    for (let apdu = 8; ; apdu += 1) {
      const approval = await world.approve()
      const at = world.insert(card)
      world.readers.arm(READER, { kind: 'lose-answer', apdu })
      const ceremony = world.unblock(at, { newPins: [{ next: NEW_PIN }] }, { approval, guid: card.guid })
      const ended = await ceremony.then(
        () => undefined,
        (error) => error,
      )
      const pulled = !world.holdsCard()
      world.readers.arm(READER, undefined)
      if (!pulled) {
        expect(ended).toBeUndefined()
        expect(apdu).toBeGreaterThan(17)
        return
      }
      expect(['card-removed', 'unblock-interrupted']).toContain(ended?.code)
      const next = await world.approve()
      await world.unblock(world.insert(card), { newPins: [{ next: NEW_PIN }] }, { approval: next, guid: card.guid })
      expect(card.storage.load().puk.retriesLeft).toBe(3)
      await expect(world.login(world.insert(card), { pins: [NEW_PIN] })).resolves.toBeDefined()
    }
  }, 120_000)
})

describe('a wrong PIN', () => {
  it('is told to the gateway with the card’s own proof that it was there', async () => {
    const card = await registered()
    const asked = recorded()
    await login(world.desk(personGuide({ pins: ['111222', PIN] })), world.insert(card), 'holder')
    const reports = asked.filter(({ operation }) => operation === 'pin.wrong')
    expect(reports).toHaveLength(1)
    const [report] = reports
    if (report === undefined) throw new Error('not told')
    const { login: name, guid, retriesLeft, proof } = report.body as RequestBody<'pin.wrong'>
    expect(toHex(guid)).toBe(toHex(card.guid))
    expect(retriesLeft).toBe(2)
    const key = card.storage.load().keys.get(SLOT.cardAuthentication)
    expect(key?.pinPolicy).toBe(1)
    const statement = wrongPinStatement(name, guid, retriesLeft)
    expect(proof && key && nodeCrypto.verify('ES256', key.publicKey, statement, proof)).toBe(true)
  })

  it('of a card without that key is told without a proof', async () => {
    const state = (await registered()).storage.load()
    const card = cardOf({ ...state, keys: new Map([...state.keys].filter(([slot]) => slot !== SLOT.cardAuthentication)) })
    const asked = recorded()
    await login(world.desk(personGuide({ pins: ['111222', PIN] })), world.insert(card), 'holder')
    const report = asked.find(({ operation }) => operation === 'pin.wrong')?.body
    expect(report).toMatchObject({ retriesLeft: 2 })
    expect(report).not.toHaveProperty('proof')
  })

  it('does not keep the person waiting for the gateway', async () => {
    const card = await registered()
    const asked = recorded()
    const silent: GatewayLink = {
      ...world.seenLink,
      request(operation, body, options) {
        asked.push({ operation, body })
        return operation === 'pin.wrong' ? new Promise(() => undefined) : world.link.request(operation, body, options)
      },
    }
    world.seenLink = silent
    const guide = personGuide({ pins: ['111222', PIN] })
    const ceremony = login(world.desk(guide), world.insert(card), 'holder')
    await until(() => guide.asked.length === 2, 10_000, 'the PIN is asked again')
    await expect(ceremony).resolves.toBeDefined()
  })
})

describe('a card whose block was announced', () => {
  it('is refused before a PIN is asked, with the gateway and without it', async () => {
    const card = await registered()
    world.blocks.note({ guid: card.guid, blocked: true, at: Date.now() })
    const guide = personGuide({ pins: [PIN] })
    expect(await problemOfCeremony(login(world.desk(guide), world.insert(card), 'holder'))).toEqual({ code: 'card-blocked' })
    const change = world.changePin(world.insert(card), { newPins: [{ current: PIN, next: NEW_PIN }] })
    expect(await problemOfCeremony(change)).toEqual({ code: 'card-blocked' })
    expect(guide.asked).toEqual([])
    world.blocks.note({ guid: card.guid, blocked: false, at: Date.now() + 1 })
    await expect(world.login(world.insert(card), { pins: [PIN] })).resolves.toBeDefined()
  })

  it('has its PIN blocked, whatever that PIN is, and keeps everything else', async () => {
    for (const pin of [PIN, '00000000', '99999999']) {
      const state = newCard().storage.load()
      const value = new Uint8Array(8).fill(0xff)
      value.set(utf8(pin))
      const card = cardOf({ ...state, pin: { ...state.pin, value } })
      expect(await blockPin(world.readers, world.insert(card))).toEqual({ kind: 'blocked' })
      expect(pinOf(card)).toBe(0)
      expect(card.storage.load().puk.retriesLeft).toBe(3)
      expect(await blockPin(world.readers, world.insert(card))).toEqual({ kind: 'blocked' })
    }
  })

  it('leaves the reader free, and says where there is no card any more', async () => {
    const card = newCard()
    const at = world.insert(card)
    await blockPin(world.readers, at)
    const connection = await world.readers.connect(READER, { share: 'exclusive' })
    expect(await new PivCard(connection).select().then(() => 'free')).toBe('free')
    await connection.disconnect('leave')
    world.readers.remove(READER)
    expect(await blockPin(world.readers, at)).toMatchObject({ kind: 'not-blocked', problem: { code: 'card-removed' } })
  })
})
