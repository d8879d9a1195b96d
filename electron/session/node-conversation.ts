/** One channel to a service node: requests with one answer each, and whether the node is still there. */
import type { Conversation } from '../../native/conversation/handshake.ts'
import { LinkError } from '../../native/conversation/link-error.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import {
  decodeNodeMessage,
  encodeTerminalMessage,
  type NodeEndReason,
  type ServiceRefusal,
  type TerminalEnd,
  type TerminalMessage,
} from '../../protocol/messages/service.ts'

/** The node said no to one request. */
export class ServiceRefused extends Error {
  readonly refusal: ServiceRefusal
  constructor(refusal: ServiceRefusal) {
    super(`refused by the service: ${refusal.code}`)
    this.name = 'ServiceRefused'
    this.refusal = refusal
  }
}

/** The terminal's own topic, which other conversations share. */
export interface FramePort {
  readonly terminal: string
  /** QoS 1 for handshakes; 0 for what is asked for again anyway. */
  send(topic: string, frame: Uint8Array, qos: 0 | 1): Promise<void>
  /** The listener says whether a frame was for it. Returns the way to stop. */
  receive(listener: (frame: Frame) => boolean): () => void
}

export interface NodeConversationOptions {
  readonly conversation: Conversation
  /** The terminal's own topic, which the channel binds. */
  readonly inTopic: string
  readonly send: FramePort['send']
  /** With a request waiting for this long, a node that was silent is asked; then it has as long to answer. */
  readonly doubtMs: number
  /** The same without a request waiting. */
  readonly heartbeatMs: number
  /** The node keeps silent: it has lost this session. */
  readonly onLost: () => void
  readonly onEnd: (reason: NodeEndReason) => void
}

interface Pending {
  readonly resolve: (body: unknown) => void
  readonly reject: (error: Error) => void
}

export class NodeConversation {
  readonly #options: NodeConversationOptions
  readonly #pending = new Map<number, Pending>()
  readonly #heartbeat: ReturnType<typeof setInterval>
  #asked: ReturnType<typeof setTimeout> | undefined
  #nextId = 1
  #heardAt = performance.now()
  #open = true
  /** To be called once nothing waits for an answer any more. */
  #onIdle: (() => void) | undefined

  constructor(options: NodeConversationOptions) {
    this.#options = options
    this.#heartbeat = setInterval(() => this.#doubt(options.heartbeatMs), options.heartbeatMs)
  }

  /** Rejects with ServiceRefused, LinkError ('offline', 'silent'), what `close` gives, and a CborError for a body without encoding. */
  async request(operation: string, body: unknown, timeoutMs: number): Promise<unknown> {
    const { doubtMs } = this.#options
    const id = this.#nextId
    this.#nextId += 1
    let timer: ReturnType<typeof setTimeout> | undefined
    let doubt: ReturnType<typeof setTimeout> | undefined
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject })
        this.#send({ kind: 'request', id, operation, body }).catch((cause) => reject(new LinkError('offline', { cause })))
        // The request is on its way while they are made.
        timer = setTimeout(() => reject(new LinkError('silent')), timeoutMs)
        doubt = setTimeout(() => this.#doubt(doubtMs), doubtMs)
      })
    } finally {
      clearTimeout(timer)
      clearTimeout(doubt)
      this.#pending.delete(id)
      if (this.#pending.size === 0) this.#onIdle?.()
    }
  }

  /** Whether the frame was one of this channel's. */
  receive(frame: Extract<Frame, { kind: 'sealed' }>): boolean {
    const { conversation, inTopic, onEnd } = this.#options
    if (!this.#open || !equalConstantTime(frame.connection, conversation.receiveId)) return false
    const opened = conversation.channel.open(inTopic, frame.message)
    const message = opened.ok ? decodeNodeMessage(opened.plaintext) : undefined
    if (message === undefined) return true
    this.#heardAt = performance.now()
    clearTimeout(this.#asked)
    this.#asked = undefined
    switch (message.kind) {
      case 'answer':
        this.#pending.get(message.id)?.resolve(message.body)
        break
      case 'refusal':
        this.#pending.get(message.id)?.reject(new ServiceRefused(message.refusal))
        break
      case 'end':
        onEnd(message.reason)
        break
      case 'pong':
        break
      default:
        message satisfies never
    }
    return true
  }

  /** Tells the node and closes. */
  end(reason: TerminalEnd, error: Error): void {
    if (!this.#open) return
    // What the broker does not take is told by the gateway, or by the token's end.
    this.#send({ kind: 'end', reason }).catch(() => undefined)
    this.close(error)
  }

  /** `end`, once every request that is under way has its answer; then `done`. */
  endWhenIdle(reason: TerminalEnd, done: () => void): void {
    this.#onIdle = () => {
      this.end(reason, new LinkError('silent'))
      done()
    }
    if (this.#pending.size === 0) this.#onIdle()
  }

  /** Wipes the keys; what still waits is rejected. */
  close(error: Error): void {
    if (!this.#open) return
    this.#open = false
    clearInterval(this.#heartbeat)
    clearTimeout(this.#asked)
    this.#options.conversation.channel.close()
    for (const pending of this.#pending.values()) pending.reject(error)
  }

  #doubt(silentMs: number): void {
    const { doubtMs, onLost } = this.#options
    if (!this.#open || this.#asked !== undefined || performance.now() - this.#heardAt < silentMs / 2) return
    this.#asked = setTimeout(onLost, doubtMs)
    this.#send({ kind: 'ping' }).catch(() => undefined)
  }

  /** Async, so that what the encoder throws rejects like everything else; it runs up to the broker's client at once. */
  async #send(message: TerminalMessage): Promise<void> {
    const { conversation, send } = this.#options
    const sealed = conversation.channel.seal(conversation.topic, encodeTerminalMessage(message))
    await send(conversation.topic, encodeFrame({ kind: 'sealed', connection: conversation.sendId, message: sealed }), 0)
  }
}
