/**
 * Blocks the PIN on a card whose block the gateway has announced, where its policy says so: whoever holds the card then finds it
 * blocked without a gateway too. Wrong PINs until the card blocks it; the holder's own PIN has no part in it.
 */
import { ReaderError, type Readers } from '../../native/reader.ts'
import type { Problem } from '../contract/problems.ts'
import { type Insertion, withCard } from './card-access.ts'
import { exhaustPin } from './exhaust.ts'
import { problemOf } from './problems.ts'

export type BlockPinOutcome =
  | { readonly kind: 'blocked' }
  /** The card is blocked at the gateway all the same. */
  | { readonly kind: 'not-blocked'; readonly problem: Problem }

/** A ceremony that was told to end needs a moment to let go of the card. */
const LET_GO_MS = 5000

/** `insertion` is where that card was seen: another one that was put in since then is left alone. Never rejects. */
export async function blockPin(readers: Readers, insertion: Insertion): Promise<BlockPinOutcome> {
  for (const deadline = performance.now() + LET_GO_MS; ; ) {
    try {
      await withCard(readers, insertion, async (card) => {
        await card.begin()
        await card.piv.select()
        await exhaustPin(card.piv)
      })
      return { kind: 'blocked' }
    } catch (error) {
      const busy = error instanceof ReaderError && (error.kind === 'in-use' || error.kind === 'card-reset')
      if (!busy || performance.now() > deadline) return { kind: 'not-blocked', problem: problemOf(error, insertion.reader) }
    }
  }
}
