/**
 * A whole desk in one process, on the real parts but for the reader: the gateway with its store on disk, the embedded broker,
 * the terminal's link, simulated readers with virtual cards, and a person who answers what the ceremonies ask.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Insertion } from '../../electron/ceremonies/card-access.ts'
import { changePin } from '../../electron/ceremonies/change-pin.ts'
import { CeremonyFailed, type Guide, type NewPinRequest, type PinRequest } from '../../electron/ceremonies/guide.ts'
import { type LoginOutcome, login } from '../../electron/ceremonies/login.ts'
import { createPinReports, type PinReports } from '../../electron/ceremonies/pin-reports.ts'
import { type Registered, type Registration, register } from '../../electron/ceremonies/register.ts'
import { approve, type Unblocked, type Unblocking, unblock } from '../../electron/ceremonies/unblock.ts'
import type { Problem } from '../../electron/contract/problems.ts'
import type { StepId } from '../../electron/contract/snapshot.ts'
import { type BlockList, createBlockList } from '../../electron/notices/block-list.ts'
import { createSeenCards, type SeenCards } from '../../electron/presence/seen-cards.ts'
import { enrol } from '../../electron/session/enrolment.ts'
import { createGatewayLink, type LinkTimes, type TerminalLink } from '../../electron/session/gateway-link.ts'
import { createIdentityStore, type TerminalIdentity } from '../../electron/session/identity.ts'
import type { GatewayLink } from '../../electron/session/link.ts'
import { issueCertificate } from '../../gateway/authority/x509.ts'
import { type EmbeddedBroker, startEmbeddedBroker } from '../../gateway/broker/embedded.ts'
import { DEFAULT_POLICY, type Policy } from '../../gateway/findings/policy.ts'
import { type Gateway, startGateway } from '../../gateway/main.ts'
import { invite } from '../../gateway/registry/terminals.ts'
import { connectBroker } from '../../native/broker.ts'
import { createTrust, type GatewayTrust } from '../../native/conversation/trust.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import type { Readers } from '../../native/reader.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { createSimulatedReaders, type SimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { type BlankCardOptions, blankCard, type CardState } from '../../native/virtual-card/state.ts'
import { type CardStorage, memoryStorage } from '../../native/virtual-card/storage.ts'
import { concat, utf8 } from '../../protocol/bytes.ts'
import { OBJECT, SLOT } from '../../protocol/piv/constants.ts'
import { buildCertificateObject } from '../../protocol/piv/objects.ts'
import { freePort } from '../support/mosquitto.ts'

export const READER = 'Simulated reader'

/** What a person does when they are asked; each answer is given once, in order. */
export interface Person {
  readonly pins?: readonly (string | (() => string | Promise<string>))[]
  readonly newPins?: readonly NewPins[]
  /** On the reader where absent. */
  readonly pad?: ('pad' | 'keyboard')[]
}
export interface NewPins {
  readonly current?: string
  readonly next: string
}

export interface RecordingGuide extends Guide {
  readonly steps: StepId[]
  readonly asked: (PinRequest | NewPinRequest)[]
  /** What the person typed, as the ceremony got it: all zeros once it was wiped. */
  readonly typed: Uint8Array[]
}

/** A person who runs out of answers is away: the ceremony waits until it is ended by something else. */
export function personGuide(person: Person): RecordingGuide {
  const pins = [...(person.pins ?? [])]
  const newPins = [...(person.newPins ?? [])]
  const guide = { steps: [] as StepId[], asked: [] as (PinRequest | NewPinRequest)[], typed: [] as Uint8Array[] }
  const type = (digits: string): Uint8Array => {
    const bytes = utf8(digits)
    guide.typed.push(bytes)
    return bytes
  }
  return {
    ...guide,
    begin: () => undefined,
    step: (id) => void guide.steps.push(id),
    person: () => undefined,
    async askPin(request) {
      guide.asked.push(request)
      const pin = pins.shift()
      if (pin === undefined) return new Promise(() => undefined)
      return type(typeof pin === 'string' ? pin : await pin())
    },
    async askPad(request) {
      guide.asked.push(request)
      return person.pad?.shift() ?? 'pad'
    },
    async askNewPin(request) {
      guide.asked.push(request)
      const answer = newPins.shift()
      if (answer === undefined) return new Promise(() => undefined)
      return { next: type(answer.next), ...(answer.current === undefined ? {} : { current: type(answer.current) }) }
    },
  }
}

export interface TestCard {
  readonly card: VirtualCard
  readonly storage: CardStorage
}

export function newCard(options: BlankCardOptions = {}): TestCard {
  return cardOf(blankCard(options))
}

export function cardOf(state: CardState): TestCard {
  const storage = memoryStorage(state)
  return { card: new VirtualCard({ crypto: nodeCrypto, storage }), storage }
}

