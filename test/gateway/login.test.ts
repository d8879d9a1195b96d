import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_POLICY } from '../../gateway/findings/policy.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { LoginResult } from '../../protocol/messages/operations.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'

let gateway: TestGateway
let client: GatewayClient
let supervisor: SoftwareCard
let operator: LoginResult
let count = 0
beforeAll(async () => {
  // What a finding does to a terminal that guesses is for test/gateway/findings/; here is what each login does by itself.
  const bruteForce = { ...DEFAULT_POLICY.bruteForce, handshakeResponse: 'notify' } as const
  gateway = await TestGateway.start(undefined, { ...DEFAULT_POLICY, bruteForce })
  ;({ client, supervisor, operator } = await gateway.desk())
})
afterAll(() => gateway.close())

const refused = (code: string) => expect.objectContaining({ code })
async function registered(): Promise<SoftwareCard> {
  count += 1
  const card = new SoftwareCard()
  const person = { givenName: 'Pat', familyName: 'Doe', reference: `L-${count}` }
  await client.register(card, { person, session: operator.session })
  return card
}
const message1 = (): Uint8Array =>
  startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: nodeCrypto.randomBytes(8) }).message1

describe('a login', () => {
  test('of a card without a role signs in no operator', async () => {
    await expect(client.login(await registered(), 'operator')).rejects.toEqual(refused('not-an-operator'))
  })

  test('of a card that nobody registered is refused, whatever it signs', async () => {
    const stranger = new SoftwareCard()
    stranger.certificate = nodeCrypto.randomBytes(400)
    await expect(client.login(stranger)).rejects.toEqual(refused('unknown-card'))
  })

  test('ends with the card: after its last day it is refused', async () => {
    const card = await registered()
    gateway.clock.offsetMs += 6 * 366 * 86_400_000
    await expect(client.login(card)).rejects.toEqual(refused('card-expired'))
    gateway.clock.offsetMs -= 6 * 366 * 86_400_000
    await client.login(card)
  })

  test('is taken once, only as the login that it was begun for, and not after five minutes', async () => {
    const { login } = await client.request('login.begin', { purpose: 'holder', message1: message1() })
    await expect(client.request('login.finish', { login, message3: Uint8Array.of(0x40) })).rejects.toEqual(
      refused('login-failed'),
    )
    await expect(client.request('login.finish', { login, message3: Uint8Array.of(0x40) })).rejects.toEqual(
      refused('login-failed'),
    )
    const other = await client.request('login.begin', { purpose: 'holder', message1: message1() })
    await client.request('login.cancel', { login: other.login })
    await expect(client.request('login.finish', { login: other.login, message3: new Uint8Array(3) })).rejects.toEqual(
      refused('login-failed'),
    )
    const late = await client.request('login.begin', { purpose: 'holder', message1: message1() })
    gateway.clock.offsetMs += 5 * 60_000
    await expect(client.request('login.finish', { login: late.login, message3: new Uint8Array(3) })).rejects.toEqual(
      refused('login-failed'),
    )
  })

  test('that was begun at one terminal cannot be finished at another', async () => {
    const other = await gateway.terminal()
    const { login } = await client.request('login.begin', { purpose: 'holder', message1: message1() })
    await expect(other.request('login.finish', { login, message3: new Uint8Array(3) })).rejects.toEqual(refused('login-failed'))
  })

  test('with a message_1 that is none is a bad request', async () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0xff), nodeCrypto.randomBytes(100)]) {
      await expect(client.request('login.begin', { purpose: 'holder', message1: bytes })).rejects.toEqual(refused('bad-request'))
    }
  })

  test("cannot use another card's name: the signature is not that card's", async () => {
    const [card, thief] = [await registered(), new SoftwareCard()]
    thief.certificate = card.certificate
    await expect(client.login(thief)).rejects.toEqual(refused('login-failed'))
    await client.login(card)
  })

  test('many at a time each get their own answer', async () => {
    const card = await registered()
    const results = await Promise.all(Array.from({ length: 8 }, () => client.login(card)))
    expect(new Set(results.map(({ session }) => session.toString())).size).toBe(8)
  })
})

