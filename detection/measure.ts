/** The measurement: rounds of events for the counts, the threshold's curve, and the same kind of traffic through the real gateway. */
import { DEFAULT_POLICY, type Policy, parsePolicy } from '../gateway/findings/policy.ts'
import { runEvents } from './drive/events.ts'
import { runThroughGateway } from './drive/gateway.ts'
import { type FalseAlarm, merge, type Score, scoreRound } from './score.ts'
import type { Action } from './traffic/action.ts'
import { type HostQuality, POOR_HOST, USUAL_HOST } from './traffic/answer-times.ts'
import { makeRound, type RoundSize } from './traffic/round.ts'
import type { World } from './traffic/world.ts'

/** 60 desks, 600 people, a month: about 80 000 honest logins. */
export const ROUND: RoundSize = { houses: 15, desksPerHouse: 4, people: 600, days: 30, attacks: 20, relays: 150 }
/** As much as two processor cores do in a quarter of a minute with real handshakes. */
export const END_TO_END: RoundSize = { houses: 2, desksPerHouse: 2, people: 30, days: 6, attacks: 1, relays: 2 }

/** The defaults, with the houses' coordinates, as an administrator would give them. */
function policyFor(world: World, delay: Partial<Policy['delay']> = {}): Policy {
  const sites = Object.fromEntries(world.houses.map(({ name, latitude, longitude }) => [name, { latitude, longitude }]))
  const parsed = parsePolicy({ clone: { sites }, delay: { ...DEFAULT_POLICY.delay, ...delay } })
  if (!parsed.ok) throw new RangeError(parsed.problems.join())
  return parsed.policy
}

/** No two measurements share a round's seed. */
function seedOf(seed: number, round: number): number {
  return seed * 1000 + round
}

export interface Rates {
  readonly scores: readonly Score[]
  readonly falseAlarms: readonly FalseAlarm[]
  readonly honestLogins: number
  readonly honestEvents: number
  readonly events: number
  /** In the judge alone. */
  readonly judgeMs: number
}

export function measureRounds(
  seed: number,
  rounds: number,
  size: RoundSize,
  done: (round: number) => void = () => undefined,
): Rates {
  const scores = new Map<string, Score>()
  const falseAlarms: FalseAlarm[] = []
  let [honestLogins, honestEvents, events, judgeMs] = [0, 0, 0, 0]
  for (let round = 0; round < rounds; round += 1) {
    const { world, traffic } = makeRound(seedOf(seed, round), size)
    const run = runEvents(world, traffic, policyFor(world))
    const scored = scoreRound(traffic, run.observed)
    merge(scores, scored.scores)
    falseAlarms.push(...scored.falseAlarms)
    honestLogins += scored.honestLogins
    honestEvents += run.honestEvents
    events += run.events
    judgeMs += run.judgeMs
    done(round)
  }
  return { scores: [...scores.values()], falseAlarms, honestLogins, honestEvents, events, judgeMs }
}

export interface OperatingPoint {
  readonly lateByMs: number
  readonly falseAlarms: number
  readonly honestLogins: number
  /** Found of all, by the relay's delay. */
  readonly found: Readonly<Record<string, { readonly found: number; readonly of: number }>>
}

const THRESHOLDS = [4, 6, 8, 10, 12, 14, 16, 18, 19, 20, 22, 25, 30, 40] as const

/** The delay rule alone, at each threshold. */
export function measureCurve(seed: number, rounds: number, size: RoundSize, host: 'usual' | 'poor'): OperatingPoint[] {
  const quality: HostQuality = host === 'usual' ? USUAL_HOST : POOR_HOST
  const sums = THRESHOLDS.map((lateByMs) => ({ lateByMs, falseAlarms: 0, honestLogins: 0, scores: new Map<string, Score>() }))
  for (let round = 0; round < rounds; round += 1) {
    const { world, traffic } = makeRound(seedOf(seed, 500 + round), { ...size, attacks: 0 }, quality)
    const logins = { ...traffic, actions: traffic.actions.filter(({ kind }) => kind === 'login' || kind === 'pulled') }
    for (const sum of sums) {
      const { observed } = runEvents(world, logins, policyFor(world, { lateByMs: sum.lateByMs }))
      const delays = observed.filter(({ finding }) => finding.kind === 'delay')
      const scored = scoreRound(logins, delays)
      merge(sum.scores, scored.scores)
      sum.falseAlarms += scored.falseAlarms.length
      sum.honestLogins += scored.honestLogins
    }
  }
  return sums.map(({ scores, ...sum }) => ({
    ...sum,
    found: Object.fromEntries([...scores.values()].map((score) => [score.variant, { found: score.found, of: score.attacks }])),
  }))
}

export type PadRates = Pick<Rates, 'scores' | 'falseAlarms' | 'honestLogins'>

/** The delay rule alone, where every PIN is entered on the reader: two answers are told instead of three. */
export function measurePads(seed: number, rounds: number, size: RoundSize): PadRates {
  const scores = new Map<string, Score>()
  const falseAlarms: FalseAlarm[] = []
  let honestLogins = 0
  for (let round = 0; round < rounds; round += 1) {
    const { world, traffic } = makeRound(seedOf(seed, 700 + round), { ...size, attacks: 0 })
    const actions = traffic.actions.flatMap((action): Action[] => {
      if (action.kind === 'pulled') return [action]
      if (action.kind !== 'login') return []
      const { verifyMs: _, ...times } = action.times
      return [{ ...action, times }]
    })
    const logins = { ...traffic, actions }
    const { observed } = runEvents(world, logins, policyFor(world))
    const scored = scoreRound(
      logins,
      observed.filter(({ finding }) => finding.kind === 'delay'),
    )
    merge(scores, scored.scores)
    falseAlarms.push(...scored.falseAlarms)
    honestLogins += scored.honestLogins
  }
  return { scores: [...scores.values()], falseAlarms, honestLogins }
}

export interface EndToEnd extends Omit<Rates, 'judgeMs' | 'honestEvents'> {
  readonly actions: number
  readonly ms: number
}

export async function measureEndToEnd(seed: number, size: RoundSize = END_TO_END): Promise<EndToEnd> {
  const { world, traffic } = makeRound(seedOf(seed, 900), size)
  const { observed, actions, events, ms } = await runThroughGateway(world, traffic, policyFor(world))
  return { ...scoreRound(traffic, observed), actions, events, ms }
}
