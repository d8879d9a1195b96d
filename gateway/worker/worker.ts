/**
 * One gateway worker: an MQTT session, the conversations on it, and the requests within them. Whatever arrives is taken
 * for a stranger's until EDHOC or a channel has verified it; what fits nothing is counted and otherwise ignored, because
 * an answer to garbage would serve nobody but its sender.
 */
import type { Broker } from '../../native/broker.ts'
import { inTopicOf, type Party } from '../../native/conversation/handshake.ts'
import { equalConstantTime, toHex, wipe } from '../../protocol/bytes.ts'
import { channelOfSession } from '../../protocol/channel.ts'
import { EdhocError, encodeErrorMessage } from '../../protocol/edhoc/errors.ts'
import type { ReceivedMessage3 } from '../../protocol/edhoc/responder.ts'
import { EAD_ENROLMENT_REQUEST } from '../../protocol/messages/enrolment.ts'
import { decodeRequest, encodeAnswer, encodeRefusal, type Request } from '../../protocol/messages/exchange.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import type { Operation } from '../../protocol/messages/operations.ts'
import { ALL_PRESENCE, BLOCKS_NOTICE, buildTopic, GATEWAY_IN, GATEWAY_IN_SHARED, parseTopic } from '../../protocol/topics.ts'
import { Blocks } from '../blocks/blocks.ts'
import { BoundedMap } from '../findings/bounded-map.ts'
import type { Policy } from '../findings/policy.ts'
import { createResponder } from '../findings/respond.ts'
import { Restraints } from '../findings/restraints.ts'
import { Watch } from '../findings/watch.ts'
import { Presences } from '../locator/presences.ts'
import { describeError, type Log } from '../log.ts'
import type { Registry } from '../registry/context.ts'
import { Refused } from '../registry/refused.ts'
import type { EnrolledNode } from '../store/nodes.ts'
import type { Terminal } from '../store/store.ts'
import { Revocations } from '../tokens/revocations.ts'
import { Conversations, HANDSHAKE_MS, type Handshake } from './conversations.ts'
import { newCounters, type WorkerCounters } from './counters.ts'
import type { Device } from './device.ts'
import { acceptEnrolment } from './enrolment.ts'
import { createHandlers, type Handlers, isForNodes } from './handlers.ts'
import { authenticatorFor, connectionOf, fingerprintPrefix, peerCredential, receiveMessage1, startsWith } from './responder.ts'
import { hasSharedSubscriptions } from './shared-subscription.ts'
import { type See, Sightings } from './sightings.ts'

/** Requests of one terminal that may be under way at a time. */
const MAX_REQUESTS_IN_FLIGHT = 32
const SWEEP_MS = 1000
/** How often one terminal is told that its connection is unknown. */
const UNKNOWN_NOTICE_MS = 500
/** Operations whose answers hold secrets: they are wiped once they are sealed. */
const WITH_SECRETS: ReadonlySet<Operation> = new Set(['hello', 'register.authenticated', 'unblock.begin'])

/** Also from a terminal that is to slow down: they end something, or bring back what must not be lost. */
const ALWAYS_TAKEN: ReadonlySet<Operation> = new Set(['session.end', 'notice.confirm', 'pin.wrong'])

export interface WorkerOptions {
  readonly id: string
  readonly broker: Broker
  readonly registry: Registry
  readonly log: Log
  /** What is too much, and what is done about it. */
  readonly policy: Policy
}

