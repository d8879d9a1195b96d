/**
 * How long a card's answers take: card, temperature, reader, USB, a host that stalls or is busy. Each figure here is an
 * assumption about honest desks, listed in docs/detection.md; none is taken from the rule that judges.
 */
import type { AnswerTimes } from './action.ts'
import type { Random } from './random.ts'

/** Medians of the card's own computing, in milliseconds, of kinds of cards that people have; `upTo` adds up their shares. */
const CARD_MODELS = [
  { upTo: 0.45, emptyMs: 1.5, verifyMs: 18, signMs: 75, jitter: 0.015 },
  { upTo: 0.7, emptyMs: 3, verifyMs: 28, signMs: 140, jitter: 0.02 },
  { upTo: 0.85, emptyMs: 2, verifyMs: 40, signMs: 55, jitter: 0.02 },
  { upTo: 0.95, emptyMs: 6, verifyMs: 65, signMs: 320, jitter: 0.025 },
  { upTo: 1, emptyMs: 9, verifyMs: 120, signMs: 850, jitter: 0.03 },
] as const

/** What a reader adds to each answer, in milliseconds. */
const READER_MODELS = [
  { name: 'Slot reader A', ms: 1.2 },
  { name: 'Slot reader B', ms: 3 },
  { name: 'Keyboard with reader', ms: 7 },
  { name: 'Docking station reader', ms: 14 },
  { name: 'Redirected reader', ms: 24 },
] as const

const HOUR_MS = 3_600_000

export interface CardSpeed {
  readonly emptyMs: number
  readonly verifyMs: number
  readonly signMs: number
  readonly jitter: number
  /** Where it stands in its day and its season, in radians. */
  readonly phase: number
}

export interface ReaderSpeed {
  readonly name: string
  readonly ms: number
}

/** How a desk's computer treats its reader. */
export interface HostQuality {
  /** Chance that an answer waits, and for how long on average. */
  readonly stall: number
  readonly stallMs: number
  /** Chance that the computer is busy during a login: then every answer waits a little. */
  readonly busy: number
  readonly busyMs: number
  /** Chance of a login in which all answers wait alike, whatever the reason. */
  readonly common: number
  readonly commonMs: number
}

export const USUAL_HOST: HostQuality = { stall: 0.004, stallMs: 35, busy: 0.005, busyMs: 10, common: 0.00005, commonMs: 25 }
/** Ten times as many busy and stalling computers. */
export const POOR_HOST: HostQuality = { stall: 0.04, stallMs: 35, busy: 0.05, busyMs: 12, common: 0.0005, commonMs: 25 }

export function newCardSpeed(random: Random): CardSpeed {
  const place = random.unit()
  const model = CARD_MODELS.find(({ upTo }) => place < upTo) ?? CARD_MODELS[0]
  const own = random.logNormal(1, 0.06)
  return {
    emptyMs: model.emptyMs * own,
    verifyMs: model.verifyMs * own,
    signMs: model.signMs * own,
    jitter: model.jitter,
    phase: random.between(0, 2 * Math.PI),
  }
}

/** No two readers have the same serial number. */
export function newReaderSpeed(random: Random, serial: number): ReaderSpeed {
  const model = random.pick(READER_MODELS)
  return { name: `${model.name} ${serial}`, ms: model.ms * random.logNormal(1, 0.15) }
}

/** A cold card is slower than a warm one: by the day, and by the season. */
function temperature(at: number, phase: number): number {
  const day = Math.sin((2 * Math.PI * at) / (24 * HOUR_MS) + phase)
  const season = Math.sin((2 * Math.PI * at) / (90 * 24 * HOUR_MS) + phase)
  return 1 + 0.012 * day + 0.015 * season
}

/** `relayMs`: what lies between this reader and the card adds to each answer, with a network's jitter of a tenth. */
export function answerTimes(
  random: Random,
  { card, reader, host, at, relayMs }: { card: CardSpeed; reader: ReaderSpeed; host: HostQuality; at: number; relayMs: number },
): Required<AnswerTimes> {
  const drift = temperature(at, card.phase)
  const isBusy = random.chance(host.busy)
  const common = random.chance(host.common) ? random.exponential(host.commonMs) : 0
  const answer = (computingMs: number): number => {
    const computing = computingMs * drift * random.logNormal(1, card.jitter)
    const way = reader.ms * random.logNormal(1, 0.05) + random.unit() + random.logNormal(0.4, 0.6)
    const stall = random.chance(host.stall) ? random.exponential(host.stallMs) : 0
    const busy = isBusy ? random.exponential(host.busyMs) : 0
    const relay = relayMs === 0 ? 0 : relayMs * random.logNormal(1, 0.1)
    return Math.round((computing + way + stall + busy + common + relay) * 1000) / 1000
  }
  return {
    emptyMs: answer(card.emptyMs),
    verifyMs: answer(card.verifyMs),
    signMs: answer(card.signMs),
    reader: reader.name,
  }
}
