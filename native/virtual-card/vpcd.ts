/**
 * Puts a virtual card into a real PC/SC reader: vpcd, the virtual reader driver of the vsmartcard project, waits for cards on
 * TCP. Framing, both ways: a 2-byte big-endian length, then one control byte or an APDU (vsmartcard, "Creating a virtual
 * smart card"). Power commands get no answer.
 */

import { connect, type Socket } from 'node:net'
import { concat } from '../../protocol/bytes.ts'
import { createQuickAck } from '../quick-ack.ts'
import type { VirtualCard } from './card.ts'
import { CardFaults } from './faults.ts'

/** Where the first reader of vpcd ('Virtual PCD 00 00') waits; the second one is a port higher. */
export const VPCD_PORT = 35963

const CONTROL = { powerOff: 0, powerOn: 1, reset: 2, getAtr: 4 } as const
const LENGTH_BYTES = 2

export interface VpcdOptions {
  readonly card: VirtualCard
  readonly host?: string
  readonly port?: number
  /** Shared with the caller, who may arm faults and change the delay while the card is in. */
  readonly faults?: CardFaults
  /** False keeps the kernel's delayed acknowledgements: 44 ms an APDU. */
  readonly quickAck?: boolean
}

export interface InsertedCard {
  readonly faults: CardFaults
  /** Pulls the card. Resolves when the reader has been told. */
  pull(): Promise<void>
  /** Resolves when the card is out, whoever did it: pull, a fault, or the service that stopped. */
  readonly out: Promise<void>
}

/** Resolves when the card is in the reader; rejects where no vpcd waits there, with the error of node:net. */
export async function insertIntoVpcd(options: VpcdOptions): Promise<InsertedCard> {
  const { card, host = '127.0.0.1', port = VPCD_PORT, faults = new CardFaults(), quickAck = true } = options
  card.reset()
  const socket = connect({ host, port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const acknowledge = quickAck ? createQuickAck(socket) : () => {}
  const out = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  // An error is followed by 'close', which tells what matters: the card is out.
  socket.on('error', () => {})

  let received: Uint8Array = new Uint8Array(0)
  socket.on('data', (chunk: Uint8Array) => {
    // vpcd writes the length and what follows separately, and its kernel holds the second part back until the first is
    // acknowledged: do that now instead of 40 ms later.
    acknowledge()
    received = concat(received, chunk)
    for (let frame = take(received); frame !== undefined; frame = take(received)) {
      received = frame.rest
      void handle(frame.message)
    }
  })

  let busy: Promise<void> = Promise.resolve()
  /** One after the other: an answer that is delayed delays what follows. */
  function handle(message: Uint8Array): Promise<void> {
    busy = busy.then(() => answer(message))
    return busy
  }

  async function answer(message: Uint8Array): Promise<void> {
    const [control] = message
    if (message.length === 1 && control === CONTROL.getAtr) return send(socket, card.atr)
    if (message.length === 1) return card.reset()
    if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs))
    if (socket.destroyed) return
    const outcome = faults.apply(card, message)
    if (outcome.kind !== 'pulled') send(socket, outcome.answer)
    acknowledge()
    if (outcome.kind !== 'answered') socket.end()
  }

  return {
    faults,
    async pull() {
      socket.end()
      // vpcd closes its end when it next looks; the reader is empty from now on, so do not wait for that.
      socket.destroy()
      await out
    },
    out,
  }
}

function take(bytes: Uint8Array): { message: Uint8Array; rest: Uint8Array } | undefined {
  const [high = 0, low = 0] = bytes
  const end = LENGTH_BYTES + ((high << 8) | low)
  if (bytes.length < LENGTH_BYTES || bytes.length < end) return undefined
  return { message: bytes.slice(LENGTH_BYTES, end), rest: bytes.subarray(end) }
}

function send(socket: Socket, message: Uint8Array): void {
  socket.write(concat(Uint8Array.of(message.length >>> 8, message.length & 0xff), message))
}
