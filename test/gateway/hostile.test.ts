import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Broker, connectBroker } from '../../native/broker.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { decode, encode } from '../../protocol/cbor.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import { encodeRequest } from '../../protocol/messages/exchange.ts'
import { encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import { buildTopic, GATEWAY_IN } from '../../protocol/topics.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, PATIENCE_MS, SoftwareCard } from '../support/gateway-client.ts'

let gateway: TestGateway
let client: GatewayClient
let supervisor: SoftwareCard
let attacker: Broker
beforeAll(async () => {
  gateway = await TestGateway.start()
  ;({ client, supervisor } = await gateway.desk())
  attacker = connectBroker({ url: gateway.gateway.brokerUrl, clientId: 'attacker', session: 'clean' })
  await attacker.connected(PATIENCE_MS)
})
afterAll(async () => {
  await attacker.close()
  await gateway.close()
})

const topics = () => [GATEWAY_IN, client.workerTopic()]
const message1 = () => startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: nodeCrypto.randomBytes(8) }).message1

/** The channel that was there before still works, a person still logs in, and nothing failed inside. */
async function unharmed(): Promise<void> {
  await client.request('hello', { software: 'still there' })
  await client.login(supervisor, 'operator')
  expect(gateway.gateway.counters().failures).toBe(0)
  expect(gateway.log.filter((line) => line.startsWith('error'))).toEqual([])
}

describe('the gateway survives, on every topic that it listens on,', () => {
  test('random bytes', async () => {
    const before = gateway.gateway.counters().malformedFrames
    let sent = 0
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(0, 1), async (bytes, which) => {
        await attacker.publish(topics()[which] as string, bytes, { qos: 1 })
        sent += 1
      }),
      { numRuns: 300 },
    )
    await unharmed()
    expect(gateway.gateway.counters().malformedFrames - before).toBeGreaterThan(sent / 2)
  })

  test('frames of every kind with random contents, in any order', async () => {
    const bytes = fc.uint8Array({ maxLength: 120 })
    const connection = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 16 }), fc.constant(client.session.cR))
    const name = fc.constantFrom(client.terminal, '0123456789abcdef')
    const frame: fc.Arbitrary<Frame> = fc.oneof(
      fc.record({ kind: fc.constant('message_1' as const), from: name, message: fc.oneof(bytes, fc.constant(message1())) }),
      fc.record({
        kind: fc.constant('message_2' as const),
        worker: fc.constant(gateway.gateway.worker),
        connection,
        message: bytes,
      }),
      fc.record({
        kind: fc.constantFrom('message_3' as const, 'message_4' as const, 'error' as const, 'sealed' as const),
        connection,
        message: bytes,
      }),
      fc.record({ kind: fc.constant('unknown-connection' as const), connection }),
    )
    await fc.assert(
      fc.asyncProperty(frame, fc.constantFrom(0, 1), (one, which) =>
        attacker.publish(topics()[which] as string, encodeFrame(one), { qos: 1 }),
      ),
      { numRuns: 300 },
    )
    await unharmed()
  })

  test('every valid message cut short, lengthened, and with each of its bytes changed', async () => {
    const { frame3 } = client.lastHandshake ?? {}
    if (frame3 === undefined) throw new Error('no handshake')
    const sealed = client.session.channel.seal(client.workerTopic(), encodeRequest(9999, 'hello', { software: 'x' }))
    const valid = [
      encodeFrame({ kind: 'message_1', from: client.terminal, message: message1() }),
      encodeFrame(frame3),
      encodeFrame({ kind: 'sealed', connection: client.session.cR, message: sealed }),
    ]
    for (const bytes of valid) {
      await attacker.publish(client.workerTopic(), Uint8Array.of(...bytes, 0), { qos: 0 })
      for (let i = 0; i < bytes.length; i += 1) {
        const changed = bytes.slice()
        changed[i] = (changed[i] ?? 0) ^ (1 << (i % 8))
        for (const topic of topics()) {
          await attacker.publish(topic, changed, { qos: 0 })
          await attacker.publish(topic, bytes.slice(0, i), { qos: 0 })
        }
      }
    }
    await unharmed()
  })

  test('a frame that is longer than any may be', async () => {
    const before = gateway.gateway.counters()
    // The embedded broker hangs up on it; another one would deliver it.
    await attacker.publish(GATEWAY_IN, new Uint8Array(129 * 1024), { qos: 1 }).catch(() => undefined)
    await attacker.connected(PATIENCE_MS)
    await unharmed()
    expect(gateway.gateway.counters().completedHandshakes).toBe(before.completedHandshakes)
  })
})

