/**
 * The same traffic through the real gateway: terminals and cards in software, a broker, EDHOC, the protected channel, the
 * worker, the store, the judge. The gateway's clock is the traffic's, so that weeks pass in a minute.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { liftBlock } from '../../gateway/blocks/commit.ts'
import type { Policy } from '../../gateway/findings/policy.ts'
import { type Gateway, startGateway } from '../../gateway/main.ts'
import { invite } from '../../gateway/registry/terminals.ts'
import { type Broker, connectBroker } from '../../native/broker.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import { encodeRequest } from '../../protocol/messages/exchange.ts'
import type { FindingKind, Response } from '../../protocol/messages/finding-operations.ts'
import { decodeFrame, encodeFrame } from '../../protocol/messages/frame.ts'
import { wrongPinStatement } from '../../protocol/messages/presence-proof.ts'
import { buildTopic, GATEWAY_IN } from '../../protocol/topics.ts'
import { GatewayClient, PATIENCE_MS, SoftwareCard } from '../../test/support/gateway-client.ts'
import { NoticesClient } from '../../test/support/notices-client.ts'
import type { Action, Traffic } from '../traffic/action.ts'
import { BEGIN, DAY_MS, type World } from '../traffic/world.ts'
import type { Observed } from './events.ts'
import { Impostor } from './impostor.ts'

/** Of one burst, sent at once: enough for any limit. */
const MOST_REQUESTS = 3_000
const HOUR_MS = 3_600_000
const SESSION_MS = 11 * HOUR_MS

export interface GatewayRun {
  readonly observed: readonly Observed[]
  readonly actions: number
  readonly events: number
  readonly ms: number
}

export async function runThroughGateway(world: World, traffic: Traffic, policy: Policy): Promise<GatewayRun> {
  const bank = await Bank.open(world, policy)
  try {
    await bank.registerCards(traffic)
    const begin = performance.now()
    const before = bank.gateway.watch.counters().events
    const observed: Observed[] = []
    const found = new Set<number>()
    let actions = 0
    const note = (action: Action, findings: readonly Observed['finding'][]): void => {
      for (const finding of findings) {
        observed.push({ action, finding })
        const attack = action.attack === undefined ? undefined : traffic.attacks[action.attack]
        if (attack !== undefined && attack.kind === finding.kind) found.add(attack.id)
      }
    }
    let last: Action | undefined
    for (const action of traffic.actions) {
      // What was thrown at the broker without waiting for an answer is still the last one's doing.
      if (last !== undefined && last.attack !== action.attack && !isAnswered(last)) note(last, await bank.arrived())
      last = action
      // An attack that was found goes on to no purpose; what comes after it is to be judged by itself.
      if (action.attack !== undefined && found.has(action.attack)) continue
      actions += 1
      note(action, await bank.carryOut(action))
    }
    return { observed, actions, events: bank.gateway.watch.counters().events - before, ms: performance.now() - begin }
  } finally {
    await bank.close()
  }
}

function isAnswered({ kind }: Action): boolean {
  return kind !== 'garbage' && kind !== 'handshake'
}

interface Desk {
  readonly client: GatewayClient
  /** A registrar of its own, signed in again every day. */
  readonly operator: { readonly card: SoftwareCard; session: Uint8Array; signedInAt: number }
  readonly notices: NoticesClient
  /** Sealed frames of its present channel, as somebody at the broker records them. */
  readonly recorded: Uint8Array[]
}

class Bank {
  readonly gateway: Gateway
  readonly #folder: string
  readonly #world: World
  readonly #clock: { at: number }
  readonly #logged: Observed['finding'][]
  readonly #attacker: Broker
  readonly #impostor: Impostor
  readonly #desks: Desk[] = []
  readonly #cards = new Map<number, SoftwareCard>()
  readonly #sessions = new Map<number, { readonly terminal: number; readonly session: Uint8Array }>()
  #people = 0

