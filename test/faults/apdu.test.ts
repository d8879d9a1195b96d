/**
 * The card is pulled before, during and after every APDU of every ceremony, and every request to the gateway fails in every
 * way. Whatever happens: a typed error, the next insertion works, no half-made card is trusted, and one submission
 * of a PIN costs at most one try.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Insertion } from '../../electron/ceremonies/card-access.ts'
import { CeremonyFailed } from '../../electron/ceremonies/guide.ts'
import { PROBLEMS, type ProblemCode } from '../../electron/contract/problems.ts'
import { LinkError } from '../../electron/session/link.ts'
import type { Fault } from '../../native/virtual-card/faults.ts'
import type { BlankCardOptions } from '../../native/virtual-card/state.ts'
import { concat, toHex, utf8 } from '../../protocol/bytes.ts'
import type { Person as HouseNumber } from '../../protocol/messages/operations.ts'
import {
  cardOf,
  foreignCard,
  type NewPins,
  newCard,
  READER,
  somebody,
  type TestCard,
  World,
} from '../electron/ceremonies-world.ts'

const PIN = '492716'
const OTHER_PIN = '602957'
/** A ceremony that hangs is caught by this, on a busy machine too; how long an error takes is for the figures. */
const TYPED_ERROR_MS = 20_000
/** An answer that takes this long never comes: asked of a gateway that is gone. */
const SILENT_MS = 400
/** Far more than an answer of a gateway that is there takes. */
const PATIENCE_MS = 15_000
const ONLINE_MS = 60_000
/** A ceremony that has not ended by then never will. */
const MOST_APDUS = 200

const FAULTS = ['pull-before', 'lose-answer', 'pull-after'] as const satisfies readonly Fault['kind'][]

let world: World
let people = 0

beforeAll(async () => {
  // A handshake that goes unheard is begun again soon; requests have their time.
  world = await World.create({ requestMs: PATIENCE_MS, probeMs: 300, handshakeMs: 700, backoffMs: { first: 20, most: 100 } })
  await world.online(ONLINE_MS)
  await world.signInOperator()
})
afterAll(() => world.close())
beforeEach(() => {
  world.readers.arm(READER, undefined)
})

interface Ended {
  readonly code: ProblemCode | 'done'
  readonly ms: number
}

/** Runs a ceremony to its end: success or a typed error, in time. */
async function end(ceremony: Promise<unknown>): Promise<Ended> {
  const startedAt = performance.now()
  let code: Ended['code'] = 'done'
  try {
    await ceremony
  } catch (error) {
    if (!(error instanceof CeremonyFailed)) throw error
    code = error.code
  }
  const ms = performance.now() - startedAt
  expect(ms).toBeLessThan(TYPED_ERROR_MS)
  expect(code === 'done' || PROBLEMS.includes(code)).toBe(true)
  expect(code).not.toBe('unexpected')
  return { code, ms }
}

/**
 * The ceremony with the card pulled at APDU 1, 2, 3 and so on, until it needs no further one. Returns how many it has.
 * `prepare` gives the card and the ceremony; `check` looks at what is left of them.
 */
async function pullAtEach<C extends TestCard>(
  kind: Fault['kind'],
  prepare: () => Promise<C>,
  ceremony: (card: C, at: Insertion) => Promise<unknown>,
  check: (card: C, ended: Ended, apdu: number) => Promise<void>,
): Promise<number> {
  for (let apdu = 1; apdu <= MOST_APDUS; apdu += 1) {
    const card = await prepare()
    const at = world.insert(card)
    world.readers.arm(READER, { kind, apdu })
    const ended = await end(ceremony(card, at))
    const reached = !world.holdsCard()
    world.readers.arm(READER, undefined)
    if (!reached) {
      expect(ended.code).toBe('done')
      return apdu - 1
    }
    await check(card, ended, apdu)
  }
  throw new Error('the ceremony does not end')
}

const triesOf = ({ storage }: TestCard) => storage.load().pin.retriesLeft
const holdsPin = ({ storage }: TestCard, pin: string) =>
  toHex(storage.load().pin.value) === toHex(concat(utf8(pin), new Uint8Array(8 - pin.length).fill(0xff)))

function nextPerson(): HouseNumber {
  people += 1
  return somebody(people)
}

async function registered(): Promise<TestCard & { readonly person: HouseNumber }> {
  const card = { ...newCard(), person: nextPerson() }
  await world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person: card.person })
  return card
}

