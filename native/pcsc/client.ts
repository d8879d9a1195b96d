import { findPinPad } from '../pin-pad.ts'
import {
  type CardConnection,
  type ConnectOptions,
  type Disposition,
  type PinPad,
  ReaderError,
  type ReaderStatus,
  type Readers,
  type ReadersStatus,
} from '../reader.ts'
import { controlCode, type Platform } from './layout.ts'
import { HostLink, type LinkEnd, type LinkLimits, linkLimits } from './link.ts'
import type { HostProcess } from './process.ts'

const platform: Platform = process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux'

export interface PcscOptions {
  /** Starts the process of native/pcsc/host.ts: forkHost in Node, the adapter over utilityProcess in Electron. */
  readonly startHost: () => HostProcess
  readonly limits?: Partial<LinkLimits>
}

/** Restarts: at once, then after these pauses; a host that lived for `stableMs` starts over with the first. */
const restartPausesMs = [0, 250, 500, 1000, 2000]
const stableMs = 10_000
/** From this many deaths in a row on, the status says that it fails rather than that it starts. */
const deathsUntilFailed = 3
const closeGraceMs = 1000

/** The readers of this machine through PC/SC, in a process of their own that is started again whenever it dies or hangs. */
export class PcscReaders implements Readers {
  readonly #startHost: () => HostProcess
  readonly #limits: LinkLimits
  readonly #listeners = new Set<(status: ReadersStatus) => void>()
  /** A host counts insertions from zero: by reader, what was last shown, and what the hosts before this one had counted. */
  readonly #shown = new Map<string, number>()
  #countedBefore = new Map<string, number>()
  /** Readers that were asked for a pad and have none, by name. */
  readonly #padless = new Set<string>()
  #status: ReadersStatus = { service: { kind: 'starting' }, readers: [] }
  #link: HostLink | undefined
  #startedAt = 0
  #deaths = 0
  #restart: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: PcscOptions) {
    this.#startHost = options.startHost
    this.#limits = { ...linkLimits, ...options.limits }
    this.#start()
  }

  status(): ReadersStatus {
    return this.#status
  }

  subscribe(listener: (status: ReadersStatus) => void): () => void {
    const own = (status: ReadersStatus) => listener(status)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  async connect(reader: string, options: ConnectOptions): Promise<CardConnection> {
    const link = this.#link
    if (link === undefined) throw new ReaderError('no-service', this.#closed ? 'HOST_CLOSED' : 'HOST_STARTING')
    const opened = await link.call({ kind: 'connect', reader, share: options.share }, 'connected')
    return new PcscConnection(link, reader, opened, this.#padless)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#restart)
    const link = this.#link
    this.#link = undefined
    await link?.close(closeGraceMs)
    this.#listeners.clear()
  }

  #start(): void {
    this.#startedAt = performance.now()
    this.#countedBefore = new Map(this.#shown)
    this.#link = new HostLink(
      this.#startHost(),
      this.#limits,
      (status) => this.#say({ service: status.service, readers: status.readers.map((reader) => this.#withCount(reader)) }),
      (reason) => this.#hostEnded(reason),
    )
  }

  #hostEnded(reason: LinkEnd): void {
    this.#link = undefined
    if (this.#closed) return
    this.#deaths = performance.now() - this.#startedAt > stableMs ? 1 : this.#deaths + 1
    const pauseMs = restartPausesMs[Math.min(this.#deaths, restartPausesMs.length) - 1]
    this.#restart = setTimeout(() => this.#start(), pauseMs)
    this.#say({
      service: this.#deaths < deathsUntilFailed ? { kind: 'starting' } : { kind: 'failed', code: reason },
      readers: [],
    })
  }

  #withCount(reader: ReaderStatus): ReaderStatus {
    const insertions = reader.insertions + (this.#countedBefore.get(reader.name) ?? 0)
    this.#shown.set(reader.name, insertions)
    return { ...reader, insertions }
  }

  #say(status: ReadersStatus): void {
    this.#status = status
    for (const listener of [...this.#listeners]) listener(status)
  }
}

class PcscConnection implements CardConnection {
  readonly reader: string
  readonly #link: HostLink
  readonly #number: number
  readonly #padless: Set<string>
  #atr: Uint8Array
  #protocol: 'T=0' | 'T=1'

  constructor(
    link: HostLink,
    reader: string,
    opened: { readonly connection: number; readonly atr: Uint8Array; readonly protocol: 'T=0' | 'T=1' },
    padless: Set<string>,
  ) {
    this.#padless = padless
    this.#link = link
    this.reader = reader
    this.#number = opened.connection
    this.#atr = opened.atr
    this.#protocol = opened.protocol
  }

  get atr(): Uint8Array {
    return this.#atr
  }

  get protocol(): 'T=0' | 'T=1' {
    return this.#protocol
  }

  async transmit(command: Uint8Array, took?: (ms: number) => void): Promise<Uint8Array> {
    const call = { kind: 'transmit', connection: this.#number, command } as const
    const { data, tookMs } = await this.#link.call(call, 'transmitted')
    took?.(tookMs)
    return data
  }

  async beginTransaction(): Promise<void> {
    await this.#link.call({ kind: 'begin', connection: this.#number }, 'done')
  }

  async endTransaction(disposition: Disposition): Promise<void> {
    await this.#link.call({ kind: 'end', connection: this.#number, disposition }, 'done')
  }

  async reconnect(disposition: Disposition): Promise<void> {
    const opened = await this.#link.call({ kind: 'reconnect', connection: this.#number, disposition }, 'reconnected')
    this.#atr = opened.atr
    this.#protocol = opened.protocol
  }

  async control(code: number, input: Uint8Array): Promise<Uint8Array> {
    const { data } = await this.#link.call({ kind: 'control', connection: this.#number, code, input }, 'answer')
    return data
  }

  async pinPad(): Promise<PinPad | undefined> {
    // What a reader can is asked once for each model: a driver may take long to say that it can do nothing.
    if (this.#padless.has(this.reader)) return undefined
    const pad = await findPinPad(this, (controlFunction) => controlCode(platform, controlFunction))
    if (pad === undefined) this.#padless.add(this.reader)
    return pad
  }

  async disconnect(disposition: Disposition): Promise<void> {
    // A host that is gone holds nothing any more.
    await this.#link.call({ kind: 'disconnect', connection: this.#number, disposition }, 'done').catch(() => undefined)
  }
}
