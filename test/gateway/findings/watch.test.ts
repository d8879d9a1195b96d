/** From the wire to the finding, its response and its record, on a real gateway with a broker and a store. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Policy, parsePolicy } from '../../../gateway/findings/policy.ts'
import { restoreTerminal } from '../../../gateway/registry/administration.ts'
import type { ListedFinding } from '../../../gateway/store/findings.ts'
import { type Broker, connectBroker } from '../../../native/broker.ts'
import { nodeCrypto } from '../../../native/crypto.ts'
import { toHex } from '../../../protocol/bytes.ts'
import { decode, encode } from '../../../protocol/cbor.ts'
import { encodeRequest } from '../../../protocol/messages/exchange.ts'
import type { FindingKind } from '../../../protocol/messages/finding-operations.ts'
import { encodeFrame } from '../../../protocol/messages/frame.ts'
import type { LoginResult } from '../../../protocol/messages/operations.ts'
import { wrongPinStatement } from '../../../protocol/messages/presence-proof.ts'
import { GATEWAY_IN } from '../../../protocol/topics.ts'
import { type TestCard, TestGateway } from '../../support/gateway.ts'
import { type GatewayClient, PATIENCE_MS, SoftwareCard } from '../../support/gateway-client.ts'
import { NoticesClient } from '../../support/notices-client.ts'

const policy = policyOf({
  clone: { sites: { Berlin: { latitude: 52.52, longitude: 13.405 }, Paris: { latitude: 48.8566, longitude: 2.3522 } } },
  // The tests work faster than hands.
  flooding: { terminalMessages: { events: 400, windowMs: 2_000 }, cardLogins: { events: 1_000, windowMs: 1_000 } },
  slowDownMs: 1_500,
})
function policyOf(value: unknown): Policy {
  const parsed = parsePolicy(value)
  if (!parsed.ok) throw new Error(parsed.problems.join())
  return parsed.policy
}

let gateway: TestGateway
let client: GatewayClient
let operator: LoginResult
let attacker: Broker
beforeAll(async () => {
  gateway = await TestGateway.start(undefined, policy)
  ;({ client, operator } = await gateway.desk())
  attacker = connectBroker({ url: gateway.gateway.brokerUrl, clientId: 'attacker', session: 'clean' })
  await attacker.connected(PATIENCE_MS)
})
afterAll(async () => {
  await attacker.close()
  await gateway.close()
})

let seen = 0
async function newest(): Promise<ListedFinding[]> {
  await gateway.gateway.watch.settled()
  return gateway.gateway.registry.store.read((reader) => reader.findings({ limit: 500 }))
}
beforeEach(async () => {
  seen = (await newest())[0]?.sequence ?? 0
})
/** Since the test began, the oldest first. */
async function findings(kind?: FindingKind): Promise<ListedFinding[]> {
  const all = (await newest()).filter(({ sequence }) => sequence > seen).reverse()
  return kind === undefined ? all : all.filter((finding) => finding.kind === kind)
}
const cardState = (card: TestCard) => gateway.gateway.registry.store.read(async (reader) => (await reader.card(card.guid))?.state)
const sealed = (by: GatewayClient, plaintext: Uint8Array) => {
  const { channel, cR } = by.session
  return encodeFrame({ kind: 'sealed', connection: cR, message: channel.seal(by.workerTopic(), plaintext) })
}
const person = () => ({ givenName: 'Pat', familyName: 'Doe', reference: `W-${toHex(nodeCrypto.randomBytes(6))}` })
/** In a login at that terminal the card refuses this many PINs. */
function wrongPins(at: GatewayClient, card: TestCard, retries: readonly number[], by: SoftwareCard | undefined = card) {
  return at.login(card, 'holder', {
    typing: async (login) => {
      for (const retriesLeft of retries) {
        const key = by?.presence?.privateKey
        const statement = wrongPinStatement(login, card.guid, retriesLeft)
        const proof = key === undefined ? undefined : nodeCrypto.sign('ES256', key, statement)
        await at.request('pin.wrong', { login, guid: card.guid, retriesLeft, ...(proof === undefined ? {} : { proof }) })
      }
      throw new Error('left')
    },
  })
}

