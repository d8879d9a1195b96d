/** A PC/SC service in memory, for what no virtual reader does: mute cards, readers that go, services without announcements. */

import type { Handle, Pcsc } from '../../../native/pcsc/binding.ts'
import { PNP_NOTIFICATION, SCARD_STATE_CHANGED, SCARD_STATE_UNKNOWN } from '../../../native/pcsc/constants.ts'
import { pcscError } from '../../../native/pcsc/errors.ts'
import type { ReaderLook, ReaderSight } from '../../../native/pcsc/layout.ts'
import { ReaderError } from '../../../native/reader.ts'

const TIMEOUT = 0x8010000a
const CANCELLED = 0x80100002
const UNKNOWN_READER = 0x80100009

export interface FakeReader {
  state: number
  atr: Uint8Array
}

export class FakePcsc implements Pcsc {
  readonly readers = new Map<string, FakeReader>()
  /** False for a service that does not know the announcing name. */
  announces = true
  /** True for a service whose waits end at once without news. */
  restless = false
  /** The code with which every function fails, as while the service is down. */
  down: number | undefined
  lists = 0
  readonly released: Handle[] = []
  /** What a card answers; an error is thrown. Set per test. */
  onTransmit: (command: Uint8Array) => Uint8Array | ReaderError = () => Uint8Array.of(0x90, 0)
  /** Settles beginTransaction. */
  onBegin: () => Promise<void> = async () => undefined
  #handles = 0
  #wakers = new Set<() => void>()

  set(name: string, state: number, atr = Uint8Array.of(0x3b, 0x00)): void {
    this.readers.set(name, { state, atr })
    this.wake()
  }

  remove(name: string): void {
    this.readers.delete(name)
    this.wake()
  }

  fail(code: number | undefined): void {
    this.down = code
    this.wake()
  }

  wake(): void {
    for (const waker of [...this.#wakers]) waker()
  }

  async establishContext(): Promise<Handle> {
    this.#check()
    this.#handles += 1
    return this.#handles
  }

  async releaseContext(context: Handle): Promise<void> {
    this.released.push(context)
  }

  isValidContext(): boolean {
    return this.down === undefined
  }

  cancel(): void {
    this.#cancelled = true
    this.wake()
  }
  #cancelled = false

  async listReaders(): Promise<string[]> {
    this.#check()
    this.lists += 1
    return [...this.readers.keys()]
  }

  async getStatusChange(_context: Handle, timeoutMs: number, looks: readonly ReaderLook[]): Promise<ReaderSight[]> {
    this.#check()
    const deadline = Date.now() + timeoutMs
    const count = this.readers.size
    for (;;) {
      const sights = looks.map((look) => this.#sight(look, count))
      if (this.restless || sights.some(({ eventState }) => (eventState & SCARD_STATE_CHANGED) !== 0)) return sights
      if (Date.now() >= deadline) throw pcscError(TIMEOUT)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(finish, deadline - Date.now())
        const wakers = this.#wakers
        function finish() {
          clearTimeout(timer)
          wakers.delete(finish)
          resolve()
        }
        wakers.add(finish)
      })
      if (this.#cancelled) throw pcscError(CANCELLED)
      this.#check()
    }
  }

  #sight(look: ReaderLook, count: number): ReaderSight {
    const none = new Uint8Array(0)
    if (look.name === PNP_NOTIFICATION) {
      if (!this.announces) throw pcscError(UNKNOWN_READER)
      const changed = this.readers.size === count ? 0 : SCARD_STATE_CHANGED
      return { ...look, eventState: (this.readers.size << 16) | changed, atr: none }
    }
    const reader = this.readers.get(look.name)
    if (reader === undefined) return { ...look, eventState: SCARD_STATE_UNKNOWN | SCARD_STATE_CHANGED, atr: none }
    const changed = reader.state === look.currentState ? 0 : SCARD_STATE_CHANGED
    return { ...look, eventState: reader.state | changed, atr: reader.atr }
  }

  async connect(_context: Handle, reader: string) {
    this.#check()
    if (!this.readers.has(reader)) throw pcscError(UNKNOWN_READER)
    this.#handles += 1
    return { card: this.#handles, protocol: 'T=1' as const }
  }

  async reconnect() {
    return 'T=1' as const
  }

  async disconnect(): Promise<void> {}

  beginTransaction(): Promise<void> {
    return this.onBegin()
  }

  async endTransaction(): Promise<void> {}

  async atr(): Promise<Uint8Array> {
    return Uint8Array.of(0x3b, 0x00)
  }

  transmit(_card: Handle, _protocol: 'T=0' | 'T=1', command: Uint8Array): Uint8Array {
    const answer = this.onTransmit(command)
    if (answer instanceof ReaderError) throw answer
    return answer
  }

  async control(): Promise<Uint8Array> {
    return new Uint8Array(0)
  }

  #check(): void {
    if (this.down !== undefined) throw pcscError(this.down)
  }
}
