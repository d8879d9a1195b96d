/**
 * One card from connect to disconnect, for every ceremony: exclusive, the same insertion all along, and whatever happens the
 * transaction ends, the card forgets the PIN and the reader is free again.
 */
import { type CardConnection, type PinPad, ReaderError, type Readers } from '../../native/reader.ts'
import { PivCard } from '../../protocol/piv/card.ts'
import { CeremonyFailed } from './guide.ts'

/** One card in one reader, until it is pulled. */
export interface Insertion {
  readonly reader: string
  /** ReaderStatus.insertions when the card was put in. */
  readonly insertions: number
}

export interface HeldCard {
  readonly piv: PivCard
  /** The reader's name. */
  readonly reader: string
  /**
   * How many tries the PIN has left, asked before every entry; a card that blocked it is refused here. Where another program
   * left the PIN verified the card is reset first: nobody's earlier PIN is used. `took` is
   * told how long the card needed, as `metered` does.
   */
  retriesLeft(took?: (ms: number) => void): Promise<number>
  /** The same card, for what is to be timed. */
  metered(): Metered
  /**
   * No other program's command comes in between from here on. Called only when everything that the person types is there: a
   * system may reset a card whose transaction lasts (Windows does after 5 s).
   */
  begin(): Promise<void>
  /** Ends what `begin` began, to ask the person again; what was verified stays so. */
  pause(): Promise<void>
  /** The pad of the reader that it is in, where there is one. */
  pinPad(): Promise<PinPad | undefined>
  /** After an answer that was lost: the card starts anew, PIV selected, nothing verified. */
  restart(): Promise<void>
  /** Ends the use of the card early, for example while the gateway's answer is on its way. Never rejects. */
  release(): Promise<void>
  /** Waits for a person: rejects as soon as this card is pulled. What comes too late is handed to `discard`. */
  whilePresent<T>(wait: Promise<T>, discard: (late: T) => void): Promise<T>
}

export interface Metered {
  readonly piv: PivCard
  /** How long reader and card have needed for what was asked of this `piv`, in milliseconds (native/reader.ts). */
  ms(): number
}

/** Rejects with a CeremonyFailed, a ReaderError, or what `use` rejects with. */
export async function withCard<T>(readers: Readers, insertion: Insertion, use: (card: HeldCard) => Promise<T>): Promise<T> {
  expectPresent(readers, insertion)
  const card = new Held(readers, insertion, await connect(readers, insertion))
  try {
    // Between the look above and the connection the card may have been exchanged.
    expectPresent(readers, insertion)
    return await use(card)
  } finally {
    await card.release()
  }
}

async function connect(readers: Readers, { reader }: Insertion): Promise<CardConnection> {
  try {
    return await readers.connect(reader, { share: 'exclusive' })
  } catch (error) {
    // A second after a card was put in, the system's own programs may still look at it.
    if (!(error instanceof ReaderError) || error.kind !== 'in-use') throw error
    await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS))
    return readers.connect(reader, { share: 'exclusive' })
  }
}

const BUSY_PAUSE_MS = 500

class Held implements HeldCard {
  readonly piv: PivCard
  readonly reader: string
  readonly #readers: Readers
  readonly #insertion: Insertion
  readonly #connection: CardConnection
  #inTransaction = false
  #released: Promise<void> | undefined

  constructor(readers: Readers, insertion: Insertion, connection: CardConnection) {
    this.#readers = readers
    this.#insertion = insertion
    this.reader = insertion.reader
    this.#connection = connection
    this.piv = new PivCard(connection)
  }

  async retriesLeft(took: (ms: number) => void = () => undefined): Promise<number> {
    let metered = this.metered()
    let retriesLeft = await metered.piv.retriesLeft()
    if (retriesLeft === undefined) {
      await this.restart()
      metered = this.metered()
      retriesLeft = await metered.piv.retriesLeft()
    }
    took(metered.ms())
    // A card that says 'verified' after a reset asks for no PIN at all.
    if (retriesLeft === undefined) throw new CeremonyFailed({ code: 'card-unsupported' })
    if (retriesLeft === 0) throw new CeremonyFailed({ code: 'pin-blocked', retriesLeft: 0 })
    return retriesLeft
  }

  metered(): Metered {
    let total = 0
    const took = (ms: number): void => {
      total += ms
    }
    return { piv: new PivCard({ transmit: (command) => this.#connection.transmit(command, took) }), ms: () => total }
  }

  async begin(): Promise<void> {
    expectPresent(this.#readers, this.#insertion)
    await this.#connection.beginTransaction()
    this.#inTransaction = true
  }

  async pause(): Promise<void> {
    if (!this.#inTransaction) return
    this.#inTransaction = false
    await this.#connection.endTransaction('leave')
  }

  pinPad(): Promise<PinPad | undefined> {
    return this.#connection.pinPad()
  }

  async restart(): Promise<void> {
    expectPresent(this.#readers, this.#insertion)
    await this.pause()
    await this.#connection.reconnect('reset')
    await this.piv.select()
  }

  release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async #release(): Promise<void> {
    // A card that is gone has forgotten everything; ending its transaction fails then, and disconnecting is what counts.
    if (this.#inTransaction) await this.#connection.endTransaction('reset').catch(() => undefined)
    await this.#connection.disconnect('reset')
  }

  async whilePresent<T>(wait: Promise<T>, discard: (late: T) => void): Promise<T> {
    let stop: (() => void) | undefined
    const gone = new Promise<never>((_, reject) => {
      const look = () => {
        const failure = absence(this.#readers, this.#insertion)
        if (failure !== undefined) reject(failure)
      }
      stop = this.#readers.subscribe(look)
      look()
    })
    try {
      return await Promise.race([wait, gone])
    } catch (error) {
      wait.then(discard, () => undefined)
      throw error
    } finally {
      stop?.()
    }
  }
}

function expectPresent(readers: Readers, insertion: Insertion): void {
  const failure = absence(readers, insertion)
  if (failure !== undefined) throw failure
}

/** Why this insertion is over; undefined while it lasts. */
function absence(readers: Readers, { reader, insertions }: Insertion): CeremonyFailed | undefined {
  const { service, readers: all } = readers.status()
  const status = all.find(({ name }) => name === reader)
  if (status === undefined) {
    const code = service.kind === 'service-down' ? 'reader-service-down' : 'reader-gone'
    return new CeremonyFailed({ code, reader })
  }
  if (status.state.kind === 'empty') return new CeremonyFailed({ code: 'card-removed', reader })
  if (status.insertions !== insertions) return new CeremonyFailed({ code: 'card-swapped', reader })
  return undefined
}
