/**
 * The beginning of an unblocking (docs/protocol.md, "Unblocking"): a supervisor has approved it with a login of their own,
 * and the gateway gives the terminal the card's PUK, once for each approval. What follows are the operations of a
 * registration; until the proof at its end a blocked card stays blocked.
 */
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import type { Registry } from '../registry/context.ts'
import { requireApproval } from '../registry/logins.ts'
import { Refused } from '../registry/refused.ts'
import { openSecrets } from '../registry/registrations.ts'
import { requireTerminal } from '../registry/terminals.ts'
import type { Card, Registration, StoreTransaction } from '../store/store.ts'

/** Throws Refused. */
export async function beginUnblocking(
  registry: Registry,
  terminal: string,
  { approval, guid }: RequestBody<'unblock.begin'>,
): Promise<AnswerBody<'unblock.begin'>> {
  const { store, audit } = registry
  const now = registry.now()
  return store.transaction(async (tx) => {
    await requireTerminal(tx, terminal)
    const supervisor = await requireApproval(registry, tx, terminal, approval)
    const card = await tx.card(guid)
    if (card === undefined) throw new Refused('unknown-card')
    if (card.state === 'pending') throw new Refused('card-pending')
    if (card.state === 'withdrawn') throw new Refused('card-withdrawn')
    if (card.expiresAt <= now) throw new Refused('card-expired')
    const registration = await openUnblocking(registry, tx, terminal, card, supervisor.id, now)
    await tx.endLogin(approval, now, 'used')
    const own = card.linked ? undefined : openSecrets(registry, guid, card.sealedSecrets)
    const fresh = openSecrets(registry, guid, card.freshSecrets)
    await audit.append(tx, now, {
      event: 'unblocking-begun',
      guid,
      registration: registration.id,
      supervisor: supervisor.id,
      approval,
      terminal,
      pukReleased: own !== undefined,
    })
    return {
      registration: registration.id,
      ...(own === undefined ? {} : { puk: own.puk }),
      ...(fresh === undefined ? {} : { freshPuk: fresh.puk }),
    }
  })
}

/** One that was interrupted goes on, here and under this approval: what it gave to the card is still good. */
async function openUnblocking(
  { crypto }: Registry,
  tx: StoreTransaction,
  terminal: string,
  card: Card,
  registrar: Uint8Array,
  now: number,
): Promise<Registration> {
  const open = await tx.openRegistration(card.guid)
  if (open !== undefined) {
    await tx.updateRegistration(open.id, { terminal, registrar })
    return { ...open, terminal, registrar }
  }
  const registration: Registration = {
    id: crypto.randomBytes(16),
    kind: 'unblocking',
    guid: card.guid,
    holder: card.holder,
    terminal,
    registrar,
    state: 'open',
    startedAt: now,
  }
  await tx.insertRegistration(registration)
  return registration
}
