/** A terminal's side of notices and presence, as small as the protocol allows (see gateway-client.ts). */
import { nodeCrypto } from '../../native/crypto.ts'
import { toHex } from '../../protocol/bytes.ts'
import {
  type Notice,
  openNotice,
  type Presence,
  sealPresence,
  verifyBlockListVersion,
  verifyNotice,
} from '../../protocol/messages/notices.ts'
import { BLOCKS_NOTICE, buildTopic } from '../../protocol/topics.ts'
import { type GatewayClient, PATIENCE_MS } from './gateway-client.ts'

type Readers = Extract<Presence, { kind: 'present' }>['readers']

export class NoticesClient {
  readonly client: GatewayClient
  /** Verified, in the order of arrival. */
  readonly notices: { readonly notice: Notice; readonly signed: Uint8Array }[] = []
  /** Of the block list, verified. */
  readonly versions: number[] = []
  /** What came to this terminal's topics and was not for it, or not the gateway's. */
  refused = 0
  connectedAt = 1_700_000_000_000
  revision = 0
  readonly #waiters = new Set<() => void>()

  private constructor(client: GatewayClient) {
    this.client = client
    const { terminal } = client
    const topic = buildTopic({ kind: 'terminal-notice', terminal })
    client.broker.onMessage((from, payload) => {
      const { greeting, gatewayKey } = client
      if (greeting === undefined || gatewayKey === undefined) return
      if (from === topic) {
        const signed = openNotice(nodeCrypto, greeting.noticeKey, terminal, payload)
        const notice = signed === undefined ? undefined : verifyNotice(nodeCrypto, gatewayKey, signed)
        if (signed === undefined || notice === undefined) this.refused += 1
        else this.notices.push({ notice, signed })
      } else if (from === BLOCKS_NOTICE) {
        const list = verifyBlockListVersion(nodeCrypto, gatewayKey, payload)
        if (list === undefined) this.refused += 1
        else this.versions.push(list.version)
      } else return
      for (const waiter of [...this.#waiters]) waiter()
    })
  }

  /** Of a client that has greeted. */
  static async listen(client: GatewayClient): Promise<NoticesClient> {
    const notices = new NoticesClient(client)
    await client.broker.subscribe(buildTopic({ kind: 'terminal-notice', terminal: client.terminal }), 1)
    await client.broker.subscribe(BLOCKS_NOTICE, 1)
    return notices
  }

  /** The first one that concerns this card. */
  async notice(guid: Uint8Array, timeoutMs = PATIENCE_MS): Promise<{ readonly notice: Notice; readonly signed: Uint8Array }> {
    const find = () => this.notices.find(({ notice }) => 'guid' in notice && toHex(notice.guid) === toHex(guid))
    await this.until(() => find() !== undefined, timeoutMs)
    return find() as { notice: Notice; signed: Uint8Array }
  }

  until(holds: () => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return
        clearTimeout(timer)
        this.#waiters.delete(look)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(look)
        reject(new Error('no such notice'))
      }, timeoutMs)
      this.#waiters.add(look)
      look()
    })
  }

  /** Tells of its readers, as a new revision. Returns the bytes, for replays. */
  present(readers: Readers): Promise<Uint8Array> {
    this.revision += 1
    return this.#publish({ kind: 'present', connectedAt: this.connectedAt, revision: this.revision, readers })
  }

  /** A card in its one reader. */
  holds(card: Uint8Array | undefined, since = 1): Promise<Uint8Array> {
    const name = 'Reader 1'
    return this.present([
      card === undefined
        ? { name, simulated: true, state: 'empty', since }
        : { name, simulated: true, state: 'card', since, card },
    ])
  }

  /** As its last will would. */
  gone(): Promise<Uint8Array> {
    return this.#publish({ kind: 'gone', connectedAt: this.connectedAt })
  }

  async #publish(presence: Presence): Promise<Uint8Array> {
    const { greeting, terminal } = this.client
    if (greeting === undefined) throw new Error('not greeted')
    const sealed = sealPresence(nodeCrypto, greeting.presenceKey, terminal, presence)
    await this.republish(sealed)
    return sealed
  }

  republish(sealed: Uint8Array): Promise<void> {
    const topic = buildTopic({ kind: 'terminal-presence', terminal: this.client.terminal })
    return this.client.broker.publish(topic, sealed, { qos: 1, retain: true })
  }
}
