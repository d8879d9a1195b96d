/** Which card is in which reader, as ceremonies have learned: only cards that this gateway registered, and only while they are in. */
import type { Readers } from '../../native/reader.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import type { Insertion } from '../ceremonies/card-access.ts'

export interface SeenCards {
  /** `guid` is the card's CHUID GUID, 16 bytes. */
  seen(card: Insertion, guid: Uint8Array): void
  /** Where that card is in now. */
  find(guid: Uint8Array): Insertion | undefined
  /** The card of that insertion. */
  cardIn(card: Insertion): Uint8Array | undefined
  /** Called when a card becomes known. Returns the way to stop. */
  subscribe(listener: () => void): () => void
}

export function createSeenCards(readers: Pick<Readers, 'status'>): SeenCards {
  const known = new Map<string, { readonly insertions: number; readonly guid: Uint8Array }>()
  const listeners = new Set<() => void>()

  function isIn(reader: string, insertions: number): boolean {
    return readers
      .status()
      .readers.some((status) => status.name === reader && status.insertions === insertions && status.state.kind !== 'empty')
  }

  return {
    seen({ reader, insertions }, guid) {
      const before = known.get(reader)
      if (before?.insertions === insertions && equalConstantTime(before.guid, guid)) return
      known.set(reader, { insertions, guid })
      for (const listener of [...listeners]) listener()
    },
    find(guid) {
      for (const [reader, card] of known) {
        if (equalConstantTime(card.guid, guid) && isIn(reader, card.insertions)) return { reader, insertions: card.insertions }
      }
      return undefined
    },
    cardIn({ reader, insertions }) {
      const card = known.get(reader)
      return card?.insertions === insertions && isIn(reader, insertions) ? card.guid : undefined
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
