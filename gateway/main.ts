/** Wires the gateway together: keys, store, authority, broker, worker. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Broker, connectBroker } from '../native/broker.ts'
import { nodeCrypto } from '../native/crypto.ts'
import { toHex } from '../protocol/bytes.ts'
import { Audit } from './audit/chain.ts'
import { createAuthority } from './authority/authority.ts'
import { createHandoverKeys } from './authority/handover-keys.ts'
import { deriveKey, openKeys } from './authority/keys.ts'
import { createNodeKeys } from './authority/node-keys.ts'
import { createSealer } from './authority/sealing.ts'
import { createTerminalKeys } from './authority/terminal-keys.ts'
import type { Blocks } from './blocks/blocks.ts'
import { type EmbeddedBroker, startEmbeddedBroker } from './broker/embedded.ts'
import type { Policy } from './findings/policy.ts'
import { policyOf } from './findings/policy-file.ts'
import type { Watch } from './findings/watch.ts'
import type { Presences } from './locator/presences.ts'
import { type Log, silentLog } from './log.ts'
import type { Registry } from './registry/context.ts'
import { type BrokerTlsFiles, noteRunning, noteStopped, readTlsFiles } from './running.ts'
import { openSqliteStore } from './store/sqlite.ts'
import type { WorkerCounters } from './worker/counters.ts'
import { Worker } from './worker/worker.ts'

/** `port` 0 takes a free one. */
export type BrokerChoice =
  | { readonly kind: 'embedded'; readonly port: number }
  | { readonly kind: 'external'; readonly url: string; readonly tls?: BrokerTlsFiles }

export interface GatewayOptions {
  /** Keys and store; made where they are not there. */
  readonly dataDirectory: string
  readonly broker: BrokerChoice
  /** Tells the workers of one data directory apart; each running one needs its own. Default 0. */
  readonly slot?: number
  /** Default: policy.json in the data folder, and what every value there has for a default. */
  readonly policy?: Policy
  readonly log?: Log
  readonly now?: () => number
}

export interface Gateway {
  /** The worker's identifier in topics. */
  readonly worker: string
  readonly brokerUrl: string
  readonly registry: Registry
  counters(): WorkerCounters
  sizes(): { readonly handshakes: number; readonly devices: number }
  readonly blocks: Blocks
  readonly presences: Presences
  readonly watch: Watch
  /** Ends in order: what is under way is answered first. */
  close(): Promise<void>
}

const BROKER_TIMEOUT_MS = 15_000

/** Keys and store without a worker: what the command line needs. To be closed by `registry.store.close()`. */
export function openRegistry(
  dataDirectory: string,
  now: () => number = Date.now,
): { readonly registry: Registry; readonly master: Uint8Array } {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const crypto = nodeCrypto
  const keys = openKeys(join(dataDirectory, 'keys'), crypto, now())
  const registry: Registry = {
    crypto,
    store: openSqliteStore(join(dataDirectory, 'store.sqlite')),
    audit: new Audit(crypto, deriveKey(crypto, keys.master, 'audit head', 32)),
    authority: createAuthority(crypto, keys),
    sealer: createSealer(crypto, deriveKey(crypto, keys.master, 'card secrets', 32)),
    terminalKeys: createTerminalKeys(crypto, keys.master),
    nodeKeys: createNodeKeys(crypto, keys.master),
    handoverKeys: createHandoverKeys(crypto, keys.master),
    now,
  }
  return { registry, master: keys.master }
}

/** Rejects with a BrokerError, StoreError, KeysError, PolicyError or the system's error; nothing stays open then. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log = silentLog, slot = 0, now = Date.now } = options
  const { registry, master } = openRegistry(options.dataDirectory, now)
  let embedded: EmbeddedBroker | undefined
  let broker: Broker | undefined
  try {
    if (options.broker.kind === 'embedded') embedded = await startEmbeddedBroker(options.broker.port)
    // The same after a restart, so that terminals that still speak to it learn at once that their channels are gone.
    const id = toHex(deriveKey(registry.crypto, master, `worker ${slot}`, 8))
    const tls = options.broker.kind === 'external' ? options.broker.tls : undefined
    const url = options.broker.kind === 'external' ? options.broker.url : (embedded as EmbeddedBroker).url
    broker = connectBroker({
      url,
      clientId: `tessera-gateway-${id}`,
      session: 'clean',
      ...(tls === undefined ? {} : { tls: readTlsFiles(tls) }),
    })
    broker.onState((state) => {
      if (state.kind === 'disconnected') log('warning', 'broker-lost', { reason: state.error.kind, code: state.error.code })
      if (state.kind === 'connected') log('info', 'broker-connected', { protocol: state.protocol })
    })
    await broker.connected(BROKER_TIMEOUT_MS)
    const worker = new Worker({ id, broker, registry, log, policy: options.policy ?? policyOf(options.dataDirectory) })
    await worker.start()
    await registry.store.transaction((tx) => registry.audit.append(tx, now(), { event: 'gateway-started', worker: id }))
    noteRunning(options.dataDirectory, slot, { pid: process.pid, worker: id, brokerUrl: url, ...(tls && { tls }) })
    return {
      worker: id,
      brokerUrl: url,
      registry,
      counters: () => worker.counters(),
      sizes: () => worker.sizes(),
      blocks: worker.blocks,
      presences: worker.presences,
      watch: worker.watch,
      async close() {
        noteStopped(options.dataDirectory, slot)
        await worker.stop()
        await broker?.close()
        await embedded?.close()
        await registry.store.close()
      },
    }
  } catch (error) {
    await broker?.close()
    await embedded?.close()
    await registry.store.close()
    throw error
  }
}
