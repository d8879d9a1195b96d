/**
 * What the gateway's rules see: one stream of events from the worker. An event says only what the worker has
 * verified itself. `proven` cards are those whose own key has just signed (9A with PIN, 9E without): a card's
 * number in a request proves nothing, so no rule may hold it against a card.
 */

interface Observed {
  /** Milliseconds since 1970-01-01 UTC, by the gateway's clock. */
  readonly at: number
  /** The enrolled terminal, the name that a stranger gave for its answers, or '' where there is none. */
  readonly terminal: string
  readonly site: string
}

/** How long the card took, in milliseconds, measured by the terminal. */
export interface CardTiming {
  /** Absent where the PIN was entered on the reader. */
  readonly verifyMs?: number | undefined
  readonly signMs: number
  readonly emptyMs?: number | undefined
  readonly reader?: string | undefined
}

/** A login that was proven by the card's key. */
export interface ProvenPlace {
  /** When message_2 left: the card's signature is younger than that. */
  readonly begunAt: number
  /** When the signature was verified. */
  readonly at: number
  readonly terminal: string
  readonly site: string
}

export type GatewayEvent = Observed &
  (
    | {
        readonly kind: 'message'
        readonly verdict: 'accepted' | 'replay' | 'stale' | 'forged' | 'malformed' | 'unknown-connection'
      }
    /** A device's handshake: 'failed' when a credential or signature was wrong, 'abandoned' when it expired half way. */
    | { readonly kind: 'handshake'; readonly outcome: 'completed' | 'failed' | 'abandoned' }
    /** One text that a person or device supplied, before it is used for anything. */
    | { readonly kind: 'text'; readonly operation: string; readonly field: string; readonly value: string }
    /** A body outside its operation's schema, inside an authenticated channel: honest software never sends one. */
    | { readonly kind: 'schema'; readonly operation: string }
    /** A wrong PIN that a terminal reports. */
    | { readonly kind: 'wrong-pin'; readonly card: string; readonly proven: boolean; readonly retriesLeft: number }
    /** A login whose signature did not verify: held against the terminal, never against the card that it names. */
    | { readonly kind: 'login-failed' }
    | {
        readonly kind: 'login'
        readonly card: string
        readonly begunAt: number
        readonly timing?: CardTiming | undefined
        /** The same card's login before this one. */
        readonly previous?: ProvenPlace | undefined
        /**
         * Where a session that this card opened is still open, at a terminal that says it holds the card. A terminal's word
         * proves no card, and one that has lost its connection says nothing new: a reason to look, not to block.
         */
        readonly elsewhere?: ProvenPlace | undefined
      }
  )

/**
 * Whether the named terminal itself did it: it came through its own channel. Everything else may be the work of anybody
 * who reaches the broker, in that terminal's name, so the terminal must not suffer for it.
 */
export function isOwnDoing(event: GatewayEvent): boolean {
  switch (event.kind) {
    case 'message':
      return event.verdict === 'accepted'
    case 'handshake':
      return event.outcome === 'completed'
    case 'text':
    case 'schema':
    case 'wrong-pin':
    case 'login-failed':
    case 'login':
      return true
    default:
      return event satisfies never
  }
}
