/** Tessera's binding, called as the PC/SC process calls it. */

import { loadPcsc } from '../../native/pcsc/binding.ts'
import { SCARD_SHARE_SHARED } from '../../native/pcsc/constants.ts'
import { answerRounds, readerName } from './rounds.ts'

async function main(): Promise<void> {
  const pcsc = loadPcsc()
  const context = await pcsc.establishContext()
  const { card, protocol } = await pcsc.connect(context, readerName(), SCARD_SHARE_SHARED)
  await answerRounds((command) => pcsc.transmit(card, protocol, command))
}

main()