describe('honest use', () => {
  test('finds nothing: registrations, logins, a repeated handshake message, a channel of before', async () => {
    const card = await gateway.card({ client, operator })
    for (let i = 0; i < 12; i += 1) await client.login(card)
    const other = await gateway.terminal()
    const { frame3 } = other.lastHandshake ?? {}
    if (frame3 === undefined) throw new Error('no handshake')
    // QoS 1 may deliver twice; the same message_3 gets the same message_4.
    for (let i = 0; i < 3; i += 1) await other.send(other.workerTopic(), frame3)
    const before = { ...other.session }
    await other.open()
    await other.broker.publish(
      other.workerTopic(),
      encodeFrame({ kind: 'sealed', connection: before.cR, message: new Uint8Array(40) }),
      { qos: 0 },
    )
    await other.login(card)
    expect(await findings()).toEqual([])
  })
})

describe('a message that was recorded and sent again', () => {
  test('is a finding of the device layer, told to supervisors, audited, and listed for them', async () => {
    const notices = await NoticesClient.listen(client)
    const frame = sealed(client, encodeRequest(9_000, 'hello', { software: 'x' }))
    for (let i = 0; i < 4; i += 1) await attacker.publish(client.workerTopic(), frame, { qos: 1 })
    await notices.until(() => notices.notices.some(({ notice }) => notice.kind === 'finding'))
    await expect.poll(async () => (await findings())[0]?.occurrences).toBe(3)
    const [found, ...more] = await findings()
    expect(more).toEqual([])
    expect(found).toMatchObject({
      kind: 'replay',
      layer: 'perception',
      own: false,
      terminal: client.terminal,
      site: 'Desk',
      response: 'notify',
      occurrences: 3,
      evidence: { verdict: 'replay' },
    })
    expect(notices.notices.map(({ notice }) => notice)).toContainEqual(
      expect.objectContaining({ kind: 'finding', finding: 'replay', severity: 'medium' }),
    )
    const { session } = operator
    const listed = await client.request('findings.list', { session, kind: 'replay' })
    expect(listed.findings[0]).toMatchObject({ sequence: found?.sequence, occurrences: 3 })
    const summary = await client.request('findings.summary', { session, from: Date.now() - 3_600_000, hours: 2 })
    expect(summary.hours.find(({ kind }) => kind === 'replay')?.count).toBeGreaterThan(0)
    const audit = await gateway.gateway.registry.store.read((reader) => reader.audit(0, 10_000))
    const entries = audit.map(({ entry }) => decode(entry) as [number, number, string, { kind?: string }])
    expect(entries.some(([, , event, details]) => event === 'finding' && details.kind === 'replay')).toBe(true)
  })

  test('with other bytes is forged: a few are noise, more are a finding', async () => {
    const forge = async (n: number) => {
      for (let i = 0; i < n; i += 1) {
        const frame = sealed(client, encodeRequest(9_100, 'hello', { software: 'x' }))
        frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1
        await attacker.publish(client.workerTopic(), frame, { qos: 1 })
      }
    }
    await forge(3)
    await client.request('hello', { software: 'x' })
    expect(await findings()).toEqual([])
    await forge(8)
    await client.request('hello', { software: 'x' })
    expect(await findings()).toMatchObject([{ kind: 'replay', evidence: { verdict: 'forged' }, own: false, response: 'notify' }])
  })
})

