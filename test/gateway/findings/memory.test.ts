import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedMap } from '../../../gateway/findings/bounded-map.ts'
import { LeakyBucket } from '../../../gateway/findings/leaky-bucket.ts'
import { type CardLogin, CardTimings, ReaderTimings, type ReaderVisit } from '../../../gateway/findings/timing-memory.ts'

describe('a bounded map', () => {
  it('never holds more than its capacity and keeps what was used last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.integer({ min: 0, max: 20 })), (capacity, keys) => {
        const map = new BoundedMap<number>(capacity)
        for (const key of keys) map.obtain(String(key), () => key)
        expect(map.size).toBeLessThanOrEqual(capacity)
        const lastUsed = [...new Set([...keys].reverse())].slice(0, capacity)
        for (const key of lastUsed) expect(map.get(String(key))).toBe(key)
      }),
    )
  })
})

describe('a leaky bucket', () => {
  it('allows its limit at once and reports the crossing once', () => {
    const bucket = new LeakyBucket(3, 1_000)
    expect([0, 1, 2, 3, 4].map((at) => bucket.add(at))).toEqual(['within', 'within', 'within', 'crossed', 'over'])
  })

  it('allows its limit in each window for ever', () => {
    const bucket = new LeakyBucket(10, 1_000)
    for (let i = 0; i < 10_000; i += 1) expect(bucket.add(i * 100)).toBe('within')
  })

  it('reports a burst that lasts once for each window, and forgets it one window after its end', () => {
    const bucket = new LeakyBucket(10, 1_000)
    const crossed = Array.from({ length: 5_000 }, (_, i) => bucket.add(i)).filter((verdict) => verdict === 'crossed')
    expect(crossed).toHaveLength(5)
    for (let i = 0; i < 10; i += 1) bucket.add(7_200)
    expect(bucket.add(7_200)).toBe('crossed')
  })

  it('drains nothing when a clock goes back', () => {
    const bucket = new LeakyBucket(2, 1_000)
    bucket.add(10_000)
    bucket.add(10_000)
    expect(bucket.add(0)).toBe('crossed')
  })
})

describe('what is learned of cards and readers', () => {
  const ms = fc.oneof(
    fc.constant(Number.NaN),
    fc.integer({ min: 0, max: 65_534 }).map((tenths) => tenths / 10),
  )
  const times = fc.tuple(ms, ms, ms)
  const tag = fc.integer({ min: 0, max: 0xffff_ffff })
  const cardLogins: fc.Arbitrary<CardLogin[]> = fc.array(fc.record({ reader: tag, times, usual: times }), { maxLength: 60 })
  const lateMs = fc.oneof(
    fc.constant(Number.NaN),
    fc.integer({ min: -9000, max: 9000 }).map((tenths) => tenths / 10),
  )
  const visits: fc.Arbitrary<ReaderVisit[]> = fc.array(fc.record({ card: fc.integer({ min: 0, max: 70 }), times, lateMs }), {
    maxLength: 120,
  })

  it('comes back from its bytes, which never grow beyond their bound', () => {
    fc.assert(
      fc.property(cardLogins, visits, (logins, seen) => {
        const [card, reader] = [new CardTimings(), new ReaderTimings()]
        for (const login of logins) card.learn(login)
        for (const visit of seen) reader.learn(visit)
        expect(card.snapshot().bytes.length).toBeLessThanOrEqual(24 * 16)
        expect(reader.snapshot().bytes.length).toBeLessThanOrEqual(48 * 12)
        const [card2, reader2] = [new CardTimings(), new ReaderTimings()]
        card2.restore(card.snapshot().bytes)
        reader2.restore(reader.snapshot().bytes)
        expect(card2.list()).toEqual(logins.slice(-24))
        expect(reader2.list()).toEqual(reader.list())
      }),
    )
  })

  it('by two workers adds up', () => {
    const [one, two] = [new CardTimings(), new CardTimings()]
    const login = (reader: number): CardLogin => ({ reader, times: [1, 2, 3], usual: [1, 2, 3] })
    let stored: Uint8Array | undefined
    const save = (timings: CardTimings): void => {
      timings.restore(stored)
      const snapshot = timings.snapshot()
      stored = snapshot.bytes
      snapshot.stored()
    }
    one.learn(login(1))
    two.learn(login(2))
    save(one)
    one.learn(login(3))
    save(two)
    save(one)
    expect(one.list().map(({ reader }) => reader)).toEqual([1, 2, 3])
    expect(one.isStored).toBe(true)
  })

  it('holds each card of a reader once', () => {
    const reader = new ReaderTimings()
    for (let i = 0; i < 100; i += 1) reader.learn({ card: i % 2, times: [i, i, i], lateMs: 0 })
    expect(reader.list().map(({ card, times }) => [card, times[0]])).toEqual([
      [0, 98],
      [1, 99],
    ])
  })

  it('is nothing where the bytes are damaged', () => {
    const card = new CardTimings()
    card.restore(new Uint8Array(17))
    expect(card.list()).toEqual([])
    card.restore(new Uint8Array(16 * 25))
    expect(card.list()).toEqual([])
  })
})
