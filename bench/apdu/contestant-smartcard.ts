/** npm's smartcard, its low-level interface, as its own description uses it. */

import { answerRounds, readerName } from './rounds.ts'

interface Smartcard {
  readonly Context: new () => { listReaders(): Reader[]; close(): void }
  readonly SCARD_SHARE_SHARED: number
  readonly SCARD_PROTOCOL_T0: number
  readonly SCARD_PROTOCOL_T1: number
}
interface Reader {
  readonly name: string
  connect(share: number, protocols: number): Promise<{ transmit(command: Buffer): Promise<Uint8Array> }>
}

const smartcard = require('smartcard') as Smartcard

/** Kept as long as the program runs: the library releases a context that is collected, and its cards with it. */
const context = new smartcard.Context()

async function main(): Promise<void> {
  const reader = context.listReaders().find(({ name }) => name === readerName())
  if (reader === undefined) throw new Error('no such reader')
  const card = await reader.connect(smartcard.SCARD_SHARE_SHARED, smartcard.SCARD_PROTOCOL_T0 | smartcard.SCARD_PROTOCOL_T1)
  await answerRounds((command) => card.transmit(Buffer.from(command)))
  context.close()
}

main()
