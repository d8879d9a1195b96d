/**
 * Blocks in the store. A block is known by its notice: brought once more, by the worker that announced it or by a
 * terminal that hands the notice back after a crash, it changes nothing.
 */
import { type BlockCause, verifyNotice } from '../../protocol/messages/notices.ts'
import { type AnswerBody, BLOCKS_PAGE, type CardStanding, type RequestBody } from '../../protocol/messages/operations.ts'
import type { Registry } from '../registry/context.ts'
import { requireOperator } from '../registry/logins.ts'
import { Refused } from '../registry/refused.ts'
import { endSession, requireTerminal } from '../registry/terminals.ts'
import type { Card, StoreReader } from '../store/store.ts'
import { revokeTokensOf } from '../tokens/revoke.ts'

export interface BlockToCommit {
  readonly notice: Uint8Array
  readonly guid: Uint8Array
  readonly at: number
  readonly cause: BlockCause
  readonly finding?: string | undefined
  /** The holder who asked for it. */
  readonly supervisor?: Uint8Array | undefined
  /** The terminal that handed the notice back. */
  readonly terminal?: string | undefined
}

export interface CommittedBlock {
  /** 'known': this notice was committed before. 'not-active': the card is not accepted anyway; nothing was changed. */
  readonly outcome: 'blocked' | 'known' | 'not-active' | 'unknown-card'
  /** Where the card had sessions that ended with this. */
  readonly terminals: readonly string[]
}

/** Blocks the card, ends its sessions and gives up its unblocking, if one is under way: one commit. */
export function commitBlock(registry: Registry, block: BlockToCommit): Promise<CommittedBlock> {
  const { store, audit } = registry
  const { notice, guid, at, cause, finding, supervisor, terminal } = block
  const now = registry.now()
  return store.transaction(async (tx) => {
    if ((await tx.blockChangeOfNotice(notice)) !== undefined) return { outcome: 'known', terminals: [] }
    const card = await tx.card(guid)
    if (card === undefined) return { outcome: 'unknown-card', terminals: [] }
    // Neither is accepted for anything, and what is not registered cannot be unblocked.
    if (card.state === 'pending' || card.state === 'withdrawn') return { outcome: 'not-active', terminals: [] }
    const open = await tx.openRegistration(guid)
    if (open !== undefined) await tx.updateRegistration(open.id, { state: 'abandoned' })
    await tx.updateCard(guid, { state: 'blocked' })
    const version = (await tx.blockListVersion()) + 1
    await tx.insertBlockChange({ version, guid, blocked: true, at, notice, cause, finding })
    await audit.append(tx, now, {
      event: 'card-blocked',
      guid,
      notice,
      cause,
      ...(finding === undefined ? {} : { finding }),
      ...(supervisor === undefined ? {} : { supervisor }),
      ...(terminal === undefined ? {} : { terminal }),
    })
    const sessions = await tx.openSessionsOfCard(guid)
    for (const { session } of sessions) await endSession(registry, tx, session, now, 'blocked')
    await revokeTokensOf(tx, guid, now)
    return { outcome: 'blocked', terminals: [...new Set(sessions.map((session) => session.terminal))] }
  })
}

/**
 * A terminal hands back a notice that it keeps. The gateway's own signature says that it was announced: that is enough,
 * whoever brings it. Throws Refused 'bad-request' for anything else.
 */
export async function confirmNotice(registry: Registry, terminal: string, body: RequestBody<'notice.confirm'>): Promise<void> {
  const { crypto, authority } = registry
  const notice = verifyNotice(crypto, authority.identity('ES256').key.publicKey, body.notice)
  if (notice === undefined) throw new Refused('bad-request')
  if (notice.kind !== 'block') return
  const { guid, at, cause, finding } = notice
  await commitBlock(registry, { notice: notice.notice, guid, at, cause, finding, terminal })
}

/** Throws Refused 'terminal-blocked'. */
export async function fetchBlocks(
  { store }: Registry,
  terminal: string,
  { since }: RequestBody<'blocks.fetch'>,
): Promise<AnswerBody<'blocks.fetch'>> {
  return store.read(async (reader) => {
    await requireTerminal(reader, terminal)
    const changes = await reader.blockChanges(since, BLOCKS_PAGE + 1)
    const page = changes.slice(0, BLOCKS_PAGE)
    return {
      version: page.at(-1)?.version ?? (await reader.blockListVersion()),
      entries: page.map(({ guid, blocked, at }) => ({ guid, blocked, at })),
      more: changes.length > page.length,
    }
  })
}

export async function standingOf(reader: StoreReader, card: Card): Promise<CardStanding> {
  if (card.state !== 'blocked') return card.state
  return (await reader.openRegistration(card.guid))?.kind === 'unblocking' ? 'unblocking' : 'blocked'
}

/** Throws Refused. */
export async function cardStatus(
  registry: Registry,
  terminal: string,
  { session, guid }: RequestBody<'card.status'>,
): Promise<AnswerBody<'card.status'>> {
  return registry.store.read(async (reader) => {
    await requireOperator(registry, reader, terminal, session, 'supervisor')
    const card = await reader.card(guid)
    if (card === undefined) throw new Refused('unknown-card')
    const standing = await standingOf(reader, card)
    const last = card.state === 'blocked' ? await reader.lastBlockChange(guid) : undefined
    return {
      standing,
      expiresAt: card.expiresAt,
      ...(last?.cause === undefined
        ? {}
        : { block: { at: last.at, cause: last.cause, ...(last.finding === undefined ? {} : { finding: last.finding }) } }),
    }
  })
}

/** For the command line: lifts the gateway's block; a PIN that is blocked on the card stays so. */
export function liftBlock(registry: Registry, guid: Uint8Array): Promise<'done' | 'unchanged' | 'unknown'> {
  const { store, audit } = registry
  const at = registry.now()
  return store.transaction(async (tx) => {
    const card = await tx.card(guid)
    if (card === undefined) return 'unknown'
    if (card.state !== 'blocked') return 'unchanged'
    await tx.updateCard(guid, { state: 'active' })
    await tx.insertBlockChange({ version: (await tx.blockListVersion()) + 1, guid, blocked: false, at })
    await audit.append(tx, at, { event: 'card-unblocked', guid, by: 'administrator' })
    return 'done'
  })
}
