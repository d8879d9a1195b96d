/** Counts that fade: each event adds one, time takes away at a constant rate. Three numbers, whatever the traffic. */
export class LeakyBucket {
  #level = 0
  #at = Number.NEGATIVE_INFINITY
  /** When the limit was crossed; until the level has fallen to half of it, one burst is one crossing for each window. */
  #crossedAt: number | undefined
  readonly #limit: number
  readonly #windowMs: number

  /** `limit` events are allowed within `windowMs`. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit
    this.#windowMs = windowMs
  }

  /** Adds one event; 'crossed' for the one that goes over the limit, and again after each window that it stays there. */
  add(at: number): 'within' | 'crossed' | 'over' {
    this.#drain(at)
    // No deeper than twice the limit: what is over is forgotten after one window, however much it was.
    this.#level = Math.min(this.#level + 1, 2 * this.#limit + 1)
    if (this.#level <= this.#limit) return 'within'
    if (this.#crossedAt !== undefined && at - this.#crossedAt < this.#windowMs) return 'over'
    this.#crossedAt = at
    return 'crossed'
  }

  /** Takes back events that turned out to be harmless. */
  forgive(events: number): void {
    this.#level = Math.max(0, this.#level - events)
  }

  #drain(at: number): void {
    // Time that goes backwards (two clocks, a correction) drains nothing.
    const elapsedMs = Math.max(0, at - this.#at)
    this.#at = Math.max(at, this.#at)
    const drained = (elapsedMs * this.#limit) / this.#windowMs
    this.#level = Number.isFinite(drained) ? Math.max(0, this.#level - drained) : 0
    if (this.#level <= this.#limit / 2) this.#crossedAt = undefined
  }
}
