/** What is derived from the master key for service nodes: the key of their notices, and the pseudonyms that they know people by. */
import { toHex, utf8 } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { SEALING_KEY_LENGTH } from '../../protocol/messages/sealed.ts'
import { deriveKey } from './keys.ts'

export interface NodeKeys {
  /** By the node's identifier. */
  notice(node: string): Uint8Array
  /**
   * Pairwise: who has the pseudonyms of two nodes cannot tell which belong together, and nobody without the gateway's key can
   * tell whose they are. By the node's name, so that a node with a new key still knows its people.
   */
  pseudonym(name: string, holder: Uint8Array): string
}

const PSEUDONYM_LENGTH = 16

export function createNodeKeys(crypto: Crypto, master: Uint8Array): NodeKeys {
  const notices = deriveKey(crypto, master, 'node notices', 32)
  const pseudonyms = deriveKey(crypto, master, 'pairwise pseudonyms', 32)
  return {
    notice: (node) => crypto.hkdfExpand('SHA-256', notices, utf8(node), SEALING_KEY_LENGTH),
    pseudonym: (name, holder) => toHex(crypto.hmac('SHA-256', pseudonyms, encode([name, holder])).slice(0, PSEUDONYM_LENGTH)),
  }
}
