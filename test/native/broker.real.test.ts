import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startEmbeddedBroker } from '../../gateway/broker/embedded.ts'
import { type Broker, BrokerError, type BrokerOptions, type BrokerState, connectBroker, isLoopback } from '../../native/broker.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { freePort, type Mosquitto, startMosquitto } from '../support/mosquitto.ts'

interface Server {
  readonly url: string
  readonly tls?: Mosquitto['tls']
  close(): Promise<void>
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

function started<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one)
  return one
}

function client(server: Server, more: Partial<BrokerOptions> = {}): Broker {
  const { tls } = server
  return started(
    connectBroker({
      url: server.url,
      clientId: `test-${randomBytes(6).toString('hex')}`,
      session: 'clean',
      backoffMs: { first: 20, most: 100 },
      ...(tls === undefined ? {} : { tls: { ca: tls.ca, certificate: tls.clientCertificate, key: tls.clientKey } }),
      ...more,
    }),
  )
}

function nextMessage(broker: Broker): Promise<{ topic: string; payload: Uint8Array }> {
  return new Promise((resolve) => {
    const stop = broker.onMessage((topic, payload) => {
      stop()
      resolve({ topic, payload })
    })
  })
}

function nextState(broker: Broker, kind: BrokerState['kind']): Promise<BrokerState> {
  return new Promise((resolve) => {
    const stop = broker.onState((state) => {
      if (state.kind !== kind) return
      stop()
      resolve(state)
    })
  })
}

/** Far more than a connection takes. */
const PATIENCE_MS = 20_000
const terminal = '0123456789abcdef'
const topic = buildTopic({ kind: 'terminal-in', terminal })
const presence = buildTopic({ kind: 'terminal-presence', terminal })

const servers: readonly { name: string; protocol: '5' | '3.1.1'; start: () => Promise<Server> }[] = [
  { name: 'Mosquitto', protocol: '5', start: () => startMosquitto() },
  { name: 'Mosquitto over TLS with a client certificate', protocol: '5', start: () => startMosquitto({ tls: true }) },
  { name: 'the embedded broker', protocol: '3.1.1', start: () => startEmbeddedBroker(0) },
]

describe.each(servers)('a connection to $name', ({ protocol, start }) => {
  test('speaks the highest version that the broker knows', async () => {
    const broker = client(started(await start()))
    await broker.connected(PATIENCE_MS)
    expect(broker.state()).toEqual({ kind: 'connected', protocol })
  })

  test('delivers bytes as they are, in order, with QoS 0 and 1', async () => {
    const server = started(await start())
    const sender = client(server)
    const receiver = client(server)
    await Promise.all([sender.connected(PATIENCE_MS), receiver.connected(PATIENCE_MS)])
    await receiver.subscribe(topic, 1)
    const received: Uint8Array[] = []
    receiver.onMessage((_topic, payload) => received.push(payload))
    const sent = Array.from({ length: 40 }, (_, i) => new Uint8Array(randomBytes(1 + i * 200)))
    for (const [i, payload] of sent.entries()) await sender.publish(topic, payload, { qos: i % 2 === 0 ? 1 : 0 })
    await expect.poll(() => received.length).toBe(sent.length)
    expect(received).toEqual(sent)
    expect(received[0]).not.toBeInstanceOf(Buffer)
  })

  test('has its last will published when it is cut off, and not when it closes', async () => {
    const server = started(await start())
    const watcher = client(server)
    await watcher.connected(PATIENCE_MS)
    await watcher.subscribe(presence, 1)
    const seen: string[] = []
    watcher.onMessage((_topic, payload) => seen.push(new TextDecoder().decode(payload)))
    const will = (text: string) => ({ topic: presence, payload: new TextEncoder().encode(text), qos: 1 as const, retain: false })
    const orderly = client(server, { will: will('orderly') })
    await orderly.connected(PATIENCE_MS)
    await orderly.close()
    // The same client identifier again takes the connection over: the broker cuts the first one off.
    const cut = client(server, { will: will('cut'), clientId: 'same', backoffMs: { first: 60_000, most: 60_000 } })
    await cut.connected(PATIENCE_MS)
    const down = nextState(cut, 'disconnected')
    await client(server, { clientId: 'same' }).connected(PATIENCE_MS)
    await down
    await expect.poll(() => seen).toEqual(['cut'])
  })
})

