/**
 * Delay and jitter of the card's answers: a relay (one reader here, the card somewhere else) adds to every one of them. A
 * card is judged against its own history: at this reader, where it is known here, else against what readers add to the cards
 * that they see, so that neither a slow card nor a slow reader stands out. All timed exchanges of a login must be late: a busy
 * computer makes one or two late, a relay each. docs/detection.md has the figures.
 *
 * Median and median absolute deviation, because a few bad samples must not move them (P. J. Huber, Robust
 * Statistics, section 5.1); 1.4826 makes the deviation comparable to a standard deviation of a normal distribution.
 */
import type { CardTiming } from '../event.ts'
import type { Policy } from '../policy.ts'
import {
  type CardTimings,
  EXCHANGES,
  type ReaderTimings,
  readerKey,
  type Times,
  type TimingMemory,
  tagOf,
} from '../timing-memory.ts'
import type { Rule } from './rule.ts'

/** Different cards that a reader must have seen before it is known what it adds. */
const READER_MINIMUM = 8
/** The latest cards of a reader that tell whether it has become slower altogether. */
const LATEST_CARDS = 8
/** Timer and scheduling noise that no history shows when it happens to be calm, in milliseconds. */
const LEAST_DEVIATION_MS = 0.75
/** An exchange whose usual spread hides a relay of this length tells nothing, in milliseconds. */
const TELLING_MS = 20
/** So many exchanges must tell something. */
const LEAST_EXCHANGES = 2

/**
 * A login whose PIN was entered on the reader tells two answers at most, and two are late together by chance more often than three. They must
 * be later by this much, so that as few honest logins suffer (docs/detection.md).
 */
const FOR_TWO_ANSWERS = 1.5

interface Summary {
  readonly median: number
  readonly deviation: number
  readonly count: number
}

function summarise(samples: readonly number[]): Summary {
  const sorted = Float64Array.from(samples).sort()
  const median = middle(sorted)
  const distances = sorted.map((value) => Math.abs(value - median)).sort()
  return { median, deviation: 1.4826 * middle(distances), count: sorted.length }
}

function middle(sorted: Float64Array): number {
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2
}

/** What an exchange should take, and how far it usually strays. */
interface Expected {
  readonly ms: number
  readonly deviation: number
}

const known = (value: number | undefined): value is number => value !== undefined && !Number.isNaN(value)

/** By the card's own logins at this very reader. */
function expectedHere(card: CardTimings, reader: number, exchange: number, minimum: number): Expected | undefined {
  const own: number[] = []
  for (const login of card.list()) {
    const ms = login.reader === reader ? login.times[exchange] : undefined
    if (known(ms)) own.push(ms)
  }
  if (own.length < minimum) return undefined
  const { median, deviation } = summarise(own)
  return { ms: median, deviation }
}

/** By how the card stands to other cards at other readers, and what those take at this one. */
function expectedFromElsewhere(
  card: CardTimings,
  usual: Summary | undefined,
  exchange: number,
  minimum: number,
): Expected | undefined {
  if (usual === undefined) return undefined
  const against: number[] = []
  for (const login of card.list()) {
    const ms = login.times[exchange]
    const usually = login.usual[exchange]
    if (known(ms) && known(usually)) against.push(ms - usually)
  }
  if (against.length < minimum) return undefined
  const own = summarise(against)
  // The standard error of a median is 1.2533 times that of a mean (normal distribution).
  const error = (1.2533 * usual.deviation) / Math.sqrt(usual.count)
  return { ms: usual.median + own.median, deviation: Math.hypot(own.deviation, error) }
}

/** What this reader's other cards take: undefined for an exchange that too few have told. */
function usualAt(reader: ReaderTimings, card: number): readonly (Summary | undefined)[] {
  return Array.from({ length: EXCHANGES }, (_, exchange) => {
    const all: number[] = []
    for (const visit of reader.list()) {
      const ms = visit.card === card ? undefined : visit.times[exchange]
      if (known(ms)) all.push(ms)
    }
    return all.length < READER_MINIMUM ? undefined : summarise(all)
  })
}

/** By how much the reader's latest other cards were late, whoever's they were: then it is the reader. */
function shiftOf(reader: ReaderTimings, card: number): number {
  const late = reader.list().filter((visit) => visit.card !== card && known(visit.lateMs))
  if (late.length < LATEST_CARDS) return 0
  return summarise(late.slice(-LATEST_CARDS).map(({ lateMs }) => lateMs)).median
}

interface Lateness {
  /** The least of all exchanges. */
  readonly lateMs: number
  readonly deviations: number
  readonly exchanges: number
}

function lateness(
  times: Times,
  expected: readonly (Expected | undefined)[],
  shiftMs: number,
  atLeast: number,
): Lateness | undefined {
  let lateMs = Number.POSITIVE_INFINITY
  let deviations = Number.POSITIVE_INFINITY
  let exchanges = 0
  for (const [i, expectation] of expected.entries()) {
    const ms = times[i]
    if (expectation === undefined || !known(ms)) continue
    const deviation = Math.max(LEAST_DEVIATION_MS, expectation.deviation)
    if (atLeast * deviation > TELLING_MS) continue
    const late = ms - expectation.ms - shiftMs
    lateMs = Math.min(lateMs, late)
    deviations = Math.min(deviations, late / deviation)
    exchanges += 1
  }
  return exchanges < LEAST_EXCHANGES ? undefined : { lateMs, deviations, exchanges }
}

function timesOf({ verifyMs = Number.NaN, signMs, emptyMs = Number.NaN }: CardTiming): Times {
  return [verifyMs, signMs, emptyMs]
}

export function delayRule(policy: Policy['delay'], memory: TimingMemory): Rule {
  return {
    observe(event) {
      if (event.kind !== 'login' || event.timing === undefined) return undefined
      const times = timesOf(event.timing)
      const key = readerKey(event.terminal, event.timing.reader)
      const [card, reader] = [memory.card(event.card), memory.reader(key)]
      const [cardTag, readerTag] = [tagOf(event.card), tagOf(key)]
      const usual = usualAt(reader, cardTag)
      const expected = usual.map(
        (summary, i) =>
          expectedHere(card, readerTag, i, policy.minimumLogins) ?? expectedFromElsewhere(card, summary, i, policy.minimumLogins),
      )
      const raw = lateness(times, expected, 0, policy.deviations)
      // Learned from every login, suspicious or not: a reader that was changed is forgiven after a few cards, while one
      // card that is relayed moves nothing, however often.
      reader.learn({ card: cardTag, times, lateMs: raw?.lateMs ?? Number.NaN })
      const late = raw && lateness(times, expected, shiftOf(reader, cardTag), policy.deviations)
      const lateByMs = policy.lateByMs * (event.timing.verifyMs === undefined ? FOR_TWO_ANSWERS : 1)
      if (late === undefined || late.deviations < policy.deviations || late.lateMs < lateByMs) {
        // Only what is believed enters the card's history: a relay that stays cannot teach it to be slow.
        card.learn({ reader: readerTag, times, usual: usual.map((summary) => summary?.median ?? Number.NaN) })
        return undefined
      }
      return {
        suspicion: {
          kind: 'delay',
          layer: 'perception',
          severity: late.deviations > 2 * policy.deviations ? 'high' : 'medium',
          card: event.card,
          evidence: {
            lateMs: Math.round(late.lateMs * 10) / 10,
            deviations: Math.round(late.deviations * 10) / 10,
            exchanges: late.exchanges,
            logins: card.list().length,
          },
        },
        response: policy.response,
      }
    },
  }
}