describe('a message that was taken', () => {
  test('is not taken again, nor at another topic', async () => {
    const { channel, cR } = client.session
    const topic = client.workerTopic()
    const request = encodeFrame({
      kind: 'sealed',
      connection: cR,
      message: channel.seal(topic, encodeRequest(5000, 'hello', { software: 'x' })),
    })
    const elsewhere = channel.seal(GATEWAY_IN, encodeRequest(5001, 'hello', { software: 'x' }))
    const before = gateway.gateway.counters()
    for (let i = 0; i < 3; i += 1) await attacker.publish(topic, request, { qos: 1 })
    await attacker.publish(topic, encodeFrame({ kind: 'sealed', connection: cR, message: elsewhere }), { qos: 1 })
    await expect.poll(() => gateway.gateway.counters().replayedMessages - before.replayedMessages).toBe(2)
    await expect.poll(() => gateway.gateway.counters().forgedMessages - before.forgedMessages).toBe(1)
    expect(gateway.gateway.counters().requests - before.requests).toBe(1)
  })

  test('of a login opens no second session', async () => {
    const { store } = gateway.gateway.registry
    const frames: Uint8Array[] = []
    const spy = connectBroker({ url: gateway.gateway.brokerUrl, clientId: 'spy', session: 'clean' })
    await spy.connected(PATIENCE_MS)
    await spy.subscribe(client.workerTopic(), 1)
    spy.onMessage((_topic, payload) => frames.push(payload))
    await client.login(supervisor, 'operator')
    await expect.poll(() => frames.length).toBe(2)
    await spy.close()
    const count = async () => (await store.read((r) => r.openSessions(client.terminal))).length
    const sessions = await count()
    for (const frame of frames) await attacker.publish(client.workerTopic(), frame, { qos: 1 })
    await client.request('hello', { software: 'x' })
    expect(await count()).toBe(sessions)
  })
})

describe('within the channel', () => {
  test('a body outside its schema, an unknown operation, and no request at all: refused or ignored', async () => {
    const answer = await client.exchange(7001, encode([7001, 'session.end', { session: 'text', reason: 'quit' }]))
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'bad-request' } })
    const extra = await client.exchange(7002, encode([7002, 'hello', { software: 'x', extra: 1 }]))
    expect(extra).toMatchObject({ ok: false, refusal: { code: 'bad-request' } })
    client.timeoutMs = 300
    for (const bytes of [
      encode([7003, '__proto__', {}]),
      encode([7003, 'toString', {}]),
      encode(7003),
      new Uint8Array(0),
      encode([0, 'hello', {}]),
    ]) {
      await expect(client.exchange(7003, bytes)).rejects.toThrow('no sealed')
    }
    client.timeoutMs = PATIENCE_MS
    await unharmed()
  })

  test('nothing before the greeting', async () => {
    const other = await gateway.terminal()
    const hello = other.request.bind(other)
    other.request = (async () => undefined) as unknown as typeof other.request
    await other.open()
    other.request = hello
    await expect(other.request('login.begin', { purpose: 'holder', message1: message1() })).rejects.toMatchObject({
      code: 'bad-request',
    })
    await other.request('hello', { software: 'x' })
    await other.request('login.begin', { purpose: 'holder', message1: message1() })
  })

  test('text that looks like code is only text', async () => {
    const session = (await client.login(supervisor, 'operator')).session
    const person = { givenName: "Robert'); DROP TABLE holders;--", familyName: '{{7*7}}<script>', reference: '" OR 1=1 --' }
    const result = await client.register(new SoftwareCard(), { person, session })
    expect(result?.holder).toMatchObject(person)
    await unharmed()
  })
})

describe('strangers', () => {
  test('who begin handshakes take no memory without bound, and do not keep others out', async () => {
    const frame = (from: string) => encodeFrame({ kind: 'message_1', from, message: message1() })
    for (let i = 0; i < 60; i += 1) await attacker.publish(GATEWAY_IN, frame(client.terminal), { qos: 0 })
    await attacker.publish(GATEWAY_IN, frame('00000000000000aa'), { qos: 1 })
    await expect.poll(() => gateway.gateway.sizes().handshakes).toBeGreaterThan(0)
    await client.open()
    expect(gateway.gateway.sizes().handshakes).toBeLessThan(40)
    gateway.clock.offsetMs += 11_000
    await expect.poll(() => gateway.gateway.sizes().handshakes).toBe(0)
    expect(gateway.gateway.counters().abandonedHandshakes).toBeGreaterThan(0)
  })

  test('with a suite that the gateway does not take are told which it takes', async () => {
    const other = await gateway.connect()
    const cI = nodeCrypto.randomBytes(8)
    const { message1 } = startInitiator({ crypto: nodeCrypto, method: 0, suites: [2], cI })
    const error = other.wait('error', () => true)
    await other.send(GATEWAY_IN, { kind: 'message_1', from: other.terminal, message: message1 })
    const { message } = await error
    expect(message[0]).toBe(2)
    expect(decode(message.slice(1))).toEqual([6, 24])
  })

  test("cannot use a terminal's name with another terminal's certificate", async () => {
    const other = await gateway.terminal()
    const { identity } = other
    if (identity === undefined) throw new Error('not enrolled')
    const impostor = await gateway.connect({ ...identity, terminal: 'abcdefabcdefabcdef' })
    await expect(impostor.open()).rejects.toThrow('no message_4: refused')
    expect(impostor.received.at(-1)).toMatchObject({ kind: 'error', message: Uint8Array.of(3, 0xf5) })
  })
})

describe('topics that cannot be', () => {
  test.each([
    ['a terminal', buildTopic({ kind: 'terminal-in', terminal: '0123456789abcdef' })],
    ["a stranger's", 'tessera/1/gateway/in/x'],
  ])('%s: nothing is taken from there', async (_name, topic) => {
    const before = gateway.gateway.counters()
    const { handshakes } = gateway.gateway.sizes()
    const frame = encodeFrame({ kind: 'message_1', from: client.terminal, message: message1() })
    await attacker.publish(topic, frame, { qos: 1 }).catch(() => undefined)
    await attacker.connected(PATIENCE_MS)
    await client.request('hello', { software: 'x' })
    expect(gateway.gateway.sizes().handshakes).toBe(handshakes)
    expect(gateway.gateway.counters().malformedFrames).toBe(before.malformedFrames)
  })
})