export class World {
  readonly folder: string
  readonly readers: SimulatedReaders = createSimulatedReaders({ names: [READER] })
  /** What the ceremonies see; tests may put faults in between. */
  seenReaders: Readers = this.readers
  seenLink: GatewayLink
  brokerRuns = true
  broker: EmbeddedBroker
  gateway: Gateway | undefined
  readonly identity: TerminalIdentity
  readonly trust: GatewayTrust
  readonly link: TerminalLink
  readonly pinReports: PinReports
  readonly cards: SeenCards = createSeenCards(this.readers)
  readonly blocks: BlockList
  #port: number
  #operator: { readonly card: TestCard; readonly pin: string } | undefined
  #session: Uint8Array | undefined

  private constructor(parts: {
    folder: string
    broker: EmbeddedBroker
    gateway: Gateway
    identity: TerminalIdentity
    times: Partial<LinkTimes>
  }) {
    this.folder = parts.folder
    this.broker = parts.broker
    this.#port = Number(new URL(parts.broker.url).port)
    this.gateway = parts.gateway
    this.identity = parts.identity
    const trust = createTrust({ crypto: nodeCrypto, root: parts.identity.root, gateway: parts.identity.gateway, now: Date.now })
    if (trust === undefined) throw new Error('no trust in the gateway that was just enrolled at')
    this.trust = trust
    this.link = createGatewayLink({
      broker: connectTo(parts.broker, parts.identity.terminal),
      identity: parts.identity,
      trust,
      crypto: nodeCrypto,
      software: 'test',
      times: parts.times,
    })
    this.seenLink = this.link
    this.blocks = createBlockList({
      path: join(parts.folder, 'blocks.json'),
      link: () => this.link,
      onUnwritten: (error) => {
        throw error
      },
    })
    this.pinReports = createPinReports({ path: join(parts.folder, 'pin-reports.json'), link: () => this.link })
  }

