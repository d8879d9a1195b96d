/** Tessera's readers as the terminal uses them: each command goes to the PC/SC process and its answer comes back. */

import { join } from 'node:path'
import { PcscReaders } from '../../native/pcsc/client.ts'
import { forkHost } from '../../native/pcsc/process.ts'
import { answerRounds, readerName } from './rounds.ts'

async function main(): Promise<void> {
  const readers = new PcscReaders({ startHost: () => forkHost(join(__dirname, 'host.cjs')) })
  const connection = await readers.connect(readerName(), { share: 'shared' })
  await answerRounds((command) => connection.transmit(command))
}

main()
