/**
 * The terminal's session with the gateway (docs/protocol.md, "Layers of a conversation"): EDHOC with the terminal's own
 * credential, then requests with one answer each over the protected channel.
 *
 * The broker is not trusted and may deliver anything. What it delivers unauthenticated (an 'unknown-connection', an EDHOC
 * error, garbage) never ends a session that works: at most it makes the link ask over the channel whether the gateway is
 * still there, and only silence to that begins a new handshake.
 */

import type { Broker } from '../../native/broker.ts'
import { GatewayExchange } from '../../native/conversation/gateway-exchange.ts'
import { connectToGateway } from '../../native/conversation/handshake.ts'
import { createPostbox } from '../../native/conversation/postbox.ts'
import type { GatewayTrust } from '../../native/conversation/trust.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import type { AnswerBody, Operation, RequestBody } from '../../protocol/messages/operations.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { problemOf } from '../ceremonies/problems.ts'
import type { GatewayView } from '../contract/snapshot.ts'
import type { TerminalIdentity } from './identity.ts'
import { type GatewayLink, LinkError, RefusedError } from './link.ts'
import type { FramePort } from './node-conversation.ts'
import { Waker } from './waker.ts'
import { whenReady } from './when-ready.ts'

export interface LinkTimes {
  /** For an answer where the request names no time of its own. */
  readonly requestMs: number
  /** For each message of a handshake. */
  readonly handshakeMs: number
  /** For the answer that shows that a doubtful session still works. */
  readonly probeMs: number
  /** A session on which nothing was heard for this long is asked. */
  readonly heartbeatMs: number
  /** Between attempts; doubles from the first to the second. */
  readonly backoffMs: { readonly first: number; readonly most: number }
}

const DEFAULT_TIMES: LinkTimes = {
  requestMs: 5000,
  handshakeMs: 2000,
  probeMs: 1000,
  heartbeatMs: 60_000,
  backoffMs: { first: 100, most: 5000 },
}

export interface GatewayLinkOptions {
  /** Belongs to the link from here on: it closes it. */
  readonly broker: Broker
  readonly identity: TerminalIdentity
  readonly trust: GatewayTrust
  readonly crypto: Crypto
  /** Name and version, told to the gateway. */
  readonly software: string
  /** Milliseconds since 1970. Default Date.now. */
  readonly now?: () => number
  readonly times?: Partial<LinkTimes>
}

/** What came from the broker and was good for nothing. A growing number is a finding for support, not for the person. */
export interface LinkCounters {
  readonly malformedFrames: number
  readonly unexpectedFrames: number
  readonly refusedMessages: number
}

export interface TerminalLink extends GatewayLink {
  /** The gateway's greeting, absent before the first session. A later 'hello' request renews it. */
  greeting(): AnswerBody<'hello'> | undefined
  /** Greets again, which shows that the gateway answers, and its time. Rejects with LinkError or RefusedError. */
  greet(timeoutMs: number): Promise<AnswerBody<'hello'>>
  counters(): LinkCounters
  /** This terminal's topic, for its conversations with service nodes. */
  readonly port: FramePort
}

/** As many as a 'hello' may name. */
const MOST_SESSIONS = 64

export function createGatewayLink(options: GatewayLinkOptions): TerminalLink {
  return new Link(options)
}

class Link implements TerminalLink {
  readonly #options: GatewayLinkOptions
  readonly #times: LinkTimes
  readonly #now: () => number
  readonly #inTopic: string
  readonly #listeners = new Set<(state: GatewayView) => void>()
  readonly #postbox = createPostbox<Frame>()
  readonly #stops: (() => void)[]
  /** Conversations with service nodes. */
  readonly #others = new Set<(frame: Frame) => boolean>()
  readonly port: FramePort
  #counters = { malformedFrames: 0, unexpectedFrames: 0, refusedMessages: 0 }
  #state: GatewayView = { kind: 'connecting' }
  #greeting: AnswerBody<'hello'> | undefined
  #session: GatewayExchange | undefined
  /** Something unauthenticated, or silence, says that the session may be over: new requests wait for the probe. */
  #inDoubt = false
  /** Requests that wait for a session; called whenever the loop has come to a result. */
  readonly #waiting = new Set<() => void>()
  /** Hexadecimal, in the order in which they were opened. */
  readonly #opened = new Set<string>()
  /** Wakes the loop: the broker came or went, the session is in doubt, the link is closed. */
  readonly #waker = new Waker()
  #closed = false
  readonly #loop: Promise<void>

