/**
 * This desk's pseudonyms for cards: a keyed hash, so that the journal alone tells neither a card's number nor which cards at two desks
 * are one (docs/decisions/activity.md). Who has the key and a card's number can find its rows: that is what the search does.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { readPrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'

const KEY_LENGTH = 32
/** Crockford's base 32: no letter that looks like a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS = 8

/** The key in that file; a new one where there is none. Rejects as node:fs does. */
export async function openReferenceKey(path: string): Promise<Uint8Array> {
  const kept = await readPrivateFile(path)
  if (kept?.length === KEY_LENGTH) return kept
  const key = newReferenceKey()
  await writePrivateFile(path, key)
  return key
}

export const newReferenceKey = (): Uint8Array => new Uint8Array(randomBytes(KEY_LENGTH))

/** Eight letters in two groups, such as 'K7QM-2F4X': 40 bits, so that among ten thousand cards two rarely share one. */
export function referenceOf(key: Uint8Array, guid: Uint8Array): string {
  const hash = createHmac('sha256', key).update(guid).digest()
  let letters = ''
  for (let i = 0; i < LETTERS; i += 1) letters += ALPHABET[(hash[i] ?? 0) & 31]
  return `${letters.slice(0, 4)}-${letters.slice(4)}`
}
