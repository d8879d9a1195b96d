/**
 * The watch: takes the worker's events, lets the judge see them beside the work that people wait for, carries out what the
 * policy says, and keeps what was found. The worker only puts an event into a queue; everything else happens after the
 * answer has left.
 */
import { fromHex } from '../../protocol/bytes.ts'
import { describeError, type Log } from '../log.ts'
import type { Registry } from '../registry/context.ts'
import type { FindingRecord } from '../store/findings.ts'
import type { Login } from '../store/store.ts'
import { BoundedMap } from './bounded-map.ts'
import type { GatewayEvent, ProvenPlace } from './event.ts'
import type { Finding } from './finding.ts'
import { createJudge, type Judge } from './judge.ts'
import { LearnedTimings } from './learned-timings.ts'
import type { Policy } from './policy.ts'
import { readerKey } from './timing-memory.ts'

/** The responses of the policy, carried out. Neither may throw or reject. */
export interface Responder {
  /** For every finding, at once. */
  carryOut(finding: Finding): Promise<void>
  /** For one that is new: supervisors who are signed in are told. */
  tell(finding: Finding): Promise<void>
}

export interface WatchOptions {
  readonly registry: Registry
  readonly policy: Policy
  readonly responder: Responder
  /** Whether that terminal is connected and says that it holds that card (hexadecimal GUID). */
  readonly holds: (terminal: string, card: string) => boolean
  readonly log: Log
}

export interface WatchCounters {
  readonly events: number
  /** Not judged: there were more than fit into the queue. */
  readonly dropped: number
  readonly findings: number
  /** Not stored: there were more new ones than may be in a second. */
  readonly suppressed: number
}

type LoginEvent = Extract<GatewayEvent, { kind: 'login' }>

interface Kept {
  readonly id: Uint8Array
  readonly at: number
  occurrences: number
}

const MOST_WAITING = 100_000
/** A broker in this process passes the answer on in this very thread: it goes first. */
const BREATH_MS = 2
/** Judged at a stretch, a few milliseconds; then requests come first again. */
const STRETCH = 500
/** The same found again within this time is the same finding, once more. */
const SAME_MS = 60_000
/** Sessions of one card at other terminals that are looked at. */
const MOST_ELSEWHERE = 8
const MOST_KEPT = 10_000
/** New findings that are stored in a second; an attacker who makes up names must not fill the disk. */
const MOST_NEW = 100

export class Watch {
  readonly #options: WatchOptions
  readonly #timings: LearnedTimings
  readonly #judge: Judge
  #waiting: { readonly event: GatewayEvent; readonly session?: Uint8Array | undefined }[] = []
  #judging: Promise<void> | undefined
  readonly #recent = new BoundedMap<Kept>(MOST_KEPT)
  #new: FindingRecord[] = []
  readonly #again = new Map<Kept, number>()
  #newInSecond = { second: 0, count: 0 }
  #saving: Promise<void> | undefined
  readonly #carriedOut = new Set<Promise<void>>()
  #counters = { events: 0, dropped: 0, findings: 0, suppressed: 0 }

  constructor(options: WatchOptions) {
    this.#options = options
    this.#timings = new LearnedTimings(options.registry.store, options.log)
    this.#judge = createJudge(options.policy, this.#timings)
  }

