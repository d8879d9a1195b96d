/**
 * What the delay rule has learned of each card and each reader: rings of their latest logins, a constant number of bytes
 * each, so that they can be stored with the card and shared by all workers.
 */
import { BoundedMap } from './bounded-map.ts'
import { REMEMBERED } from './rules/rule.ts'

/** The exchanges of a login that are timed, in this order wherever times stand in a row: VERIFY, signature, empty VERIFY. */
export const EXCHANGES = 3

/** Milliseconds of each exchange; NaN where it was not told. */
export type Times = readonly number[]

/** Logins of a card, and cards of a reader, that are remembered. */
const CARD_LOGINS = 24
const READER_CARDS = 48

/** Tenths of a millisecond in 16 bits, which is finer than a timer and reaches to 6.5 s; the highest value stands for none. */
const NONE = 0xffff
const toTenths = (ms: number): number => (Number.isNaN(ms) ? NONE : Math.max(0, Math.min(NONE - 1, Math.round(ms * 10))))
const fromTenths = (tenths: number): number => (tenths === NONE ? Number.NaN : tenths / 10)
/** Differences may be negative. */
const DIFFERENCE_NONE = -0x8000
const toDifference = (ms: number): number =>
  Number.isNaN(ms) ? DIFFERENCE_NONE : Math.max(-0x7fff, Math.min(0x7fff, Math.round(ms * 10)))
const fromDifference = (tenths: number): number => (tenths === DIFFERENCE_NONE ? Number.NaN : tenths / 10)

/** FNV-1a with 32 bits: tells readers and cards apart in a ring; a collision costs precision and nothing else. */
export function tagOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

export interface CardLogin {
  /** The reader, by its tag. */
  readonly reader: number
  readonly times: Times
  /** What the reader's cards took at that time (their median), so that times at different readers can be compared. */
  readonly usual: Times
}

export interface ReaderVisit {
  /** The card, by its tag. */
  readonly card: number
  readonly times: Times
  /** How late it was against its own history; NaN where that was not known. */
  readonly lateMs: number
}

/** The latest entries, oldest first, in bytes that never grow beyond `capacity` entries. */
abstract class Ring<Entry> {
  protected entries: Entry[] = []
  #unsaved: Entry[] = []
  readonly #capacity: number
  readonly #entryLength: number

  constructor(capacity: number, entryLength: number) {
    this.#capacity = capacity
    this.#entryLength = entryLength
  }

  protected abstract write(view: DataView, at: number, entry: Entry): void
  protected abstract read(view: DataView, at: number): Entry
  protected abstract replaces(entry: Entry, older: Entry): boolean

  list(): readonly Entry[] {
    return this.entries
  }

  get isStored(): boolean {
    return this.#unsaved.length === 0
  }

  learn(entry: Entry): void {
    this.entries = this.#with(this.entries, entry)
    this.#unsaved = this.#with(this.#unsaved, entry)
  }

  /** What is stored, perhaps by another worker, and on top of it what was learned here since. Damaged bytes count as none. */
  restore(stored: Uint8Array | undefined): void {
    let entries = stored === undefined ? [] : this.#decode(stored)
    for (const entry of this.#unsaved) entries = this.#with(entries, entry)
    this.entries = entries
  }

  /** The bytes to store, and what to call once they are stored: what was learned meanwhile is still to be. */
  snapshot(): { readonly bytes: Uint8Array; readonly stored: () => void } {
    const written = this.#unsaved
    return {
      bytes: this.#encode(),
      stored: () => {
        this.#unsaved = this.#unsaved.filter((entry) => !written.includes(entry))
      },
    }
  }

  #encode(): Uint8Array {
    const bytes = new Uint8Array(this.entries.length * this.#entryLength)
    const view = new DataView(bytes.buffer)
    for (const [i, entry] of this.entries.entries()) this.write(view, i * this.#entryLength, entry)
    return bytes
  }

  #with(entries: readonly Entry[], entry: Entry): Entry[] {
    const next = entries.filter((older) => !this.replaces(entry, older))
    next.push(entry)
    return next.length > this.#capacity ? next.slice(next.length - this.#capacity) : next
  }

  #decode(bytes: Uint8Array): Entry[] {
    const count = bytes.length / this.#entryLength
    if (!Number.isInteger(count) || count > this.#capacity) return []
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return Array.from({ length: count }, (_, i) => this.read(view, i * this.#entryLength))
  }
}

function writeTimes(view: DataView, at: number, times: Times): void {
  for (let i = 0; i < EXCHANGES; i += 1) view.setUint16(at + 2 * i, toTenths(times[i] ?? Number.NaN))
}

function readTimes(view: DataView, at: number): Times {
  return Array.from({ length: EXCHANGES }, (_, i) => fromTenths(view.getUint16(at + 2 * i)))
}

const TIMES_LENGTH = 2 * EXCHANGES

/** 16 bytes for each login. */
export class CardTimings extends Ring<CardLogin> {
  constructor() {
    super(CARD_LOGINS, 4 + 2 * TIMES_LENGTH)
  }
  protected write(view: DataView, at: number, { reader, times, usual }: CardLogin): void {
    view.setUint32(at, reader)
    writeTimes(view, at + 4, times)
    writeTimes(view, at + 4 + TIMES_LENGTH, usual)
  }
  protected read(view: DataView, at: number): CardLogin {
    return { reader: view.getUint32(at), times: readTimes(view, at + 4), usual: readTimes(view, at + 4 + TIMES_LENGTH) }
  }
  protected replaces(): boolean {
    return false
  }
}

/** 12 bytes for each card. A card stands in it once, so that one card alone cannot say what is usual here. */
export class ReaderTimings extends Ring<ReaderVisit> {
  constructor() {
    super(READER_CARDS, 4 + TIMES_LENGTH + 2)
  }
  protected write(view: DataView, at: number, { card, times, lateMs }: ReaderVisit): void {
    view.setUint32(at, card)
    writeTimes(view, at + 4, times)
    view.setInt16(at + 4 + TIMES_LENGTH, toDifference(lateMs))
  }
  protected read(view: DataView, at: number): ReaderVisit {
    const lateMs = fromDifference(view.getInt16(at + 4 + TIMES_LENGTH))
    return { card: view.getUint32(at), times: readTimes(view, at + 4), lateMs }
  }
  protected replaces(entry: ReaderVisit, older: ReaderVisit): boolean {
    return entry.card === older.card
  }
}

export interface TimingMemory {
  card(card: string): CardTimings
  reader(reader: string): ReaderTimings
}

/** In this process alone. */
export function createTimingMemory(): TimingMemory {
  const cards = new BoundedMap<CardTimings>(REMEMBERED)
  const readers = new BoundedMap<ReaderTimings>(REMEMBERED)
  return {
    card: (card) => cards.obtain(card, () => new CardTimings()),
    reader: (reader) => readers.obtain(reader, () => new ReaderTimings()),
  }
}

/** The reader as the rule knows it: the terminal and its reader's name. */
export function readerKey(terminal: string, reader: string | undefined): string {
  return `${terminal}/${reader ?? ''}`
}
