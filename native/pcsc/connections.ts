import { wipe } from '../../protocol/bytes.ts'
import { type Disposition, ReaderError } from '../reader.ts'
import type { Handle, Pcsc } from './binding.ts'
import {
  SCARD_EJECT_CARD,
  SCARD_LEAVE_CARD,
  SCARD_RESET_CARD,
  SCARD_SHARE_EXCLUSIVE,
  SCARD_SHARE_SHARED,
  SCARD_STATE_CHANGED,
  SCARD_STATE_PRESENT,
  SCARD_STATE_UNAWARE,
  SCARD_UNPOWER_CARD,
} from './constants.ts'
import type { Holds } from './holds.ts'

export interface Opened {
  readonly connection: number
  readonly atr: Uint8Array
  readonly protocol: 'T=0' | 'T=1'
}

/** The card's answer, and how long the system took over it: driver, reader and card. */
export interface Transmitted {
  readonly data: Uint8Array
  readonly tookMs: number
}

interface Connection {
  readonly reader: string
  readonly share: 'exclusive' | 'shared'
  /** A context for each connection: contexts do not wait for one another, and to release one lets go of its card in any case. */
  readonly context: Handle
  readonly card: Handle
  protocol: 'T=0' | 'T=1'
  /** The last of the calls that run on a worker thread, while one does. */
  busy: Promise<unknown> | undefined
}

const dispositions: Record<Disposition, number> = {
  leave: SCARD_LEAVE_CARD,
  reset: SCARD_RESET_CARD,
  unpower: SCARD_UNPOWER_CARD,
  eject: SCARD_EJECT_CARD,
}

const noticeMs = 800

/** The cards that the host has open, by number. Calls on one card run in the order in which they came. */
export class Connections {
  readonly #pcsc: Pcsc
  readonly #holds: Holds
  readonly #open = new Map<number, Connection>()
  #lastNumber = 0

  constructor(pcsc: Pcsc, holds: Holds) {
    this.#pcsc = pcsc
    this.#holds = holds
  }

  async connect(reader: string, share: 'exclusive' | 'shared'): Promise<Opened> {
    const pcsc = this.#pcsc
    const context = await pcsc.establishContext()
    if (share === 'exclusive') this.#holds.add(reader)
    try {
      const { card, protocol } = await pcsc.connect(context, reader, shareMode(share))
      const atr = await pcsc.atr(card)
      this.#lastNumber += 1
      this.#open.set(this.#lastNumber, { reader, share, context, card, protocol, busy: undefined })
      return { connection: this.#lastNumber, atr, protocol }
    } catch (error) {
      if (share === 'exclusive') this.#holds.remove(reader)
      await pcsc.releaseContext(context).catch(() => undefined)
      throw error
    }
  }

  /** The answer at once where nothing else runs on this card: the fast path of every ceremony. Wipes the command. */
  transmit(number: number, command: Uint8Array): Transmitted | Promise<Transmitted> {
    const connection = this.#find(number)
    const run = (): Transmitted => {
      const begin = performance.now()
      try {
        const data = this.#pcsc.transmit(connection.card, connection.protocol, command)
        return { data, tookMs: performance.now() - begin }
      } finally {
        wipe(command)
      }
    }
    if (connection.busy !== undefined) return this.#ask(connection, async () => run())
    try {
      return run()
    } catch (error) {
      return this.#explain(connection, error)
    }
  }

  begin(number: number): Promise<void> {
    const connection = this.#find(number)
    return this.#ask(connection, () => this.#pcsc.beginTransaction(connection.card))
  }

  end(number: number, disposition: Disposition): Promise<void> {
    const connection = this.#find(number)
    return this.#afterOthers(connection, () => this.#pcsc.endTransaction(connection.card, dispositions[disposition]))
  }

  reconnect(number: number, disposition: Disposition): Promise<Opened> {
    const connection = this.#find(number)
    return this.#ask(connection, async () => {
      const { card, share } = connection
      connection.protocol = await this.#pcsc.reconnect(card, shareMode(share), dispositions[disposition])
      return { connection: number, atr: await this.#pcsc.atr(card), protocol: connection.protocol }
    })
  }

  control(number: number, code: number, input: Uint8Array): Promise<Uint8Array> {
    const connection = this.#find(number)
    return this.#ask(connection, () => this.#pcsc.control(connection.card, code, input).finally(() => wipe(input)))
  }

  /** Never rejects; a connection that is unknown is closed already. */
  async disconnect(number: number, disposition: Disposition): Promise<void> {
    const connection = this.#open.get(number)
    if (connection === undefined) return
    this.#open.delete(number)
    await this.#afterOthers(connection, async () => {
      await this.#pcsc.disconnect(connection.card, dispositions[disposition]).catch(() => undefined)
      await this.#pcsc.releaseContext(connection.context).catch(() => undefined)
    })
    if (connection.share === 'exclusive') this.#holds.remove(connection.reader)
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((number) => this.disconnect(number, 'reset')))
  }

  /**
   * A card that is pulled in the middle of a command shows first as a failed communication: the service notices
   * the empty reader only when it looks again, every 400 ms with many drivers. So such a failure waits for that look.
   */
  async #explain({ context, reader }: Connection, error: unknown): Promise<never> {
    if (!(error instanceof ReaderError) || error.kind !== 'communication') throw error
    const deadline = performance.now() + noticeMs
    let currentState: number = SCARD_STATE_UNAWARE
    for (;;) {
      const leftMs = Math.max(0, Math.round(deadline - performance.now()))
      const sights = await this.#pcsc.getStatusChange(context, leftMs, [{ name: reader, currentState }]).catch((reason) => {
        throw reason instanceof ReaderError && (reason.kind === 'reader-gone' || reason.kind === 'no-service') ? reason : error
      })
      const state = sights[0]?.eventState ?? 0
      if ((state & SCARD_STATE_PRESENT) === 0) throw new ReaderError('card-removed', 'SCARD_W_REMOVED_CARD')
      currentState = state & ~SCARD_STATE_CHANGED
      if (leftMs === 0) throw error
    }
  }

  #find(number: number): Connection {
    const connection = this.#open.get(number)
    if (connection === undefined) throw new ReaderError('bad-argument', 'SCARD_E_INVALID_HANDLE', 'the connection is closed')
    return connection
  }

  #ask<T>(connection: Connection, run: () => Promise<T>): Promise<T> {
    return this.#afterOthers(connection, run).catch((error: unknown) => this.#explain(connection, error))
  }

  async #afterOthers<T>(connection: Connection, run: () => Promise<T>): Promise<T> {
    const before = connection.busy
    const result = (async () => {
      if (before !== undefined) await before
      return run()
    })()
    const settled = result.then(
      () => undefined,
      () => undefined,
    )
    connection.busy = settled
    try {
      return await result
    } finally {
      if (connection.busy === settled) connection.busy = undefined
    }
  }
}

function shareMode(share: 'exclusive' | 'shared'): number {
  return share === 'exclusive' ? SCARD_SHARE_EXCLUSIVE : SCARD_SHARE_SHARED
}
