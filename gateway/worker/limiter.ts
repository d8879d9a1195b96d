/**
 * Slows down whoever fails again and again: after five failures without a success each further one doubles the wait, from
 * one second to one minute. Ten minutes without a failure are forgiven. Constant memory, whatever names come.
 */
import { BoundedMap } from '../findings/bounded-map.ts'

const FREE_FAILURES = 5
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
const FORGIVEN_AFTER_MS = 10 * 60_000
const CAPACITY = 10_000

interface Record {
  failures: number
  lastAt: number
}

export class FailureLimiter {
  readonly #records = new BoundedMap<Record>(CAPACITY)

  /** How long that one has to wait still, in milliseconds; undefined where it may try. */
  waitMs(key: string, now: number): number | undefined {
    const record = this.#records.get(key)
    if (record === undefined || record.failures < FREE_FAILURES) return undefined
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(record.failures - FREE_FAILURES, 16))
    const left = record.lastAt + waitMs - now
    return left > 0 ? Math.ceil(left) : undefined
  }

  failed(key: string, now: number): void {
    const record = this.#records.obtain(key, () => ({ failures: 0, lastAt: now }))
    if (now - record.lastAt > FORGIVEN_AFTER_MS) record.failures = 0
    record.failures += 1
    record.lastAt = now
  }

  succeeded(key: string): void {
    const record = this.#records.get(key)
    if (record !== undefined) record.failures = 0
  }
}