describe('a connection that is lost', () => {
  let server: Mosquitto
  beforeAll(() => {
    expect(isLoopback('localhost')).toBe(true)
  })

  test('rejects what is under way, comes back by itself and has its subscriptions again', async () => {
    server = started(await startMosquitto())
    const broker = client(server)
    await broker.connected(PATIENCE_MS)
    await broker.subscribe(topic, 1)
    const down = nextState(broker, 'disconnected')
    await server.stop('SIGKILL')
    await down
    await expect(broker.publish(topic, Uint8Array.of(1), { qos: 1 })).rejects.toMatchObject({ kind: 'offline' })
    // Time for a further attempt, which finds nobody.
    await expect(broker.connected(2000)).rejects.toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED' })
    await server.start()
    await broker.connected(PATIENCE_MS)
    const message = nextMessage(broker)
    await broker.publish(topic, Uint8Array.of(7), { qos: 1 })
    expect(await message).toEqual({ topic, payload: Uint8Array.of(7) })
  })

  test('waits longer after each failure, up to the limit', async () => {
    const broker = client({ url: `mqtt://127.0.0.1:${await freePort()}`, close: async () => undefined })
    const delays: number[] = []
    broker.onState((state) => {
      if (state.kind === 'disconnected') delays.push(state.retryInMs)
    })
    await expect.poll(() => delays.length).toBeGreaterThan(5)
    expect(delays[0]).toBeLessThanOrEqual(24)
    expect(delays[4]).toBeGreaterThanOrEqual(80)
    expect(Math.max(...delays)).toBeLessThanOrEqual(120)
  })

  test('keeps what was sent meanwhile, in a kept session', async () => {
    server = started(await startMosquitto())
    const clientId = 'kept-session'
    const first = client(server, { clientId, session: 'kept' })
    await first.connected(PATIENCE_MS)
    await first.subscribe(topic, 1)
    await first.close()
    const sender = client(server)
    await sender.connected(PATIENCE_MS)
    await sender.publish(topic, Uint8Array.of(9), { qos: 1 })
    const again = client(server, { clientId, session: 'kept' })
    expect((await nextMessage(again)).payload).toEqual(Uint8Array.of(9))
  })
})

describe('a connection that cannot be', () => {
  test('is refused before it is tried, without TLS to another machine', () => {
    for (const url of ['mqtt://broker.example', 'mqtt://192.0.2.1', 'mqtt://127.0.0.1.example']) {
      expect(() => connectBroker({ url, clientId: 'x', session: 'clean' })).toThrow(
        expect.objectContaining({ kind: 'tls-required' }),
      )
    }
    for (const url of ['http://localhost', 'nonsense', 'mqtt://', 'mqtt://100%@localhost']) {
      expect(() => connectBroker({ url, clientId: 'x', session: 'clean' })).toThrow(
        expect.objectContaining({ kind: 'bad-options' }),
      )
    }
  })

  test('says "untrusted" where the broker\'s certificate is not of the given authority', async () => {
    const server = started(await startMosquitto({ tls: true }))
    const other = started(await startMosquitto({ tls: true }))
    const broker = client(server, { tls: { ca: other.tls?.ca ?? '' } })
    expect(await nextState(broker, 'disconnected')).toMatchObject({ error: { kind: 'untrusted' } })
  })

  test('says "untrusted" where the certificate bears another name', async () => {
    const server = started(await startMosquitto({ tls: true }))
    const { tls } = server
    if (tls === undefined) throw new Error('no TLS')
    const broker = client(server, {
      tls: { ca: tls.ca, certificate: tls.clientCertificate, key: tls.clientKey, serverName: 'elsewhere' },
    })
    expect(await nextState(broker, 'disconnected')).toMatchObject({
      error: { kind: 'untrusted', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
  })

  test('does not connect without the client certificate that the broker asks for', async () => {
    const server = started(await startMosquitto({ tls: true }))
    const broker = client(server, { tls: { ca: server.tls?.ca ?? '' } })
    await expect(broker.connected(700)).rejects.toBeInstanceOf(BrokerError)
  })

  test('survives a server that speaks no MQTT, and closes at once', async () => {
    const garbage = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume()
      socket.write(randomBytes(500))
    })
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve))
    const { port } = garbage.address() as { port: number }
    const broker = client({ url: `mqtt://127.0.0.1:${port}`, close: async () => undefined })
    await expect(broker.connected(300)).rejects.toBeInstanceOf(BrokerError)
    await broker.close()
    expect(broker.state()).toEqual({ kind: 'closed' })
    await expect(broker.publish(topic, Uint8Array.of(1), { qos: 0 })).rejects.toMatchObject({ kind: 'closed' })
    // Nothing stays open: the server ends by itself once the last connection is gone.
    await new Promise((resolve) => garbage.close(resolve))
  })
})
