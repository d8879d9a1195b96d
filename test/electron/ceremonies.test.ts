import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { changePin } from '../../electron/ceremonies/change-pin.ts'
import { login } from '../../electron/ceremonies/login.ts'
import { register } from '../../electron/ceremonies/register.ts'
import { ReaderError } from '../../native/reader.ts'
import { blankCard } from '../../native/virtual-card/state.ts'
import { concat, fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { PivCard } from '../../protocol/piv/card.ts'
import { OBJECT, SLOT } from '../../protocol/piv/constants.ts'
import {
  cardOf,
  foreignCard,
  interceptReaders,
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
const INS = { verify: 0x20, changeReference: 0x24, generateKeyPair: 0x47, getData: 0xcb } as const

let world: World
let people = 100

beforeAll(async () => {
  world = await World.create({ requestMs: 3000 })
  await world.online()
  await world.signInOperator()
})
afterAll(() => world.close())
afterEach(async () => {
  world.seenReaders = world.readers
  world.readers.remove(READER)
  await world.online()
})

async function registeredCard(): Promise<TestCard> {
  const card = newCard()
  people += 1
  await world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person: somebody(people) })
  return card
}

const triesOf = ({ storage }: TestCard) => storage.load().pin.retriesLeft
const holdsPin = ({ storage }: TestCard, pin: string) =>
  toHex(storage.load().pin.value) === toHex(concat(utf8(pin), new Uint8Array(8 - pin.length).fill(0xff)))