  private constructor(parts: {
    readonly gateway: Gateway
    readonly folder: string
    readonly world: World
    readonly clock: { at: number }
    readonly logged: Observed['finding'][]
    readonly attacker: Broker
  }) {
    this.gateway = parts.gateway
    this.#folder = parts.folder
    this.#world = parts.world
    this.#clock = parts.clock
    this.#logged = parts.logged
    this.#attacker = parts.attacker
    this.#impostor = new Impostor(parts.attacker)
  }

  static async open(world: World, policy: Policy): Promise<Bank> {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-detection-'))
    const clock = { at: BEGIN - 10 * DAY_MS }
    const logged: Observed['finding'][] = []
    const gateway = await startGateway({
      dataDirectory: folder,
      broker: { kind: 'embedded', port: 0 },
      policy,
      now: () => Math.round(clock.at),
      log: (_level, event, details) => {
        if (event !== 'finding') return
        const { kind, response, card } = details as { kind: FindingKind; response: Response; card?: string }
        logged.push({ kind, response, card, at: clock.at })
      },
    })
    const attacker = connectBroker({ url: gateway.brokerUrl, clientId: 'attacker', session: 'clean' })
    await attacker.connected(PATIENCE_MS)
    const bank = new Bank({ gateway, folder, world, clock, logged, attacker })
    await bank.#furnish()
    return bank
  }