  counters(): WatchCounters {
    return { ...this.#counters }
  }

  /** Never throws, and takes the time of a push. `session` names a login's record, by which its past is looked up. */
  see(event: GatewayEvent, session?: Uint8Array): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#counters.dropped += 1
      return
    }
    this.#waiting.push({ event, session })
    this.#judging ??= breath().then(() => this.#judgeWaiting())
  }

  /** Everything that was seen so far has been judged, and what the policy says has been done. */
  async answered(): Promise<void> {
    while (this.#judging !== undefined || this.#carriedOut.size > 0) {
      await this.#judging
      await Promise.allSettled(this.#carriedOut)
    }
  }

  /** The same, and everything is stored. */
  async settled(): Promise<void> {
    await this.answered()
    await this.save()
  }

  /** Once a second: what was learned and what was found again. */
  async save(): Promise<void> {
    await this.#saveFindings()
    await this.#timings.save()
  }

  async #judgeWaiting(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const stretch = this.#waiting.slice(0, STRETCH)
        this.#waiting = this.#waiting.slice(STRETCH)
        for (const { event, session } of stretch) {
          const known = event.kind === 'login' ? await this.#withPast(event, session) : event
          this.#counters.events += 1
          for (const finding of this.#judge.observe(known)) this.#found(finding)
          if (event.kind === 'login') this.#timings.learned(event.card, readerKey(event.terminal, event.timing?.reader))
        }
        if (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      this.#judging = undefined
    }
  }

  /** The card's login before this one, its session elsewhere, and what is known of its answer times. */
  async #withPast(event: LoginEvent, session: Uint8Array | undefined): Promise<GatewayEvent> {
    const { registry, holds, log } = this.#options
    try {
      return await registry.store.read(async (reader) => {
        if (event.timing !== undefined)
          await this.#timings.refresh(reader, event.card, readerKey(event.terminal, event.timing.reader))
        const before = session === undefined ? undefined : await reader.loginBefore(session)
        const open = await reader.openSessionsElsewhere(fromHex(event.card), event.terminal, MOST_ELSEWHERE)
        const elsewhere = open.find(({ terminal }) => holds(terminal, event.card))
        return {
          ...event,
          ...(before === undefined ? {} : { previous: placeOf(before) }),
          ...(elsewhere === undefined ? {} : { elsewhere: placeOf(elsewhere) }),
        }
      })
    } catch (error) {
      // Judged by what the event itself says: a store that is away must not make the gateway blind.
      log('warning', 'past-unknown', describeError(error))
      return event
    }
  }

  #found(finding: Finding): void {
    this.#counters.findings += 1
    const { responder } = this.#options
    this.#keepUntilDone(responder.carryOut(finding))
    const key = keyOf(finding)
    const recent = this.#recent.get(key)
    if (recent !== undefined && finding.at - recent.at < SAME_MS) {
      recent.occurrences += 1
      this.#again.set(recent, finding.at)
      return
    }
    const second = Math.floor(finding.at / 1000)
    if (this.#newInSecond.second !== second) this.#newInSecond = { second, count: 0 }
    this.#newInSecond.count += 1
    if (this.#newInSecond.count > MOST_NEW) {
      this.#counters.suppressed += 1
      return
    }
    const id = this.#options.registry.crypto.randomBytes(16)
    const kept: Kept = { id, at: finding.at, occurrences: 1 }
    this.#recent.set(key, kept)
    const { card, ...rest } = finding
    const { kind, severity, response, terminal } = rest
    this.#options.log('warning', 'finding', { kind, severity, response, terminal, ...(card === undefined ? {} : { card }) })
    this.#new.push({ ...rest, id, lastAt: finding.at, occurrences: 1, ...(card === undefined ? {} : { card: fromHex(card) }) })
    this.#keepUntilDone(responder.tell(finding))
    this.#keepUntilDone(this.#saveFindings())
  }

  /** All that are new, and those that were found again, in one commit. What could not be written stays for the next time. */
  async #saveFindings(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving
    if (this.#new.length === 0 && this.#again.size === 0) return
    this.#saving = this.#writeFindings().finally(() => {
      this.#saving = undefined
    })
    await this.#saving
  }

  async #writeFindings(): Promise<void> {
    const { registry, policy, log } = this.#options
    const records = this.#new
    const again = [...this.#again].map(([{ id, occurrences }, lastAt]) => ({ id, occurrences, lastAt }))
    this.#new = []
    this.#again.clear()
    try {
      await registry.store.transaction(async (tx) => {
        for (const record of records) {
          await tx.insertFinding(record)
          const { id: finding, kind, severity, response, terminal, card } = record
          await registry.audit.append(tx, record.at, {
            event: 'finding',
            finding,
            kind,
            severity,
            response,
            terminal,
            ...(card === undefined ? {} : { card }),
          })
        }
        for (const { id, lastAt, occurrences } of again) await tx.repeatFinding(id, lastAt, occurrences)
        if (records.length > 0) await tx.forgetFindings(policy.findingsKept)
      })
    } catch (error) {
      log('error', 'findings-not-saved', { findings: records.length, ...describeError(error) })
      this.#new = [...records, ...this.#new].slice(0, MOST_KEPT)
    }
  }

  #keepUntilDone(work: Promise<void>): void {
    const tracked = work.finally(() => this.#carriedOut.delete(tracked))
    this.#carriedOut.add(tracked)
  }
}

/** Even setting a timer waits until the answer has left. */
function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setTimeout(resolve, BREATH_MS)))
}

/** What makes two findings the same: everything but numbers and times. */
function keyOf({ kind, severity, terminal, card, response, evidence }: Finding): string {
  const words = Object.values(evidence).filter((value) => typeof value === 'string')
  return [kind, severity, terminal, card ?? '', response, ...words].join(' ')
}

function placeOf({ begunAt, at, terminal, site }: Login): ProvenPlace {
  return { begunAt: begunAt ?? at, at, terminal, site }
}
