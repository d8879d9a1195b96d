import { ReaderError, type ReadersStatus } from '../reader.ts'
import { type Call, parseReport, type Report, type Request } from './messages.ts'
import type { HostProcess } from './process.ts'

/** How long each thing may take before the host counts as hung, in milliseconds. */
export interface LinkLimits {
  /** From the start of the process to its first report. */
  readonly startMs: number
  /** Silence after which the host is asked for a sign of life, and how long it may take over that. */
  readonly silenceMs: number
  readonly heartbeatMs: number
  /** A card may compute for seconds; a driver that takes longer than this has lost it. */
  readonly transmitMs: number
  /** A person enters a PIN on the reader's own pad meanwhile. */
  readonly controlMs: number
  /** connect, reconnect, begin, end, disconnect. */
  readonly otherMs: number
}

export const linkLimits: LinkLimits = {
  startMs: 10_000,
  silenceMs: 2000,
  heartbeatMs: 2000,
  transmitMs: 30_000,
  controlMs: 120_000,
  otherMs: 15_000,
}

/** How often calls and signs of life are looked after while any is waited for. */
const tickMs = 250

/** Why a host has ended; the `code` of the errors that its calls get. */
export type LinkEnd = 'HOST_EXITED' | 'HOST_HUNG' | 'HOST_WRONG_ANSWER' | 'HOST_CLOSED'

interface Pending {
  readonly expected: Report['kind']
  /** The host does nothing else until it has answered. */
  readonly blocking: boolean
  deadline: number
  readonly resolve: (report: Report) => void
  readonly reject: (error: ReaderError) => void
}

/** One life of the host process: numbers the calls, matches the answers, notices when the host hangs or dies. */
export class HostLink {
  readonly #process: HostProcess
  readonly #limits: LinkLimits
  readonly #onEnd: (reason: LinkEnd) => void
  readonly #pending = new Map<number, Pending>()
  #timer: NodeJS.Timeout | undefined
  /** How long the present wait of `#timer` is: far more than a tick where nothing is waited for. */
  #waitMs = tickMs
  #lastId = 0
  #lastTick = performance.now()
  /** When the host was last heard, or is expected to be heard for the first time. */
  #heard: number
  #pinged: number | undefined
  #ended: LinkEnd | undefined

  constructor(
    process: HostProcess,
    limits: LinkLimits,
    onStatus: (status: ReadersStatus) => void,
    onEnd: (reason: LinkEnd) => void,
  ) {
    this.#process = process
    this.#limits = limits
    this.#onEnd = onEnd
    this.#heard = performance.now() + limits.startMs
    this.#arm()
    process.onMessage((message) => {
      if (this.#ended !== undefined) return
      const report = parseReport(message)
      if (report === undefined) return this.#end('HOST_WRONG_ANSWER')
      const now = performance.now()
      // With the first report the wait for the start is over.
      const isOther = this.#pinged !== undefined || this.#heard > now
      this.#heard = now
      this.#pinged = undefined
      if (isOther) this.#arm()
      if (report.kind === 'status') onStatus(report.status)
      else if (report.kind !== 'pong') this.#settle(report)
    })
    process.onExit(() => this.#end('HOST_EXITED'))
  }

  /** Rejects with the card's or the reader's ReaderError, or with one whose code is a LinkEnd. */
  call<K extends Report['kind']>(call: Call, expected: K): Promise<Extract<Report, { kind: K }>> {
    if (this.#ended !== undefined) return Promise.reject(lost(this.#ended))
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        expected,
        blocking: call.kind === 'transmit',
        deadline: performance.now() + this.#limitOf(call),
        // #settle has compared the kind.
        resolve: (report) => resolve(report as Extract<Report, { kind: K }>),
        reject,
      })
      if (this.#waitMs > tickMs) this.#arm()
      this.#process.send({ ...call, id } satisfies Request)
    })
  }

  /** Asks the host to give everything back and to exit; makes it exit where it does not within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const exited = new Promise<void>((resolve) => this.#process.onExit(resolve))
    this.call({ kind: 'close' }, 'done').catch(() => undefined)
    const timer = setTimeout(() => this.#process.kill(), graceMs)
    this.#end('HOST_CLOSED', false)
    await exited
    clearTimeout(timer)
  }

  #limitOf(call: Call): number {
    if (call.kind === 'transmit') return this.#limits.transmitMs
    return call.kind === 'control' ? this.#limits.controlMs : this.#limits.otherMs
  }

  #settle(report: Exclude<Report, { kind: 'status' | 'pong' }>): void {
    const pending = this.#pending.get(report.id)
    if (pending === undefined || (report.kind !== 'error' && report.kind !== pending.expected)) {
      this.#end('HOST_WRONG_ANSWER')
      return
    }
    this.#pending.delete(report.id)
    if (report.kind === 'error') pending.reject(new ReaderError(report.error.kind, report.error.code))
    else pending.resolve(report)
  }

  /** With nothing to wait for but the end of a silence, the process sleeps until then. */
  #arm(): void {
    clearTimeout(this.#timer)
    this.#lastTick = performance.now()
    const isResting = this.#pending.size === 0 && this.#pinged === undefined
    this.#waitMs = isResting ? Math.max(tickMs, Math.ceil(this.#heard + this.#limits.silenceMs - this.#lastTick)) : tickMs
    this.#timer = setTimeout(() => {
      this.#tick()
      if (this.#ended === undefined) this.#arm()
    }, this.#waitMs)
  }

  #tick(): void {
    const now = performance.now()
    const elapsed = now - this.#lastTick
    const blocking = [...this.#pending.values()].find((pending) => pending.blocking)
    // While one call blocks the host the time of the others stands still. After a sleep of this process nobody's has passed.
    const slept = elapsed > this.#waitMs + 3 * tickMs
    for (const pending of this.#pending.values()) {
      if (slept || (blocking !== undefined && pending !== blocking)) pending.deadline += elapsed
    }
    if (slept) {
      this.#heard += elapsed
      if (this.#pinged !== undefined) this.#pinged += elapsed
    }
    const hung = [...this.#pending.values()].find((pending) => pending.deadline < now)
    if (hung !== undefined) {
      hung.reject(new ReaderError('timeout', 'HOST_HUNG'))
      this.#end('HOST_HUNG')
    } else if (blocking !== undefined) {
      this.#heard = now
      this.#pinged = undefined
    } else if (this.#pinged !== undefined) {
      if (now - this.#pinged > this.#limits.heartbeatMs) this.#end('HOST_HUNG')
    } else if (now - this.#heard >= this.#limits.silenceMs) {
      this.#pinged = now
      this.#lastId += 1
      this.#process.send({ kind: 'ping', id: this.#lastId } satisfies Request)
    }
  }

  #end(reason: LinkEnd, kill = true): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    clearTimeout(this.#timer)
    if (kill) this.#process.kill()
    for (const pending of this.#pending.values()) pending.reject(lost(reason))
    this.#pending.clear()
    this.#onEnd(reason)
  }
}

function lost(reason: LinkEnd): ReaderError {
  return new ReaderError(reason === 'HOST_CLOSED' ? 'cancelled' : 'communication', reason)
}
