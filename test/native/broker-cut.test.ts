import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedBroker, startEmbeddedBroker } from '../../gateway/broker/embedded.ts'
import { type Broker, connectBroker } from '../../native/broker.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { buildTopic } from '../../protocol/topics.ts'

let embedded: EmbeddedBroker
beforeAll(async () => {
  embedded = await startEmbeddedBroker(0)
})
afterAll(() => embedded.close())

const TERMINAL = '00112233445566778899aabbccddeeff'
const WILL = buildTopic({ kind: 'terminal-notice', terminal: TERMINAL })
const KEPT = buildTopic({ kind: 'terminal-in', terminal: TERMINAL })
const PATIENCE_MS = 20_000
const connect = (clientId: string, will?: string): Broker =>
  connectBroker({
    url: embedded.url,
    clientId,
    session: 'clean',
    backoffMs: { first: 10, most: 20 },
    ...(will === undefined ? {} : { will: { topic: will, payload: utf8('gone'), qos: 1, retain: false } }),
  })

function nextMessage(broker: Broker): Promise<string> {
  return new Promise((resolve) => {
    const stop = broker.onMessage((topic, payload) => {
      stop()
      resolve(`${topic} ${Buffer.from(payload).toString()}`)
    })
  })
}

test('a connection that is cut is lost for all: it sends nothing, and its last will is published', async () => {
  const watcher = connect('watcher')
  const cut = connect('cut', WILL)
  await Promise.all([watcher.connected(PATIENCE_MS), cut.connected(PATIENCE_MS)])
  await watcher.subscribe(WILL, 1)
  const will = nextMessage(watcher)
  cut.cut()
  expect(cut.state()).toMatchObject({ kind: 'disconnected', error: { kind: 'unreachable', code: 'cut' } })
  await expect(cut.publish(KEPT, utf8('x'), { qos: 0 })).rejects.toMatchObject({ kind: 'offline' })
  expect(await will).toBe(`${WILL} gone`)
  await Promise.all([watcher.close(), cut.close()])
})

test('mended, it is connected again, with what it had subscribed to; until then it does not try', async () => {
  const other = connect('other')
  const broker = connect('mended')
  await Promise.all([other.connected(PATIENCE_MS), broker.connected(PATIENCE_MS)])
  await broker.subscribe(KEPT, 1)
  const states: string[] = []
  broker.onState(({ kind }) => states.push(kind))
  broker.cut()
  broker.cut()
  // Long enough for several attempts of a connection that had been lost.
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(states).toEqual(['disconnected'])
  broker.mend()
  await broker.connected(PATIENCE_MS)
  const kept = nextMessage(broker)
  await other.publish(KEPT, utf8('here'), { qos: 1 })
  expect(await kept).toBe(`${KEPT} here`)
  await Promise.all([other.close(), broker.close()])
})

test('cut while it connects, it stays cut; mended at once, it connects', async () => {
  const broker = connect('early')
  broker.cut()
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(broker.state().kind).toBe('disconnected')
  broker.mend()
  await broker.connected(PATIENCE_MS)
  broker.cut()
  broker.mend()
  await broker.connected(PATIENCE_MS)
  broker.cut()
  await broker.close()
  broker.mend()
  expect(broker.state().kind).toBe('closed')
})
