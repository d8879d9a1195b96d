import { toHex } from '../../protocol/bytes.ts'
import { ReaderError, type ReaderState, type ReaderStatus, type ReadersStatus } from '../reader.ts'
import type { Handle, Pcsc } from './binding.ts'
import {
  PNP_NOTIFICATION,
  SCARD_STATE_CHANGED,
  SCARD_STATE_EMPTY,
  SCARD_STATE_EXCLUSIVE,
  SCARD_STATE_IGNORE,
  SCARD_STATE_MUTE,
  SCARD_STATE_PRESENT,
  SCARD_STATE_UNAVAILABLE,
  SCARD_STATE_UNAWARE,
  SCARD_STATE_UNKNOWN,
} from './constants.ts'
import { serviceStateOf } from './errors.ts'
import type { Holds } from './holds.ts'
import { asReaderError } from './messages.ts'

/**
 * The longest wait in one piece, in milliseconds, and the pause before the service is tried again. Changes end the wait
 * at once; that it ends at all is for what services do not announce: pcscd 1.9 keeps quiet when another program
 * lets go of a card, and old versions of macOS when a reader comes.
 */
const lookMs = 1000
/** The same where readers are announced and no card is in any: what is left to miss is an announcement that got lost. */
const restMs = 4000

interface Sight {
  /** SCARD_STATE_* as last reported, with the event counter in the upper 16 bits. */
  readonly state: number
  readonly atr: Uint8Array
}

/**
 * Watches readers and cards in a context of its own, so that its long wait never stands in the way of a command,
 * and tells `publish` of each change. Where the service goes away, it says so and builds the context anew
 * when the service is back. It runs until `stop`.
 */
export class Monitor {
  readonly #pcsc: Pcsc
  readonly #holds: Holds
  readonly #publish: (status: ReadersStatus) => void
  /** Outlives contexts: a reader that comes back goes on counting. */
  readonly #insertions = new Map<string, { count: number; counter: number | undefined }>()
  #sights = new Map<string, Sight>()
  /** The state of the announcements: the count of readers in the upper half ([MS-RDPESC] 2.2.1.5). Undefined where there are none. */
  #arrivals: number | undefined
  #published = ''
  #context: Handle | undefined
  #stopped = false
  #wake: () => void = () => undefined

