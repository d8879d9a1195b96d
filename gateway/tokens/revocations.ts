/**
 * Revoking tokens before their time: the store remembers it in the commit that it follows from (a session that ends, a card that is
 * blocked or withdrawn), and each node is told at once by a sealed notice. One that the broker swallows comes with the node's next
 * 'node.hello', a minute later at most; and a token lives minutes only.
 */
import type { Broker } from '../../native/broker.ts'
import { encodeFrame } from '../../protocol/messages/frame.ts'
import { sealRevocation } from '../../protocol/messages/service.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { describeError, type Log } from '../log.ts'
import type { Registry } from '../registry/context.ts'

/** How soon what another process has revoked (the command line) is announced. */
const TICK_MS = 250
/** In one notice. */
const MOST_AT_ONCE = 1024

export class Revocations {
  readonly #registry: Registry
  readonly #broker: Broker
  readonly #log: Log
  #timer: ReturnType<typeof setInterval> | undefined
  #underWay: Promise<void> | undefined
  #again = false

  constructor({ registry, broker, log }: { readonly registry: Registry; readonly broker: Broker; readonly log: Log }) {
    this.#registry = registry
    this.#broker = broker
    this.#log = log
  }

  start(): void {
    this.#timer = setInterval(() => void this.announce(), TICK_MS)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#underWay
  }

  /** Tells the nodes what they have not been told yet. Resolves when the broker has it, or could not take it; never rejects. */
  announce(): Promise<void> {
    if (this.#underWay !== undefined) {
      this.#again = true
      return this.#underWay
    }
    this.#underWay = this.#run().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false
        await this.#announceAll()
      } while (this.#again)
    } catch (error) {
      // The next tick tries again.
      this.#log('warning', 'revocations-wait', describeError(error))
    }
  }

  async #announceAll(): Promise<void> {
    const { store, crypto, nodeKeys } = this.#registry
    if (this.#broker.state().kind !== 'connected') return
    const at = this.#registry.now()
    const tokens = await store.read((reader) => reader.unannouncedTokens(at, MOST_AT_ONCE))
    if (tokens.length === 0) return
    const byNode = new Map<string, Uint8Array[]>()
    for (const { audience, id } of tokens) byNode.set(audience, [...(byNode.get(audience) ?? []), id])
    await Promise.all(
      [...byNode].map(([node, ids]) => {
        const message = sealRevocation(crypto, nodeKeys.notice(node), node, { kind: 'revoked', at, tokens: ids })
        return this.#broker.publish(buildTopic({ kind: 'node-in', node }), encodeFrame({ kind: 'notice', message }), { qos: 1 })
      }),
    )
    await store.transaction((tx) =>
      tx.tokensAnnounced(
        tokens.map(({ id }) => id),
        at,
      ),
    )
    if (tokens.length === MOST_AT_ONCE) this.#again = true
  }
}
