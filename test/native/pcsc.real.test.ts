/** The contract of native/reader.ts on real PC/SC: host process, pcscd, vpcd, a virtual PIV card. */

import { afterAll } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { PcscReaders } from '../../native/pcsc/client.ts'
import { forkHost } from '../../native/pcsc/process.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { blankCard } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import { type InsertedCard, insertIntoVpcd } from '../../native/virtual-card/vpcd.ts'
import { readerContract } from '../contracts/reader.ts'
import { ensurePcscd, reserveVirtualReaders } from '../support/pcscd.ts'
import { hostEntry, isEmpty, isReady, VPCD_READERS } from './pcsc/support.ts'

const { name: readerName, port } = VPCD_READERS[0]

const startReaders = () => new PcscReaders({ startHost: () => forkHost(hostEntry) })

await reserveVirtualReaders()
await ensurePcscd()
/** Looks on: a card that was pulled is gone once the service has noticed. */
const observer = startReaders()
afterAll(() => observer.close())

readerContract('PC/SC readers', async () => {
  await isEmpty(observer, readerName)
  let card: InsertedCard | undefined
  return {
    readerName,
    simulated: false,
    open: async () => {
      const readers = startReaders()
      await isReady(readers)
      return readers
    },
    insert: async () => {
      card = await insertIntoVpcd({
        card: new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard()) }),
        port,
      })
    },
    pull: async () => card?.pull(),
    close: async () => card?.pull(),
  }
})