  static async create(times: Partial<LinkTimes> = {}): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-ceremonies-'))
    // It is stopped and started again there: nobody may be given its port meanwhile.
    const broker = await startEmbeddedBroker(await freePort())
    const gateway = await startGatewayIn(folder, broker)
    const { code } = await invite(gateway.registry, { site: 'Desk 1', validMs: 60_000, mayRegisterFirstOperator: true })
    const store = createIdentityStore({ path: join(folder, 'terminal', 'identity.json') })
    const identity = await enrol({ code, store, crypto: nodeCrypto, connect: (terminal) => connectTo(broker, terminal) })
    return new World({ folder, broker, gateway, identity, times })
  }

  async close(): Promise<void> {
    await this.link.close()
    await this.blocks.close()
    await this.stopGateway()
    await this.broker.close()
    await this.readers.close()
    // What was begun last may still be writing.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async stopGateway(): Promise<void> {
    await this.gateway?.close()
    this.gateway = undefined
  }

  async startGateway(): Promise<void> {
    this.gateway = await startGatewayIn(this.folder, this.broker)
  }

  async stopBroker(): Promise<void> {
    this.brokerRuns = false
    await this.broker.close()
  }

  async startBroker(): Promise<void> {
    // What is online after this has come back, and has not just missed that the broker was away.
    await until(() => this.link.state().kind !== 'online', 10_000, 'the link did not notice that the broker is away')
    this.brokerRuns = true
    this.broker = await startEmbeddedBroker(this.#port)
  }

  async online(timeoutMs = 10_000): Promise<void> {
    await until(() => this.link.state().kind === 'online', timeoutMs, 'the link did not come online')
  }

  insert(card: TestCard): Insertion {
    this.readers.insert(READER, card.card)
    return this.insertion()
  }

  insertion(): Insertion {
    const status = this.readers.status().readers.find(({ name }) => name === READER)
    return { reader: READER, insertions: status?.insertions ?? 0 }
  }

  holdsCard(): boolean {
    return this.readers.status().readers.some(({ state }) => state.kind === 'card')
  }

  desk(guide: Guide) {
    return {
      readers: this.seenReaders,
      guide,
      link: this.seenLink,
      trust: this.trust,
      crypto: nodeCrypto,
      blocks: this.blocks,
      cards: this.cards,
      pinReports: this.pinReports,
      now: Date.now,
      monotonic: () => performance.now(),
    }
  }

  /** The session that it opened is ended at once: a desk has few open ones. */
  async login(at: Insertion, person: Person, purpose: 'holder' | 'operator' = 'holder'): Promise<LoginOutcome> {
    const outcome = await login(this.desk(personGuide(person)), at, purpose)
    this.link.request('session.end', { session: outcome.result.session, reason: 'operator' }).catch(() => undefined)
    return outcome
  }

  register(at: Insertion, person: Person, registration: Partial<Registration> = {}): Promise<Registered> {
    return register(this.desk(personGuide(person)), at, {
      person: somebody(1),
      ...(this.#session && { session: this.#session }),
      ...registration,
    })
  }

  changePin(at: Insertion, person: Person): Promise<{ readonly kind: 'pin-changed' }> {
    return changePin(this.desk(personGuide(person)), at)
  }

  /** The first operator approves, with a fresh login of their own card. */
  async approve(): Promise<Uint8Array> {
    if (this.#operator === undefined) throw new Error('there is no operator yet')
    const { card, pin } = this.#operator
    try {
      return await approve(this.desk(personGuide({ pins: [pin] })), this.insert(card))
    } finally {
      this.readers.remove(READER)
    }
  }

  unblock(at: Insertion, person: Person, unblocking: Unblocking): Promise<Unblocked> {
    return unblock(this.desk(personGuide(person)), at, unblocking)
  }

  get session(): Uint8Array {
    if (this.#session === undefined) throw new Error('nobody is signed in')
    return this.#session
  }

  /** The first operator, signed in at this desk. */
  async signInOperator(): Promise<void> {
    if (this.#operator === undefined) {
      const card = newCard()
      const at = this.insert(card)
      await this.register(at, { newPins: [{ next: '735194' }] }, { person: somebody(0) })
      this.#operator = { card, pin: '735194' }
    }
    const guide = personGuide({ pins: [this.#operator.pin] })
    const { result } = await login(this.desk(guide), this.insert(this.#operator.card), 'operator')
    this.#session = result.session
    this.readers.remove(READER)
  }
}

export function somebody(number: number) {
  return { givenName: 'Ada', familyName: `Person ${number}`, reference: `C-${number}` }
}

function connectTo(broker: EmbeddedBroker, terminal: string) {
  return connectBroker({ url: broker.url, clientId: terminal, session: 'clean', backoffMs: { first: 20, most: 100 } })
}

/** Ceremonies that are interrupted hundreds of times a minute look like an attack: what is found is told, nothing is slowed or blocked. */
const TOLD_ONLY: Policy = {
  ...DEFAULT_POLICY,
  bruteForce: { ...DEFAULT_POLICY.bruteForce, cardResponse: 'notify', terminalResponse: 'notify', handshakeResponse: 'notify' },
  clone: { ...DEFAULT_POLICY.clone, response: 'notify' },
  flooding: { ...DEFAULT_POLICY.flooding, terminalResponse: 'notify', cardResponse: 'notify' },
}

function startGatewayIn(folder: string, broker: EmbeddedBroker): Promise<Gateway> {
  return startGateway({
    dataDirectory: join(folder, 'gateway'),
    broker: { kind: 'external', url: broker.url },
    policy: TOLD_ONLY,
  })
}

export async function until(condition: () => boolean, timeoutMs: number, otherwise: string): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(otherwise)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The problem that a ceremony ended with; throws where it did not end with one. */
export async function problemOfCeremony(ceremony: Promise<unknown>): Promise<Problem> {
  try {
    await ceremony
  } catch (error) {
    if (error instanceof CeremonyFailed) return error.problem
    throw error
  }
  throw new Error('the ceremony succeeded')
}

export type Transmit = (command: Uint8Array) => Promise<Uint8Array>

/** Readers whose cards' commands pass through `hook`: for answers that are lost or changed while the card stays in. */
export function interceptReaders(
  readers: Readers,
  hook: (command: Uint8Array, transmit: Transmit) => Promise<Uint8Array>,
): Readers {
  return {
    status: () => readers.status(),
    subscribe: (listener) => readers.subscribe(listener),
    close: () => readers.close(),
    async connect(reader, options) {
      const connection = await readers.connect(reader, options)
      return {
        reader: connection.reader,
        atr: connection.atr,
        protocol: connection.protocol,
        transmit: (command, took) => hook(command, (bytes) => connection.transmit(bytes, took)),
        beginTransaction: () => connection.beginTransaction(),
        endTransaction: (disposition) => connection.endTransaction(disposition),
        reconnect: (disposition) => connection.reconnect(disposition),
        control: (code, input) => connection.control(code, input),
        pinPad: () => connection.pinPad(),
        disconnect: (disposition) => connection.disconnect(disposition),
      }
    },
  }
}

/** Somebody else's PIV card: a 9A key with a certificate of another authority, nothing else changed. */
export function foreignCard(curve: 'P-256' | 'P-384'): TestCard {
  const algorithm = curve === 'P-256' ? 'ES256' : 'ES384'
  const { privateKey, publicKey } = nodeCrypto.generateKeyPair(curve)
  const issuerKey = nodeCrypto.generateKeyPair('P-256')
  const now = Date.now()
  const certificate = issueCertificate({
    crypto: nodeCrypto,
    issuer: { subject: { CN: 'Another authority' }, key: { algorithm: 'ES256', ...issuerKey } },
    subject: { CN: 'Somebody' },
    key: { algorithm, publicKey },
    notBefore: now - 60_000,
    notAfter: now + 3_600_000,
    use: { kind: 'endpoint' },
  })
  return cardOf({
    ...blankCard(),
    pin: { value: concat(utf8('271828'), Uint8Array.of(0xff, 0xff)), retriesLeft: 3, retriesTotal: 3 },
    keys: new Map([
      [
        SLOT.authentication,
        { algorithm: curve === 'P-256' ? 0x11 : 0x14, privateKey, publicKey, pinPolicy: 2, origin: 'imported' },
      ],
    ]),
    objects: new Map([[OBJECT.authenticationCertificate, buildCertificateObject(certificate)]]),
  })
}
