/** The end of an unblocking: the card has proved itself by a login with its new PIN. */
import type { Registry } from '../registry/context.ts'
import { Refused } from '../registry/refused.ts'
import type { Card, Registration, StoreTransaction } from '../store/store.ts'

/**
 * Within the proof's own commit: the card is active, its fresh secrets are the ones that count, and a block that the gateway
 * had set is lifted. Throws Refused 'not-allowed' while the released PUK has not been replaced.
 */
export async function completeUnblocking(
  { audit }: Registry,
  tx: StoreTransaction,
  { id }: Registration,
  { guid, state, linked, freshSecrets }: Card,
  at: number,
): Promise<void> {
  if (!linked && freshSecrets === undefined) throw new Refused('not-allowed')
  await tx.promoteFreshSecrets(guid)
  await tx.updateRegistration(id, { state: 'done' })
  if (state === 'blocked') {
    await tx.updateCard(guid, { state: 'active' })
    await tx.insertBlockChange({ version: (await tx.blockListVersion()) + 1, guid, blocked: false, at })
    await audit.append(tx, at, { event: 'card-unblocked', guid, by: 'proof', registration: id })
  }
  await audit.append(tx, at, { event: 'unblocking-done', guid, registration: id })
}
