/**
 * A terminal and a card in software, as small as the protocol allows: what the gateway's tests speak with. Nothing of the
 * terminal's own code (electron/) is in it, so that the two check each other.
 */
import { CertificationRequest } from '@peculiar/asn1-csr'
import { AsnConvert } from '@peculiar/asn1-schema'
import { parseCertificate, subjectPublicKeyInfo } from '../../gateway/authority/x509.ts'
import { type Broker, type BrokerTls, connectBroker } from '../../native/broker.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { equalConstantTime, toHex } from '../../protocol/bytes.ts'
import { decode, encode } from '../../protocol/cbor.ts'
import { type Channel, channelOfSession } from '../../protocol/channel.ts'
import type { BlockCipher, KeyPair } from '../../protocol/crypto.ts'
import { kccsCredential, type OwnCredential, x5tCredential } from '../../protocol/edhoc/credentials.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { EadItem } from '../../protocol/edhoc/items.ts'
import type { SuiteNumber } from '../../protocol/edhoc/suites.ts'
import {
  EAD_ENROLMENT_REQUEST,
  EAD_ENROLMENT_RESULT,
  EAD_LOGIN_RESULT,
  type EnrolmentResult,
  parseInvitation,
} from '../../protocol/messages/enrolment.ts'
import { type Answer, decodeAnswer, encodeRequest, parseAnswerBody } from '../../protocol/messages/exchange.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import type {
  AnswerBody,
  LoginPurpose,
  LoginResult,
  Operation,
  Person,
  RefusalCode,
  RequestBody,
  Role,
} from '../../protocol/messages/operations.ts'
import { presenceKeyStatement } from '../../protocol/messages/presence-proof.ts'
import { prepareCertificateRequest } from '../../protocol/piv/certificate-request.ts'
import { factoryManagementKey } from '../../protocol/piv/management-key.ts'
import { buildTopic, GATEWAY_IN } from '../../protocol/topics.ts'

const crypto = nodeCrypto

