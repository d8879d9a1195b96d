/**
 * A message for one party under a key that it shares with the gateway, outside of any channel: a COSE_Encrypt0 with a random
 * nonce. Purpose and recipient are external data, so that it cannot pass for another kind of message or another's.
 */
import { CborError, encode } from '../cbor.ts'
import { decodeEncrypt0, openEncrypt0, sealEncrypt0 } from '../cose/encrypt0.ts'
import { CoseError, header } from '../cose/headers.ts'
import type { Crypto } from '../crypto.ts'

const ALGORITHM = 'A256GCM'
/** Of the key, in bytes (RFC 9053 section 4.1). */
export const SEALING_KEY_LENGTH = 32
const NONCE_LENGTH = 12

export function sealFor(crypto: Crypto, key: Uint8Array, purpose: string, recipient: string, plaintext: Uint8Array): Uint8Array {
  const nonce = crypto.randomBytes(NONCE_LENGTH)
  const headers = { protectedHeader: new Map(), unprotectedHeader: new Map([[header.iv, nonce]]) }
  return sealEncrypt0(crypto, { algorithm: ALGORITHM, key }, nonce, headers, encode([purpose, recipient]), plaintext)
}

/** Undefined where it was not sealed under this key for this purpose and recipient. */
export function openFor(
  crypto: Crypto,
  key: Uint8Array,
  purpose: string,
  recipient: string,
  bytes: Uint8Array,
): Uint8Array | undefined {
  return undefinedWhereMalformed(() => {
    const message = decodeEncrypt0(bytes)
    const nonce = message.unprotectedHeader.get(header.iv)
    if (!(nonce instanceof Uint8Array) || nonce.length !== NONCE_LENGTH) return undefined
    return openEncrypt0(crypto, { algorithm: ALGORITHM, key }, nonce, message, encode([purpose, recipient]))
  })
}

export function undefinedWhereMalformed<T>(parse: () => T | undefined): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof CborError || error instanceof CoseError) return undefined
    throw error
  }
}
