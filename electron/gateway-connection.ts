/**
 * The terminal's way to its gateway from start to end: the identity on disk, enrolment where there is none, and the link. What
 * the settings' invitation can do without a person is done by itself.
 */
import { type Broker, type BrokerTls, connectBroker } from '../native/broker.ts'
import { createTrust, type GatewayTrust } from '../native/conversation/trust.ts'
import type { Crypto } from '../protocol/crypto.ts'
import { problemOf } from './ceremonies/problems.ts'
import type { Problem } from './contract/problems.ts'
import type { GatewayView } from './contract/snapshot.ts'
import { enrol } from './session/enrolment.ts'
import { createGatewayLink, type TerminalLink } from './session/gateway-link.ts'
import { IdentityError, type IdentityStore, type TerminalIdentity } from './session/identity.ts'
import { errorFields, type Log } from './settings/log.ts'

export interface GatewayConnectionOptions {
  readonly store: IdentityStore
  readonly crypto: Crypto
  readonly brokerUrl: string
  readonly tls: BrokerTls | undefined
  readonly software: string
  readonly log: Log
  readonly onView: (view: GatewayView) => void
  /** Told before the view becomes 'online'. */
  readonly onFirstOperatorAllowed: (allowed: boolean) => void
}

export interface GatewayConnection {
  /** Undefined while this terminal is not enrolled. */
  gateway(): { readonly link: TerminalLink; readonly trust: GatewayTrust } | undefined
  /** Connects where there is an identity, and says so where there is none. Rejects with a BrokerError for settings that can never work. */
  open(): Promise<'connecting' | 'not-enrolled'>
  /** Answers with what went wrong, or nothing. */
  enrol(code: string): Promise<Problem | undefined>
  close(): Promise<void>
}

export function createGatewayConnection(options: GatewayConnectionOptions): GatewayConnection {
  const { store, crypto, log } = options
  let gateway: { readonly link: TerminalLink; readonly trust: GatewayTrust } | undefined
  let closed = false

  function broker(terminal: string): Broker {
    return connectBroker({
      url: options.brokerUrl,
      clientId: terminal,
      session: 'clean',
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    })
  }

  function connect(identity: TerminalIdentity): void {
    const trust = createTrust({ crypto, root: identity.root, gateway: identity.gateway, now: Date.now })
    if (trust === undefined) throw new IdentityError('damaged', 'root')
    const link = createGatewayLink({ broker: broker(identity.terminal), identity, trust, crypto, software: options.software })
    gateway = { link, trust }
    const tell = (view: GatewayView): void => {
      if (closed) return
      if (view.kind === 'online') options.onFirstOperatorAllowed(link.greeting()?.mayRegisterFirstOperator === true)
      log.info('gateway', view.kind === 'offline' ? { kind: view.kind, code: view.problem.code } : { kind: view.kind })
      options.onView(view)
    }
    link.subscribe(tell)
    tell(link.state())
  }

  return {
    gateway: () => gateway,
    async open() {
      try {
        const identity = await store.load()
        if (identity !== undefined) {
          connect(identity)
          return 'connecting'
        }
      } catch (error) {
        // An identity that cannot be used is as good as none: enrolling again makes a new one.
        if (!(error instanceof IdentityError)) throw error
        log.error('identity', errorFields(error))
      }
      options.onView({ kind: 'not-enrolled' })
      return 'not-enrolled'
    },
    async enrol(code) {
      try {
        const identity = await enrol({ code, store, crypto, connect: broker })
        if (!closed) connect(identity)
        log.info('enrolled')
        return undefined
      } catch (error) {
        const problem = problemOf(error)
        log.error('enrol', { ...errorFields(error), code: problem.code })
        return problem
      }
    },
    async close() {
      closed = true
      await gateway?.link.close()
    },
  }
}
