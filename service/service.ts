/**
 * A service node: what a service's programmer starts (docs/integrate.md). It enrols once, keeps its sessions with terminals, and
 * calls the service's operations.
 */
import { type Broker, type BrokerTls, connectBroker } from '../native/broker.ts'
import { createTrust } from '../native/conversation/trust.ts'
import { nodeCrypto } from '../native/crypto.ts'
import { decodeFrame, encodeFrame } from '../protocol/messages/frame.ts'
import { buildTopic } from '../protocol/topics.ts'
import type { DeviceAccess } from './devices.ts'
import { GatewayChannel, type GatewayState } from './gateway-channel.ts'
import { IdentityError, type NodeIdentity, obtainIdentity } from './identity.ts'
import { ServiceNode, type SessionEnd } from './node.ts'
import type { Operations, Outcome, ServiceSession } from './operations.ts'
import { Tokens } from './tokens.ts'

/** For the service's own audit. Never a body: what was asked and answered is the service's to write down. */
export type AuditEvent =
  | { readonly event: 'session-started'; readonly session: ServiceSession }
  | { readonly event: 'session-ended'; readonly session: ServiceSession; readonly reason: SessionEnd }
  | {
      readonly event: 'request'
      readonly session: ServiceSession
      readonly operation: string
      readonly outcome: Outcome
      /** What the operation threw, where the outcome is 'service-failed'. */
      readonly error?: unknown
    }
  | { readonly event: 'handshake-refused'; readonly terminal: string; readonly reason: string }
  | { readonly event: 'gateway'; readonly state: GatewayState }

export interface ServiceOptions {
  /** `url` as in native/broker.ts: mqtts://host[:8883], or mqtt:// to this machine. */
  readonly broker: { readonly url: string; readonly tls?: BrokerTls }
  /** Where this node's identity is kept; made by the invitation where it is not there. */
  readonly identityFile: string
  /** The code of `npm run gateway -- invite --node NAME --scopes ...`. Needed once. */
  readonly invitation?: string
  readonly operations: Operations
  readonly devices?: DeviceAccess
  readonly onSessionStart?: (session: ServiceSession) => void
  readonly onSessionEnd?: (session: ServiceSession, reason: SessionEnd) => void
  readonly audit?: (event: AuditEvent) => void
  /** Name and version, told to the gateway. */
  readonly software?: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface Service {
  /** The identifier in topics, and the name that terminals ask for. */
  readonly node: string
  readonly name: string
  gateway(): GatewayState
  counters(): Readonly<Record<string, number>>
  sizes(): { readonly handshakes: number; readonly sessions: number }
  /** Ends one session. False where it is over already. */
  endSession(id: string): boolean
  /** Tells every terminal, and ends in order. */
  close(): Promise<void>
}

const SOFTWARE = 'Tessera service 0.1.0'
const BROKER_TIMEOUT_MS = 15_000
const SWEEP_MS = 1000
/** What is under way at the end is answered within this, or not at all. */
const LAST_ANSWERS_MS = 2000

/**
 * Resolves once terminals can begin sessions. Rejects with BrokerError, IdentityError, InvitationMistyped, InvitationRefused and
 * LinkError; nothing stays open then.
 */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { now = Date.now } = options
  const connect = (node: string): Broker =>
    connectBroker({
      url: options.broker.url,
      clientId: node,
      session: 'clean',
      ...(options.broker.tls === undefined ? {} : { tls: options.broker.tls }),
    })
  const identity = await obtainIdentity({
    path: options.identityFile,
    ...(options.invitation === undefined ? {} : { invitation: options.invitation }),
    crypto: nodeCrypto,
    connect,
    now,
    timeoutMs: BROKER_TIMEOUT_MS,
  })
  const broker = connect(identity.node)
  try {
    await broker.connected(BROKER_TIMEOUT_MS)
    return await serve(options, identity, broker, now)
  } catch (error) {
    await broker.close()
    throw error
  }
}

async function serve(options: ServiceOptions, identity: NodeIdentity, broker: Broker, now: () => number): Promise<Service> {
  const crypto = nodeCrypto
  const { node: id, root } = identity
  const trust = createTrust({ crypto, root, gateway: identity.gateway, now })
  if (trust === undefined) throw new IdentityError('damaged', options.identityFile)
  const audit = (event: AuditEvent): void => options.audit?.(event)
  const node = new ServiceNode({
    crypto,
    node: id,
    certificate: identity.certificate,
    key: identity.key,
    tokens: new Tokens({ crypto, node: id, trust, root, now }),
    operations: options.operations,
    ...(options.devices === undefined ? {} : { devices: options.devices }),
    now,
    // What the broker does not take is lost: the terminal asks again.
    send: (terminal, frame, qos) =>
      void broker.publish(buildTopic({ kind: 'terminal-in', terminal }), encodeFrame(frame), { qos }).catch(() => undefined),
    events: {
      sessionStarted(session) {
        audit({ event: 'session-started', session })
        options.onSessionStart?.(session)
      },
      sessionEnded(session, reason) {
        audit({ event: 'session-ended', session, reason })
        options.onSessionEnd?.(session, reason)
      },
      requested(session, operation, outcome, error) {
        audit({ event: 'request', session, operation, outcome, ...(error === undefined ? {} : { error }) })
      },
      handshakeRefused: (terminal, reason) => audit({ event: 'handshake-refused', terminal, reason }),
    },
  })
  const inTopic = buildTopic({ kind: 'node-in', node: id })
  let gateway: GatewayChannel | undefined
  let state: GatewayState = { kind: 'connecting' }
  const underWay = new Set<Promise<void>>()
  const stopListening = broker.onMessage((topic, payload) => {
    if (topic !== inTopic) return
    const frame = decodeFrame(payload)
    if (frame !== undefined && gateway?.receive(frame) === true) return
    const work = frame === undefined ? node.receive(payload) : node.receiveFrame(frame)
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  })
  await broker.subscribe(inTopic, 1)
  gateway = new GatewayChannel({
    broker,
    identity,
    trust,
    crypto,
    software: options.software ?? SOFTWARE,
    onRevoked: (tokens) => node.revoke(tokens),
    onState(next) {
      if (JSON.stringify(next) !== JSON.stringify(state)) audit({ event: 'gateway', state: next })
      state = next
    },
  })
  const sweeper = setInterval(() => node.sweep(), SWEEP_MS)
  return {
    node: id,
    name: identity.name,
    gateway: () => state,
    counters: () => node.counters(),
    sizes: () => node.sizes(),
    endSession: (session) => node.endSession(session),
    async close() {
      stopListening()
      clearInterval(sweeper)
      gateway.close()
      await Promise.race([Promise.allSettled(underWay), new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS))])
      node.stop()
      await broker.close()
    },
  }
}
