/**
 * Readers without hardware: the second adapter of native/reader.ts. It keeps PC/SC's rules (sharing, transactions, what a
 * reset does to others, what is lost when a card is pulled), so that what works here works on a real reader.
 */

import {
  type CardConnection,
  type ConnectOptions,
  ReaderError,
  type ReaderState,
  type Readers,
  type ReadersStatus,
  type ServiceState,
} from '../reader.ts'
import type { VirtualCard } from './card.ts'
import { CardFaults, type Fault } from './faults.ts'
import { SimulatedConnection, type Slot } from './simulated-connection.ts'
import type { SimulatedPad } from './simulated-pad.ts'

export interface SimulatedReaders extends Readers {
  /** Puts a card in; one that is already there is pulled first. A card is in one reader at a time. */
  insert(reader: string, card: VirtualCard, how?: HowInserted): void
  /** Somebody holds a connection to the card in this reader. */
  isConnected(reader: string): boolean
  /** Pulls the card; whoever uses it gets 'card-removed'. */
  remove(reader: string): void
  /** The reader is plugged in, or unplugged with the card in it. */
  plug(reader: string): void
  unplug(reader: string): void
  /** The next fault of the card in this reader, counted from now; undefined for none. */
  arm(reader: string, fault: Fault | undefined): void
  /** Gives the reader a pad for PINs, or takes it away; cards that are connected notice at the next question. */
  setPad(reader: string, pad: SimulatedPad | undefined): void
  /** How long every answer takes. */
  setDelay(reader: string, delayMs: number): void
  /** 'ready' unless told otherwise; every other state breaks what is connected. */
  setService(service: ServiceState): void
  /** The same readers as another program on this machine sees them. */
  openForAnotherProgram(): Readers
}

/** 'mute': the card does not answer. 'held': another program had it before anybody else could, and keeps it until it is pulled. */
export type HowInserted = 'well' | 'mute' | 'held'

export interface SimulatedReadersOptions {
  readonly names: readonly string[]
  readonly delayMs?: number
}

export function createSimulatedReaders(options: SimulatedReadersOptions): SimulatedReaders {
  return new Desk(options).program
}

/** What all programs share: the hardware and the service. */
class Desk {
  readonly slots = new Map<string, Slot>()
  readonly programs = new Set<Program>()
  readonly program: MainProgram
  readonly delayMs: number
  service: ServiceState = { kind: 'ready' }

  constructor({ names, delayMs = 0 }: SimulatedReadersOptions) {
    this.delayMs = delayMs
    for (const name of names) this.addSlot(name)
    this.program = new MainProgram(this)
  }

  addSlot(name: string): void {
    if (this.slots.has(name)) throw new RangeError(`there is already a reader named ${name}`)
    const faults = new CardFaults(this.delayMs)
    this.slots.set(name, {
      name,
      faults,
      card: undefined,
      mute: false,
      pad: undefined,
      insertions: 0,
      connections: new Set(),
      transaction: undefined,
      waiting: [],
    })
  }

  slot(name: string): Slot {
    const slot = this.slots.get(name)
    if (slot === undefined) throw new RangeError(`there is no reader named ${name}`)
    return slot
  }

  /** Takes the card out and ends everything that was connected to it. */
  eject(slot: Slot, error: ReaderError): void {
    slot.card?.reset()
    slot.card = undefined
    for (const connection of [...slot.connections]) connection.fail(error)
    slot.transaction = undefined
    for (const tryAgain of slot.waiting.splice(0)) tryAgain()
  }

  changed(): void {
    for (const program of this.programs) program.notify()
  }
}

class Program implements Readers {
  protected readonly desk: Desk
  readonly #listeners = new Set<(status: ReadersStatus) => void>()
  readonly #connections = new Set<SimulatedConnection>()
  #closed = false

  constructor(desk: Desk) {
    this.desk = desk
    desk.programs.add(this)
  }

  status(): ReadersStatus {
    const { service, slots } = this.desk
    if (service.kind !== 'ready') return { service, readers: [] }
    const readers = [...slots.values()].map((slot) => ({
      name: slot.name,
      simulated: true,
      insertions: slot.insertions,
      state: this.#stateOf(slot),
    }))
    return { service, readers }
  }

  #stateOf({ card, mute, connections }: Slot): ReaderState {
    if (card === undefined) return { kind: 'empty' }
    if (mute) return { kind: 'mute' }
    const { atr } = card
    const elsewhere = [...connections].some((connection) => connection.exclusive && !this.#connections.has(connection))
    return elsewhere ? { kind: 'in-use', atr } : { kind: 'card', atr }
  }

