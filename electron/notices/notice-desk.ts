/**
 * What this desk does about a notice (docs/protocol.md, "Blocking"): what it ends has ended before anything is written; then the
 * notice is on disk until the gateway has confirmed the commit, so that no announced block is lost; and the PIN is blocked on the
 * card where policy says so and the card is in.
 */
import type { Readers } from '../../native/reader.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { Notice } from '../../protocol/messages/notices.ts'
import { blockPin } from '../ceremonies/block-pin.ts'
import type { SeenCards } from '../presence/seen-cards.ts'
import { type GatewayLink, RefusedError } from '../session/link.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { BlockList } from './block-list.ts'
import type { KeptNotices } from './kept-notices.ts'

export interface NoticeDeskOptions {
  readonly terminal: Pick<Terminal, 'noticed' | 'pinBlockedOnCard'>
  readonly kept: KeptNotices
  readonly blocks: Pick<BlockList, 'note'>
  readonly readers: Readers
  readonly cards: Pick<SeenCards, 'find'>
  readonly link: () => Pick<GatewayLink, 'state' | 'request'> | undefined
  /** The disk refuses, or a PIN could not be blocked on its card: for the log. */
  readonly onFailure: (where: 'notice-not-kept' | 'pin-not-blocked', error: unknown) => void
}

export interface NoticeDesk {
  /** A notice that was verified. Resolves when all that it asks for is done, confirmed where the gateway can be reached. Never rejects. */
  received(notice: Notice, signed: Uint8Array): Promise<void>
  /** Hands back what is kept, for example after a crash. Never rejects. */
  handBack(): Promise<void>
}

/** A broker may deliver a message twice. */
const REMEMBERED = 256

export function createNoticeDesk(options: NoticeDeskOptions): NoticeDesk {
  const { terminal, kept, blocks, readers, cards } = options
  const seen = new Set<string>()
  let handing: Promise<void> | undefined
  let again = false

  function isNew(notice: Notice): boolean {
    const id = toHex(notice.notice)
    if (seen.has(id)) return false
    seen.add(id)
    const [oldest] = seen
    if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest)
    return true
  }

  async function blocked(notice: Extract<Notice, { kind: 'block' }>, signed: Uint8Array): Promise<void> {
    const card = cards.find(notice.guid)
    terminal.noticed(notice, card)
    const onCard = notice.blockPin && card !== undefined ? blockOnCard(notice.guid, card) : Promise.resolve()
    try {
      await kept.keep(notice.notice, signed)
    } catch (error) {
      options.onFailure('notice-not-kept', error)
      // Not on this disk: the gateway is told at once all the same.
      await confirm(signed)
    }
    await Promise.all([onCard, handBack()])
  }

  async function blockOnCard(guid: Uint8Array, card: NonNullable<ReturnType<SeenCards['find']>>): Promise<void> {
    const outcome = await blockPin(readers, card)
    if (outcome.kind === 'not-blocked') options.onFailure('pin-not-blocked', outcome.problem)
    terminal.pinBlockedOnCard(guid, outcome.kind === 'blocked')
  }

  /** True where the gateway has it, or never will. */
  async function confirm(signed: Uint8Array): Promise<boolean> {
    const link = options.link()
    if (link === undefined || link.state().kind !== 'online') return false
    try {
      await link.request('notice.confirm', { notice: signed })
      return true
    } catch (error) {
      return error instanceof RefusedError && !PASSING.includes(error.refusal.code)
    }
  }

  async function handAll(): Promise<void> {
    do {
      again = false
      for (const { id, signed } of await kept.all()) if (await confirm(signed)) await kept.forget(id)
    } while (again)
  }

  /** One at a time; what is kept meanwhile goes along. */
  function handBack(): Promise<void> {
    again = true
    handing ??= handAll()
      .catch((error) => options.onFailure('notice-not-kept', error))
      .then(() => {
        handing = undefined
      })
    return handing
  }

  return {
    async received(notice, signed) {
      if (!isNew(notice)) return
      if (notice.kind !== 'block') {
        terminal.noticed(notice, notice.kind === 'end-session' ? cards.find(notice.guid) : undefined)
        return
      }
      // Older than what the list knows of that card: its block was lifted since.
      if (blocks.note({ guid: notice.guid, blocked: true, at: notice.at })) await blocked(notice, signed)
    },
    handBack,
  }
}

/** Refusals that will be another answer later. Any other will be the same tomorrow. */
const PASSING: readonly RefusedError['refusal']['code'][] = ['slow-down', 'gateway-failed', 'too-many']