export class ClientRefused extends Error {
  readonly code: RefusalCode
  readonly retryAfterMs: number | undefined
  constructor(code: RefusalCode, retryAfterMs: number | undefined) {
    super(`refused: ${code}`)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

class ClientTimeout extends Error {}

/** An EDHOC error came instead of the message that was due: the handshake is over. */
class HandshakeRefused extends Error {}

/** Far more than any answer takes: a busy machine is no failure. Tests that wait for silence set less. */
export const PATIENCE_MS = 20_000

/** What stays of a terminal over restarts. */
export interface ClientIdentity {
  readonly terminal: string
  readonly key: KeyPair
  readonly certificate: Uint8Array
  readonly site: string
}

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

type Frames = { -readonly [K in Frame['kind']]: Extract<Frame, { kind: K }> }

export class GatewayClient {
  readonly terminal: string
  readonly key: KeyPair
  readonly broker: Broker
  identity: ClientIdentity | undefined
  /** Everything that arrived, for tests that look or send it again. */
  readonly received: Frame[] = []
  readonly #pending = new Map<number, Waiting>()
  readonly #waiters = new Set<(frame: Frame) => boolean>()
  #session: { channel: Channel; cI: Uint8Array; cR: Uint8Array; worker: string } | undefined
  #nextId = 1
  timeoutMs = PATIENCE_MS
  /** The gateway's ES256 key, of the last handshake. */
  gatewayKey: Uint8Array | undefined
  greeting: AnswerBody<'hello'> | undefined

  private constructor(
    url: string,
    tls: BrokerTls | undefined,
    identity: ClientIdentity | undefined,
    terminal: string,
    key: KeyPair,
  ) {
    this.terminal = terminal
    this.key = key
    this.identity = identity
    this.broker = connectBroker({
      url,
      clientId: `test-${terminal}`,
      session: 'clean',
      backoffMs: { first: 20, most: 200 },
      ...(tls === undefined ? {} : { tls }),
    })
    const topic = buildTopic({ kind: 'terminal-in', terminal })
    this.broker.onMessage((from, payload) => {
      const frame = from === topic ? decodeFrame(payload) : undefined
      if (frame === undefined) return
      this.received.push(frame)
      this.#answered(topic, frame)
      for (const waiter of [...this.#waiters]) if (waiter(frame)) return
    })
    // The session is clean: what the broker had for a connection that is lost never comes.
    this.broker.onState(({ kind }) => {
      if (kind !== 'disconnected') return
      for (const { reject } of [...this.#pending.values()]) reject(new ClientTimeout('no sealed answer: the connection is lost'))
    })
  }

  static async connect(url: string, identity?: ClientIdentity, tls?: BrokerTls): Promise<GatewayClient> {
    const terminal = identity?.terminal ?? toHex(crypto.randomBytes(16))
    const client = new GatewayClient(url, tls, identity, terminal, identity?.key ?? crypto.generateKeyPair('P-256'))
    await client.broker.connected(PATIENCE_MS)
    await client.broker.subscribe(buildTopic({ kind: 'terminal-in', terminal }), 1)
    return client
  }

  /** Waits no longer for what a gateway was asked that is gone. */
  giveUp(): void {
    for (const { reject } of [...this.#pending.values()]) reject(new ClientTimeout('no sealed answer: given up'))
  }

  get session(): { readonly channel: Channel; readonly cI: Uint8Array; readonly cR: Uint8Array; readonly worker: string } {
    if (this.#session === undefined) throw new Error('no session')
    return this.#session
  }

  close(): Promise<void> {
    return this.broker.close()
  }

  /** The next frame of that kind, or of one of those. */
  wait<K extends Frame['kind']>(kind: K | readonly K[], match: (frame: Frames[K]) => boolean): Promise<Frames[K]> {
    const kinds: readonly Frame['kind'][] = [kind].flat()
    return new Promise((resolve, reject) => {
      const waiter = (frame: Frame): boolean => {
        if (!kinds.includes(frame.kind) || !match(frame as Frames[K])) return false
        done()
        resolve(frame as Frames[K])
        return true
      }
      const timer = setTimeout(() => {
        done()
        reject(new ClientTimeout(`no ${kinds[0]}`))
      }, this.timeoutMs)
      const done = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      this.#waiters.add(waiter)
    })
  }

  send(topic: string, frame: Frame): Promise<void> {
    return this.broker.publish(topic, encodeFrame(frame), { qos: 1 })
  }

  /** A message of the handshake; an 'error' frame of the gateway's in its place ends it at once, as a HandshakeRefused. */
  async #due<K extends 'message_2' | 'message_4'>(kind: K, cI: Uint8Array): Promise<Frames[K]> {
    const frame = await this.wait([kind, 'error'], (one) => equalConstantTime(one.connection, cI))
    if (frame.kind === 'error') throw new HandshakeRefused(`no ${kind}: refused`)
    return frame as Frames[K]
  }

  /** message_1 to message_4. */
  async handshake(credential: OwnCredential, key: KeyPair, ead3: readonly EadItem[] = []) {
    const cI = crypto.randomBytes(8)
    const started = startInitiator({ crypto, method: 0, suites: [6], cI, knownEad: [EAD_ENROLMENT_RESULT] })
    const [{ worker, message }] = await Promise.all([
      this.#due('message_2', cI),
      this.send(GATEWAY_IN, { kind: 'message_1', from: this.terminal, message: started.message1 }),
    ])
    const received = started.processMessage2(message)
    if (received.reference.kind !== 'x5chain') throw new Error('the gateway sends its chain')
    const [certificate, root] = received.reference.certificates
    if (certificate === undefined || root === undefined) throw new Error('gateway and root')
    this.gatewayKey = parseCertificate(certificate).publicKey
    const verified = received.verify({ cred: encode(certificate), publicKey: this.gatewayKey })
    const sent = await verified.completeMessage3(
      { kind: 'signature', credential, sign: async (bytes) => crypto.sign('ES256', key.privateKey, bytes) },
      ead3,
    )
    const cR = received.cR
    const frame3: Frame = { kind: 'message_3', connection: cR, message: sent.message3 }
    const [frame4] = await Promise.all([this.#due('message_4', cI), this.send(buildTopic({ kind: 'worker-in', worker }), frame3)])
    const { session, ead4 } = sent.processMessage4(frame4.message)
    return { session, ead4, cI, cR, worker, root, frame3, frame4 }
  }

  /** Spends an invitation and keeps the certificate. */
  async enrol(code: string): Promise<EnrolmentResult> {
    const invitation = parseInvitation(code)
    if (invitation === undefined) throw new Error('a mistyped code')
    const credential = kccsCredential({ subject: this.terminal, group: 'P-256', publicKey: this.key.publicKey })
    const request = { secret: invitation.secret, terminal: this.terminal }
    const { ead4, root } = await this.handshake(credential, this.key, [{ label: -EAD_ENROLMENT_REQUEST, value: encode(request) }])
    const spki = subjectPublicKeyInfo(parseCertificate(root))
    if (!equalConstantTime(crypto.hash('SHA-256', spki).slice(0, 16), invitation.rootFingerprint)) throw new Error('another root')
    const result = decode(ead4.find(({ label }) => label === -EAD_ENROLMENT_RESULT)?.value as Uint8Array) as EnrolmentResult
    this.identity = { terminal: this.terminal, key: this.key, certificate: result.certificate, site: result.site }
    return result
  }

  /** The device channel and the first hello. */
  async open(sessions?: Uint8Array[]): Promise<AnswerBody<'hello'>> {
    if (this.identity === undefined) throw new Error('not enrolled')
    const credential = x5tCredential(crypto, this.identity.certificate, this.key.publicKey)
    const { session, cI, cR, worker, frame3, frame4 } = await this.handshake(credential, this.key)
    this.#session = { channel: channelOfSession(crypto, session), cI, cR, worker }
    this.lastHandshake = { frame3, frame4 }
    this.greeting = await this.request('hello', { software: 'test 1', ...(sessions === undefined ? {} : { sessions }) })
    return this.greeting
  }

  lastHandshake: { frame3: Frame; frame4: Frames['message_4'] } | undefined

  workerTopic(): string {
    return buildTopic({ kind: 'worker-in', worker: this.session.worker })
  }

  /** Sends raw bytes through the channel and waits for the answer of that id. */
  async exchange(id: number, plaintext: Uint8Array): Promise<Answer> {
    const { channel, cR } = this.session
    const topic = this.workerTopic()
    const message = channel.seal(topic, plaintext)
    let timer: ReturnType<typeof setTimeout> | undefined
    const arrived = new Promise<Answer>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      timer = setTimeout(() => reject(new ClientTimeout('no sealed answer')), this.timeoutMs)
    })
    arrived.catch(() => undefined)
    try {
      await this.broker.publish(topic, encodeFrame({ kind: 'sealed', connection: cR, message }), { qos: 0 })
      return await arrived
    } finally {
      clearTimeout(timer)
      this.#pending.delete(id)
    }
  }

  /** Opened once, however many wait: the channel takes no message twice. */
  #answered(topic: string, frame: Frame): void {
    const session = this.#session
    if (frame.kind !== 'sealed' || session === undefined || !equalConstantTime(frame.connection, session.cI)) return
    const opened = session.channel.open(topic, frame.message)
    const answer = opened.ok ? decodeAnswer(opened.plaintext) : undefined
    if (answer !== undefined) this.#pending.get(answer.id)?.resolve(answer)
  }

  async request<O extends Operation>(operation: O, body: RequestBody<O>): Promise<AnswerBody<O>> {
    const id = this.#nextId++
    const answer = await this.exchange(id, encodeRequest(id, operation, body))
    if (!answer.ok) throw new ClientRefused(answer.refusal.code, answer.refusal.retryAfterMs)
    const parsed = parseAnswerBody(operation, answer.body)
    if (parsed === undefined) throw new Error('an answer outside the schema')
    return parsed
  }

  login(card: SoftwareCard, purpose: LoginPurpose = 'holder', how: LoginHow = {}): Promise<LoginResult> {
    return loginOver((operation, body) => this.request(operation, body), card, purpose, how)
  }

  /** The whole registration, as a terminal does it. Stops after `until`, as an interruption would. */
  async register(card: SoftwareCard, options: RegisterOptions): Promise<LoginResult | undefined> {
    const { person, session, role, until } = options
    const begun = await this.request('register.begin', {
      person,
      ...(session === undefined ? {} : { session }),
      ...(role === undefined ? {} : { role }),
      card: {
        ...(card.guid === undefined ? {} : { guid: card.guid }),
        managementKeyAlgorithm: card.cipher,
        simulated: options.simulated ?? true,
        ...(options.link === true && card.certificate !== undefined ? { certificate: card.certificate } : {}),
      },
    })
    card.registration = begun.registration
    if (until === 'begin') return undefined
    if (begun.mode !== 'link') {
      card.guid = begun.guid
      await this.authenticate(card, begun.registration)
      if (until === 'authenticate') return undefined
      const certificateRequest = card.certificateRequest(begun.subject)
      const { certificate } = await this.request('register.certify', {
        registration: begun.registration,
        certificateRequest,
        ...card.presenceProof(begun.registration),
      })
      card.certificate = certificate
    }
    if (until === 'certify') return undefined
    return this.login(card, 'registration')
  }

  /** The 9B authentication, with the factory key first; the card takes the new key. */
  async authenticate(card: SoftwareCard, registration: Uint8Array): Promise<AnswerBody<'register.authenticated'>> {
    for (const key of ['factory', 'own'] as const) {
      const { witness, encrypted } = card.newWitness()
      const answer = await this.request('register.witness', { registration, key, witness: encrypted })
      if (!equalConstantTime(answer.decryptedWitness, witness)) continue
      const response = crypto.encryptBlock(card.cipher, card.managementKey, answer.challenge)
      const secrets = await this.request('register.authenticated', { registration, response })
      card.managementKey = secrets.managementKey
      card.puk = secrets.puk
      return secrets
    }
    throw new Error("neither key is the card's")
  }
}

export interface LoginHow {
  readonly timings?: RequestBody<'login.finish'>['timings']
  /** Between message_2 and message_3, with the login's name. */
  readonly typing?: (login: Uint8Array) => Promise<void>
}

/** A card's login over whatever channel there is to the gateway. */
export async function loginOver(
  ask: <O extends Operation>(operation: O, body: RequestBody<O>) => Promise<AnswerBody<O>>,
  card: SoftwareCard,
  purpose: LoginPurpose = 'holder',
  how: LoginHow = {},
): Promise<LoginResult> {
  if (card.certificate === undefined) throw new Error('a card without certificate')
  const suite: SuiteNumber = card.algorithm === 'P-384' ? 24 : 6
  const started = startInitiator({
    crypto,
    method: 0,
    suites: [suite],
    cI: crypto.randomBytes(8),
    knownEad: [EAD_LOGIN_RESULT],
  })
  const begun = await ask('login.begin', { purpose, message1: started.message1 })
  const received = started.processMessage2(begun.message2)
  if (received.reference.kind !== 'x5chain') throw new Error('the gateway sends its certificate')
  const [certificate] = received.reference.certificates
  if (certificate === undefined) throw new Error('no certificate')
  const verified = received.verify({ cred: encode(certificate), publicKey: parseCertificate(certificate).publicKey })
  const credential = x5tCredential(crypto, card.certificate, card.key.publicKey)
  const sent = await verified.completeMessage3({ kind: 'signature', credential, sign: async (bytes) => card.sign(bytes) })
  await how.typing?.(begun.login)
  const { message4 } = await ask('login.finish', {
    login: begun.login,
    message3: sent.message3,
    timings: how.timings ?? { verifyMs: 20, signMs: 60 },
  })
  const { ead4 } = sent.processMessage4(message4)
  return decode(ead4.find(({ label }) => label === -EAD_LOGIN_RESULT)?.value as Uint8Array) as LoginResult
}

export interface RegisterOptions {
  /** As the terminal says of the card; default true. */
  readonly simulated?: boolean
  readonly person: Person
  readonly session?: Uint8Array
  readonly role?: Role
  readonly link?: boolean
  readonly until?: 'begin' | 'authenticate' | 'certify'
}

/** A card's part of the protocol, without APDUs. */
export class SoftwareCard {
  readonly algorithm: 'P-256' | 'P-384'
  readonly cipher: BlockCipher
  key: KeyPair
  managementKey: Uint8Array
  puk: Uint8Array | undefined
  guid: Uint8Array | undefined
  certificate: Uint8Array | undefined
  registration: Uint8Array | undefined
  /** Slot 9E; a card without it sends no proof of being there. */
  presence: KeyPair | undefined

  constructor(algorithm: 'P-256' | 'P-384' = 'P-256', cipher: BlockCipher = 'AES-192') {
    this.algorithm = algorithm
    this.cipher = cipher
    this.key = crypto.generateKeyPair(algorithm)
    this.managementKey = factoryManagementKey(cipher)
  }

  sign(bytes: Uint8Array): Uint8Array {
    return crypto.sign(this.algorithm === 'P-384' ? 'ES384' : 'ES256', this.key.privateKey, bytes)
  }

  /** A card is given the digest; the crypto port signs messages, so the request's bytes are taken out of a draft. */
  certificateRequest(commonName: string): Uint8Array {
    const prepared = prepareCertificateRequest(crypto, this.algorithm, this.key.publicKey, { commonName })
    const draft = AsnConvert.parse(prepared.assemble(new Uint8Array(this.key.publicKey.length).fill(1)), CertificationRequest)
    return prepared.assemble(this.sign(new Uint8Array(AsnConvert.serialize(draft.certificationRequestInfo))))
  }

  presenceProof(registration: Uint8Array): { presenceKey?: Uint8Array; presenceProof?: Uint8Array } {
    if (this.presence === undefined) return {}
    const { privateKey, publicKey } = this.presence
    return {
      presenceKey: publicKey,
      presenceProof: crypto.sign('ES256', privateKey, presenceKeyStatement(registration, publicKey)),
    }
  }

  newWitness(): { readonly witness: Uint8Array; readonly encrypted: Uint8Array } {
    const witness = crypto.randomBytes(this.cipher === '3DES' ? 8 : 16)
    return { witness, encrypted: crypto.encryptBlock(this.cipher, this.managementKey, witness) }
  }
}