export class Worker {
  readonly #id: string
  readonly #topic: string
  readonly #broker: Broker
  readonly #registry: Registry
  readonly #log: Log
  readonly #handlers: Handlers
  readonly blocks: Blocks
  readonly presences: Presences
  readonly #revocations: Revocations
  readonly watch: Watch
  readonly #restraints = new Restraints()
  readonly #sightings: Sightings
  readonly #conversations = new Conversations(({ from }) => {
    this.#counters.abandonedHandshakes += 1
    this.#sightings.handshake('abandoned', from)
  })
  readonly #noticedUnknown = new BoundedMap<{ at: number }>(1000)
  readonly #underWay = new Set<Promise<void>>()
  #stopListening: () => void = () => undefined
  #sweeper: ReturnType<typeof setInterval> | undefined
  readonly #counters = newCounters()

  constructor(options: WorkerOptions) {
    this.#id = options.id
    this.#topic = buildTopic({ kind: 'worker-in', worker: options.id })
    this.#broker = options.broker
    this.#registry = options.registry
    this.#log = options.log
    const { registry, broker, log, policy } = options
    this.presences = new Presences(registry, log, (terminal, name) => this.#sightings.readerName(terminal, name))
    this.#revocations = new Revocations({ registry, broker, log })
    this.blocks = new Blocks({
      registry,
      broker,
      log,
      policy,
      holding: (guid) => this.presences.holding(guid),
      committed: () => void this.#revocations.announce(),
    })
    const { blocks, presences } = this
    const revocations = this.#revocations
    const ended = () => void revocations.announce()
    const responder = createResponder({ registry, policy, blocks, restraints: this.#restraints, ended, log })
    const holds = (terminal: string, card: string) => presences.holdsNow(terminal, card)
    this.watch = new Watch({ registry, policy, responder, holds, log })
    const see: See = (event, session) => this.watch.see(event, session)
    this.#sightings = new Sightings(see, registry.now)
    this.#handlers = createHandlers({ registry, worker: options.id, blocks, presences, revocations, see })
  }

  /** Rejects with a BrokerError. */
  async start(): Promise<void> {
    const shared = await hasSharedSubscriptions(this.#broker, this.#topic, this.#registry.crypto)
    this.#stopListening = this.#broker.onMessage((topic, payload) => this.#receive(topic, payload))
    await this.#broker.subscribe(this.#topic, 1)
    await this.#broker.subscribe(ALL_PRESENCE, 1)
    await this.#broker.subscribe(BLOCKS_NOTICE, 1)
    await this.#broker.subscribe(shared ? GATEWAY_IN_SHARED : GATEWAY_IN, 1)
    this.#sweeper = setInterval(() => {
      this.#conversations.sweep(this.#registry.now())
      this.blocks.tick()
      void this.presences.save()
      void this.watch.save()
    }, SWEEP_MS)
    this.#sweeper.unref()
    this.#revocations.start()
    this.#log('info', 'worker-started', { worker: this.#id, shared })
  }

  counters(): WorkerCounters {
    return { ...this.#counters }
  }

  sizes(): { readonly handshakes: number; readonly devices: number } {
    return this.#conversations.sizes()
  }

  /** Takes nothing new and lets what is under way end. */
  async stop(): Promise<void> {
    this.#stopListening()
    clearInterval(this.#sweeper)
    await Promise.allSettled(this.#underWay)
    await this.watch.settled()
    this.blocks.close()
    await this.#revocations.close()
    await this.presences.save()
    this.#conversations.closeAll()
    this.#log('info', 'worker-stopped', { worker: this.#id, ...this.#counters })
  }

  #receive(topic: string, payload: Uint8Array): void {
    if (topic !== GATEWAY_IN && topic !== this.#topic) {
      this.#receiveNews(topic, payload)
      return
    }
    const frame = decodeFrame(payload)
    if (frame === undefined) {
      this.#counters.malformedFrames += 1
      this.#sightings.message('malformed')
      return
    }
    const work = this.#dispatch(topic, frame).catch((error: unknown) => {
      this.#counters.failures += 1
      this.#log('error', 'frame-failed', { frame: frame.kind, ...describeError(error) })
    })
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work))
  }

  /** What is published for every worker. */
  #receiveNews(topic: string, payload: Uint8Array): void {
    const parsed = parseTopic(topic)
    if (parsed?.kind === 'blocks-notice') this.blocks.receiveVersion(payload)
    else if (parsed?.kind !== 'terminal-presence') this.#counters.malformedFrames += 1
    else if (!this.presences.receive(parsed.terminal, payload)) this.#counters.forgedPresences += 1
  }

  async #dispatch(topic: string, frame: Frame): Promise<void> {
    if (topic === GATEWAY_IN) {
      if (frame.kind === 'message_1') await this.#message1({ kind: frame.sender ?? 'terminal', id: frame.from }, frame.message)
      else this.#counters.misplacedFrames += 1
    } else if (frame.kind === 'message_3') await this.#message3(frame.connection, frame.message)
    else if (frame.kind === 'sealed') await this.#sealed(frame.connection, frame.message)
    // An EDHOC error is authenticated by nobody: the handshake that it speaks of ends by its time.
    else this.#counters.misplacedFrames += 1
  }

  async #message1(from: Party, message1: Uint8Array): Promise<void> {
    const { crypto, authority, now } = this.#registry
    // Without a name for the conversation that fits into a frame nothing can be answered.
    const cI = connectionOf(message1)
    if (cI === undefined) {
      this.#counters.failedHandshakes += 1
      this.#sightings.handshake('failed', from)
      return
    }
    try {
      const received = receiveMessage1(crypto, message1, [EAD_ENROLMENT_REQUEST])
      const cR = crypto.randomBytes(8)
      const sent = await received.prepareMessage2(authenticatorFor(crypto, authority, received.suite, 'with-root'), cR)
      this.#conversations.addHandshake({ cI, cR, from, expiresAt: now() + HANDSHAKE_MS, state: { kind: 'begun', sent } })
      await this.#send(from, { kind: 'message_2', worker: this.#id, connection: cI, message: sent.message2 }, 1)
    } catch (error) {
      if (!(error instanceof EdhocError)) throw error
      this.#counters.failedHandshakes += 1
      this.#sightings.handshake('failed', from)
      await this.#sendError(from, cI, error.errorMessage)
    }
  }

  async #message3(connection: Uint8Array, message3: Uint8Array): Promise<void> {
    const device = this.#conversations.device(connection, this.#registry.now())
    if (device !== undefined) {
      if (equalConstantTime(device.message3, message3)) {
        this.#counters.repeatedMessages += 1
        await this.#send(device.party, { kind: 'message_4', connection: device.cI, message: device.message4 }, 1)
      } else this.#counters.misplacedFrames += 1
      return
    }
    const handshake = this.#conversations.handshake(connection)
    if (handshake === undefined) return this.#unknownConnection(connection)
    const { state } = handshake
    switch (state.kind) {
      case 'begun':
        handshake.state = { kind: 'spent' }
        return this.#complete(handshake, message3, () => state.sent.processMessage3(message3))
      case 'enrolled':
        if (equalConstantTime(state.message3, message3)) {
          this.#counters.repeatedMessages += 1
          await this.#send(handshake.from, { kind: 'message_4', connection: handshake.cI, message: state.message4 }, 1)
          return
        }
        this.#counters.misplacedFrames += 1
        return
      case 'spent':
        this.#counters.repeatedMessages += 1
        return
      default:
        state satisfies never
    }
  }

  async #complete(handshake: Handshake, message3: Uint8Array, process: () => ReceivedMessage3): Promise<void> {
    try {
      const received = process()
      if (received.reference.kind === 'kccs') await this.#enrol(handshake, message3, received)
      else await this.#open(handshake, message3, received)
      this.#counters.completedHandshakes += 1
      this.#sightings.handshake('completed', handshake.from)
    } catch (error) {
      if (!(error instanceof EdhocError || error instanceof Refused)) throw error
      this.#counters.failedHandshakes += 1
      this.#sightings.handshake('failed', handshake.from)
      const message =
        error instanceof EdhocError ? error.errorMessage : encodeErrorMessage({ kind: 'unspecified', text: error.refusal.code })
      await this.#sendError(handshake.from, handshake.cI, message)
    }
  }

  async #open(handshake: Handshake, message3: Uint8Array, received: ReceivedMessage3): Promise<void> {
    const { crypto, now } = this.#registry
    const known = await this.#find(handshake.from, received)
    // No candidate makes it 'unknown-credential'; one that is withdrawn is told so within the channel, where it can believe it.
    const verified = received.verify(...(known === undefined ? [] : [peerCredential(known)]))
    const { message4, session } = verified.prepareMessage4()
    const device: Device = {
      party: handshake.from,
      terminal: handshake.from.id,
      site: known === undefined ? '' : 'site' in known ? known.site : known.name,
      cI: handshake.cI,
      cR: handshake.cR,
      channel: channelOfSession(crypto, session),
      topic: inTopicOf(handshake.from),
      message3,
      message4,
      logins: new Map(),
      authentications: new Map(),
      greeted: false,
      requestsInFlight: 0,
      heardAt: now(),
    }
    session.wipe()
    this.#conversations.open(device)
    await this.#send(device.party, { kind: 'message_4', connection: device.cI, message: message4 }, 1)
  }

  /** The terminal or node that the certificate is of, where it is the one that message_1 claimed to come from. */
  async #find({ kind, id }: Party, received: ReceivedMessage3): Promise<Terminal | EnrolledNode | undefined> {
    const prefix = fingerprintPrefix(received.reference)
    if (prefix === undefined) return undefined
    return this.#registry.store.read(async (reader) => {
      if (kind === 'terminal') return (await reader.terminalByFingerprint(prefix)).find((terminal) => terminal.id === id)
      const node = await reader.nodeById(id)
      return node !== undefined && startsWith(node.fingerprint, prefix) ? node : undefined
    })
  }

  async #enrol(handshake: Handshake, message3: Uint8Array, received: ReceivedMessage3): Promise<void> {
    const message4 = await acceptEnrolment(this.#registry, handshake.from, received)
    handshake.state = { kind: 'enrolled', message3, message4 }
    this.#log('info', `${handshake.from.kind}-enrolled`, { [handshake.from.kind]: handshake.from.id })
    await this.#send(handshake.from, { kind: 'message_4', connection: handshake.cI, message: message4 }, 1)
  }

  async #sealed(connection: Uint8Array, message: Uint8Array): Promise<void> {
    const device = this.#conversations.device(connection, this.#registry.now())
    if (device === undefined) return this.#unknownConnection(connection)
    const opened = device.channel.open(this.#topic, message)
    if (!opened.ok) {
      this.#sightings.message(opened.reason, device)
      if (opened.reason === 'replay' || opened.reason === 'stale') this.#counters.replayedMessages += 1
      else this.#counters.forgedMessages += 1
      return
    }
    this.#sightings.message('accepted', device)
    const decoded = decodeRequest(opened.plaintext)
    if (decoded === undefined) {
      this.#counters.malformedRequests += 1
      this.#sightings.misshapen(device, '')
      return
    }
    if (decoded.kind === 'bad-body') {
      this.#counters.malformedRequests += 1
      this.#sightings.misshapen(device, decoded.operation)
      return this.#answer(device, encodeRefusal(decoded.id, { code: 'bad-request' }))
    }
    await this.#answer(device, await this.#handle(device, decoded.request))
  }

  async #handle(device: Device, request: Request): Promise<Uint8Array> {
    this.#counters.requests += 1
    if (device.requestsInFlight >= MAX_REQUESTS_IN_FLIGHT) return encodeRefusal(request.id, { code: 'too-many' })
    device.requestsInFlight += 1
    try {
      if (isForNodes(request.operation) !== (device.party.kind === 'node')) throw new Refused('not-allowed')
      if (!device.greeted && request.operation !== 'hello' && request.operation !== 'node.hello') throw new Refused('bad-request')
      const retryAfterMs = this.#restraints.waitMs(device.terminal, this.#registry.now())
      if (retryAfterMs !== undefined && !ALWAYS_TAKEN.has(request.operation)) throw new Refused('slow-down', { retryAfterMs })
      this.#sightings.texts(device, request.operation, request.body)
      // The table's types tie body and answer to the operation; the union cannot show that here.
      const handler = this.#handlers[request.operation] as (device: Device, body: unknown) => Promise<never>
      const body: object = await handler(device, request.body)
      const answer = encodeAnswer(request.id, body as never)
      if (WITH_SECRETS.has(request.operation)) wipe(...Object.values(body).filter((value) => value instanceof Uint8Array))
      return answer
    } catch (error) {
      if (error instanceof Refused) {
        this.#counters.refusals += 1
        return encodeRefusal(request.id, error.refusal)
      }
      this.#counters.failures += 1
      this.#log('error', 'request-failed', { operation: request.operation, ...describeError(error) })
      return encodeRefusal(request.id, { code: 'gateway-failed' })
    } finally {
      device.requestsInFlight -= 1
    }
  }

  async #answer(device: Device, plaintext: Uint8Array): Promise<void> {
    // Its terminal has made a new channel meanwhile: nobody waits for this answer any more.
    if (this.#conversations.device(device.cR, device.heardAt) !== device) return
    const message = device.channel.seal(device.topic, plaintext)
    // It may have held a PUK and a management key.
    wipe(plaintext)
    await this.#send(device.party, { kind: 'sealed', connection: device.cI, message }, 0)
  }

  /** From before a restart, or invented: a terminal whose channel this was is told at once that it is gone. */
  async #unknownConnection(connection: Uint8Array): Promise<void> {
    this.#counters.unknownConnections += 1
    const { store, now } = this.#registry
    const party = await store.read(async (reader): Promise<Party | undefined> => {
      const terminal = await reader.terminalByConnection(connection)
      if (terminal !== undefined) return { kind: 'terminal', id: terminal.id }
      const node = await reader.nodeByConnection(connection)
      return node && { kind: 'node', id: node.id }
    })
    this.#sightings.message('unknown-connection', party && { terminal: party.id, site: '' })
    if (party === undefined) return
    const notice = this.#noticedUnknown.obtain(toHex(connection), () => ({ at: Number.NEGATIVE_INFINITY }))
    if (now() - notice.at < UNKNOWN_NOTICE_MS) return
    notice.at = now()
    await this.#send(party, { kind: 'unknown-connection', connection }, 1)
  }

  async #sendError(to: Party, connection: Uint8Array, message: Uint8Array | undefined): Promise<void> {
    if (message !== undefined) await this.#send(to, { kind: 'error', connection, message }, 1)
  }

  /** An answer that the broker does not take is lost: the other end asks again. */
  async #send(to: Party, frame: Frame, qos: 0 | 1): Promise<void> {
    try {
      await this.#broker.publish(inTopicOf(to), encodeFrame(frame), { qos })
    } catch (error) {
      this.#log('warning', 'answer-lost', { frame: frame.kind, ...describeError(error) })
    }
  }
}
