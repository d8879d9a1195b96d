/** npm's @pokusew/pcsclite, as its own description uses it. */

import { answerRounds, readerName } from './rounds.ts'

interface Reader {
  readonly name: string
  readonly SCARD_SHARE_SHARED: number
  connect(options: { share_mode: number }, done: (error: Error | null, protocol: number) => void): void
  transmit(command: Buffer, answerLength: number, protocol: number, done: (error: Error | null, answer: Uint8Array) => void): void
}
type Pcsclite = () => { on(event: 'reader', listener: (reader: Reader) => void): void }

const pcsclite = require('@pokusew/pcsclite') as Pcsclite

pcsclite().on('reader', (reader) => {
  if (reader.name !== readerName()) return
  reader.connect({ share_mode: reader.SCARD_SHARE_SHARED }, (error, protocol) => {
    if (error !== null && error !== undefined) throw error
    answerRounds(
      (command) =>
        new Promise((resolve, reject) => {
          reader.transmit(Buffer.from(command), 258, protocol, (failure, answer) => {
            if (failure) reject(failure)
            else resolve(answer)
          })
        }),
    )
  })
})
