/** Counts that fade: each event adds one, time takes away at a constant rate. One number and one time, whatever the traffic. */
export class LeakyBucket {
  #level = 0
  #at = Number.NEGATIVE_INFINITY
  /** True from the event that crossed the limit until the level has fallen to half of it, so that one burst is one finding. */
  #over = false
  readonly #limit: number
  readonly #drainPerMs: number

  /** `limit` events are allowed within `windowMs`. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit
    this.#drainPerMs = limit / windowMs
  }

  get level(): number {
    return this.#level
  }

  /** Adds one event; 'crossed' for the one that goes over the limit, 'over' for those behind it. */
  add(at: number): 'within' | 'crossed' | 'over' {
    // Time that goes backwards (two clocks, a correction) drains nothing.
    const elapsedMs = Math.max(0, at - this.#at)
    this.#level = Number.isFinite(elapsedMs) ? Math.max(0, this.#level - elapsedMs * this.#drainPerMs) : 0
    this.#at = Math.max(at, this.#at)
    if (this.#over && this.#level <= this.#limit / 2) this.#over = false
    this.#level += 1
    if (this.#level <= this.#limit) return 'within'
    if (this.#over) return 'over'
    this.#over = true
    return 'crossed'
  }
}
