/**
 * Delay and jitter of the card's answers: a relay (one reader here, the card somewhere else) adds to each of them. A
 * card is judged against its own history, so a slow card does not stand out; and against what its reader adds
 * to every card, so a slow reader does not either. Both answers of a login (VERIFY and signature) must be late:
 * a busy computer makes one late, a relay both.
 *
 * Median and median absolute deviation, because a few bad samples must not move them (P. J. Huber, Robust
 * Statistics, section 5.1); 1.4826 makes the deviation comparable to a standard deviation of a normal distribution.
 */
import { BoundedMap } from '../bounded-map.ts'
import type { CardTiming } from '../event.ts'
import type { Policy } from '../policy.ts'
import { REMEMBERED, type Rule } from './rule.ts'

/** Logins of a card, and of a reader, that are remembered: a ring, so that memory and time stay constant. */
const CARD_HISTORY = 32
const TERMINAL_HISTORY = 64
/** Differences of a terminal that must be known before its own offset is taken off. */
const TERMINAL_MINIMUM = 8
/** Timer and scheduling noise that no history shows when it happens to be calm, in milliseconds. */
const LEAST_DEVIATION_MS = 0.75

class Ring {
  readonly #values: Float64Array
  #length = 0
  #next = 0

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  add(value: number): void {
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % this.#values.length
    this.#length = Math.min(this.#length + 1, this.#values.length)
  }

  /** Median and robust deviation. */
  summary(): { readonly median: number; readonly deviation: number } {
    const sorted = this.#values.slice(0, this.#length).sort()
    const median = middle(sorted)
    const distances = sorted.map((value) => Math.abs(value - median)).sort()
    return { median, deviation: 1.4826 * middle(distances) }
  }
}

function middle(sorted: Float64Array): number {
  const half = sorted.length >> 1
  const upper = sorted[half] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? 0)) / 2
}

interface Two<Value> {
  readonly verify: Value
  readonly sign: Value
}

const twoRings = (capacity: number): Two<Ring> => ({ verify: new Ring(capacity), sign: new Ring(capacity) })

interface Lateness {
  readonly lateMs: number
  readonly deviations: number
}

function lateness(sample: number, card: Ring, terminal: Ring | undefined): Lateness & { readonly offset: number } {
  const own = card.summary()
  const reader = terminal !== undefined && terminal.length >= TERMINAL_MINIMUM ? terminal.summary() : { median: 0, deviation: 0 }
  const lateMs = sample - own.median - reader.median
  const deviation = Math.max(LEAST_DEVIATION_MS, Math.hypot(own.deviation, reader.deviation))
  return { lateMs, deviations: lateMs / deviation, offset: sample - own.median }
}

export function delayRule(policy: Policy['delay']): Rule {
  const cards = new BoundedMap<Two<Ring>>(REMEMBERED)
  const terminals = new BoundedMap<Two<Ring>>(REMEMBERED)

  function learn(card: Two<Ring>, timing: CardTiming): void {
    card.verify.add(timing.verifyMs)
    card.sign.add(timing.signMs)
  }

  return {
    observe(event) {
      if (event.kind !== 'login' || event.timing === undefined) return undefined
      const { timing } = event
      const card = cards.obtain(event.card, () => twoRings(CARD_HISTORY))
      if (card.sign.length < policy.minimumLogins) {
        learn(card, timing)
        return undefined
      }
      const terminal = terminals.obtain(event.terminal, () => twoRings(TERMINAL_HISTORY))
      const verify = lateness(timing.verifyMs, card.verify, terminal.verify)
      const sign = lateness(timing.signMs, card.sign, terminal.sign)
      // What every card is late by at this reader is the reader's: learned from all its logins, suspicious or not,
      // so that a changed reader is forgiven after a few and a single relayed card moves nothing.
      terminal.verify.add(verify.offset)
      terminal.sign.add(sign.offset)
      const least: Lateness = verify.deviations < sign.deviations ? verify : sign
      if (least.deviations < policy.deviations || Math.min(verify.lateMs, sign.lateMs) < policy.lateByMs) {
        // Only what is believed enters the card's history: a relay that stays cannot teach it to be slow.
        learn(card, timing)
        return undefined
      }
      return {
        suspicion: {
          kind: 'delay',
          layer: 'perception',
          severity: least.deviations > 2 * policy.deviations ? 'high' : 'medium',
          card: event.card,
          evidence: {
            verifyLateMs: Math.round(verify.lateMs * 10) / 10,
            signLateMs: Math.round(sign.lateMs * 10) / 10,
            deviations: Math.round(least.deviations * 10) / 10,
            logins: card.sign.length,
          },
        },
        response: policy.response,
      }
    },
  }
}