describe('login', () => {
  it('tells who it is, since when, and the login before; nothing typed stays in memory', async () => {
    const card = await registeredCard()
    await world.login(world.insert(card), { pins: [PIN] })
    const guide = personGuide({ pins: [PIN] })
    const { result, loginMs, parts } = await login(world.desk(guide), world.insert(card), 'holder')
    expect(result.holder).toMatchObject(somebody(people))
    expect(result.last?.site).toBe('Desk 1')
    expect(loginMs).toBeGreaterThan(0)
    // What follows the last digit is told in full: nothing of it is in no part.
    const { connect, read, handshake, verify, sign, gateway } = parts
    expect(handshake + verify + sign + gateway).toBeCloseTo(loginMs, 6)
    for (const ms of [connect, read, handshake, verify, sign, gateway]) expect(ms).toBeGreaterThanOrEqual(0)
    expect(Math.min(connect + read, verify + sign, gateway)).toBeGreaterThan(0)
    expect(guide.steps).toEqual(['read-card', 'enter-pin', 'verify'])
    expect(guide.typed.map(toHex)).toEqual(['000000000000'])
  })

  it('leaves the card free and with nothing verified', async () => {
    const card = await registeredCard()
    await world.login(world.insert(card), { pins: [PIN] })
    const connection = await world.readers.connect(READER, { share: 'exclusive' })
    const piv = new PivCard(connection)
    await piv.select()
    expect(await piv.retriesLeft()).toBe(3)
    await connection.disconnect('leave')
  })

  it('shows the tries left before every entry and asks again after a wrong PIN, one try for each', async () => {
    const card = await registeredCard()
    const guide = personGuide({ pins: ['111222', '333444', PIN] })
    await login(world.desk(guide), world.insert(card), 'holder')
    expect(guide.asked).toEqual([
      { retriesLeft: 3 },
      { retriesLeft: 2, problem: { code: 'pin-wrong', retriesLeft: 2 } },
      { retriesLeft: 1, problem: { code: 'pin-wrong', retriesLeft: 1 } },
    ])
    expect(triesOf(card)).toBe(3)
  })

  it('ends with the PIN blocked after the last try, and at once on a card that is blocked', async () => {
    const card = await registeredCard()
    const blocked = { code: 'pin-blocked', retriesLeft: 0 }
    const person = { pins: ['111222', '111222', '111222'] }
    expect(await problemOfCeremony(world.login(world.insert(card), person))).toEqual(blocked)
    const guide = personGuide({ pins: [PIN] })
    expect(await problemOfCeremony(login(world.desk(guide), world.insert(card), 'holder'))).toEqual(blocked)
    expect(guide.asked).toEqual([])
  })

  it('asks for no PIN on a card that is not registered', async () => {
    expect(await problemOfCeremony(world.login(world.insert(newCard()), { pins: [PIN] }))).toEqual({
      code: 'card-not-registered',
    })
  })

  it('refuses a card of another authority that was never linked', async () => {
    const problem = await problemOfCeremony(world.login(world.insert(foreignCard('P-256')), { pins: ['271828'] }))
    expect(problem).toEqual({ code: 'unknown-card' })
  })

  it('signs in no person without a role', async () => {
    const card = await registeredCard()
    const problem = await problemOfCeremony(world.login(world.insert(card), { pins: [PIN] }, 'operator'))
    expect(problem).toEqual({ code: 'not-an-operator' })
  })

  it('uses no PIN that another program left verified', async () => {
    const card = await registeredCard()
    const at = world.insert(card)
    const other = await world.readers.openForAnotherProgram().connect(READER, { share: 'shared' })
    const piv = new PivCard(other)
    await piv.select()
    await piv.verifyPin(utf8(PIN))
    await other.disconnect('leave')
    const guide = personGuide({ pins: [PIN] })
    await login(world.desk(guide), at, 'holder')
    expect(guide.asked).toEqual([{ retriesLeft: 3 }])
  })

  it('waits for a program that holds the card for a moment, and names it where it does not let go', async () => {
    const card = await registeredCard()
    const at = world.insert(card)
    const other = await world.readers.openForAnotherProgram().connect(READER, { share: 'exclusive' })
    expect(await problemOfCeremony(world.login(at, { pins: [PIN] }))).toEqual({ code: 'reader-in-use', reader: READER })
    const patient = world.login(at, { pins: [PIN] })
    await other.disconnect('leave')
    await expect(patient).resolves.toBeDefined()
  })

  it('ends when the card is pulled or exchanged while the PIN is asked, and wipes a PIN that comes too late', async () => {
    const card = await registeredCard()
    let type: (pin: string) => void = () => undefined
    const guide = personGuide({ pins: [() => new Promise<string>((resolve) => (type = resolve))] })
    const ceremony = problemOfCeremony(login(world.desk(guide), world.insert(card), 'holder'))
    await until(() => guide.asked.length === 1, 10_000, 'no PIN was asked')
    world.readers.remove(READER)
    expect(await ceremony).toEqual({ code: 'card-removed', reader: READER })
    type(PIN)
    await until(() => guide.typed[0]?.every((byte) => byte === 0) === true, 10_000, 'the late PIN was not wiped')

    const at = world.insert(card)
    world.insert(await registeredCard())
    expect(await problemOfCeremony(world.login(at, { pins: [PIN] }))).toEqual({ code: 'card-swapped', reader: READER })
  })

  it('costs no try where the gateway is away, and asks for no PIN where that is known', async () => {
    const card = await registeredCard()
    const at = world.insert(card)
    const stopBroker = async () => {
      await world.stopBroker()
      return PIN
    }
    const guide = personGuide({ pins: [stopBroker] })
    expect(await problemOfCeremony(login(world.desk(guide), at, 'holder'))).toEqual({ code: 'gateway-offline' })
    expect(triesOf(card)).toBe(3)
    const second = personGuide({ pins: [PIN] })
    expect(await problemOfCeremony(login(world.desk(second), at, 'holder'))).toEqual({ code: 'gateway-offline' })
    expect(second.asked).toEqual([])
    await world.startBroker()
    await world.online()
    await expect(world.login(at, { pins: [PIN] })).resolves.toBeDefined()
  })

  it('begins the handshake again where the first messages were lost while the person typed', async () => {
    const card = await registeredCard()
    await world.stopGateway()
    const restart = async () => {
      await world.startGateway()
      return PIN
    }
    const { result } = await world.login(world.insert(card), { pins: [restart] })
    expect(result.holder).toMatchObject(somebody(people))
  })
})

