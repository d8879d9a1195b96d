/** What an administrator does from the command line. Sessions of what is withdrawn end at their next use, those with service nodes at once. */
import { fromHex } from '../../protocol/bytes.ts'
import type { FindingKind } from '../../protocol/messages/finding-operations.ts'
import type { Holder, StoreTransaction } from '../store/store.ts'
import { revokeTokensOf } from '../tokens/revoke.ts'
import type { Registry } from './context.ts'
import { endSession } from './terminals.ts'

/** 'unchanged': it was so already, or cannot be that way any more. */
export type Outcome = 'done' | 'unchanged' | 'unknown'

type Work = Pick<Registry, 'store' | 'audit' | 'now'>

/** For good: the card is not accepted again. `guid` in hexadecimal, dashes allowed. */
export async function withdrawCard({ store, audit, now }: Work, guidText: string): Promise<Outcome> {
  const guid = identifierOf(guidText)
  if (guid === undefined) return 'unknown'
  return store.transaction(async (tx) => {
    const card = await tx.card(guid)
    if (card === undefined) return 'unknown'
    if (card.state === 'withdrawn') return 'unchanged'
    const open = await tx.openRegistration(guid)
    if (open !== undefined) await tx.updateRegistration(open.id, { state: 'abandoned' })
    await tx.withdrawCertificates(guid)
    await tx.updateCard(guid, { state: 'withdrawn' })
    await revokeTokensOf(tx, guid, now())
    await audit.append(tx, now(), { event: 'card-withdrawn', guid })
    return 'done'
  })
}

/** By the house's number or the pseudonym. */
export function suspendHolder(work: Work, who: string): Promise<Outcome> {
  return setHolderState(work, who, 'suspended')
}

export function restoreHolder(work: Work, who: string): Promise<Outcome> {
  return setHolderState(work, who, 'active')
}

async function setHolderState({ store, audit, now }: Work, who: string, state: Holder['state']): Promise<Outcome> {
  return store.transaction(async (tx) => {
    const holder = await findHolder(tx, who)
    if (holder === undefined) return 'unknown'
    if (holder.state === state) return 'unchanged'
    await tx.updateHolder(holder.id, { state })
    if (state === 'suspended') await tx.revokeTokens({ holder: holder.id }, now())
    await audit.append(tx, now(), { event: state === 'active' ? 'holder-restored' : 'holder-suspended', holder: holder.id })
    return 'done'
  })
}

async function findHolder(tx: StoreTransaction, who: string): Promise<Holder | undefined> {
  const byReference = await tx.holderByReference(who)
  if (byReference !== undefined) return byReference
  const id = identifierOf(who)
  return id === undefined ? undefined : tx.holder(id)
}

/** For good: its certificate is not accepted again, and the terminal must be enrolled anew under another identifier. */
export async function withdrawTerminal({ store, audit, now }: Work, id: string): Promise<Outcome> {
  return store.transaction(async (tx) => {
    const terminal = await tx.terminal(id)
    if (terminal === undefined) return 'unknown'
    if (terminal.state === 'withdrawn') return 'unchanged'
    await tx.updateTerminal(id, { state: 'withdrawn' })
    await tx.revokeTokens({ terminal: id }, now())
    await audit.append(tx, now(), { event: 'terminal-withdrawn', terminal: id })
    return 'done'
  })
}

/** Until it is restored it is refused everything; its sessions and their tokens end now. */
export async function quarantineTerminal(registry: Registry, id: string, kind: FindingKind): Promise<Outcome> {
  const { store, audit } = registry
  const now = registry.now()
  return store.transaction(async (tx) => {
    const terminal = await tx.terminal(id)
    if (terminal === undefined) return 'unknown'
    if (terminal.state !== 'active') return 'unchanged'
    await tx.updateTerminal(id, { state: 'blocked' })
    for (const { session } of await tx.openSessions(id)) await endSession(registry, tx, session, now, 'finding')
    await tx.revokeTokens({ terminal: id }, now)
    await audit.append(tx, now, { event: 'terminal-quarantined', terminal: id, kind })
    return 'done'
  })
}

/** Ends a quarantine. */
export async function restoreTerminal({ store, audit, now }: Work, id: string): Promise<Outcome> {
  return store.transaction(async (tx) => {
    const terminal = await tx.terminal(id)
    if (terminal === undefined) return 'unknown'
    if (terminal.state !== 'blocked') return 'unchanged'
    await tx.updateTerminal(id, { state: 'active' })
    await audit.append(tx, now(), { event: 'terminal-restored', terminal: id })
    return 'done'
  })
}

function identifierOf(text: string): Uint8Array | undefined {
  const digits = text.replaceAll('-', '')
  return /^[0-9a-fA-F]{32}$/.test(digits) ? fromHex(digits) : undefined
}