describe('input that tries to be code', () => {
  test('is found in whatever field, stored as the text that it is, and stands in no evidence', async () => {
    const familyName = "Robert'); DROP TABLE holders;--"
    const { session } = operator
    const result = await client.register(new SoftwareCard(), { person: { ...person(), familyName }, session })
    expect(result?.holder.familyName).toBe(familyName)
    const card = await gateway.card({ client, operator })
    await client.login(card, 'holder', { timings: { verifyMs: 20, signMs: 60, reader: '{{7*7}}' } })
    const found = await findings('injection')
    expect(found).toMatchObject([
      { layer: 'application', own: true, evidence: { class: 'sql', operation: 'register.begin', field: 'person.familyName' } },
      { evidence: { class: 'template', operation: 'login.finish', field: 'timings.reader' } },
    ])
    expect(JSON.stringify(found)).not.toContain('Robert')
  })

  test("and a body outside its operation's schema, name the operation", async () => {
    await client.exchange(9_200, encode([9_200, 'session.end', { session: 'text', reason: 'quit' }]))
    expect(await findings()).toMatchObject([
      { kind: 'injection', own: true, evidence: { class: 'schema', operation: 'session.end' } },
    ])
  })

  test("is found in a reader's name, which presence tells", async () => {
    const notices = await NoticesClient.listen(await gateway.terminal())
    await notices.present([{ name: '$(curl evil.example)', simulated: false, state: 'empty', since: 1 }])
    await expect.poll(async () => (await findings('injection')).length).toBe(1)
    expect((await findings())[0]).toMatchObject({ terminal: notices.client.terminal, evidence: { operation: 'presence' } })
  })
})

describe('PINs that are guessed', () => {
  test('on one card, at several desks, block the card while it is tried', async () => {
    const card = await gateway.card({ client, operator })
    const other = await gateway.terminal()
    const notices = await NoticesClient.listen(other)
    for (const at of [client, other, client]) await expect(wrongPins(at, card, [2, 1])).rejects.toThrow('left')
    await expect(client.login(card)).rejects.toMatchObject({ code: 'card-blocked' })
    expect(await findings()).toMatchObject([{ kind: 'brute-force-pin', severity: 'critical', card: card.guid }])
    expect(notices.refused).toBe(0)
    expect(await client.request('card.status', { session: operator.session, guid: card.guid })).toMatchObject({
      standing: 'blocked',
      block: { cause: 'finding', finding: 'brute-force-pin' },
    })
  })

  test("by a stolen terminal that knows somebody's card number: found, and the card is left alone", async () => {
    const victim = await gateway.card({ client, operator })
    const stolen = await gateway.terminal(false, 'Van')
    const mine = await gateway.card({ client, operator })
    // It claims to hold the card, reports wrong PINs without proof or with another card's, and logs in with a wrong key.
    const notices = await NoticesClient.listen(stolen)
    await notices.holds(victim.guid)
    for (let i = 0; i < 12; i += 1) await expect(wrongPins(stolen, victim, [2, 1, 0], mine)).rejects.toThrow('left')
    const forger = Object.assign(new SoftwareCard(), { certificate: victim.certificate, guid: victim.guid })
    for (let i = 0; i < 8; i += 1) await stolen.login(forger).catch(() => undefined)
    // The holder uses the card somewhere else meanwhile, and again.
    await client.login(victim)
    await client.login(victim)
    const found = await findings()
    expect(found.map(({ kind }) => kind)).toContain('brute-force-pin')
    for (const { card, response } of found) {
      expect(card === undefined || toHex(card) !== toHex(victim.guid)).toBe(true)
      expect(response).not.toBe('block-card')
    }
    expect(await cardState(victim)).toBe('active')
  })

  test('by logins with a wrong key slow that terminal down, and nobody else', async () => {
    // The time that it has to wait does not run out meanwhile.
    onTestFinished(gateway.stopClock())
    const bad = await gateway.terminal()
    const victim = await gateway.card({ client, operator })
    const forger = Object.assign(new SoftwareCard(), { certificate: victim.certificate, guid: victim.guid })
    for (let i = 0; i < 5; i += 1) await expect(bad.login(forger)).rejects.toMatchObject({ code: 'login-failed' })
    // Who goes on although the gateway asks for patience is still guessing.
    await expect(bad.login(forger)).rejects.toMatchObject({ code: 'slow-down' })
    expect(await findings()).toMatchObject([
      { kind: 'brute-force-handshake', layer: 'application', own: true, response: 'slow-down', terminal: bad.terminal },
    ])
    await expect(bad.request('hello', { software: 'x' })).rejects.toMatchObject({ code: 'slow-down' })
    await client.request('hello', { software: 'x' })
    expect(await cardState(victim)).toBe('active')
  })
})