  async #furnish(): Promise<void> {
    const workerTopic = buildTopic({ kind: 'worker-in', worker: this.gateway.worker })
    await this.#attacker.subscribe(workerTopic, 0)
    this.#attacker.onMessage((topic, payload) => {
      const frame = topic === workerTopic ? decodeFrame(payload) : undefined
      if (frame?.kind !== 'sealed') return
      const desk = this.#desks.find(({ client }) => toHex(client.session.cR) === toHex(frame.connection))
      desk?.recorded.push(payload)
    })
    for (const [i, { site }] of this.#world.desks.entries()) {
      const client = await GatewayClient.connect(this.gateway.brokerUrl)
      const options = { site, validMs: DAY_MS, mayRegisterFirstOperator: i === 0 }
      await client.enrol((await invite(this.gateway.registry, options)).code)
      await client.open()
      const notices = await NoticesClient.listen(client)
      notices.connectedAt = this.#clock.at
      const operator = { card: new SoftwareCard(), session: new Uint8Array(0), signedInAt: 0 }
      const { client: first } = this.#desks[0] ?? { client }
      const session = i === 0 ? undefined : await this.#operatorSession(this.#desk(0))
      await first.register(operator.card, {
        person: this.#person(),
        ...(session === undefined ? {} : { session, role: 'registrar' }),
      })
      this.#desks.push({ client, operator, notices, recorded: [] })
      this.#clock.at += 2 * HOUR_MS
    }
  }

  /** All that take part and are not registered on the way: the day before, at the first desk. */
  async registerCards({ actions }: Traffic): Promise<void> {
    const first = this.#desk(0)
    const made = new Set(actions.map((action) => (action.kind === 'person' ? action.newCard : undefined)))
    for (const action of actions) {
      if (!('card' in action) || made.has(action.card) || this.#cards.has(action.card)) continue
      const card = newCard()
      this.#clock.at += 2_000
      await first.client.register(card, { person: this.#person(), session: await this.#operatorSession(first) })
      card.registration = undefined
      this.#cards.set(action.card, card)
    }
    await this.gateway.watch.settled()
    if (this.#logged.length > 0) throw new Error(`registration is held for ${this.#logged[0]?.kind}`)
  }

  /** What it led to. Refusals are the gateway's business here. */
  async carryOut(action: Action): Promise<Observed['finding'][]> {
    this.#clock.at = Math.max(this.#clock.at, action.at)
    await this.#do(action)
    await this.gateway.watch.answered()
    return this.#taken()
  }

  /** What was found since the last time. Somebody helps the holder of each card that was blocked, so that the days go on. */
  async #taken(): Promise<Observed['finding'][]> {
    const findings = this.#logged.splice(0)
    for (const { response, card } of findings) {
      if (response === 'block-card' && card !== undefined) await liftBlock(this.gateway.registry, fromHex(card))
    }
    return findings
  }

  async close(): Promise<void> {
    for (const { client } of this.#desks) await client.close()
    await this.#attacker.close()
    await this.gateway.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #do(action: Action): Promise<void> {
    const desk = this.#desk(action.terminal)
    const { client } = desk
    switch (action.kind) {
      case 'connect':
        desk.recorded.length = 0
        // A new channel ends the sessions of before.
        desk.operator.signedInAt = 0
        return attempt(client.open())
      case 'handshake':
        if (action.outcome === 'lost') return this.#impostor.leave(client.terminal)
        if (action.name !== undefined) return this.#impostor.garbage(action.name.toString(16).padStart(16, '0'))
        return this.#impostor.wrongKey(client.terminal, client.identity?.certificate ?? new Uint8Array(0))
      case 'requests':
        return this.#requests(desk, action.count)
      case 'login':
        return attempt(this.#login(action))
      case 'pulled':
        return attempt(this.#pulled(action.terminal, action.card))
      case 'wrong-signature': {
        const { certificate } = [...this.#cards.values()][0] ?? {}
        return attempt(client.login(Object.assign(new SoftwareCard(), { certificate })))
      }
      case 'wrong-pin':
        return attempt(this.#wrongPin(client, action))
      case 'person':
        return attempt(this.#register(desk, action))
      case 'misshapen':
        return attempt(client.exchange(MISSHAPEN_ID, encode(misshapen(action.variant))))
      case 'replay':
        return this.#replay(desk, action.behind)
      case 'tampered': {
        const frame = sealedHello(client)
        frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1
        return this.#attacker.publish(client.workerTopic(), frame, { qos: 1 }).then(() => this.#heard())
      }
      case 'garbage':
        return this.#attacker.publish(GATEWAY_IN, nodeCrypto.randomBytes(40), { qos: 0 })
      default:
        return action satisfies never
    }
  }

  #desk(terminal: number): Desk {
    const desk = this.#desks[terminal]
    if (desk === undefined) throw new RangeError('no such desk')
    return desk
  }

  /** What was sent without an answer to wait for has come to the gateway and has been judged. */
  async arrived(): Promise<Observed['finding'][]> {
    await this.#heard()
    await this.gateway.watch.answered()
    return this.#taken()
  }

  /**
   * What the attacker has sent has come to the gateway: the broker keeps the order, and a presence that is none comes behind it. The gateway
   * counts those, and does not judge them.
   */
  async #heard(): Promise<void> {
    const counted = () => this.gateway.counters().forgedPresences
    const before = counted()
    await this.#attacker.publish(NOBODY, new Uint8Array(1), { qos: 1 })
    while (counted() === before) await breath()
  }

  #person(): { givenName: string; familyName: string; reference: string } {
    this.#people += 1
    return { givenName: 'Pat', familyName: 'Doe', reference: `P-${this.#people}` }
  }

  async #operatorSession({ client, operator }: Pick<Desk, 'client' | 'operator'>): Promise<Uint8Array> {
    if (this.#clock.at - operator.signedInAt > SESSION_MS) {
      operator.session = (await client.login(operator.card, 'operator')).session
      operator.signedInAt = this.#clock.at
    }
    return operator.session
  }

  async #requests({ client }: Desk, count: number): Promise<void> {
    if (count <= 20) {
      for (let i = 0; i < count; i += 1) await attempt(client.request('hello', { software: 'desk 1.0' }))
      return
    }
    for (let i = 0; i < Math.min(count, MOST_REQUESTS); i += 1) {
      void client.broker.publish(client.workerTopic(), sealedHello(client), { qos: 0 })
      if (i % 200 === 0) await breath()
    }
    // Its answer comes behind all of them.
    await attempt(client.request('hello', { software: 'desk 1.0' }))
  }

  async #login({ terminal, card: number, at, takesMs, times }: Extract<Action, { kind: 'login' }>): Promise<void> {
    const { client, notices } = this.#desk(terminal)
    const card = this.#card(number)
    if (card.guid !== undefined) await notices.holds(card.guid, Math.floor(at))
    this.#clock.at = at - takesMs
    const typing = async () => {
      this.#clock.at = at
    }
    const purpose = card.registration === undefined ? 'holder' : 'registration'
    card.registration = undefined
    const { session } = await client.login(card, purpose, { timings: times, typing })
    this.#sessions.set(number, { terminal, session })
  }

  async #pulled(terminal: number, card: number): Promise<void> {
    const { client, notices } = this.#desk(terminal)
    await notices.holds(undefined)
    const session = this.#sessions.get(card)
    if (session?.terminal !== terminal) return
    this.#sessions.delete(card)
    await client.request('session.end', { session: session.session, reason: 'card-removed' })
  }

  async #wrongPin(client: GatewayClient, action: Extract<Action, { kind: 'wrong-pin' }>): Promise<void> {
    const { guid, presence } = this.#card(action.card)
    if (guid === undefined || presence === undefined) throw new Error('a card that was not registered')
    const { message1 } = startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: nodeCrypto.randomBytes(8) })
    const { login } = await client.request('login.begin', { purpose: 'holder', message1 })
    const { retriesLeft } = action
    const proof = nodeCrypto.sign('ES256', presence.privateKey, wrongPinStatement(login, guid, retriesLeft))
    await client.request('pin.wrong', { login, guid, retriesLeft, ...(action.present ? { proof } : {}) })
    await client.request('login.cancel', { login })
  }

  async #register(desk: Desk, action: Extract<Action, { kind: 'person' }>): Promise<void> {
    const { givenName, familyName, reference, newCard: number } = action
    const session = await this.#operatorSession(desk)
    const card = newCard()
    if (number !== undefined) this.#cards.set(number, card)
    const until = number === undefined ? 'begin' : 'certify'
    await desk.client.register(card, { person: { givenName, familyName, reference }, session, until })
  }

  async #replay(desk: Desk, behind: number): Promise<void> {
    while (desk.recorded.length === 0) {
      await attempt(desk.client.request('hello', { software: 'desk 1.0' }))
      await breath()
    }
    const frame = desk.recorded[Math.max(0, desk.recorded.length - 1 - behind)]
    if (frame === undefined) throw new RangeError('nothing recorded')
    await this.#attacker.publish(desk.client.workerTopic(), frame, { qos: 1 })
    await this.#heard()
  }

  #card(number: number): SoftwareCard {
    const card = this.#cards.get(number)
    if (card === undefined) throw new RangeError('no such card')
    return card
  }
}

