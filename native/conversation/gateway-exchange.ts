/** Requests to the gateway over a channel that a handshake made (docs/protocol.md, "Layers of a conversation"). */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { decodeAnswer, encodeRequest, parseAnswerBody } from '../../protocol/messages/exchange.ts'
import { encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import type { AnswerBody, Operation, Refusal, RequestBody } from '../../protocol/messages/operations.ts'
import type { Conversation } from './handshake.ts'
import { LinkError } from './link-error.ts'
import { Requests } from './requests.ts'

/** The gateway said no to one request. */
export class RefusedError extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(`refused: ${refusal.code}`)
    this.name = 'RefusedError'
    this.refusal = refusal
  }
}

export interface GatewayExchangeOptions {
  readonly conversation: Conversation
  /** Our own topic, which the channel binds. */
  readonly inTopic: string
  /** At QoS 0: what gets no answer is asked for again. Rejects where the broker cannot take it now. */
  readonly send: (topic: string, frame: Uint8Array) => Promise<unknown>
}

export class GatewayExchange {
  readonly #options: GatewayExchangeOptions
  readonly #requests = new Requests()

  constructor(options: GatewayExchangeOptions) {
    this.#options = options
  }

  /** Rejects with RefusedError, LinkError ('offline', 'silent', 'malformed-answer') and what `fail` and `close` give. */
  async ask<O extends Operation>(operation: O, body: RequestBody<O>, timeoutMs: number): Promise<AnswerBody<O>> {
    const { conversation, send } = this.#options
    const { channel, topic, sendId } = conversation
    const answer = await this.#requests.ask((id) => {
      const message = channel.seal(topic, encodeRequest(id, operation, body))
      return send(topic, encodeFrame({ kind: 'sealed', connection: sendId, message }))
    }, timeoutMs)
    const parsed = parseAnswerBody(operation, answer)
    if (parsed === undefined) throw new LinkError('malformed-answer')
    return parsed
  }

  /** True for what names this channel: the gateway's messages name our identifier, an 'unknown-connection' its own. */
  isNamedBy(frame: Extract<Frame, { kind: 'sealed' | 'unknown-connection' }>): boolean {
    const { receiveId, sendId } = this.#options.conversation
    return equalConstantTime(frame.connection, frame.kind === 'sealed' ? receiveId : sendId)
  }

  /**
   * Takes the gateway's message: 'refused' where it is no authentic one, 'unexpected' for the answer to a request that ran out of
   * time, or one that this version does not know.
   */
  receive(message: Uint8Array): 'answered' | 'refused' | 'unexpected' {
    const { conversation, inTopic } = this.#options
    const opened = conversation.channel.open(inTopic, message)
    if (!opened.ok) return 'refused'
    const answer = decodeAnswer(opened.plaintext)
    if (answer === undefined) return 'unexpected'
    const wanted = answer.ok
      ? this.#requests.answer(answer.id, answer.body)
      : this.#requests.refuse(answer.id, new RefusedError(answer.refusal))
    return wanted ? 'answered' : 'unexpected'
  }

  /** What waits will have no answer; the channel stays good. */
  fail(error: Error): void {
    this.#requests.rejectAll(error)
  }

  /** Wipes the keys; what still waits is rejected. */
  close(error: Error): void {
    this.#options.conversation.channel.close()
    this.#requests.rejectAll(error)
  }
}
