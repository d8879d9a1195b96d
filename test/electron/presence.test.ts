/** What a terminal tells of its readers and cards: sealed, in order, no more than is known, and gone when it goes. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPresence } from '../../electron/presence/presence.ts'
import { createSeenCards } from '../../electron/presence/seen-cards.ts'
import { type EmbeddedBroker, startEmbeddedBroker } from '../../gateway/broker/embedded.ts'
import { type Broker, connectBroker } from '../../native/broker.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { openPresence, type Presence } from '../../protocol/messages/notices.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { newCard } from './ceremonies-world.ts'

const TERMINAL = 'ab'.repeat(16)
const presenceKey = nodeCrypto.randomBytes(32)
const topic = buildTopic({ kind: 'terminal-presence', terminal: TERMINAL })
const guid = new Uint8Array(16).fill(7)

let embedded: EmbeddedBroker
let listener: Broker
let told: Presence[]
const brokers: Broker[] = []

function connect(clientId: string, options: Partial<Parameters<typeof connectBroker>[0]> = {}): Broker {
  const broker = connectBroker({ url: embedded.url, clientId, session: 'clean', backoffMs: { first: 20, most: 50 }, ...options })
  brokers.push(broker)
  return broker
}

beforeEach(async () => {
  embedded = await startEmbeddedBroker(0)
  told = []
  listener = connect('listener')
  listener.onMessage((_, payload) => {
    const presence = openPresence(nodeCrypto, presenceKey, TERMINAL, payload)
    if (presence === undefined) throw new Error('not sealed for this terminal')
    told.push(presence)
  })
  await listener.connected(5000)
  await listener.subscribe(topic, 1)
})
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.close()
  await embedded.close()
})

function terminal({ now = Date.now, after = 0 } = {}) {
  const readers = createSimulatedReaders({ names: ['A', 'B'] })
  const cards = createSeenCards(readers)
  const presence = createPresence({ terminal: TERMINAL, presenceKey, crypto: nodeCrypto, readers, cards, now, after })
  const broker = connect(TERMINAL, { will: () => presence.will() })
  presence.attach(broker)
  return { readers, cards, presence, broker }
}

const last = () => told[told.length - 1]
const lastReader = () => {
  const presence = last()
  return presence?.kind === 'present' ? presence.readers[0] : undefined
}

describe('presence', () => {
  test('tells of every reader at its birth, and keeps it at the broker', async () => {
    terminal()
    await expect.poll(last).toMatchObject({
      kind: 'present',
      readers: [
        { name: 'A', simulated: true, state: 'empty' },
        { name: 'B', state: 'empty' },
      ],
    })
    const late: Uint8Array[] = []
    const other = connect('late')
    other.onMessage((_, payload) => late.push(payload))
    await other.connected(5000)
    await other.subscribe(topic, 1)
    await expect.poll(() => late.length).toBe(1)
  })

  test('follows each change within 50 ms and a moment, and names a card only when it is known to be ours', async () => {
    const { readers, cards } = terminal()
    await expect.poll(last).toBeDefined()
    readers.insert('A', newCard().card)
    await expect.poll(lastReader).toMatchObject({ state: 'card' })
    expect(lastReader()).not.toHaveProperty('card')
    const since = lastReader()?.since
    cards.seen({ reader: 'A', insertions: 1 }, guid)
    await expect.poll(lastReader).toMatchObject({ card: guid, since })
    readers.remove('A')
    await expect.poll(lastReader).toMatchObject({ state: 'empty' })
    expect(lastReader()).not.toHaveProperty('card')
    expect(lastReader()?.since).toBeGreaterThanOrEqual(since ?? Number.POSITIVE_INFINITY)
  })

  test('a card that is put in again has to be known again', async () => {
    const { readers, cards } = terminal()
    const { card } = newCard()
    readers.insert('A', card)
    cards.seen({ reader: 'A', insertions: 1 }, guid)
    await expect.poll(lastReader).toMatchObject({ card: guid })
    readers.remove('A')
    readers.insert('A', card)
    await expect.poll(() => lastReader()?.state === 'card' && lastReader()?.card === undefined).toBe(true)
    expect(cards.find(guid)).toBeUndefined()
  })

  test('several changes at once are told as one, each with a higher revision', async () => {
    const { readers } = terminal()
    await expect.poll(last).toBeDefined()
    const before = told.length
    readers.insert('A', newCard().card)
    readers.insert('B', newCard().card)
    readers.remove('B')
    await expect.poll(() => lastReader()?.state).toBe('card')
    expect(told.length).toBe(before + 1)
    const revisions = told.map((presence) => (presence.kind === 'present' ? presence.revision : 0))
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    expect(new Set(revisions).size).toBe(revisions.length)
  })

  test('a terminal that goes in order says so itself', async () => {
    const { presence, broker } = terminal()
    await expect.poll(last).toMatchObject({ kind: 'present' })
    const present = last()
    await presence.leave()
    await broker.close()
    await expect.poll(last).toEqual({ kind: 'gone', connectedAt: present?.connectedAt })
  })

  test('one that is cut off is declared gone by the broker; a new connection is a later one', async () => {
    const first = terminal()
    await expect.poll(last).toMatchObject({ kind: 'present' })
    const before = last()?.connectedAt ?? 0
    // Another client of the same name takes the connection away, as the loss of a network would (MQTT 5 section 3.1.4).
    const thief = connect(TERMINAL)
    await expect.poll(() => told.some(({ kind }) => kind === 'gone')).toBe(true)
    expect(told.find(({ kind }) => kind === 'gone')?.connectedAt).toBe(before)
    await thief.close()
    await expect.poll(() => last()?.kind === 'present' && (last()?.connectedAt ?? 0) > before).toBe(true)
    await first.broker.close()
  })

  test('a clock that was set back makes no connection older than one that the gateway knows', async () => {
    const after = Date.now()
    terminal({ now: () => after - 3_600_000, after })
    await expect.poll(() => last()?.kind).toBe('present')
    expect(last()?.connectedAt).toBeGreaterThan(after)
  })
})