describe('PIN update', () => {
  it('works with no gateway, and tells it later', async () => {
    const card = await registeredCard()
    await world.stopBroker()
    const guide = personGuide({ newPins: [{ current: PIN, next: '60391725' }] })
    await expect(changePin(world.desk(guide), world.insert(card))).resolves.toEqual({ kind: 'pin-changed' })
    expect(holdsPin(card, '60391725')).toBe(true)
    expect(guide.typed.every((pin) => pin.every((byte) => byte === 0))).toBe(true)
    expect(await world.pinReports.waiting()).toBe(1)
    await world.startBroker()
    await world.online()
    await world.pinReports.flush()
    expect(await world.pinReports.waiting()).toBe(0)
  })

  it('asks again for a wrong current PIN, a weak one and the same one; only the wrong one costs a try', async () => {
    const card = await registeredCard()
    const guide = personGuide({
      newPins: [
        { current: '111222', next: '602957' },
        { current: PIN, next: '123456' },
        { current: PIN, next: PIN },
        { current: PIN, next: '602957' },
      ],
    })
    await changePin(world.desk(guide), world.insert(card))
    expect(guide.asked).toEqual([
      { current: true, retriesLeft: 3 },
      { current: true, retriesLeft: 2, problem: { code: 'pin-wrong', retriesLeft: 2 } },
      { current: true, retriesLeft: 2, problem: { code: 'pin-weak' } },
      { current: true, retriesLeft: 2, problem: { code: 'pin-unchanged' } },
    ])
    expect(holdsPin(card, '602957')).toBe(true)
  })

  it.each([
    ['before the card had it', false],
    ['after the card had done it', true],
  ])('calls the outcome unknown where the answer was lost %s, reads the counter again and tries no PIN', async (_, done) => {
    const card = await registeredCard()
    const commands: number[] = []
    world.seenReaders = interceptReaders(world.readers, async (command, transmit) => {
      commands.push(command[1] ?? 0)
      if (command[1] !== INS.changeReference) return transmit(command)
      if (done) await transmit(command)
      throw new ReaderError('communication', 'SCARD_F_COMM_ERROR')
    })
    const before = await world.pinReports.waiting()
    const person = { newPins: [{ current: PIN, next: '602957' }] }
    const problem = await problemOfCeremony(world.changePin(world.insert(card), person))
    expect(problem).toEqual({ code: 'pin-outcome-unknown', retriesLeft: 3 })
    expect(holdsPin(card, done ? '602957' : PIN)).toBe(true)
    expect(commands.filter((ins) => ins === INS.changeReference)).toHaveLength(1)
    await until(() => world.link.state().kind === 'online', 10_000, 'offline')
    await world.pinReports.flush()
    expect(await world.pinReports.waiting()).toBe(before)
  })

  it('says that a new PIN was refused where the card has rules of its own', async () => {
    const card = await registeredCard()
    let refuse = true
    world.seenReaders = interceptReaders(world.readers, async (command, transmit) => {
      if (command[1] !== INS.changeReference || !refuse) return transmit(command)
      refuse = false
      return fromHex('6985')
    })
    const guide = personGuide({
      newPins: [
        { current: PIN, next: '602957' },
        { current: PIN, next: '602958' },
      ],
    })
    await changePin(world.desk(guide), world.insert(card))
    expect(guide.asked[1]).toEqual({ current: true, retriesLeft: 3, problem: { code: 'pin-refused' } })
    expect(holdsPin(card, '602958')).toBe(true)
  })
})

