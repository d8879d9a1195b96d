/** Revoking within the commit that it follows from; gateway/tokens/revocations.ts tells the nodes. */
import type { StoreTransaction } from '../store/store.ts'

/** Every token of a card that still lives: no node keeps a session with it. Resolves with how many there were. */
export function revokeTokensOf(tx: Pick<StoreTransaction, 'revokeTokens'>, guid: Uint8Array, at: number): Promise<number> {
  return tx.revokeTokens({ guid }, at)
}
