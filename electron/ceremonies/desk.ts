/** What the ceremonies work with, handed in by the terminal's main process and by tests. */

import type { GatewayTrust } from '../../native/conversation/trust.ts'
import type { Readers } from '../../native/reader.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { BlockList } from '../notices/block-list.ts'
import type { SeenCards } from '../presence/seen-cards.ts'
import type { GatewayLink } from '../session/link.ts'
import type { Guide } from './guide.ts'
import type { PinReports } from './pin-reports.ts'

export interface Desk {
  readonly readers: Readers
  readonly guide: Guide
  /** Which cards are blocked, as far as this terminal has been told. */
  readonly blocks: Pick<BlockList, 'isBlocked' | 'current' | 'note'>
  /** Told of cards that are known to be this gateway's. */
  readonly cards: Pick<SeenCards, 'seen'>
  /** The reader's own pad is used where it has one. */
  readonly usesPinPad?: boolean
  /** New PINs too, which then nobody looks at (docs/decisions/pin-pad.md). */
  readonly changesPinOnPad?: boolean
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds of a clock that nobody sets, for durations. */
  monotonic(): number
}

/** A desk with a gateway behind it. */
export interface OnlineDesk extends Desk {
  readonly link: GatewayLink
  readonly trust: GatewayTrust
  readonly crypto: Crypto
}

/** A desk that changes PINs, whether there is a gateway or not. */
export interface PinDesk extends Desk {
  readonly pinReports: PinReports
}
