/**
 * A card of the test's own behind vpcd: answers what the test says, also not at all. Cards that speak PIV
 * come from native/virtual-card/; this one is for faults. The framing is vpcd's: a length of two bytes, big-endian, then
 * a control byte (0 off, 1 on, 2 reset, 4 asks for the ATR) or an APDU; answers are framed alike.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createQuickAck } from '../../../native/quick-ack.ts'

const ATR = Buffer.from('3bf81300008131fe15597562696b657934d4', 'hex')

export interface Card {
  readonly atr?: Uint8Array
  /** Undefined: the card never answers. A promise: it takes its time. */
  transmit(command: Uint8Array): Uint8Array | undefined | Promise<Uint8Array>
  reset(): void
}

export class Plug {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket, card: Card) {
    this.#socket = socket
    let acknowledge = () => {}
    socket.on('connect', () => {
      acknowledge = createQuickAck(socket)
      acknowledge()
    })
    socket.on('data', (chunk: Buffer) => {
      acknowledge()
      this.#received = Buffer.concat([this.#received, chunk])
      while (this.#received.length >= 2) {
        const length = this.#received.readUInt16BE(0)
        if (this.#received.length < 2 + length) break
        const message = this.#received.subarray(2, 2 + length)
        this.#received = this.#received.subarray(2 + length)
        if (length !== 1) void Promise.resolve(card.transmit(Uint8Array.from(message))).then((answer) => this.#send(answer))
        else if (message[0] === 4) this.#send(card.atr ?? ATR)
        else card.reset()
      }
    })
    // pcscd may be killed by the test: that pulls the card.
    socket.on('error', () => undefined)
  }

  /**
   * Puts a card in; resolves when vpcd has asked it for something. vpcd may not listen yet where pcscd has only just started,
   * and it has no room for waiting connections: while it still holds one that is dead, a new one looks open and is not.
   */
  static async insert(card: Card, port: number): Promise<Plug> {
    for (let attempt = 1; ; attempt += 1) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const plug = new Plug(socket, card)
      const patience = setTimeout(() => socket.destroy(new Error('vpcd does not ask')), 2000)
      try {
        await once(socket, 'data')
        return plug
      } catch (error) {
        if (attempt === 20) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      } finally {
        clearTimeout(patience)
      }
    }
  }

  pull(): void {
    this.#socket.destroy()
  }

  #send(answer: Uint8Array | undefined): void {
    if (answer === undefined) return
    const framed = Buffer.alloc(2 + answer.length)
    framed.writeUInt16BE(answer.length)
    framed.set(answer, 2)
    this.#socket.write(framed)
  }
}
