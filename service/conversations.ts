/**
 * Handshakes and sessions of one node, by the connection identifier that the node chose (C_R). Nothing here grows without bound,
 * whatever a stranger sends: a handshake lives 10 s, of those there are at most 2048 and 8 for each name that a message_1 claims;
 * a session lives as long as its token.
 */
import { toHex } from '../protocol/bytes.ts'
import type { Channel } from '../protocol/channel.ts'
import type { SentMessage2 } from '../protocol/edhoc/responder.ts'
import type { Method } from '../protocol/edhoc/suites.ts'
import type { ServiceSession } from './operations.ts'

export interface Handshake {
  readonly cI: Uint8Array
  readonly cR: Uint8Array
  readonly method: Method
  /** The terminal that message_1 claims to come from: where answers go. */
  readonly from: string
  readonly expiresAt: number
  /** Absent once message_3 has come, which is taken once. */
  sent: SentMessage2 | undefined
}

export interface Session {
  readonly cI: Uint8Array
  readonly cR: Uint8Array
  readonly channel: Channel
  readonly terminal: string
  /** The terminal's own topic. */
  readonly topic: string
  readonly message3: Uint8Array
  readonly message4: Uint8Array
  /** What the service sees. */
  readonly facts: ServiceSession
  /** cti of the token that opened it; absent for a device. */
  readonly token: string | undefined
  /** By this node's clock, with the tolerance between two clocks. */
  readonly endsAt: number
  highestId: number
  inFlight: number
  open: boolean
}

export const HANDSHAKE_MS = 10_000
const MAX_HANDSHAKES = 2048
const MAX_HANDSHAKES_OF_ONE = 8
const MAX_SESSIONS = 100_000
/** Readers side by side, and sessions whose terminal forgot to end them. */
const MAX_SESSIONS_OF_ONE = 64

export class Conversations {
  /** In the order in which they began, which is the order in which they end. */
  readonly #handshakes = new Map<string, Handshake>()
  readonly #handshakesOf = new Map<string, Set<string>>()
  readonly #sessions = new Map<string, Session>()
  readonly #sessionsOf = new Map<string, Set<Session>>()
  /** A token opens one session. */
  readonly #sessionOfToken = new Map<string, Session>()

  handshake(cR: Uint8Array): Handshake | undefined {
    return this.#handshakes.get(toHex(cR))
  }

  session(cR: Uint8Array): Session | undefined {
    return this.#sessions.get(toHex(cR))
  }

  sessionOfToken(token: string): Session | undefined {
    return this.#sessionOfToken.get(token)
  }

  sessions(): Iterable<Session> {
    return this.#sessions.values()
  }

  addHandshake(handshake: Handshake): void {
    const own = this.#handshakesOf.get(handshake.from) ?? new Set()
    if (own.size >= MAX_HANDSHAKES_OF_ONE) this.#removeHandshake(first(own))
    if (this.#handshakes.size >= MAX_HANDSHAKES) this.#removeHandshake(first(this.#handshakes.keys()))
    const key = toHex(handshake.cR)
    this.#handshakes.set(key, handshake)
    own.add(key)
    this.#handshakesOf.set(handshake.from, own)
  }

  /** Takes the place of its handshake. Returns the session that had to go for it, for the caller to end. */
  add(session: Session): Session | undefined {
    this.#removeHandshake(toHex(session.cR))
    const own = this.#sessionsOf.get(session.terminal) ?? new Set()
    const displaced = own.size >= MAX_SESSIONS_OF_ONE ? first(own) : undefined
    const oldest = displaced ?? (this.#sessions.size >= MAX_SESSIONS ? first(this.#sessions.values()) : undefined)
    this.#sessions.set(toHex(session.cR), session)
    own.add(session)
    if (session.token !== undefined) this.#sessionOfToken.set(session.token, session)
    this.#sessionsOf.set(session.terminal, own)
    return oldest
  }

  remove(session: Session): void {
    this.#sessions.delete(toHex(session.cR))
    if (session.token !== undefined) this.#sessionOfToken.delete(session.token)
    const own = this.#sessionsOf.get(session.terminal)
    own?.delete(session)
    if (own?.size === 0) this.#sessionsOf.delete(session.terminal)
  }

  /** Forgets handshakes whose time is over. */
  sweep(now: number): void {
    for (const [key, handshake] of this.#handshakes) {
      if (handshake.expiresAt > now) break
      this.#removeHandshake(key)
    }
  }

  sizes(): { readonly handshakes: number; readonly sessions: number } {
    return { handshakes: this.#handshakes.size, sessions: this.#sessions.size }
  }

  #removeHandshake(key: string | undefined): void {
    const handshake = key === undefined ? undefined : this.#handshakes.get(key)
    if (key === undefined || handshake === undefined) return
    this.#handshakes.delete(key)
    const own = this.#handshakesOf.get(handshake.from)
    own?.delete(key)
    if (own?.size === 0) this.#handshakesOf.delete(handshake.from)
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item
  return undefined
}
