/**
 * Blocking a card (docs/protocol.md, "Blocking"). A block is fail-safe, so it is announced and committed side by side: the
 * signed notice leaves for the terminals that hold the card before the disk is waited for. A terminal keeps the notice
 * until 'notice.confirm' is answered, so that a block that was announced stands even where its commit was lost.
 */
import type { Broker } from '../../native/broker.ts'
import { toHex } from '../../protocol/bytes.ts'
import {
  type BlockCause,
  type Notice,
  sealNotice,
  signBlockListVersion,
  signNotice,
  verifyBlockListVersion,
} from '../../protocol/messages/notices.ts'
import { BLOCKS_NOTICE, buildTopic } from '../../protocol/topics.ts'
import { BoundedMap } from '../findings/bounded-map.ts'
import type { Policy } from '../findings/policy.ts'
import { describeError, type Log } from '../log.ts'
import type { Registry } from '../registry/context.ts'
import { Announcer } from './announcer.ts'
import { type CommittedBlock, commitBlock } from './commit.ts'

export interface BlockRequest {
  readonly guid: Uint8Array
  readonly cause: BlockCause
  /** The finding's kind, with that cause. */
  readonly finding?: string
  /** The terminal that holds the card may block the PIN on it, where the policy says so. Not for linked cards: their PUK is not the gateway's. */
  readonly blockPin: boolean
  /** Where the card is, as the caller knows; presence and its sessions add what they know. */
  readonly terminals?: readonly string[]
  /** The holder who asks, with cause 'supervisor'. */
  readonly supervisor?: Uint8Array
}

export interface Blocked {
  readonly at: number
  readonly outcome: CommittedBlock['outcome']
  /** Terminals that were told by a notice; false where the broker has not taken all of them yet. */
  readonly terminals: readonly string[]
  readonly announced: boolean
}

/** The caller does not wait longer for a broker that is away; the notices go out at its return. */
const ANNOUNCE_MS = 3000
const CACHED_KEYS = 10_000

export interface BlocksOptions {
  readonly registry: Registry
  readonly broker: Broker
  readonly log: Log
  readonly policy: Pick<Policy, 'blockPinOnCard'>
  /** Terminals that hold that card by presence (hexadecimal GUID). */
  readonly holding: (guid: string) => Iterable<string>
  /** A block is on the disk, and with it the card's sessions and tokens are over. */
  readonly committed?: () => void
}

export class Blocks {
  readonly #registry: Registry
  readonly #policy: BlocksOptions['policy']
  readonly #holding: BlocksOptions['holding']
  readonly #committed: () => void
  readonly #announcer: Announcer
  readonly #log: Log
  readonly #stop: () => void
  readonly #noticeKeys = new BoundedMap<{ readonly key: Uint8Array }>(CACHED_KEYS)
  /** The version of the block list that is retained at the broker, as far as is known. */
  #retainedVersion = 0

