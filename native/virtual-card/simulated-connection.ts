/** One program's connection to the card in a simulated reader. */

import { findPinPad } from '../pin-pad.ts'
import { type CardConnection, type Disposition, type PinPad, ReaderError } from '../reader.ts'
import type { VirtualCard } from './card.ts'
import type { CardFaults } from './faults.ts'
import { type SimulatedPad, simulatedControlCode } from './simulated-pad.ts'

/** What a reader shares between all programs that use it. */
export interface Slot {
  readonly name: string
  readonly faults: CardFaults
  card: VirtualCard | undefined
  /** The card does not answer. */
  mute: boolean
  /** The reader's own pad, where it has one. */
  pad: SimulatedPad | undefined
  insertions: number
  readonly connections: Set<SimulatedConnection>
  transaction: { readonly holder: SimulatedConnection; depth: number } | undefined
  /** Those who wait for the transaction to end, first come first served; called to try again. */
  readonly waiting: (() => void)[]
}

export class SimulatedConnection implements CardConnection {
  readonly reader: string
  readonly atr: Uint8Array
  readonly protocol = 'T=1'
  readonly exclusive: boolean
  /** Set by the reader: the fault plan pulled the card. */
  onPulled: () => void = () => {}
  readonly #slot: Slot
  readonly #card: VirtualCard
  readonly #onEnd: () => void
  /** Why nothing works any more. */
  #ended: ReaderError | undefined
  /** Someone else reset the card: nothing works until reconnect. */
  #resetByOther = false
  readonly #ifEnded = new Set<(error: ReaderError) => void>()
  /** The reader does one thing at a time. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(slot: Slot, card: VirtualCard, exclusive: boolean, onEnd: () => void) {
    this.reader = slot.name
    this.atr = card.atr
    this.exclusive = exclusive
    this.#slot = slot
    this.#card = card
    this.#onEnd = onEnd
  }

  /** Ends this connection; whatever it waits for rejects at once. */
  fail(error: ReaderError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#slot.connections.delete(this)
    for (const reject of [...this.#ifEnded]) reject(error)
    this.#ifEnded.clear()
    this.#onEnd()
  }

  transmit(command: Uint8Array, took?: (ms: number) => void): Promise<Uint8Array> {
    const bytes = Uint8Array.from(command)
    const done = this.#queue.then(async () => {
      const begin = performance.now()
      const answer = await this.#transmit(bytes)
      took?.(performance.now() - begin)
      return answer
    })
    this.#queue = done.catch(() => {})
    return done
  }

  async #transmit(command: Uint8Array): Promise<Uint8Array> {
    try {
      this.#check()
      const { faults } = this.#slot
      if (faults.delayMs > 0) await this.#unlessEnded((resolve) => setTimeout(resolve, faults.delayMs))
      this.#check()
      const outcome = faults.apply(this.#card, command)
      if (outcome.kind !== 'answered') this.onPulled()
      if (outcome.kind === 'pulled') throw this.#ended ?? new ReaderError('card-removed', 'SCARD_W_REMOVED_CARD')
      return outcome.answer
    } finally {
      command.fill(0)
    }
  }

  async beginTransaction(): Promise<void> {
    for (;;) {
      this.#check({ evenInTransaction: true })
      const { transaction } = this.#slot
      if (transaction === undefined) {
        this.#slot.transaction = { holder: this, depth: 1 }
        return
      }
      if (transaction.holder === this) {
        transaction.depth += 1
        return
      }
      await this.#unlessEnded((resolve) => this.#slot.waiting.push(resolve))
    }
  }

  async endTransaction(disposition: Disposition): Promise<void> {
    this.#check({ evenInTransaction: true })
    const { transaction } = this.#slot
    if (transaction?.holder !== this) throw new ReaderError('unexpected', 'SCARD_E_NOT_TRANSACTED')
    this.#dispose(disposition)
    transaction.depth -= 1
    if (transaction.depth === 0) this.#release()
  }

  async reconnect(disposition: Disposition): Promise<void> {
    this.#resetByOther = false
    this.#check()
    this.#dispose(disposition)
  }

  async control(code: number, input: Uint8Array): Promise<Uint8Array> {
    this.#check()
    const { pad } = this.#slot
    if (pad === undefined) throw new ReaderError('bad-argument', 'SCARD_E_UNSUPPORTED_FEATURE')
    // The reader's own command, which no program sees.
    const send = (command: Uint8Array) => this.transmit(command)
    return pad.control(code, input, send, (start) => this.#unlessEndedWith(start))
  }

  pinPad(): Promise<PinPad | undefined> {
    return findPinPad(this, simulatedControlCode)
  }

  async disconnect(disposition: Disposition): Promise<void> {
    if (this.#ended !== undefined) return
    // What was asked before is done first; a card that is pulled meanwhile ends that at once.
    await this.#queue
    if (this.#ended !== undefined) return
    this.#dispose(disposition)
    if (this.#slot.transaction?.holder === this) this.#release()
    this.fail(new ReaderError('cancelled', 'SCARD_E_INVALID_HANDLE'))
  }

  #check({ evenInTransaction = false } = {}): void {
    if (this.#ended !== undefined) throw this.#ended
    if (this.#resetByOther) throw new ReaderError('card-reset', 'SCARD_W_RESET_CARD')
    const { transaction } = this.#slot
    if (!evenInTransaction && transaction !== undefined && transaction.holder !== this) {
      throw new ReaderError('in-use', 'SCARD_E_SHARING_VIOLATION')
    }
  }

  #dispose(disposition: Disposition): void {
    if (disposition === 'leave') return
    this.#card.reset()
    for (const other of this.#slot.connections) if (other !== this) other.#resetByOther = true
  }

  #release(): void {
    this.#slot.transaction = undefined
    for (const tryAgain of this.#slot.waiting.splice(0)) tryAgain()
  }

  #unlessEnded(start: (resolve: () => void) => void): Promise<void> {
    return this.#unlessEndedWith<void>(start)
  }

  #unlessEndedWith<T>(start: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#ifEnded.add(reject)
      start((value) => {
        this.#ifEnded.delete(reject)
        resolve(value)
      })
    })
  }
}