/** How many cards of that person the gateway would let in, and how many valid certificates they have. */
async function trusted(person: HouseNumber): Promise<{ readonly active: number; readonly certificates: number }> {
  const store = world.gateway?.registry.store
  if (store === undefined) throw new Error('the gateway is away')
  return store.read(async (reader) => {
    const holder = await reader.holderByReference(person.reference)
    const cards = (await reader.cards()).filter((card) => holder !== undefined && toHex(card.holder) === toHex(holder.id))
    const certificates = await Promise.all(cards.map(({ guid }) => reader.validCertificate(guid)))
    return {
      active: cards.filter(({ state }) => state === 'active').length,
      certificates: certificates.filter((certificate) => certificate !== undefined).length,
    }
  })
}

/** After a registration that failed: nothing of it is trusted; put in again, the same card goes on to the end. */
async function resumes(card: TestCard & { readonly person: HouseNumber }, ended: Ended, answers: readonly NewPins[]) {
  if (ended.code !== 'done') {
    expect(await trusted(card.person)).toMatchObject({ active: 0 })
    const half = await end(world.login(world.insert(card), { pins: [pinOf(card)] }))
    expect(half.code).not.toBe('done')
    expect((await end(world.register(world.insert(card), { newPins: answers }, { person: card.person }))).code).toBe('done')
  }
  expect(await trusted(card.person)).toEqual({ active: 1, certificates: 1 })
  expect(triesOf(card)).toBe(3)
  const { result } = await world.login(world.insert(card), { pins: [pinOf(card)] })
  expect(result.holder).toMatchObject(card.person)
}

const pinOf = (card: TestCard) => [PIN, OTHER_PIN].find((pin) => holdsPin(card, pin)) ?? '123456'

describe.each(FAULTS)('the card is pulled at every APDU (%s)', (kind) => {
  const cards: readonly [string, BlankCardOptions, readonly NewPins[], readonly NewPins[]][] = [
    ['a card with the common extensions', {}, [{ next: PIN }], [{ next: PIN }]],
    [
      'a card that knows the standard alone',
      { extensions: false },
      [{ current: '123456', next: PIN }],
      // Whether the PIN was changed is for the person to find out: one try each.
      [
        { current: '123456', next: PIN },
        { current: PIN, next: OTHER_PIN },
      ],
    ],
  ]
  it.each(cards)('registration of %s', async (_, options, first, again) => {
    const apdus = await pullAtEach(
      kind,
      async () => ({ ...newCard(options), person: nextPerson() }),
      (card, at) => world.register(at, { newPins: first }, { person: card.person }),
      async (card, ended) => {
        if (ended.code !== 'done') expect(['card-removed', 'registration-interrupted']).toContain(ended.code)
        expect(triesOf(card)).toBe(3)
        await resumes(card, ended, again)
      },
    )
    expect(apdus).toBeGreaterThan(15)
  })

  it('login', async () => {
    const card = await registered()
    const apdus = await pullAtEach(
      kind,
      async () => card,
      (_, at) => world.login(at, { pins: [PIN] }),
      async (_, ended, apdu) => {
        if (ended.code !== 'done') expect(ended.code).toBe('card-removed')
        expect(triesOf(card), `tries after APDU ${apdu}`).toBe(3)
        await expect(world.login(world.insert(card), { pins: [PIN] })).resolves.toBeDefined()
      },
    )
    expect(apdus).toBeGreaterThan(4)
  })

  it('login with a wrong PIN costs that one try', async () => {
    const card = await registered()
    await pullAtEach(
      kind,
      async () => card,
      (_, at) => world.login(at, { pins: ['111222', PIN] }),
      async (_, ended) => {
        if (ended.code !== 'done') expect(ended.code).toBe('card-removed')
        expect(triesOf(card)).toBeGreaterThanOrEqual(2)
        await expect(world.login(world.insert(card), { pins: [PIN] })).resolves.toBeDefined()
      },
    )
  })

  it('sign-in', async () => {
    const card = { ...newCard(), person: nextPerson() }
    await world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person: card.person, role: 'desk' })
    await pullAtEach(
      kind,
      async () => card,
      (_, at) => world.login(at, { pins: [PIN] }, 'operator'),
      async (_, ended) => {
        if (ended.code !== 'done') expect(ended.code).toBe('card-removed')
        expect(triesOf(card)).toBe(3)
        await expect(world.login(world.insert(card), { pins: [PIN] }, 'operator')).resolves.toBeDefined()
      },
    )
  })

  it('link of a card of another authority', async () => {
    const apdus = await pullAtEach(
      kind,
      async () => ({ ...foreignCard('P-256'), person: nextPerson() }),
      (card, at) => world.register(at, { pins: ['271828'] }, { person: card.person }),
      async (card, ended) => {
        if (ended.code !== 'done') {
          expect(ended.code).toBe('card-removed')
          expect(await trusted(card.person)).toMatchObject({ active: 0 })
          expect((await end(world.login(world.insert(card), { pins: ['271828'] }))).code).not.toBe('done')
          await world.register(world.insert(card), { pins: ['271828'] }, { person: card.person })
        }
        expect(await trusted(card.person)).toEqual({ active: 1, certificates: 1 })
        expect(triesOf(card)).toBe(3)
        await expect(world.login(world.insert(card), { pins: ['271828'] })).resolves.toBeDefined()
      },
    )
    expect(apdus).toBeGreaterThan(8)
  })

  it('PIN update', async () => {
    const person = nextPerson()
    const card = newCard()
    await world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person })
    const unknown: number[] = []
    await pullAtEach(
      kind,
      // Begins with the first PIN each time, whatever the outcome before was.
      async () => {
        const { storage } = card
        return cardOf({ ...storage.load(), pin: { value: pinBytes(PIN), retriesLeft: 3, retriesTotal: 3 } })
      },
      (_, at) => world.changePin(at, { newPins: [{ current: PIN, next: OTHER_PIN }] }),
      async (changed, ended, apdu) => {
        if (ended.code === 'pin-outcome-unknown') unknown.push(apdu)
        else if (ended.code === 'done') expect(holdsPin(changed, OTHER_PIN)).toBe(true)
        else {
          expect(ended.code).toBe('card-removed')
          expect(holdsPin(changed, PIN)).toBe(true)
        }
        expect(triesOf(changed)).toBe(3)
        await expect(world.login(world.insert(changed), { pins: [pinOf(changed)] })).resolves.toBeDefined()
      },
    )
    // The one APDU whose answer says which PIN holds.
    expect(unknown).toHaveLength(kind === 'pull-after' ? 0 : 1)
  })
})

