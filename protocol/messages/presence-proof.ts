/**
 * What a card signs with its card authentication key (slot 9E, PIN policy 'never': SP 800-73-5 part 1 section 3.3.4) to show that
 * it is there, without the holder: the key signs SHA-256 of these bytes (ES256). Each begins with a context of its own, so that no
 * signature can be passed off as another.
 */
import { encode } from '../cbor.ts'

/** In 'register.certify': the card that is being registered holds this 9E key. */
export function presenceKeyStatement(registration: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return encode(['tessera presence key', registration, publicKey])
}

/** In 'pin.wrong': during that login this card refused a PIN, and so many tries are left. The gateway made the login's name at random. */
export function wrongPinStatement(login: Uint8Array, guid: Uint8Array, retriesLeft: number): Uint8Array {
  return encode(['tessera wrong pin', login, guid, retriesLeft])
}
