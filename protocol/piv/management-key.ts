/**
 * The half of the management key's mutual authentication that has the key: the gateway's (NIST SP 800-73-5 part 2 appendix
 * A.1). The terminal carries witness, challenge and response between it and the card and learns nothing from them.
 */

import { equalConstantTime, fromHex } from '../bytes.ts'
import type { BlockCipher, Crypto } from '../crypto.ts'

/** SP 800-78-5 section 6.2; three-key triple DES with its parity bits. */
export const MANAGEMENT_KEY_BYTES: Readonly<Record<BlockCipher, number>> = {
  '3DES': 24,
  'AES-128': 16,
  'AES-192': 24,
  'AES-256': 32,
}
/** Length of witness, challenge and response. */
export const CIPHER_BLOCK_BYTES: Readonly<Record<BlockCipher, number>> = {
  '3DES': 8,
  'AES-128': 16,
  'AES-192': 16,
  'AES-256': 16,
}

/** What tokens that people can buy leave the factory with: known to everyone, to be replaced at registration. */
export function factoryManagementKey(cipher: BlockCipher): Uint8Array {
  return fromHex('0102030405060708'.repeat(MANAGEMENT_KEY_BYTES[cipher] / 8))
}

/**
 * The witness in clear, which proves the key to the card; undefined where it has not the cipher's length. One witness a
 * challenge: whoever may ask for many has a decryption oracle, so the gateway answers once for each registration step.
 */
export function decryptWitness(
  crypto: Crypto,
  cipher: BlockCipher,
  key: Uint8Array,
  encryptedWitness: Uint8Array,
): Uint8Array | undefined {
  if (encryptedWitness.length !== CIPHER_BLOCK_BYTES[cipher]) return undefined
  return crypto.decryptBlock(cipher, key, encryptedWitness)
}

/** Fresh for every authentication. */
export function newChallenge(crypto: Crypto, cipher: BlockCipher): Uint8Array {
  return crypto.randomBytes(CIPHER_BLOCK_BYTES[cipher])
}

/** True where the card encrypted this challenge, which proves that it has the key too. Constant in time. */
export function checkResponse(
  crypto: Crypto,
  cipher: BlockCipher,
  key: Uint8Array,
  challenge: Uint8Array,
  response: Uint8Array,
): boolean {
  if (challenge.length !== CIPHER_BLOCK_BYTES[cipher]) return false
  return equalConstantTime(crypto.encryptBlock(cipher, key, challenge), response)
}
