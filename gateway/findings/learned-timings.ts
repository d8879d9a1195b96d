/**
 * What the delay rule has learned, kept in the store, so that it survives a restart and every worker knows it. A login's event
 * is judged after its answer has left: then card and reader are read, judged, and written in batches.
 */
import { describeError, type Log } from '../log.ts'
import type { Store, StoreReader } from '../store/store.ts'
import { BoundedMap } from './bounded-map.ts'
import { CardTimings, ReaderTimings, type TimingMemory } from './timing-memory.ts'

type Timings = CardTimings | ReaderTimings

/** Only what is not written yet must stay in memory. */
const REMEMBERED = 20_000
/** In one commit: it holds the thread for some milliseconds. */
const BATCH = 200
/** Unwritten cards and readers; more only where the store is away, and then the oldest are forgotten. */
const MOST_UNSAVED = 10_000

export class LearnedTimings implements TimingMemory {
  readonly #store: Store
  readonly #log: Log
  readonly #cards = new BoundedMap<CardTimings>(REMEMBERED)
  readonly #readers = new BoundedMap<ReaderTimings>(REMEMBERED)
  readonly #unsaved = new Map<string, Timings>()
  #saving: Promise<void> | undefined

  constructor(store: Store, log: Log) {
    this.#store = store
    this.#log = log
  }

  card(card: string): CardTimings {
    return this.#cards.obtain(card, () => new CardTimings())
  }

  reader(reader: string): ReaderTimings {
    return this.#readers.obtain(reader, () => new ReaderTimings())
  }

  /** What other workers have written meanwhile comes in. */
  async refresh(store: StoreReader, card: string, reader: string): Promise<void> {
    this.card(card).restore(await store.timings(`card ${card}`))
    this.reader(reader).restore(await store.timings(`reader ${reader}`))
  }

  /** A login of that card at that reader was judged. */
  learned(card: string, reader: string): void {
    this.#keep(`card ${card}`, this.card(card))
    this.#keep(`reader ${reader}`, this.reader(reader))
  }

  /** Never rejects: what could not be written stays for the next time. */
  async save(): Promise<void> {
    if (this.#saving !== undefined) return this.#saving
    if (this.#unsaved.size === 0) return
    this.#saving = this.#saveAll().finally(() => {
      this.#saving = undefined
    })
    return this.#saving
  }

  #keep(subject: string, timings: Timings): void {
    if (timings.isStored) return
    const oldest = this.#unsaved.size >= MOST_UNSAVED ? this.#unsaved.keys().next().value : undefined
    if (oldest !== undefined) this.#unsaved.delete(oldest)
    this.#unsaved.set(subject, timings)
  }

  async #saveAll(): Promise<void> {
    try {
      while (this.#unsaved.size > 0) {
        const batch = [...this.#unsaved].slice(0, BATCH)
        const written = await this.#store.transaction(async (tx) => {
          const written: (() => void)[] = []
          for (const [subject, timings] of batch) {
            timings.restore(await tx.timings(subject))
            const { bytes, stored } = timings.snapshot()
            await tx.saveTimings(subject, bytes)
            written.push(stored)
          }
          return written
        })
        for (const stored of written) stored()
        for (const [subject, timings] of batch) if (timings.isStored) this.#unsaved.delete(subject)
      }
    } catch (error) {
      this.#log('warning', 'timings-not-saved', describeError(error))
    }
  }
}
