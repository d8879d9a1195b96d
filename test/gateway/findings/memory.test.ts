import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedMap } from '../../../gateway/findings/bounded-map.ts'
import { LeakyBucket } from '../../../gateway/findings/leaky-bucket.ts'

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

  it('drains nothing when a clock goes back', () => {
    const bucket = new LeakyBucket(2, 1_000)
    bucket.add(10_000)
    bucket.add(10_000)
    expect(bucket.add(0)).toBe('crossed')
  })
})
