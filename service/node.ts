/**
 * A service node towards terminals: EDHOC responder, sessions and their requests. Frames in, frames out; broker, gateway and clock
 * are handed in. Whatever arrives is taken for a stranger's until EDHOC or a channel has verified it.
 */
import { equalConstantTime, toHex } from '../protocol/bytes.ts'
import { channelOfSession } from '../protocol/channel.ts'
import type { Crypto, KeyPair } from '../protocol/crypto.ts'
import { type Authenticator, x5tCredential } from '../protocol/edhoc/credentials.ts'
import { EdhocError, encodeErrorMessage } from '../protocol/edhoc/errors.ts'
import { parseMessage1 } from '../protocol/edhoc/messages.ts'
import { processMessage1, type ReceivedMessage3, type VerifiedMessage3 } from '../protocol/edhoc/responder.ts'
import { decodeFrame, type Frame } from '../protocol/messages/frame.ts'
import { decodeTerminalMessage, encodeNodeMessage, type NodeEndReason, type TerminalEnd } from '../protocol/messages/service.ts'
import { buildTopic } from '../protocol/topics.ts'
import { Conversations, HANDSHAKE_MS, type Handshake, type Session } from './conversations.ts'
import { createDevices, type DeviceAccess, type Devices } from './devices.ts'
import {
  checkOperations,
  type Handled,
  handle,
  type Operations,
  type Outcome,
  refuse,
  type ServiceSession,
} from './operations.ts'
import { CLOCK_TOLERANCE_MS, type TokenFailure, TokenRefused, type Tokens } from './tokens.ts'

/** 'lost': too many sessions of one terminal. */
export type SessionEnd = TerminalEnd | NodeEndReason | 'lost'

/** For the service's audit and for its own state; none of these may throw. */
export interface NodeEvents {
  sessionStarted(session: ServiceSession): void
  sessionEnded(session: ServiceSession, reason: SessionEnd): void
  requested(session: ServiceSession, operation: string, outcome: Outcome, error: unknown): void
  handshakeRefused(from: string, reason: TokenFailure['kind'] | EdhocError['kind']): void
}

export interface NodeOptions {
  readonly crypto: Crypto
  /** Lower case hexadecimal, as in topics. */
  readonly node: string
  readonly certificate: Uint8Array
  /** P-256, the certificate's. */
  readonly key: KeyPair
  readonly tokens: Tokens
  readonly operations: Operations
  readonly devices?: DeviceAccess
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A frame for that terminal's topic; what the broker does not take is lost. */
  readonly send: (terminal: string, frame: Frame, qos: 0 | 1) => void
  readonly events: NodeEvents
}

/** Requests of one session that may be under way at a time. */
const MAX_IN_FLIGHT = 32
const CONNECTION_ID_LENGTH = 8
/** How long a device's session lasts. */
const DEVICE_SESSION_MS = 60 * 60_000

interface Verified {
  readonly verified: VerifiedMessage3
  readonly facts: Pick<ServiceSession, 'subject' | 'scopes' | 'expiresAt'>
  readonly token: string | undefined
}

