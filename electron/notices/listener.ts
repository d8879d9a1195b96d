/**
 * What the gateway tells without being asked (docs/protocol.md, "Blocking"): notices to this terminal, and how far the block
 * list has grown. The broker may deliver anything; what was not sealed for this terminal and signed by the gateway is counted
 * and dropped.
 */
import { type Broker, BrokerError } from '../../native/broker.ts'
import type { GatewayTrust } from '../../native/conversation/trust.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { type Notice, openNotice, verifyBlockListVersion, verifyNotice } from '../../protocol/messages/notices.ts'
import { BLOCKS_NOTICE, buildTopic } from '../../protocol/topics.ts'

export interface NoticeListenerOptions {
  readonly broker: Broker
  readonly terminal: string
  readonly noticeKey: Uint8Array
  readonly trust: Pick<GatewayTrust, 'noticeKeys'>
  readonly crypto: Crypto
  /** `signed` is the COSE_Sign1, which proves later what was announced. */
  readonly onNotice: (notice: Notice, signed: Uint8Array) => void
  readonly onBlockListVersion: (version: number) => void
  /** Not the gateway's; or the broker does not let this terminal listen. */
  readonly onRefused: (why: 'not-authentic' | 'subscription', error?: BrokerError) => void
}

/** Listens at once and after every loss of the connection. Returns the way to stop. */
export function listenToNotices(options: NoticeListenerOptions): () => void {
  const { broker, crypto, terminal, trust } = options
  const own = buildTopic({ kind: 'terminal-notice', terminal })

  function received(topic: string, payload: Uint8Array): void {
    if (topic === own) {
      const signed = openNotice(crypto, options.noticeKey, terminal, payload)
      const notice = signed && firstOf(trust.noticeKeys(), (key) => verifyNotice(crypto, key, signed))
      if (signed === undefined || notice === undefined) options.onRefused('not-authentic')
      else options.onNotice(notice, signed)
    } else if (topic === BLOCKS_NOTICE) {
      const list = firstOf(trust.noticeKeys(), (key) => verifyBlockListVersion(crypto, key, payload))
      if (list === undefined) options.onRefused('not-authentic')
      else options.onBlockListVersion(list.version)
    }
  }

  function subscribe(): void {
    // The connection repeats what it was asked once; asking again is for one that was refused or lost in between.
    for (const filter of [own, BLOCKS_NOTICE]) {
      broker.subscribe(filter, 1).catch((error) => {
        if (!(error instanceof BrokerError) || error.kind === 'not-accepted') options.onRefused('subscription', error)
      })
    }
  }

  const stops = [
    broker.onMessage(received),
    broker.onState((state) => {
      if (state.kind === 'connected') subscribe()
    }),
  ]
  if (broker.state().kind === 'connected') subscribe()
  return () => {
    for (const stop of stops) stop()
  }
}

function firstOf<T, R>(items: readonly T[], look: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = look(item)
    if (found !== undefined) return found
  }
  return undefined
}
