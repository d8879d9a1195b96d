/** The keys of notices and presence, one of each for each terminal, derived from the master key: every worker has them. */
import { utf8 } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { NOTICE_KEY_LENGTH } from '../../protocol/messages/notices.ts'
import { deriveKey } from './keys.ts'

export interface TerminalKeys {
  notice(terminal: string): Uint8Array
  presence(terminal: string): Uint8Array
}

export function createTerminalKeys(crypto: Crypto, master: Uint8Array): TerminalKeys {
  const derive = (purpose: string) => {
    const prk = deriveKey(crypto, master, purpose, 32)
    return (terminal: string) => crypto.hkdfExpand('SHA-256', prk, utf8(terminal), NOTICE_KEY_LENGTH)
  }
  return { notice: derive('terminal notices'), presence: derive('terminal presence') }
}
