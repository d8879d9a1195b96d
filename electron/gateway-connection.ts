/**
 * The terminal's way to its gateway from start to end: the identity on disk, enrolment where there is none, the link, and beside it
 * what needs no question: presence and notices.
 */
import { type Broker, type BrokerOptions, type BrokerTls, connectBroker } from '../native/broker.ts'
import { createTrust, type GatewayTrust } from '../native/conversation/trust.ts'
import type { Readers } from '../native/reader.ts'
import type { Crypto } from '../protocol/crypto.ts'
import type { Notice } from '../protocol/messages/notices.ts'
import type { AnswerBody } from '../protocol/messages/operations.ts'
import { problemOf } from './ceremonies/problems.ts'
import type { Problem } from './contract/problems.ts'
import type { GatewayView } from './contract/snapshot.ts'
import { listenToNotices } from './notices/listener.ts'
import { createPresence } from './presence/presence.ts'
import type { SeenCards } from './presence/seen-cards.ts'
import { enrol } from './session/enrolment.ts'
import { createGatewayLink, type TerminalLink } from './session/gateway-link.ts'
import { IdentityError, type IdentityStore, type TerminalIdentity } from './session/identity.ts'
import { type NoticeKeyStore, type NoticeKeys, sameKeys } from './session/notice-keys.ts'
import { errorFields, type Log } from './settings/log.ts'

export interface GatewayConnectionOptions {
  readonly store: IdentityStore
  readonly crypto: Crypto
  readonly brokerUrl: string
  readonly tls: BrokerTls | undefined
  readonly software: string
  readonly log: Log
  readonly noticeKeys: NoticeKeyStore
  readonly readers: Pick<Readers, 'status' | 'subscribe'>
  readonly cards: SeenCards
  readonly onView: (view: GatewayView) => void
  /** Told before the view becomes 'online'. */
  readonly onGreeted: (greeting: AnswerBody<'hello'>) => void
  readonly onNotice: (notice: Notice, signed: Uint8Array) => void
  readonly onBlockListVersion: (version: number) => void
}

export interface GatewayConnection {
  /** Undefined while this terminal is not enrolled. */
  gateway(): { readonly link: TerminalLink; readonly trust: GatewayTrust; readonly certificate: Uint8Array } | undefined
  /** Connects where there is an identity, and says so where there is none. Rejects with a BrokerError for settings that can never work. */
  open(): Promise<'connecting' | 'not-enrolled'>
  /** Answers with what went wrong, or nothing. */
  enrol(code: string): Promise<Problem | undefined>
  /** Cuts the own link on purpose, for training, or mends it; also of connections that are made later. */
  cut(cut: boolean): void
  close(): Promise<void>
}

interface Connection {
  readonly broker: Broker
  readonly link: TerminalLink
  readonly trust: GatewayTrust
  /** This terminal's own, in DER. */
  readonly certificate: Uint8Array
  close(): Promise<void>
}

export function createGatewayConnection(options: GatewayConnectionOptions): GatewayConnection {
  const { store, crypto, log } = options
  let gateway: Connection | undefined
  let closed = false
  let cut = false

  function broker(terminal: string, will?: BrokerOptions['will']): Broker {
    return connectBroker({
      url: options.brokerUrl,
      clientId: terminal,
      session: 'clean',
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(will === undefined ? {} : { will }),
    })
  }

  /** Without keys only until the gateway has greeted: they are needed before a connection is made. */
  function connect(identity: TerminalIdentity, keys: NoticeKeys | undefined, after = 0): void {
    const { terminal } = identity
    const trust = createTrust({ crypto, root: identity.root, gateway: identity.gateway, now: Date.now })
    if (trust === undefined) throw new IdentityError('damaged', 'root')
    const { readers, cards } = options
    const presence =
      keys && createPresence({ terminal, presenceKey: keys.presenceKey, crypto, readers, cards, now: Date.now, after })
    const connection = broker(terminal, presence && (() => presence.will()))
    const link = createGatewayLink({ broker: connection, identity, trust, crypto, software: options.software })
    presence?.attach(connection)
    const stopNotices =
      keys &&
      listenToNotices({
        broker: connection,
        terminal,
        noticeKey: keys.noticeKey,
        trust,
        crypto,
        onNotice: options.onNotice,
        onBlockListVersion: options.onBlockListVersion,
        onRefused: (why, error) => log.error('notice-refused', { kind: why, ...(error && { code: error.code }) }),
      })
    if (cut) connection.cut()
    const own: Connection = {
      broker: connection,
      link,
      trust,
      certificate: identity.certificate,
      async close() {
        stopNotices?.()
        await presence?.leave()
        await link.close()
      },
    }
    gateway = own
    const tell = (view: GatewayView): void => {
      if (closed || gateway !== own) return
      const greeting = view.kind === 'online' ? link.greeting() : undefined
      // A clock that was set back makes connections which count as older than one before: nobody would hear of this terminal.
      const isOutdated = greeting !== undefined && presence !== undefined && presence.connectedAt() < greeting.presenceAt
      if (greeting !== undefined && (isOutdated || !sameKeys(keys, greeting))) {
        void renew(identity, own, greeting)
        return
      }
      if (greeting !== undefined) options.onGreeted(greeting)
      log.info('gateway', view.kind === 'offline' ? { kind: view.kind, code: view.problem.code } : { kind: view.kind })
      options.onView(view)
    }
    link.subscribe(tell)
    tell(link.state())
  }

  /** After a terminal's first greeting, and after its clock was set back: the connection is made again, with a last will that counts. */
  async function renew(identity: TerminalIdentity, before: Connection, greeting: AnswerBody<'hello'>): Promise<void> {
    const { noticeKey, presenceKey, presenceAt } = greeting
    const keys = { noticeKey, presenceKey }
    // Without a disk to keep them they serve until the program ends.
    await options.noticeKeys.save(keys).catch((error) => log.error('notice-keys', errorFields(error)))
    await before.close()
    if (!closed && gateway === before) connect(identity, keys, presenceAt)
  }

  return {
    gateway: () => gateway,
    async open() {
      try {
        const identity = await store.load()
        if (identity !== undefined) {
          connect(identity, await options.noticeKeys.load())
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
        if (!closed) connect(identity, undefined)
        log.info('enrolled')
        return undefined
      } catch (error) {
        const problem = problemOf(error)
        log.error('enrol', { ...errorFields(error), code: problem.code })
        return problem
      }
    },
    cut(wanted) {
      cut = wanted
      if (wanted) gateway?.broker.cut()
      else gateway?.broker.mend()
    },
    async close() {
      closed = true
      await gateway?.close()
    },
  }
}