describe('handshakes in the name of an honest terminal', () => {
  test('are found, and that terminal goes on', async () => {
    const named = await gateway.terminal()
    const message = (i: number) => encodeFrame({ kind: 'message_1', from: named.terminal, message: Uint8Array.of(i, 1, 2) })
    for (let i = 0; i < 6; i += 1) await attacker.publish(GATEWAY_IN, message(i), { qos: 1 })
    await named.request('hello', { software: 'x' })
    expect(await findings()).toMatchObject([
      { kind: 'brute-force-handshake', layer: 'perception', own: false, terminal: named.terminal, response: 'notify' },
    ])
    await named.open()
  })
})

describe('one card at two places', () => {
  test('faster than anybody travels, is blocked', async () => {
    const card = await gateway.card({ client, operator })
    gateway.clock.offsetMs += 3_600_000
    const [berlin, paris] = [await gateway.terminal(false, 'Berlin, desk 1'), await gateway.terminal(false, 'Paris, desk 4')]
    await berlin.login(card)
    gateway.clock.offsetMs += 60_000
    await paris.login(card)
    expect(await findings()).toMatchObject([
      { kind: 'clone', card: card.guid, severity: 'critical', terminal: paris.terminal, response: 'block-card' },
    ])
    expect(await cardState(card)).toBe('blocked')
    await expect(berlin.login(card)).rejects.toMatchObject({ code: 'card-blocked' })
  })

  test('of one house, while another terminal holds it, is told and not blocked', async () => {
    const card = await gateway.card({ client, operator })
    gateway.clock.offsetMs += 3_600_000
    const one = await NoticesClient.listen(await gateway.terminal(false, 'Berlin, desk 1'))
    const other = await gateway.terminal(false, 'Berlin, desk 2')
    await one.holds(card.guid)
    await one.client.login(card)
    await other.login(card)
    expect(await findings()).toMatchObject([
      { kind: 'clone', severity: 'high', response: 'notify', evidence: { how: 'elsewhere', otherTerminal: one.client.terminal } },
    ])
    expect(await cardState(card)).toBe('active')
  })
})

describe('a relayed card', () => {
  const usual = (i: number) => ({ verifyMs: 25 + (i % 3), signMs: 80 + (i % 4), emptyMs: 5 + (i % 2), reader: 'Reader 1' })
  const relayed = { verifyMs: 56, signMs: 112, emptyMs: 36, reader: 'Reader 1' }

  test('is found by what it adds, its session ends, and the card is told apart from its relay', async () => {
    const card = await gateway.card({ client, operator })
    const notices = await NoticesClient.listen(client)
    for (let i = 0; i < 10; i += 1) await client.login(card, 'holder', { timings: usual(i) })
    const { session } = await client.login(card, 'holder', { timings: relayed })
    expect(await findings()).toMatchObject([
      { kind: 'delay', layer: 'perception', card: card.guid, response: 'end-session', evidence: { exchanges: 3 } },
    ])
    expect((await notices.notice(card.guid)).notice).toMatchObject({ kind: 'end-session', finding: 'delay' })
    const login = await gateway.gateway.registry.store.read((reader) => reader.login(session))
    expect(login).toMatchObject({ ended: 'finding' })
    expect(await cardState(card)).toBe('active')
    await client.login(card, 'holder', { timings: usual(3) })
    expect(await findings()).toHaveLength(1)
  })

  test('is found by another worker too, after a restart, by what was learned before', async () => {
    const own = await TestGateway.start()
    try {
      const desk = await own.desk()
      const card = await own.card(desk)
      for (let i = 0; i < 10; i += 1) await desk.client.login(card, 'holder', { timings: usual(i) })
      await own.gateway.close()
      await own.run()
      const again = await own.connect(desk.client.identity)
      await again.open()
      await again.login(card, 'holder', { timings: relayed })
      await own.gateway.watch.settled()
      const found = await own.gateway.registry.store.read((reader) => reader.findings({ limit: 5 }))
      expect(found).toMatchObject([{ kind: 'delay', card: card.guid }])
    } finally {
      await own.close()
    }
  })
})