describe('failures', () => {
  // How long the gateway asks for patience is told from the last failure on.
  let letRun: () => void
  beforeEach(() => {
    letRun = gateway.stopClock()
  })
  afterEach(() => letRun())

  test('slow the terminal down, more with each, and a time without one ends it; the card is not held back elsewhere', async () => {
    const desk = await gateway.terminal()
    const card = await registered()
    const thief = new SoftwareCard()
    thief.certificate = card.certificate
    for (let i = 0; i < 5; i += 1) await expect(desk.login(thief)).rejects.toEqual(refused('login-failed'))
    const first = await desk.login(card).catch((error: unknown) => error)
    expect(first).toMatchObject({ code: 'slow-down' })
    const waitMs = (first as { retryAfterMs: number }).retryAfterMs
    expect(waitMs).toBeGreaterThan(0)
    expect(waitMs).toBeLessThanOrEqual(1000)
    await client.login(card)
    gateway.clock.offsetMs += waitMs
    await expect(desk.login(thief)).rejects.toEqual(refused('login-failed'))
    expect(((await desk.login(card).catch((error: unknown) => error)) as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(
      1000,
    )
    gateway.clock.offsetMs += 60_000
    await desk.login(card)
    await expect(desk.login(thief)).rejects.toEqual(refused('login-failed'))
  })

  test('of a card that proved its key slow that card down, at every terminal', async () => {
    const card = new SoftwareCard()
    const person = { givenName: 'Pat', familyName: 'Doe', reference: 'slow' }
    await client.register(card, { person, session: operator.session, until: 'certify' })
    for (let i = 0; i < 5; i += 1) await expect(client.login(card)).rejects.toEqual(refused('card-pending'))
    const other = await gateway.terminal()
    await expect(other.login(card)).rejects.toEqual(refused('slow-down'))
    await client.login(supervisor, 'operator')
  })
})

describe('sessions', () => {
  test('go on over a new channel when the terminal names them, and end when it does not', async () => {
    const desk = await gateway.terminal()
    const [kept, dropped] = [await desk.login(supervisor, 'operator'), await desk.login(supervisor, 'operator')]
    await desk.open([kept.session])
    const register = (session: Uint8Array) =>
      desk.register(new SoftwareCard(), {
        person: { givenName: 'A', familyName: 'B', reference: 'S-1' },
        session,
        until: 'begin',
      })
    await register(kept.session)
    await expect(register(dropped.session)).rejects.toEqual(refused('session-unknown'))
    await desk.open()
    await expect(register(kept.session)).rejects.toEqual(refused('session-unknown'))
  })

  test("of another terminal cannot be ended, and naming another's does not keep it", async () => {
    const desk = await gateway.terminal()
    await expect(desk.request('session.end', { session: operator.session, reason: 'quit' })).rejects.toEqual(
      refused('session-unknown'),
    )
    await desk.open([operator.session])
    const { store } = gateway.gateway.registry
    expect((await store.read((r) => r.login(operator.session)))?.endedAt).toBeUndefined()
  })

  test('a hello again on the same channel ends none', async () => {
    const session = (await client.login(supervisor, 'operator')).session
    await client.request('hello', { software: 'probe' })
    const { store } = gateway.gateway.registry
    const open = await store.read((r) => r.openSessions(client.terminal))
    expect(open.some((one) => equalConstantTime(one.session, session))).toBe(true)
  })
})

describe('a changed PIN', () => {
  test('is written to the log, for a card that is known', async () => {
    const card = await registered()
    await client.request('pin.changed', { guid: card.guid as Uint8Array, at: 1, outcome: 'changed' })
    await expect(client.request('pin.changed', { guid: new Uint8Array(16), at: 1, outcome: 'changed' })).rejects.toEqual(
      refused('unknown-card'),
    )
  })
})
