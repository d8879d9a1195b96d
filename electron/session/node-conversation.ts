/** One channel to a service node: requests with one answer each, and whether the node is still there. */
import type { Conversation } from '../../native/conversation/handshake.ts'
import { LinkError } from '../../native/conversation/link-error.ts'
import { Requests } from '../../native/conversation/requests.ts'
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

export class NodeConversation {
  readonly #options: NodeConversationOptions
  readonly #requests = new Requests()
  readonly #heartbeat: ReturnType<typeof setInterval>
  #asked: ReturnType<typeof setTimeout> | undefined
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
    if (!this.#open) throw new LinkError('offline')
    const { doubtMs } = this.#options
    let doubt: ReturnType<typeof setTimeout> | undefined
    try {
      return await this.#requests.ask((id) => {
        const sent = this.#send({ kind: 'request', id, operation, body })
        doubt = setTimeout(() => this.#doubt(doubtMs), doubtMs)
        return sent
      }, timeoutMs)
    } finally {
      clearTimeout(doubt)
      if (this.#requests.count === 0) this.#onIdle?.()
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
        this.#requests.answer(message.id, message.body)
        break
      case 'refusal':
        this.#requests.refuse(message.id, new ServiceRefused(message.refusal))
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
    this.#tell({ kind: 'end', reason }).catch(() => undefined)
    this.close(error)
  }

  /** `end`, once every request that is under way has its answer; then `done`. */
  endWhenIdle(reason: TerminalEnd, done: () => void): void {
    this.#onIdle = () => {
      this.end(reason, new LinkError('silent'))
      done()
    }
    if (this.#requests.count === 0) this.#onIdle()
  }

  /** Wipes the keys; what still waits is rejected. */
  close(error: Error): void {
    if (!this.#open) return
    this.#open = false
    clearInterval(this.#heartbeat)
    clearTimeout(this.#asked)
    this.#options.conversation.channel.close()
    this.#requests.rejectAll(error)
  }

  #doubt(silentMs: number): void {
    const { doubtMs, onLost } = this.#options
    if (!this.#open || this.#asked !== undefined || performance.now() - this.#heardAt < silentMs / 2) return
    this.#asked = setTimeout(onLost, doubtMs)
    this.#tell({ kind: 'ping' }).catch(() => undefined)
  }

  /** What wants no answer. Async, so that what cannot be sealed any more rejects like everything else. */
  async #tell(message: TerminalMessage): Promise<void> {
    await this.#send(message)
  }

  #send(message: TerminalMessage): Promise<void> {
    const { conversation, send } = this.#options
    const sealed = conversation.channel.seal(conversation.topic, encodeTerminalMessage(message))
    return send(conversation.topic, encodeFrame({ kind: 'sealed', connection: conversation.sendId, message: sealed }), 0)
  }
}
