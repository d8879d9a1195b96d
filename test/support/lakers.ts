/** lakers, a Rust implementation of EDHOC by other people; PyPI has it built. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { pythonWith } from './python.ts'

/** Its interpreter; the first call on a machine takes a while. */
export function lakers(): string {
  return pythonWith('lakers-python', '0.6.2')
}

/** One end of EDHOC by lakers: its lines, and a way to answer (test/peers/lakers_peer.py). */
export class LakersPeer {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  /** C_R, once the initiator has read message_2. */
  cR: Uint8Array = new Uint8Array(0)

  constructor(role: 'initiator' | 'responder', transfer: 'reference' | 'value', scenarioFile: string) {
    this.#child = spawn(lakers(), [join(import.meta.dirname, '../peers/lakers_peer.py'), role, transfer, scenarioFile], {
      stdio: 'pipe',
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async read(): Promise<string[]> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('lakers ended')
    return value.split(' ')
  }

  /** The next message, after what the peer says about EAD and about the connection. */
  async message(name: string, ead: string[][] = []): Promise<Uint8Array> {
    const words = await this.read()
    if (words[0]?.startsWith('ead_')) {
      ead.push(words)
      return this.message(name, ead)
    }
    if (words[0] === 'c_r') {
      this.cR = fromHex(words[1] ?? '')
      return this.message(name, ead)
    }
    if (words[0] !== name) throw new Error(`${name} is due: ${words.join(' ')}`)
    return fromHex(words[1] ?? '')
  }

  write(name: string, message: Uint8Array): void {
    this.#child.stdin.write(`${name} ${toHex(message)}\n`)
  }

  end(): void {
    this.#child.kill()
  }
}