const MISSHAPEN_ID = 77

/** The presence of a terminal that there is not. */
const NOBODY = buildTopic({ kind: 'terminal-presence', terminal: '0'.repeat(32) })

/** What is on its way in this process goes on. */
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 3))
}

function newCard(): SoftwareCard {
  const card = new SoftwareCard()
  card.presence = nodeCrypto.generateKeyPair('P-256')
  return card
}

function sealedHello(client: GatewayClient): Uint8Array {
  const topic = client.workerTopic()
  const { session } = client
  const message = session.channel.seal(topic, encodeRequest(1_000_000, 'hello', { software: 'desk 1.0' }))
  return encodeFrame({ kind: 'sealed', connection: session.cR, message })
}

/** Bodies that no operation takes: wrong types, unknown fields, too long, too deep, and a request that is none. */
function misshapen(variant: number): unknown {
  const bodies: readonly unknown[] = [
    [MISSHAPEN_ID, 'register.begin', { person: 1 }],
    [MISSHAPEN_ID, 'hello', { software: 'x', extra: true }],
    [MISSHAPEN_ID, 'hello', { software: 'x'.repeat(4000) }],
    [MISSHAPEN_ID, 'login.begin', [[[[[[[[]]]]]]]]],
    [MISSHAPEN_ID, 'blocks.fetch', { since: -1 }],
    [MISSHAPEN_ID, 'session.end', { session: 'text', reason: 'quit' }],
  ]
  return bodies[variant % bodies.length]
}

/** What the gateway refuses, or what the client gets no answer to, is part of the play. */
async function attempt(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Error) || !/refused|no |sealed/.test(error.message)) throw error
  }
}
