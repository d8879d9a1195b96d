/**
 * One message of a channel, which is always of this form (protocol/channel.ts says what stands in it):
 *
 *   83                       COSE_Encrypt0 (RFC 9052 section 5.2): [
 *      40                      protected header: none
 *      a2 04 <connection>      { kid: the receiver's connection identifier,
 *         06 <number>            Partial IV: sequence number },
 *      <ciphertext>          ]
 *
 * Deterministic CBOR leaves no other spelling, so writing and reading it takes no encoder and no decoder: this runs for each
 * message, in a process that was idle before, where it is the amount of code that counts (docs/performance.md).
 */
import { concat } from './bytes.ts'
import { byteStringAt, byteStringHead, endOf } from './cbor/byte-string.ts'

/** What all messages to that connection begin with. */
export function messagePrefix(connection: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x83, 0x40, 0xa2, 0x04), byteStringHead(connection.length), connection, Uint8Array.of(0x06))
}

export function encodeMessage(prefix: Uint8Array, partialIv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return concat(prefix, byteStringHead(partialIv.length), partialIv, byteStringHead(ciphertext.length), ciphertext)
}

/** Both are views. Undefined for anything else than a message to that connection. */
export function parseMessage(
  prefix: Uint8Array,
  bytes: Uint8Array,
): { readonly partialIv: Uint8Array; readonly ciphertext: Uint8Array } | undefined {
  for (let i = 0; i < prefix.length; i += 1) if (bytes[i] !== prefix[i]) return undefined
  const partialIv = byteStringAt(bytes, prefix.length)
  const ciphertext = partialIv && byteStringAt(bytes, endOf(bytes, partialIv))
  if (partialIv === undefined || ciphertext === undefined || endOf(bytes, ciphertext) !== bytes.length) return undefined
  return { partialIv, ciphertext }
}