describe('a flood', () => {
  test('by one terminal slows it down for a while, and nobody else', async () => {
    // So many in one moment, however long this machine takes over them.
    onTestFinished(gateway.stopClock())
    const flooder = await gateway.terminal()
    const flood = Array.from({ length: 700 }, (_, i) => sealed(flooder, encodeRequest(20_000 + i, 'hello', { software: 'x' })))
    for (const frame of flood) void flooder.broker.publish(flooder.workerTopic(), frame, { qos: 0 })
    await expect.poll(async () => (await findings()).length).toBe(1)
    expect(await findings()).toMatchObject([{ kind: 'flooding', own: true, terminal: flooder.terminal, response: 'slow-down' }])
    await expect(flooder.request('hello', { software: 'x' })).rejects.toMatchObject({ code: 'slow-down' })
    await client.request('hello', { software: 'x' })
    gateway.clock.offsetMs += 1_500
    await flooder.request('hello', { software: 'x' })
  })

  test('of garbage is found, and the terminals work on', async () => {
    onTestFinished(gateway.stopClock())
    for (let i = 0; i < 2_200; i += 1) void attacker.publish(GATEWAY_IN, Uint8Array.of(1, 2, i & 255), { qos: 0 })
    await expect.poll(async () => (await findings()).length).toBe(1)
    expect(await findings()).toMatchObject([{ kind: 'flooding', own: false, terminal: '', response: 'notify' }])
    await client.request('hello', { software: 'x' })
  })
})

describe('quarantine', () => {
  test('refuses the terminal everything until it is restored', async () => {
    const own = await TestGateway.start(undefined, policyOf({ injection: { response: 'quarantine-terminal' } }))
    try {
      const desk = await own.desk()
      const bad = await own.terminal()
      const card = await own.card(desk)
      const { session } = await bad.login(card)
      await bad.exchange(7, encode([7, 'hello', { software: 1 }]))
      await own.gateway.watch.settled()
      const { store } = own.gateway.registry
      expect(await store.read((reader) => reader.login(session))).toMatchObject({ ended: 'finding' })
      await expect(bad.login(card)).rejects.toMatchObject({ code: 'terminal-blocked' })
      await expect(bad.open()).rejects.toMatchObject({ code: 'terminal-blocked' })
      await desk.client.login(card)
      expect(await restoreTerminal(own.gateway.registry, bad.terminal)).toBe('done')
      await bad.open()
      await bad.login(card)
    } finally {
      await own.close()
    }
  })
})

describe('what is kept', () => {
  test('is bounded, however many there are', async () => {
    const own = await TestGateway.start(undefined, policyOf({ findingsKept: 5 }))
    try {
      const desk = await own.desk()
      for (let i = 0; i < 12; i += 1) {
        own.clock.offsetMs += 61_000
        await desk.client.exchange(100 + i, encode([100 + i, 'hello', { software: i }]))
        await own.gateway.watch.settled()
      }
      const found = await own.gateway.registry.store.read((reader) => reader.findings({ limit: 50 }))
      expect(found.map(({ sequence }) => sequence)).toEqual([12, 11, 10, 9, 8])
      expect(own.gateway.watch.counters()).toMatchObject({ findings: 12, suppressed: 0, dropped: 0 })
    } finally {
      await own.close()
    }
  })
})