function pinBytes(pin: string): Uint8Array {
  return concat(utf8(pin), new Uint8Array(8 - pin.length).fill(0xff))
}

type Loss = 'the broker is gone before it' | 'the gateway is gone before it' | 'its answer is lost'
const LOSSES: readonly Loss[] = ['the broker is gone before it', 'the gateway is gone before it', 'its answer is lost']

/** Spoils the request with that number; the others go through. Returns whether it came to it. */
function spoil(number: number, loss: Loss): { readonly reached: () => boolean } {
  let count = 0
  world.seenLink = {
    state: () => world.link.state(),
    subscribe: (listener) => world.link.subscribe(listener),
    opened: (session) => world.link.opened(session),
    ended: (session) => world.link.ended(session),
    close: () => world.link.close(),
    async request(operation, body) {
      count += 1
      if (count === number && loss === 'the broker is gone before it') await world.stopBroker()
      if (count === number && loss === 'the gateway is gone before it') await world.stopGateway()
      const unheard = count >= number && loss === 'the gateway is gone before it'
      const answer = await world.link.request(operation, body, { timeoutMs: unheard ? SILENT_MS : PATIENCE_MS })
      if (count === number && loss === 'its answer is lost') throw new LinkError('silent')
      return answer
    },
  }
  return { reached: () => count >= number }
}

async function repair(): Promise<void> {
  world.seenLink = world.link
  if (world.gateway === undefined) await world.startGateway()
  if (!world.brokerRuns) await world.startBroker()
  await world.online(ONLINE_MS)
}

describe.each(LOSSES)('every request to the gateway fails once: %s', (loss) => {
  const AWAY: readonly Ended['code'][] = ['gateway-offline', 'gateway-silent', 'registration-interrupted']

  it('registration', async () => {
    for (let number = 1; ; number += 1) {
      const card = { ...newCard(), person: nextPerson() }
      const { reached } = spoil(number, loss)
      const ended = await end(world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person: card.person }))
      await repair()
      if (!reached()) {
        expect(ended.code).toBe('done')
        expect(number).toBe(7)
        return
      }
      expect(AWAY).toContain(ended.code)
      expect(triesOf(card)).toBe(3)
      const again = await end(world.register(world.insert(card), { newPins: [{ next: PIN }] }, { person: card.person }))
      // Only where the last answer was lost is the card registered already.
      expect(again.code).toBe(loss === 'its answer is lost' && number === 6 ? 'card-already-registered' : 'done')
      expect(await trusted(card.person)).toEqual({ active: 1, certificates: 1 })
      await expect(world.login(world.insert(card), { pins: [PIN] })).resolves.toBeDefined()
    }
  })

  it('login', async () => {
    const card = await registered()
    for (let number = 1; ; number += 1) {
      const { reached } = spoil(number, loss)
      const ended = await end(world.login(world.insert(card), { pins: [PIN] }))
      await repair()
      if (!reached()) {
        expect(ended.code).toBe('done')
        expect(number).toBeGreaterThan(2)
        return
      }
      // The first messages are begun again by themselves where the gateway is there.
      if (ended.code !== 'done') expect(AWAY).toContain(ended.code)
      expect(triesOf(card)).toBe(3)
      await expect(world.login(world.insert(card), { pins: [PIN] })).resolves.toBeDefined()
    }
  })
})
