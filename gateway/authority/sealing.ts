/** Secrets at rest: A256GCM under a key derived from the master key, bound to the card that they belong to. */
import { concat, utf8 } from '../../protocol/bytes.ts'
import { CborError, decode, encode } from '../../protocol/cbor.ts'
import type { Crypto } from '../../protocol/crypto.ts'

const NONCE_LENGTH = 12

/** What a registration sets on a card. */
export interface CardSecrets {
  /** 8 ASCII digits. */
  readonly puk: Uint8Array
  readonly managementKey: Uint8Array
}

export interface CardSecretsSealer {
  seal(guid: Uint8Array, secrets: CardSecrets): Uint8Array
  /** Undefined where the bytes were changed, belong to another card or another master key. */
  open(guid: Uint8Array, sealed: Uint8Array): CardSecrets | undefined
}

export function createSealer(crypto: Crypto, key: Uint8Array): CardSecretsSealer {
  const context = (guid: Uint8Array): Uint8Array => concat(utf8('card secrets'), guid)
  return {
    seal(guid, { puk, managementKey }) {
      const nonce = crypto.randomBytes(NONCE_LENGTH)
      return concat(nonce, crypto.aeadSeal('A256GCM', key, nonce, context(guid), encode([puk, managementKey])))
    },
    open(guid, sealed) {
      const nonce = sealed.slice(0, NONCE_LENGTH)
      if (nonce.length < NONCE_LENGTH) return undefined
      const plaintext = crypto.aeadOpen('A256GCM', key, nonce, context(guid), sealed.slice(NONCE_LENGTH))
      if (plaintext === undefined) return undefined
      try {
        const [puk, managementKey] = decode(plaintext) as unknown[]
        return puk instanceof Uint8Array && managementKey instanceof Uint8Array ? { puk, managementKey } : undefined
      } catch (error) {
        if (error instanceof CborError) return undefined
        throw error
      }
    },
  }
}
