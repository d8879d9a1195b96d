/** Terminals that are to slow down, until when. In this worker's memory: a flood is held back where it arrives. */
import { BoundedMap } from './bounded-map.ts'

const CAPACITY = 10_000

export class Restraints {
  readonly #until = new BoundedMap<number>(CAPACITY)

  slowDown(terminal: string, until: number): void {
    this.#until.set(terminal, Math.max(until, this.#until.get(terminal) ?? 0))
  }

  /** How long that terminal has to wait still, in milliseconds; undefined where it may go on. */
  waitMs(terminal: string, now: number): number | undefined {
    const until = this.#until.get(terminal)
    return until === undefined || until <= now ? undefined : Math.ceil(until - now)
  }
}