  constructor(pcsc: Pcsc, holds: Holds, publish: (status: ReadersStatus) => void) {
    this.#pcsc = pcsc
    this.#holds = holds
    this.#publish = publish
  }

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        const context = await this.#pcsc.establishContext()
        this.#context = context
        try {
          await this.#watch(context)
        } finally {
          this.#context = undefined
          this.#forgetSights()
          // A context whose service has died cannot be released; nothing is left of it there.
          await this.#pcsc.releaseContext(context).catch(() => undefined)
        }
      } catch (error) {
        if (this.#stopped) return
        this.#say({ service: serviceStateOf(asReaderError(error)), readers: [] })
        await this.#pause(lookMs)
      }
    }
  }

  stop(): void {
    this.#stopped = true
    this.#wake()
    if (this.#context === undefined) return
    try {
      this.#pcsc.cancel(this.#context)
    } catch {
      // Without its service nothing waits any more.
    }
  }

  async #watch(context: Handle): Promise<void> {
    this.#arrivals = (await this.#announcesReaders(context)) ? SCARD_STATE_UNAWARE : undefined
    let names: readonly string[] = []
    while (!this.#stopped) {
      const before = names
      names = await this.#pcsc.listReaders(context)
      for (const name of [...this.#sights.keys()]) if (!names.includes(name)) this.#forget(name)
      const unseen = names.some((name) => !this.#sights.has(name))
      // With nothing unseen the wait can last: say first what the list alone has changed.
      if (!unseen) this.#sayReaders(names)
      const changed = await this.#look(context, names)
      if (changed) this.#sayReaders(names)
      // A service that returns at once with no news would make this a busy loop.
      else if (names.join('\0') === before.join('\0')) await this.#pause(lookMs)
    }
  }

  /** One wait. True where it ended with something new, or with its time. */
  async #look(context: Handle, names: readonly string[]): Promise<boolean> {
    const looks = names.map((name) => ({ name, currentState: this.#sights.get(name)?.state ?? SCARD_STATE_UNAWARE }))
    if (this.#arrivals !== undefined) looks.push({ name: PNP_NOTIFICATION, currentState: this.#arrivals })
    if (looks.length === 0) return false
    this.#holds.beginLook()
    try {
      const sights = await this.#pcsc.getStatusChange(context, this.#isAtRest(names) ? restMs : lookMs, looks)
      let changed = false
      for (const sight of sights) {
        const state = sight.eventState & ~SCARD_STATE_CHANGED
        if (sight.name === PNP_NOTIFICATION) {
          if ((sight.eventState & SCARD_STATE_CHANGED) !== 0) changed = true
          this.#arrivals = state
          continue
        }
        if (this.#sights.get(sight.name)?.state === state) continue
        changed = true
        this.#sights.set(sight.name, { state, atr: sight.atr })
        this.#countInsertion(sight.name, state)
      }
      return changed
    } catch (error) {
      if (!(error instanceof ReaderError)) throw error
      if (error.kind === 'timeout') return true
      // A reader of the list is gone already: look at the list again.
      if (error.kind === 'reader-gone' || error.kind === 'cancelled') return false
      throw error
    }
  }

  #isAtRest(names: readonly string[]): boolean {
    return (
      this.#arrivals !== undefined && names.every((name) => ((this.#sights.get(name)?.state ?? 0) & SCARD_STATE_PRESENT) === 0)
    )
  }

  /** Whether the service announces readers that come and go. Old macOS versions do not know the name. */
  async #announcesReaders(context: Handle): Promise<boolean> {
    try {
      const [sight] = await this.#pcsc.getStatusChange(context, 0, [
        { name: PNP_NOTIFICATION, currentState: SCARD_STATE_UNAWARE },
      ])
      return sight !== undefined && (sight.eventState & SCARD_STATE_UNKNOWN) === 0
    } catch (error) {
      if (error instanceof ReaderError && error.kind === 'timeout') return true
      if (error instanceof ReaderError && error.kind === 'reader-gone') return false
      throw error
    }
  }

  #countInsertion(name: string, state: number): void {
    const counter = (state & SCARD_STATE_PRESENT) === 0 ? undefined : state >>> 16
    const last = this.#insertions.get(name) ?? { count: 0, counter: undefined }
    // The counter tells of a card that was pulled and put back between two looks.
    const inserted = counter !== undefined && counter !== last.counter
    this.#insertions.set(name, { count: last.count + (inserted ? 1 : 0), counter })
  }

  #forget(name: string): void {
    this.#sights.delete(name)
    const last = this.#insertions.get(name)
    if (last !== undefined) this.#insertions.set(name, { count: last.count, counter: undefined })
  }

  /** What happened to the cards while nobody looked is unknown: a card that is there afterwards counts as a new one. */
  #forgetSights(): void {
    for (const name of [...this.#sights.keys()]) this.#forget(name)
    this.#sights = new Map()
  }

  #sayReaders(names: readonly string[]): void {
    const readers: ReaderStatus[] = []
    for (const name of names) {
      const sight = this.#sights.get(name)
      const state = sight === undefined ? undefined : this.#readerState(name, sight)
      if (state === undefined) continue
      readers.push({ name, simulated: false, insertions: this.#insertions.get(name)?.count ?? 0, state })
    }
    this.#say({ service: { kind: 'ready' }, readers })
  }

  /** Undefined for a reader that the service lists and cannot use: it is about to go, or about to come. */
  #readerState(name: string, { state, atr }: Sight): ReaderState | undefined {
    if ((state & (SCARD_STATE_UNKNOWN | SCARD_STATE_IGNORE | SCARD_STATE_UNAVAILABLE)) !== 0) return undefined
    if ((state & SCARD_STATE_PRESENT) === 0) return (state & SCARD_STATE_EMPTY) === 0 ? undefined : { kind: 'empty' }
    if ((state & SCARD_STATE_MUTE) !== 0 || atr.length === 0) return { kind: 'mute' }
    if ((state & SCARD_STATE_EXCLUSIVE) !== 0 && !this.#holds.heldDuringLook(name)) return { kind: 'in-use', atr }
    return { kind: 'card', atr }
  }

  #say(status: ReadersStatus): void {
    const text = JSON.stringify(status, (_, value) => (value instanceof Uint8Array ? toHex(value) : value))
    if (text === this.#published) return
    this.#published = text
    this.#publish(status)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#stopped) this.#wake()
    })
  }
}
