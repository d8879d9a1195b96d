/**
 * What every contestant does, each in a process of its own: connect to the card, then, for each number on standard input, send that
 * many commands and print the milliseconds of each on one line. peer.c does the same in C.
 */

import { createInterface } from 'node:readline'
import { fromHex } from '../../protocol/bytes.ts'

const SELECT_PIV = fromHex('00a4040005a000000308')
/** VERIFY without data asks for the tries left (NIST SP 800-73-5 part 2 section 3.2.1): four bytes there, two back. */
const COMMAND = fromHex('00200080')
const ANSWER = [0x63, 0xc3]

type Transmit = (command: Uint8Array) => Uint8Array | Promise<Uint8Array>

export async function answerRounds(transmit: Transmit): Promise<void> {
  const selected = await transmit(SELECT_PIV)
  if (selected.at(-2) !== 0x90) throw new Error('the card has no PIV application')
  for await (const line of createInterface({ input: process.stdin })) {
    const samples: number[] = []
    for (let left = Number(line); left > 0; left -= 1) {
      const begin = performance.now()
      const answer = transmit(COMMAND)
      const bytes = answer instanceof Promise ? await answer : answer
      samples.push(performance.now() - begin)
      if (bytes.length !== 2 || bytes[0] !== ANSWER[0] || bytes[1] !== ANSWER[1]) throw new Error('another answer')
    }
    console.log(samples.join(' '))
  }
}

/** The reader to use, from the command line. */
export function readerName(): string {
  const name = process.argv[2]
  if (name === undefined) throw new Error('which reader?')
  return name
}