describe('registration', () => {
  it('leaves no factory secret on the card and a certificate, CHUID and CCC that others can read', async () => {
    const card = newCard({ managementKeyAlgorithm: 0x0a })
    const guide = personGuide({ newPins: [{ next: '123456' }, { next: '444444' }, { next: PIN }] })
    const { session } = await operatorSession()
    const registered = await register(world.desk(guide), world.insert(card), { person: somebody(1), session })
    expect(guide.asked).toEqual([
      { current: false },
      { current: false, problem: { code: 'pin-weak' } },
      { current: false, problem: { code: 'pin-weak' } },
    ])
    expect(guide.typed.every((pin) => pin.every((byte) => byte === 0))).toBe(true)
    const state = card.storage.load()
    const factory = blankCard({ managementKeyAlgorithm: 0x0a })
    expect(holdsPin(card, PIN)).toBe(true)
    expect(toHex(state.puk.value)).not.toBe(toHex(factory.puk.value))
    expect(toHex(state.managementKey.value)).not.toBe(toHex(factory.managementKey.value))
    expect(state.keys.get(SLOT.authentication)?.origin).toBe('generated')
    expect([...state.objects.keys()].sort()).toEqual(
      [OBJECT.chuid, OBJECT.authenticationCertificate, OBJECT.capabilityContainer].sort(),
    )
    const problem = await problemOfCeremony(world.register(world.insert(card), { newPins: [{ next: PIN }] }))
    expect(problem).toEqual({ code: 'card-already-registered' })
    expect(registered.guid).toHaveLength(32)
  })

  it('asks for the current PIN on a card that cannot say whether it has the factory PIN, and tries none blindly', async () => {
    const card = newCard({ extensions: false, managementKeyAlgorithm: 0x03 })
    const guide = personGuide({
      newPins: [
        { current: '111222', next: PIN },
        { current: '123456', next: PIN },
      ],
    })
    const { session } = await operatorSession()
    await register(world.desk(guide), world.insert(card), { person: somebody(2), session })
    expect(holdsPin(card, PIN)).toBe(true)
    await expect(world.login(world.insert(card), { pins: [PIN] })).resolves.toBeDefined()
    expect(guide.asked.slice(0, 2)).toEqual([
      { current: true, retriesLeft: 3 },
      { current: true, retriesLeft: 2, problem: { code: 'pin-wrong', retriesLeft: 2 } },
    ])
  })

  it('says that the factory PIN was changed before it asks for it', async () => {
    const card = cardOf({
      ...blankCard(),
      pin: { value: concat(utf8('271828'), Uint8Array.of(0xff, 0xff)), retriesLeft: 3, retriesTotal: 3 },
    })
    const guide = personGuide({ newPins: [{ current: '271828', next: PIN }] })
    const { session } = await operatorSession()
    await register(world.desk(guide), world.insert(card), { person: somebody(3), session })
    expect(guide.asked).toEqual([{ current: true, retriesLeft: 3, problem: { code: 'factory-pin-changed' } }])
    expect(holdsPin(card, PIN)).toBe(true)
  })

  it('changes nothing on a card that somebody else has set up', async () => {
    const state = { ...blankCard(), managementKey: { algorithm: 0x0a, value: new Uint8Array(24).fill(7) } } as const
    const card = cardOf(state)
    const problem = await problemOfCeremony(world.register(world.insert(card), { newPins: [{ next: PIN }] }))
    expect(problem).toEqual({ code: 'card-not-blank' })
    expect(card.storage.load()).toEqual(state)
  })

  it.each(['P-256', 'P-384'] as const)('links a %s card of another authority and changes nothing on it', async (curve) => {
    const card = foreignCard(curve)
    const before = card.storage.load()
    people += 1
    await world.register(world.insert(card), { pins: ['111222', '271828'] }, { person: somebody(people) })
    expect(card.storage.load()).toEqual(before)
    const { result } = await world.login(world.insert(card), { pins: ['271828'] })
    expect(result.holder).toMatchObject(somebody(people))
  })

  it('refuses who is no registrar', async () => {
    const card = newCard()
    const session = new Uint8Array(16)
    const problem = await problemOfCeremony(world.register(world.insert(card), { newPins: [{ next: PIN }] }, { session }))
    expect(problem).toEqual({ code: 'session-unknown' })
    expect(card.storage.load()).toEqual(blankCard())
  })

  it('gives up without a trace where the person cancels before anything is changed', async () => {
    const card = newCard()
    const guide = personGuide({})
    const { session } = await operatorSession()
    const ceremony = problemOfCeremony(register(world.desk(guide), world.insert(card), { person: somebody(4), session }))
    await until(() => guide.asked.length === 1, 10_000, 'no PIN was asked')
    world.readers.remove(READER)
    expect(await ceremony).toEqual({ code: 'card-removed', reader: READER })
    expect(card.storage.load()).toEqual(blankCard())
    await world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person: somebody(4) })
  })

  it('undoes what it did where the card cannot make the key, and registers the card when it can', async () => {
    const card = newCard()
    world.seenReaders = interceptReaders(world.readers, async (command, transmit) =>
      command[1] === INS.generateKeyPair ? fromHex('6a81') : transmit(command),
    )
    const registration = { person: somebody(5) }
    const problem = await problemOfCeremony(world.register(world.insert(card), { newPins: [{ next: PIN }] }, registration))
    expect(problem).toEqual({ code: 'registration-rolled-back', reader: READER })
    expect(card.storage.load()).toEqual(blankCard())
    world.seenReaders = world.readers
    await world.register(world.insert(card), { newPins: [{ next: PIN }] }, registration)
    await expect(world.login(world.insert(card), { pins: [PIN] })).resolves.toBeDefined()
  })

  it('resets no card that holds another key', async () => {
    const [, key] = [...foreignCard('P-256').storage.load().keys][0] ?? []
    if (key === undefined) throw new Error('no key')
    const card = cardOf({ ...blankCard(), keys: new Map([[SLOT.keyManagement, key]]) })
    world.seenReaders = interceptReaders(world.readers, async (command, transmit) =>
      command[1] === INS.generateKeyPair ? fromHex('6a81') : transmit(command),
    )
    const problem = await problemOfCeremony(
      world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person: somebody(6) }),
    )
    expect(problem).toEqual({ code: 'card-unsupported' })
    expect(card.storage.load().keys.get(SLOT.keyManagement)).toEqual(key)
    expect(triesOf(card)).toBe(3)
  })
})

async function operatorSession(): Promise<{ readonly session: Uint8Array }> {
  await world.signInOperator()
  return { session: world.session }
}