  subscribe(listener: (status: ReadersStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  notify(): void {
    const status = this.status()
    for (const listener of [...this.#listeners]) listener(status)
  }

  async connect(reader: string, { share }: ConnectOptions): Promise<CardConnection> {
    if (this.#closed) throw new ReaderError('cancelled', 'SCARD_E_INVALID_HANDLE')
    if (this.desk.service.kind !== 'ready') throw new ReaderError('no-service', 'SCARD_E_NO_SERVICE')
    const slot = this.desk.slots.get(reader)
    if (slot === undefined) throw new ReaderError('reader-gone', 'SCARD_E_UNKNOWN_READER')
    const { card } = slot
    if (card === undefined) throw new ReaderError('no-card', 'SCARD_E_NO_SMARTCARD')
    if (slot.mute) throw new ReaderError('card-mute', 'SCARD_W_UNRESPONSIVE_CARD')
    return this.open(slot, card, share)
  }

  /** Throws a ReaderError where another program is in the way. */
  open(slot: Slot, card: VirtualCard, share: ConnectOptions['share']): CardConnection {
    const others = [...slot.connections]
    if (others.some((other) => other.exclusive) || (share === 'exclusive' && others.length > 0)) {
      throw new ReaderError('in-use', 'SCARD_E_SHARING_VIOLATION')
    }
    const connection = new SimulatedConnection(slot, card, share === 'exclusive', () => {
      this.#connections.delete(connection)
      if (connection.exclusive) this.desk.changed()
    })
    this.#connections.add(connection)
    slot.connections.add(connection)
    if (connection.exclusive) this.desk.changed()
    connection.onPulled = () => {
      this.desk.eject(slot, new ReaderError('card-removed', 'SCARD_W_REMOVED_CARD'))
      this.desk.changed()
    }
    return connection
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#listeners.clear()
    this.desk.programs.delete(this)
    for (const connection of [...this.#connections]) await connection.disconnect('reset')
  }
}

class MainProgram extends Program implements SimulatedReaders {
  #anotherProgram: Program | undefined

  insert(reader: string, card: VirtualCard, how: HowInserted = 'well'): void {
    const slot = this.desk.slot(reader)
    for (const other of this.desk.slots.values()) {
      if (other.card !== undefined && (other === slot || other.card === card)) this.remove(other.name)
    }
    card.reset()
    slot.card = card
    slot.mute = how === 'mute'
    slot.insertions += 1
    if (how === 'held') {
      // Before anybody is told of the card.
      this.#anotherProgram ??= new Program(this.desk)
      this.#anotherProgram.open(slot, card, 'exclusive')
    } else this.desk.changed()
  }

  isConnected(reader: string): boolean {
    return this.desk.slot(reader).connections.size > 0
  }

  remove(reader: string): void {
    const slot = this.desk.slot(reader)
    if (slot.card === undefined) return
    this.desk.eject(slot, new ReaderError('card-removed', 'SCARD_W_REMOVED_CARD'))
    this.desk.changed()
  }

  plug(reader: string): void {
    this.desk.addSlot(reader)
    this.desk.changed()
  }

  unplug(reader: string): void {
    const slot = this.desk.slot(reader)
    this.desk.slots.delete(reader)
    this.desk.eject(slot, new ReaderError('reader-gone', 'SCARD_E_READER_UNAVAILABLE'))
    this.desk.changed()
  }

  arm(reader: string, fault: Fault | undefined): void {
    this.desk.slot(reader).faults.arm(fault)
  }

  setPad(reader: string, pad: SimulatedPad | undefined): void {
    this.desk.slot(reader).pad = pad
  }

  setDelay(reader: string, delayMs: number): void {
    this.desk.slot(reader).faults.delayMs = delayMs
  }

  setService(service: ServiceState): void {
    this.desk.service = service
    if (service.kind !== 'ready') {
      const error = new ReaderError('no-service', 'SCARD_E_SERVICE_STOPPED')
      for (const slot of this.desk.slots.values()) {
        for (const connection of [...slot.connections]) connection.fail(error)
        slot.transaction = undefined
        for (const tryAgain of slot.waiting.splice(0)) tryAgain()
        slot.card?.reset()
      }
    }
    this.desk.changed()
  }

  openForAnotherProgram(): Readers {
    return new Program(this.desk)
  }
}
