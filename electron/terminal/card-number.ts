/** A card's number as people compare it with a printed one. */
import { toHex } from '../../protocol/bytes.ts'

export function cardNumber(guid: Uint8Array): string {
  return groupsOfFour(toHex(guid))
}

export function groupsOfFour(text: string): string {
  return (text.toUpperCase().match(/.{1,4}/g) ?? []).join(' ')
}