  constructor({ registry, broker, log, policy, holding, committed = () => undefined }: BlocksOptions) {
    this.#policy = policy
    this.#committed = committed
    this.#registry = registry
    this.#holding = holding
    this.#log = log
    this.#announcer = new Announcer(broker, log)
    this.#stop = broker.onState((state) => {
      // It may have lost what it retained; what it has it delivers to the subscription.
      if (state.kind === 'connected') this.#retainedVersion = 0
    })
  }

  /**
   * Resolves when the block is on the disk and the broker has the notices. Rejects with what the store says where it could
   * not be committed: what was announced stands, and comes back with the terminal's confirmation.
   */
  async block(request: BlockRequest): Promise<Blocked> {
    const { crypto } = this.#registry
    const { guid, cause, finding, blockPin, supervisor } = request
    const at = this.#registry.now()
    const id = crypto.randomBytes(16)
    const notice: Notice = {
      kind: 'block',
      notice: id,
      guid,
      at,
      cause,
      ...(finding === undefined ? {} : { finding }),
      blockPin: blockPin && this.#policy.blockPinOnCard,
    }
    const signed = await this.#sign((sign) => signNotice(notice, sign))
    const told = new Set<string>()
    const announcements: Promise<boolean>[] = []
    const tell = (terminals: Iterable<string>): void => {
      for (const terminal of terminals) {
        if (told.has(terminal)) continue
        told.add(terminal)
        announcements.push(this.#tell(terminal, id, signed))
      }
    }
    tell(this.#holding(toHex(guid)))
    tell(request.terminals ?? [])
    // The commit holds this thread until the disk has it: the notices leave first.
    await new Promise((resolve) => setImmediate(resolve))
    let committed: CommittedBlock
    try {
      committed = await commitBlock(this.#registry, { notice: id, guid, at, cause, finding, supervisor })
    } catch (error) {
      this.#log('error', 'block-not-committed', { announced: told.size, ...describeError(error) })
      throw error
    }
    this.#committed()
    tell(committed.terminals)
    if (committed.outcome === 'blocked') void this.publishVersion().catch((error: unknown) => this.#versionLost(error))
    return { at, outcome: committed.outcome, terminals: [...told], announced: await allWithin(announcements, ANNOUNCE_MS) }
  }

  /** A further notice for one terminal, of another kind than a block. */
  async notify(terminal: string, notice: Exclude<Notice, { readonly kind: 'block' }>): Promise<boolean> {
    const signed = await this.#sign((sign) => signNotice(notice, sign))
    return this.#tell(terminal, notice.notice, signed)
  }

  /** Makes the broker retain the present version of the block list, where it retains another one. True once it does. */
  async publishVersion(): Promise<boolean> {
    const version = await this.#registry.store.read((reader) => reader.blockListVersion())
    if (version === this.#retainedVersion) return true
    const signed = await this.#sign((sign) =>
      signBlockListVersion({ kind: 'block-list', version, at: this.#registry.now() }, sign),
    )
    return this.#announcer.publish('version', BLOCKS_NOTICE, signed, { retain: true })
  }

  /** What the broker delivers as the block list's version: this worker's own words, another worker's, or old ones replayed. */
  receiveVersion(payload: Uint8Array): void {
    const { crypto, authority } = this.#registry
    const list = verifyBlockListVersion(crypto, authority.identity('ES256').key.publicKey, payload)
    // An old version, or none of ours, makes the next tick publish the present one.
    this.#retainedVersion = list?.version ?? -1
  }

  /** Once a second: other processes change the block list too. */
  tick(): void {
    this.publishVersion().catch((error: unknown) => this.#versionLost(error))
  }

  close(): void {
    this.#stop()
    this.#announcer.close()
  }

  #versionLost(error: unknown): void {
    this.#log('warning', 'block-list-version-lost', describeError(error))
  }

  #sign(make: (signer: (bytes: Uint8Array) => Promise<Uint8Array>) => Promise<Uint8Array>): Promise<Uint8Array> {
    const { crypto, authority } = this.#registry
    const { key } = authority.identity('ES256')
    return make(async (bytes) => crypto.sign('ES256', key.privateKey, bytes))
  }

  #tell(terminal: string, id: Uint8Array, signed: Uint8Array): Promise<boolean> {
    const { crypto, terminalKeys } = this.#registry
    const topic = buildTopic({ kind: 'terminal-notice', terminal })
    const { key } = this.#noticeKeys.obtain(terminal, () => ({ key: terminalKeys.notice(terminal) }))
    const payload = sealNotice(crypto, key, terminal, signed)
    return this.#announcer.publish(`${terminal} ${toHex(id)}`, topic, payload, { retain: false })
  }
}

async function allWithin(announcements: readonly Promise<boolean>[], ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([Promise.all(announcements).then((all) => all.every(Boolean)), late])
  } finally {
    clearTimeout(timer)
  }
}
