/**
 * A login's session with a service node (docs/protocol.md, "A session with a service node"): a token from the gateway for a fresh
 * key, EDHOC with that key, then a channel that neither gateway nor broker can read.
 *
 * The broker may deliver anything. What it delivers unauthenticated never ends a session that works; silence does. Then, and
 * shortly before the token is over, another token and another handshake take its place, as long as the login stands, which the
 * gateway says by issuing the token. No PIN is asked for, and a request that may have arrived is never sent again by itself.
 */
import { type Conversation, shakeHands } from '../../native/conversation/handshake.ts'
import { LinkError } from '../../native/conversation/link-error.ts'
import { createPostbox, type Postbox } from '../../native/conversation/postbox.ts'
import type { GatewayTrust } from '../../native/conversation/trust.ts'
import { wipe } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { kcwtCredential } from '../../protocol/edhoc/credentials.ts'
import { encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import type { NodeEndReason, TerminalEnd } from '../../protocol/messages/service.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { RefusedError } from './link.ts'
import { type FramePort, NodeConversation } from './node-conversation.ts'
import { whenReady } from './when-ready.ts'

/** Ours, the node's, or the gateway's: it issues no token for this login any more. */
export type NodeSessionEnd = TerminalEnd | NodeEndReason | 'login-over'

export class NodeSessionEnded extends Error {
  readonly reason: NodeSessionEnd
  constructor(reason: NodeSessionEnd) {
    super(`the session with the service has ended: ${reason}`)
    this.name = 'NodeSessionEnded'
    this.reason = reason
  }
}

export type NodeSessionState =
  | { readonly kind: 'connecting' }
  /** `expiresAt` by this terminal's clock; the session is renewed before. */
  | { readonly kind: 'open'; readonly scopes: readonly string[]; readonly expiresAt: number }
  /** The last attempt failed; another one follows by itself. */
  | { readonly kind: 'waiting'; readonly error: Error }
  | { readonly kind: 'ended'; readonly reason: NodeSessionEnd }

export interface NodeSessionTimes {
  /** For an answer where the request names no time of its own. */
  readonly requestMs: number
  /** For each message of a handshake. */
  readonly handshakeMs: number
  /** As in NodeConversationOptions. */
  readonly doubtMs: number
  readonly heartbeatMs: number
  /** This long before a token is over the next one takes its place; at half its life, where that is later. */
  readonly renewMs: number
  readonly backoffMs: { readonly first: number; readonly most: number }
}

const DEFAULT_TIMES: NodeSessionTimes = {
  requestMs: 5000,
  handshakeMs: 2000,
  doubtMs: 500,
  heartbeatMs: 15_000,
  renewMs: 60_000,
  backoffMs: { first: 100, most: 5000 },
}

export interface NodeSessionOptions {
  readonly port: FramePort
  readonly crypto: Crypto
  readonly trust: GatewayTrust
  /** The gateway link's 'token.request'. Rejects with RefusedError and LinkError. */
  readonly requestToken: (body: RequestBody<'token.request'>) => Promise<AnswerBody<'token.request'>>
  /** The login. */
  readonly session: Uint8Array
  /** The operator's session at the same terminal, whose role may allow more. */
  readonly operator?: Uint8Array
  readonly service: string
  /** Fewer than the login would be given. */
  readonly scopes?: readonly string[]
  /** Milliseconds since 1970. Default Date.now. */
  readonly now?: () => number
  readonly times?: Partial<NodeSessionTimes>
}

export interface NodeSession {
  state(): NodeSessionState
  subscribe(listener: (state: NodeSessionState) => void): () => void
  /** Rejects with ServiceRefused, LinkError ('offline', 'silent') and NodeSessionEnded; never retries by itself. */
  request(operation: string, body: unknown, options?: { readonly timeoutMs?: number }): Promise<unknown>
  /** Tells the node and wipes the keys, at once. */
  end(reason: TerminalEnd): void
}

/** Begins to connect and goes on until `end`, or until the gateway or the node says that it is over. */
export function openNodeSession(options: NodeSessionOptions): NodeSession {
  return new TerminalNodeSession(options)
}

interface Current {
  readonly conversation: NodeConversation
  readonly scopes: readonly string[]
  readonly lifetimeMs: number
}

class TerminalNodeSession implements NodeSession {
  readonly #options: NodeSessionOptions
  readonly #times: NodeSessionTimes
  readonly #now: () => number
  readonly #inTopic: string
  readonly #postbox: Postbox<Frame> = createPostbox<Frame>()
  readonly #listeners = new Set<(state: NodeSessionState) => void>()
  readonly #stopReceiving: () => void
  #state: NodeSessionState = { kind: 'connecting' }
  #current: NodeConversation | undefined
  /** Replaced ones, whose last answers are on their way. */
  readonly #retiring = new Set<NodeConversation>()
  #connecting = false
  /** The next attempt, or the renewal. */
  #timer: ReturnType<typeof setTimeout> | undefined
  #delayMs: number

  constructor(options: NodeSessionOptions) {
    this.#options = options
    this.#times = { ...DEFAULT_TIMES, ...options.times }
    this.#now = options.now ?? Date.now
    this.#delayMs = this.#times.backoffMs.first
    this.#inTopic = buildTopic({ kind: 'terminal-in', terminal: options.port.terminal })
    this.#stopReceiving = options.port.receive((frame) => this.#receive(frame))
    void this.#connect()
  }

  state(): NodeSessionState {
    return this.#state
  }

  subscribe(listener: (state: NodeSessionState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async request(operation: string, body: unknown, options: { readonly timeoutMs?: number } = {}): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? this.#times.requestMs
    const began = performance.now()
    const conversation = this.#current ?? (await this.#opened(timeoutMs))
    return conversation.request(operation, body, Math.max(1, timeoutMs - (performance.now() - began)))
  }

  end(reason: TerminalEnd): void {
    const error = new NodeSessionEnded(reason)
    for (const conversation of this.#conversations()) conversation.end(reason, error)
    this.#finish(reason)
  }

  /** Token, handshake, and the new channel in the place of the old one, if there is one. Never rejects. */
  async #connect(): Promise<void> {
    if (this.#connecting || this.#isEnded()) return
    this.#connecting = true
    clearTimeout(this.#timer)
    try {
      const next = await this.#shakeHands()
      if (this.#isEnded()) next.conversation.end('quit', new NodeSessionEnded('quit'))
      else this.#take(next)
    } catch (error) {
      // The gateway's word, over its own channel: this login gives nothing any more.
      if (error instanceof RefusedError && isFinal(error)) this.#over('login-over')
      else this.#retryLater(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#connecting = false
    }
  }

  async #shakeHands(): Promise<Current> {
    const { crypto, trust, port, session, operator, service, scopes } = this.#options
    const key = crypto.generateKeyPair('P-256')
    try {
      const issued = await this.#options.requestToken({
        session,
        service,
        key: key.publicKey,
        ...(operator === undefined ? {} : { operator }),
        ...(scopes === undefined ? {} : { scopes: [...scopes] }),
      })
      const nodeTopic = buildTopic({ kind: 'node-in', node: issued.node })
      const conversation = await shakeHands({
        party: { kind: 'terminal', id: port.terminal },
        postbox: this.#postbox,
        send: (topic, frame) => port.send(topic, encodeFrame(frame), 1),
        timeoutMs: this.#times.handshakeMs,
        crypto,
        firstTopic: nodeTopic,
        // Whatever message_2 says of its sender: the certificate is this node's, and the channel binds this topic.
        restTopic: () => nodeTopic,
        trusted: (reference) => trust.nodeCredential(reference, issued.node, issued.certificate),
        own: async () => ({ credential: kcwtCredential(issued.token, key.publicKey), privateKey: key.privateKey }),
      })
      return { conversation: this.#converse(conversation), scopes: issued.scopes, lifetimeMs: issued.lifetimeMs }
    } finally {
      wipe(key.privateKey)
    }
  }

  #converse(conversation: Conversation): NodeConversation {
    const { port } = this.#options
    const { doubtMs, heartbeatMs } = this.#times
    const made: NodeConversation = new NodeConversation({
      conversation,
      inTopic: this.#inTopic,
      send: (topic, frame, qos) => port.send(topic, frame, qos),
      doubtMs,
      heartbeatMs,
      onLost: () => this.#lost(made),
      onEnd: (reason) => this.#endedByNode(made, reason),
    })
    return made
  }

  #take({ conversation, scopes, lifetimeMs }: Current): void {
    const before = this.#current
    this.#current = conversation
    clearTimeout(this.#timer)
    this.#delayMs = this.#times.backoffMs.first
    this.#timer = setTimeout(() => void this.#connect(), Math.max(lifetimeMs / 2, lifetimeMs - this.#times.renewMs))
    this.#setState({ kind: 'open', scopes, expiresAt: this.#now() + lifetimeMs })
    if (before === undefined) return
    this.#retiring.add(before)
    before.endWhenIdle('renewed', () => this.#retiring.delete(before))
  }

  /** The node does not know this channel any more. */
  #lost(conversation: NodeConversation): void {
    this.#forget(conversation, new LinkError('silent'))
    if (this.#current === undefined) {
      this.#setState({ kind: 'connecting' })
      void this.#connect()
    }
  }

  #endedByNode(conversation: NodeConversation, reason: NodeEndReason): void {
    switch (reason) {
      case 'revoked':
      case 'service':
        this.#over(reason)
        break
      case 'expired':
      case 'stopping': {
        // The login may well stand: the gateway decides.
        const error = new LinkError('silent')
        this.#forget(conversation, error)
        if (this.#current === undefined) this.#retryLater(error)
        break
      }
      default:
        reason satisfies never
    }
  }

  #receive(frame: Frame): boolean {
    if (frame.kind !== 'sealed') return this.#postbox.deliver(frame)
    for (const conversation of this.#conversations()) if (conversation.receive(frame)) return true
    return false
  }

  #conversations(): readonly NodeConversation[] {
    return this.#current === undefined ? [...this.#retiring] : [this.#current, ...this.#retiring]
  }

  #forget(conversation: NodeConversation, error: Error): void {
    if (this.#current === conversation) this.#current = undefined
    this.#retiring.delete(conversation)
    conversation.close(error)
  }

  /** Ended by the others. */
  #over(reason: NodeSessionEnd): void {
    for (const conversation of this.#conversations()) this.#forget(conversation, new NodeSessionEnded(reason))
    this.#finish(reason)
  }

  #finish(reason: NodeSessionEnd): void {
    if (this.#isEnded()) return
    clearTimeout(this.#timer)
    this.#stopReceiving()
    this.#current = undefined
    this.#retiring.clear()
    this.#setState({ kind: 'ended', reason })
    this.#postbox.rejectAll(new NodeSessionEnded(reason))
  }

  #retryLater(error: Error): void {
    if (this.#isEnded()) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), this.#delayMs)
    this.#delayMs = Math.min(2 * this.#delayMs, this.#times.backoffMs.most)
    if (this.#current === undefined) this.#setState({ kind: 'waiting', error })
  }

  /** The session that is being made, within the request's own time. */
  #opened(timeoutMs: number): Promise<NodeConversation> {
    return whenReady<NodeConversation>(() => this.#current ?? this.#whyNone(), this.#listeners, timeoutMs)
  }

  /** Undefined while one may still come. */
  #whyNone(): Error | undefined {
    if (this.#state.kind === 'ended') return new NodeSessionEnded(this.#state.reason)
    return this.#state.kind === 'waiting' ? this.#state.error : undefined
  }

  #isEnded(): boolean {
    return this.#state.kind === 'ended'
  }

  #setState(state: NodeSessionState): void {
    if (this.#isEnded()) return
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
  }
}

/** Refusals that no waiting mends: the login is over, or it may not use this service. */
function isFinal({ refusal }: RefusedError): boolean {
  return refusal.code !== 'slow-down' && refusal.code !== 'too-many' && refusal.code !== 'gateway-failed'
}