export class ServiceNode {
  readonly #options: NodeOptions
  readonly #topic: string
  readonly #own: Authenticator
  readonly #devices: Devices | undefined
  readonly #conversations = new Conversations()
  #counters = {
    malformedFrames: 0,
    /** A frame that has no place in its conversation's state, or none at all. */
    misplacedFrames: 0,
    unknownConnections: 0,
    failedHandshakes: 0,
    completedHandshakes: 0,
    repeatedMessages: 0,
    /** Seen before, too old, or behind a later request. */
    replayedMessages: 0,
    forgedMessages: 0,
    malformedMessages: 0,
    requests: 0,
  }

  /** Throws a RangeError for an operation's name that no request can have. */
  constructor(options: NodeOptions) {
    checkOperations(options.operations)
    const { crypto, node, certificate, key } = options
    this.#options = options
    this.#topic = buildTopic({ kind: 'node-in', node })
    this.#own = {
      kind: 'signature',
      credential: x5tCredential(crypto, certificate, key.publicKey),
      sign: async (toBeSigned) => crypto.sign('ES256', key.privateKey, toBeSigned),
    }
    this.#devices = options.devices && createDevices(crypto, node, options.devices)
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters }
  }

  sizes(): { readonly handshakes: number; readonly sessions: number } {
    return this.#conversations.sizes()
  }

  /** What came on the node's topic. Resolves when all of it is done; never rejects. */
  async receive(payload: Uint8Array): Promise<void> {
    const frame = decodeFrame(payload)
    if (frame === undefined) this.#counters.malformedFrames += 1
    else await this.receiveFrame(frame)
  }

  async receiveFrame(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case 'sealed':
        return this.#sealed(frame.connection, frame.message)
      case 'message_1':
        // Only a terminal begins a session here; a node or a worker has no business with a node.
        if (frame.sender !== 'node') return this.#message1(frame.from, frame.message)
        break
      case 'message_3':
        return this.#message3(frame.connection, frame.message)
      case 'message_2':
      case 'message_4':
      case 'error':
      case 'unknown-connection':
      case 'notice':
        break
      default:
        frame satisfies never
    }
    this.#counters.misplacedFrames += 1
  }

  /** The gateway has revoked these tokens: their sessions end at once, and they open no new one. */
  revoke(tokens: readonly Uint8Array[]): void {
    this.#options.tokens.revoke(tokens)
    for (const token of tokens) {
      const session = this.#conversations.sessionOfToken(toHex(token))
      if (session !== undefined) this.#end(session, 'revoked')
    }
  }

  /** The service's own decision. False where there is no such session. */
  endSession(id: string): boolean {
    for (const session of this.#conversations.sessions()) {
      if (session.facts.id === id) {
        this.#end(session, 'service')
        return true
      }
    }
    return false
  }

  /** To be called every second or so: ends what has expired. */
  sweep(): void {
    const now = this.#options.now()
    this.#conversations.sweep(now)
    for (const session of [...this.#conversations.sessions()]) if (session.endsAt <= now) this.#end(session, 'expired')
  }

  /** Tells every terminal that its session is over. */
  stop(): void {
    for (const session of [...this.#conversations.sessions()]) this.#end(session, 'stopping')
  }

  async #message1(from: string, message1: Uint8Array): Promise<void> {
    const { crypto, now, send } = this.#options
    let cI: Uint8Array | undefined
    try {
      const parsed = parseMessage1(message1)
      // Without a name for the conversation that fits into a frame nothing can be answered.
      if (parsed.cI.length < 1 || parsed.cI.length > 16) throw new EdhocError({ kind: 'malformed', message: 1, reason: 'C_I' })
      cI = parsed.cI
      // Method and suite come in pairs: a terminal's, and a device's where there are devices.
      const devices = parsed.method === 3 ? this.#devices : undefined
      const received = processMessage1(message1, {
        crypto,
        methods: devices === undefined ? [0] : [3],
        suites: devices === undefined ? [6] : [2],
      })
      const cR = crypto.randomBytes(CONNECTION_ID_LENGTH)
      const sent = await received.prepareMessage2(devices?.own ?? this.#own, cR)
      this.#conversations.addHandshake({ cI, cR, from, method: received.method, expiresAt: now() + HANDSHAKE_MS, sent })
      send(from, { kind: 'message_2', worker: this.#options.node, connection: cI, message: sent.message2 }, 1)
    } catch (error) {
      if (!(error instanceof EdhocError)) throw error
      this.#handshakeFailed(from, cI, error)
    }
  }

  async #message3(connection: Uint8Array, message3: Uint8Array): Promise<void> {
    const { send } = this.#options
    const session = this.#conversations.session(connection)
    if (session !== undefined) {
      if (equalConstantTime(session.message3, message3)) {
        this.#counters.repeatedMessages += 1
        send(session.terminal, { kind: 'message_4', connection: session.cI, message: session.message4 }, 1)
      } else this.#counters.misplacedFrames += 1
      return
    }
    const handshake = this.#conversations.handshake(connection)
    const sent = handshake?.sent
    if (handshake === undefined || sent === undefined || handshake.expiresAt <= this.#options.now()) {
      this.#counters.unknownConnections += 1
      return
    }
    handshake.sent = undefined
    try {
      this.#open(handshake, message3, this.#verify(handshake, sent.processMessage3(message3)))
    } catch (error) {
      if (!(error instanceof EdhocError || error instanceof TokenRefused)) throw error
      this.#handshakeFailed(handshake.from, handshake.cI, error)
    }
  }

  /** Throws an EdhocError or TokenRefused. */
  #verify(handshake: Handshake, received: ReceivedMessage3): Verified {
    const { tokens, now } = this.#options
    const { reference } = received
    if (handshake.method === 3) {
      const candidates = this.#devices?.candidates(reference) ?? []
      const verified = received.verify(...candidates.map(({ credential }) => credential))
      const device = candidates.find(({ credential }) => equalConstantTime(credential.cred, verified.peer.cred))
      if (device === undefined) throw new EdhocError({ kind: 'unknown-credential' })
      const facts = { subject: device.name, scopes: new Set(device.scopes), expiresAt: now() + DEVICE_SESSION_MS }
      return { verified, facts, token: undefined }
    }
    if (reference.kind !== 'kcwt') throw new EdhocError({ kind: 'unknown-credential' })
    const bearer = tokens.verify(reference.cred, handshake.from)
    const verified = received.verify(bearer.credential)
    tokens.use(bearer)
    return { verified, facts: bearer, token: bearer.token }
  }

  #open(handshake: Handshake, message3: Uint8Array, { verified, facts, token }: Verified): void {
    const { crypto, now, send, events } = this.#options
    const { message4, session: edhoc } = verified.prepareMessage4()
    const { cI, cR, from } = handshake
    const { subject, scopes, expiresAt } = facts
    const session: Session = {
      cI,
      cR,
      channel: channelOfSession(crypto, edhoc),
      terminal: from,
      topic: buildTopic({ kind: 'terminal-in', terminal: from }),
      message3,
      message4,
      facts: { id: toHex(crypto.randomBytes(16)), subject, scopes, terminal: from, startedAt: now(), expiresAt },
      token,
      endsAt: expiresAt + CLOCK_TOLERANCE_MS,
      highestId: 0,
      inFlight: 0,
      open: true,
    }
    edhoc.wipe()
    const displaced = this.#conversations.add(session)
    if (displaced !== undefined) this.#close(displaced, 'lost')
    this.#counters.completedHandshakes += 1
    events.sessionStarted(session.facts)
    send(from, { kind: 'message_4', connection: cI, message: message4 }, 1)
  }

  async #sealed(connection: Uint8Array, message: Uint8Array): Promise<void> {
    const session = this.#conversations.session(connection)
    if (session === undefined) {
      this.#counters.unknownConnections += 1
      return
    }
    if (session.endsAt <= this.#options.now()) return this.#end(session, 'expired')
    const opened = session.channel.open(this.#topic, message)
    if (!opened.ok) {
      if (opened.reason === 'replay' || opened.reason === 'stale') this.#counters.replayedMessages += 1
      else this.#counters.forgedMessages += 1
      return
    }
    const decoded = decodeTerminalMessage(opened.plaintext)
    switch (decoded?.kind) {
      case 'request':
        return this.#request(session, decoded)
      case 'ping':
        return this.#answer(session, encodeNodeMessage({ kind: 'pong' }))
      case 'end':
        return this.#close(session, decoded.reason)
      case undefined:
        this.#counters.malformedMessages += 1
        return
      default:
        decoded satisfies never
    }
  }

  async #request(session: Session, request: { id: number; operation: string; body: unknown }): Promise<void> {
    if (request.id <= session.highestId) {
      this.#counters.replayedMessages += 1
      return
    }
    session.highestId = request.id
    this.#counters.requests += 1
    let handled: Handled
    if (session.inFlight >= MAX_IN_FLIGHT) handled = refuse(request.id, { code: 'too-many' })
    else {
      session.inFlight += 1
      handled = await handle(this.#options.operations, request, session.facts)
      session.inFlight -= 1
    }
    this.#answer(session, handled.plaintext)
    this.#options.events.requested(session.facts, request.operation, handled.outcome, handled.error)
  }

  #answer(session: Session, plaintext: Uint8Array): void {
    // It ended while the service was at work: nobody waits for this answer any more.
    if (!session.open) return
    const message = session.channel.seal(session.topic, plaintext)
    this.#options.send(session.terminal, { kind: 'sealed', connection: session.cI, message }, 0)
  }

  /** Ends it and tells the terminal. */
  #end(session: Session, reason: NodeEndReason): void {
    this.#answer(session, encodeNodeMessage({ kind: 'end', reason }))
    this.#close(session, reason)
  }

  #close(session: Session, reason: SessionEnd): void {
    if (!session.open) return
    session.open = false
    this.#conversations.remove(session)
    session.channel.close()
    this.#options.events.sessionEnded(session.facts, reason)
  }

  #handshakeFailed(from: string, cI: Uint8Array | undefined, error: EdhocError | TokenRefused): void {
    this.#counters.failedHandshakes += 1
    this.#options.events.handshakeRefused(from, error instanceof EdhocError ? error.kind : error.failure.kind)
    const message =
      error instanceof EdhocError ? error.errorMessage : encodeErrorMessage({ kind: 'unspecified', text: error.failure.kind })
    if (cI !== undefined && message !== undefined) this.#options.send(from, { kind: 'error', connection: cI, message }, 1)
  }
}