  constructor(options: GatewayLinkOptions) {
    this.#options = options
    this.#times = { ...DEFAULT_TIMES, ...options.times }
    this.#now = options.now ?? Date.now
    this.#inTopic = buildTopic({ kind: 'terminal-in', terminal: options.identity.terminal })
    this.port = {
      terminal: options.identity.terminal,
      send: (topic, frame, qos) => options.broker.publish(topic, frame, { qos }),
      receive: (listener) => {
        this.#others.add(listener)
        return () => this.#others.delete(listener)
      },
    }
    this.#stops = [
      options.broker.onMessage((topic, payload) => {
        if (topic === this.#inTopic) this.#receive(payload)
      }),
      options.broker.onState((state) => {
        if (state.kind !== 'connected') this.#brokerLost()
        this.#waker.wake()
      }),
    ]
    this.#loop = this.#run()
  }

  state(): GatewayView {
    return this.#state
  }

  greeting(): AnswerBody<'hello'> | undefined {
    return this.#greeting
  }

  async greet(timeoutMs: number): Promise<AnswerBody<'hello'>> {
    return this.#hello(this.#usableSession() ?? (await this.#nextSession(timeoutMs)), timeoutMs)
  }

  counters(): LinkCounters {
    return { ...this.#counters }
  }

  subscribe(listener: (state: GatewayView) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async request<O extends Operation>(
    operation: O,
    body: RequestBody<O>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<AnswerBody<O>> {
    // Whether or not the gateway hears of it: a session that is not named at the next greeting ends there.
    if (operation === 'session.end') this.#opened.delete(toHex((body as RequestBody<'session.end'>).session))
    const timeoutMs = options.timeoutMs ?? this.#times.requestMs
    const deadline = performance.now() + timeoutMs
    const session = this.#usableSession() ?? (await this.#nextSession(timeoutMs))
    try {
      return await this.#ask(session, operation, body, Math.max(1, deadline - performance.now()))
    } catch (error) {
      if (error instanceof LinkError && error.kind === 'silent') this.#doubt()
      throw error
    }
  }

  opened(session: Uint8Array): void {
    this.#opened.add(toHex(session))
    const [oldest] = this.#opened
    if (this.#opened.size > MOST_SESSIONS && oldest !== undefined) this.#opened.delete(oldest)
  }

  ended(session: Uint8Array): void {
    this.#opened.delete(toHex(session))
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      for (const stop of this.#stops) stop()
      this.#postbox.rejectAll(new LinkError('offline'))
      this.#dropSession(new LinkError('offline'))
      this.#tellWaiting()
      this.#waker.wake()
      await this.#options.broker.close()
    }
    await this.#loop
  }

  /** One attempt after the other while there is a broker; then it sleeps until something is in doubt. */
  async #run(): Promise<void> {
    let delayMs = this.#times.backoffMs.first
    while (!this.#closed) {
      if (this.#options.broker.state().kind !== 'connected') {
        await this.#waker.sleep()
        continue
      }
      try {
        if (this.#session !== undefined && !(await this.#answers(this.#session))) this.#dropSession(new LinkError('silent'))
        if (this.#session === undefined) await this.#connect()
        delayMs = this.#times.backoffMs.first
        this.#online()
        await this.#waker.sleep(this.#times.heartbeatMs)
      } catch (error) {
        if (this.#closed || this.#options.broker.state().kind !== 'connected') continue
        this.#dropSession(new LinkError('silent', { cause: error }))
        this.#offline(error)
        // Between attempts only the broker's return, and the end, cut the waiting short.
        this.#waker.forget()
        await this.#waker.sleep(delayMs)
        delayMs = Math.min(2 * delayMs, this.#times.backoffMs.most)
      }
    }
  }

  async #connect(): Promise<void> {
    if (this.#state.kind !== 'offline') this.#setState({ kind: 'connecting' })
    const { broker, identity, trust, crypto } = this.#options
    await broker.subscribe(this.#inTopic, 1)
    const conversation = await connectToGateway({
      party: { kind: 'terminal', id: identity.terminal },
      identity,
      trust,
      crypto,
      postbox: this.#postbox,
      timeoutMs: this.#times.handshakeMs,
      send: (topic, frame) => broker.publish(topic, encodeFrame(frame), { qos: 1 }),
    })
    if (this.#closed) throw new LinkError('offline')
    const session = new GatewayExchange({
      conversation,
      inTopic: this.#inTopic,
      send: (topic, frame) => broker.publish(topic, frame, { qos: 0 }),
    })
    this.#session = session
    this.#greeting = await this.#hello(session, this.#times.requestMs)
  }

  #hello(session: GatewayExchange, timeoutMs: number): Promise<AnswerBody<'hello'>> {
    const sessions = [...this.#opened].map(fromHex)
    return this.#ask(session, 'hello', { software: this.#options.software.slice(0, 40), sessions }, timeoutMs)
  }

  async #answers(session: GatewayExchange): Promise<boolean> {
    try {
      this.#greeting = await this.#hello(session, this.#times.probeMs)
      return true
    } catch (error) {
      // A refusal is an answer too.
      return error instanceof RefusedError
    }
  }

  async #ask<O extends Operation>(
    session: GatewayExchange,
    operation: O,
    body: RequestBody<O>,
    timeoutMs: number,
  ): Promise<AnswerBody<O>> {
    const answer = await session.ask(operation, body, timeoutMs)
    if (operation === 'hello') this.#greeting = answer as AnswerBody<'hello'>
    return answer
  }

  #receive(payload: Uint8Array): void {
    const frame = decodeFrame(payload)
    if (frame === undefined) {
      this.#counters.malformedFrames += 1
      return
    }
    if (this.#postbox.deliver(frame)) return
    const session = this.#session
    const isOurs = (frame.kind === 'sealed' || frame.kind === 'unknown-connection') && session?.isNamedBy(frame) === true
    if (isOurs && frame.kind === 'unknown-connection') this.#doubt()
    else if (isOurs && frame.kind === 'sealed') this.#count(session.receive(frame.message))
    else if (![...this.#others].some((other) => other(frame))) this.#counters.unexpectedFrames += 1
  }

  #count(received: ReturnType<GatewayExchange['receive']>): void {
    if (received === 'refused') this.#counters.refusedMessages += 1
    if (received === 'unexpected') this.#counters.unexpectedFrames += 1
  }

  /** The session's keys stay good: when the broker is back, one request shows whether the gateway still knows it. */
  #brokerLost(): void {
    const error = new LinkError('offline')
    this.#session?.fail(error)
    this.#postbox.rejectAll(error)
    if (!this.#closed) this.#offline(error)
  }

  #dropSession(error: LinkError): void {
    const session = this.#session
    this.#session = undefined
    session?.close(error)
  }

  #usableSession(): GatewayExchange | undefined {
    return this.#state.kind === 'online' && !this.#inDoubt ? this.#session : undefined
  }

  /** While a handshake or a probe runs a request waits for it, within its own time. */
  #nextSession(timeoutMs: number): Promise<GatewayExchange> {
    return whenReady<GatewayExchange>(() => this.#usableSession() ?? this.#whyNone(), this.#waiting, timeoutMs)
  }

  /** Undefined while one may still come. */
  #whyNone(): LinkError | undefined {
    if (this.#closed) return new LinkError('offline')
    if (this.#state.kind !== 'offline') return undefined
    const { code } = this.#state.problem
    return new LinkError(code === 'gateway-silent' ? 'silent' : code === 'gateway-untrusted' ? 'untrusted' : 'offline')
  }

  #online(): void {
    this.#inDoubt = false
    if (this.#state.kind !== 'online') this.#setState({ kind: 'online', site: this.#greeting?.site ?? '', since: this.#now() })
    this.#tellWaiting()
  }

  #offline(error: unknown): void {
    const problem = problemOf(error)
    if (this.#state.kind !== 'offline' || this.#state.problem.code !== problem.code) {
      this.#setState({ kind: 'offline', since: this.#state.kind === 'offline' ? this.#state.since : this.#now(), problem })
    }
    this.#tellWaiting()
  }

  #tellWaiting(): void {
    for (const look of [...this.#waiting]) look()
  }

  #doubt(): void {
    this.#inDoubt = true
    this.#waker.wake()
  }

  #setState(state: GatewayView): void {
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
  }
}
