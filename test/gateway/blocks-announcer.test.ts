/** What must reach the broker waits for it, and goes out at its return. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Announcer } from '../../gateway/blocks/announcer.ts'
import { type Broker, BrokerError, type BrokerState } from '../../native/broker.ts'

const CONNECTED: BrokerState = { kind: 'connected', protocol: '5' }

/** A broker that takes a message when it is there, and says so when the test wants it. */
class FakeBroker {
  present = true
  /** Takes messages, and never says that it has them. */
  silent = false
  readonly taken: { topic: string; text: string; retain: boolean }[] = []
  readonly #listeners = new Set<(state: BrokerState) => void>()

  readonly port = {
    state: () => (this.present ? CONNECTED : { kind: 'connecting' }),
    onState: (listener: (state: BrokerState) => void) => {
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    },
    publish: (topic: string, payload: Uint8Array, { retain = false }: { retain?: boolean }) => {
      if (!this.present) return Promise.reject(new BrokerError('offline', 'offline'))
      this.taken.push({ topic, text: new TextDecoder().decode(payload), retain })
      return this.silent ? new Promise<void>(() => undefined) : Promise.resolve()
    },
  } as unknown as Broker

  back(): void {
    this.present = true
    for (const listener of [...this.#listeners]) listener(CONNECTED)
  }
}

let broker: FakeBroker
let announcer: Announcer
beforeEach(() => {
  broker = new FakeBroker()
  announcer = new Announcer(broker.port, () => undefined)
})
const publish = (key: string, text = key) =>
  announcer.publish(key, `topic/${key}`, new TextEncoder().encode(text), { retain: false })
const texts = () => broker.taken.map(({ text }) => text)

describe('an announcement', () => {
  test('has been handed over when the call returns, before anything is waited for', async () => {
    const published = publish('a')
    expect(texts()).toEqual(['a'])
    expect(await published).toBe(true)
    broker.back()
    expect(texts()).toEqual(['a'])
  })

  test('waits for a broker that is away, and goes out at its return', async () => {
    broker.present = false
    const [a, b] = [publish('a'), publish('b')]
    await Promise.resolve()
    expect(texts()).toEqual([])
    broker.back()
    expect(await Promise.all([a, b])).toEqual([true, true])
    expect(texts()).toEqual(['a', 'b'])
  })

  test('that the broker never said it has goes out again at its return', async () => {
    broker.silent = true
    const published = publish('a')
    broker.silent = false
    broker.back()
    expect(await published).toBe(true)
    expect(texts()).toEqual(['a', 'a'])
  })

  test('is tried again while the broker is there but did not take it', async () => {
    vi.useFakeTimers()
    try {
      broker.present = false
      const published = publish('a')
      await Promise.resolve()
      await Promise.resolve()
      broker.present = true
      await vi.advanceTimersByTimeAsync(1000)
      expect(await published).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  test('takes the place of an earlier one with its key', async () => {
    broker.present = false
    const [first, second] = [publish('version', '1'), publish('version', '2')]
    expect(await first).toBe(false)
    broker.back()
    expect(await second).toBe(true)
    expect(texts()).toEqual(['2'])
  })

  test('is given up when too many wait, the oldest first, and when the gateway ends', async () => {
    broker.present = false
    const first = publish('first')
    const rest = Array.from({ length: 10_000 }, (_, i) => publish(`n${i}`))
    expect(await first).toBe(false)
    announcer.close()
    expect(new Set(await Promise.all(rest))).toEqual(new Set([false]))
    broker.back()
    expect(texts()).toEqual([])
  })
})
