/**
 * A node's channel to the gateway: it learns there what was revoked, at the beginning and every minute, and by which key it is told
 * at once. Without the gateway the node goes on with the sessions that it has, each as long as its token.
 */
import type { Broker } from '../native/broker.ts'
import { GatewayExchange, RefusedError } from '../native/conversation/gateway-exchange.ts'
import { connectToGateway } from '../native/conversation/handshake.ts'
import { LinkError } from '../native/conversation/link-error.ts'
import { createPostbox } from '../native/conversation/postbox.ts'
import type { GatewayTrust } from '../native/conversation/trust.ts'
import type { Crypto } from '../protocol/crypto.ts'
import { encodeFrame, type Frame } from '../protocol/messages/frame.ts'
import type { Refusal } from '../protocol/messages/operations.ts'
import { openRevocation } from '../protocol/messages/service.ts'
import { buildTopic } from '../protocol/topics.ts'
import type { NodeIdentity } from './identity.ts'

export type GatewayState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online' }
  | { readonly kind: 'offline'; readonly reason: LinkError['kind'] }
  /** The gateway knows this node no more: withdrawn, or another one has taken its place. */
  | { readonly kind: 'refused'; readonly code: Refusal['code'] }

export interface GatewayChannelOptions {
  readonly broker: Broker
  readonly identity: NodeIdentity
  readonly trust: GatewayTrust
  readonly crypto: Crypto
  /** Name and version, told to the gateway. */
  readonly software: string
  readonly onRevoked: (tokens: readonly Uint8Array[]) => void
  readonly onState: (state: GatewayState) => void
}

const MESSAGE_MS = 2000
const HELLO_MS = 60_000
const DOUBT_MS = 500
const BACKOFF_MS = { first: 200, most: 10_000 }

export class GatewayChannel {
  readonly #options: GatewayChannelOptions
  readonly #inTopic: string
  readonly #postbox = createPostbox<Frame>()
  #exchange: GatewayExchange | undefined
  #noticeKey: Uint8Array | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #delayMs = BACKOFF_MS.first
  #greeting = false
  #doubtedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(options: GatewayChannelOptions) {
    this.#options = options
    this.#inTopic = buildTopic({ kind: 'node-in', node: options.identity.node })
    void this.#greet()
  }

  /** Whether the frame was one of the gateway's. */
  receive(frame: Frame): boolean {
    switch (frame.kind) {
      case 'notice':
        this.#notice(frame.message)
        return true
      case 'sealed':
        if (this.#exchange?.isNamedBy(frame) !== true) return false
        this.#exchange.receive(frame.message)
        return true
      case 'unknown-connection':
        // Said by anybody: the next greeting shows what is true of it.
        if (this.#postbox.deliver(frame)) return true
        if (this.#exchange?.isNamedBy(frame) !== true) return false
        this.#doubt()
        return true
      case 'message_2':
      case 'message_4':
      case 'error':
        return this.#postbox.deliver(frame)
      case 'message_1':
      case 'message_3':
        return false
      default:
        return frame satisfies never
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    const over = new LinkError('offline')
    this.#postbox.rejectAll(over)
    this.#exchange?.close(over)
    this.#exchange = undefined
  }

  /** However often somebody says that the channel is gone, it is asked about once in a while. */
  #doubt(): void {
    const now = performance.now()
    if (this.#greeting || now - this.#doubtedAt < DOUBT_MS) return
    this.#doubtedAt = now
    this.#greetIn(0)
  }

  /** Connects where there is no channel, and says hello. Never rejects; what fails is tried again. */
  async #greet(): Promise<void> {
    clearTimeout(this.#timer)
    this.#greeting = true
    const { software, onRevoked, onState } = this.#options
    try {
      this.#exchange ??= await this.#connect()
      if (this.#closed) return
      const hello = { software: software.slice(0, 40) }
      const { noticeKey, revoked } = await this.#exchange.ask('node.hello', hello, MESSAGE_MS)
      this.#noticeKey = noticeKey
      this.#delayMs = BACKOFF_MS.first
      if (revoked.length > 0) onRevoked(revoked)
      onState({ kind: 'online' })
      this.#greetIn(HELLO_MS)
    } catch (error) {
      if (this.#closed) return
      this.#exchange?.close(new LinkError('silent', { cause: error }))
      this.#exchange = undefined
      if (error instanceof RefusedError) onState({ kind: 'refused', code: error.refusal.code })
      else onState({ kind: 'offline', reason: error instanceof LinkError ? error.kind : 'silent' })
      this.#greetIn(this.#delayMs)
      this.#delayMs = Math.min(2 * this.#delayMs, BACKOFF_MS.most)
    } finally {
      this.#greeting = false
    }
  }

  #greetIn(ms: number): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#greet(), ms)
  }

  async #connect(): Promise<GatewayExchange> {
    const { broker, identity, trust, crypto } = this.#options
    const conversation = await connectToGateway({
      party: { kind: 'node', id: identity.node },
      postbox: this.#postbox,
      send: (topic, frame) => broker.publish(topic, encodeFrame(frame), { qos: 1 }),
      timeoutMs: MESSAGE_MS,
      identity,
      trust,
      crypto,
    })
    return new GatewayExchange({
      conversation,
      inTopic: this.#inTopic,
      send: (topic, frame) => broker.publish(topic, frame, { qos: 0 }),
    })
  }

  #notice(message: Uint8Array): void {
    const { crypto, identity, onRevoked } = this.#options
    const revocation = this.#noticeKey && openRevocation(crypto, this.#noticeKey, identity.node, message)
    if (revocation !== undefined) onRevoked(revocation.tokens)
  }
}
