/** One round: honest days with attacks among them, in the order of time. */
import type { Action, Traffic } from './action.ts'
import { type HostQuality, USUAL_HOST } from './answer-times.ts'
import { placeAttacks } from './attacks.ts'
import { honestActions, NEW_CARDS } from './honest.ts'
import { Random } from './random.ts'
import { BEGIN, DAY_MS, makeWorld, type World, type WorldSize } from './world.ts'

export interface RoundSize extends WorldSize {
  /** Attacks of each variant, and relays of each strength. */
  readonly attacks: number
  readonly relays: number
}

/** Logins of a card before an attack with it: without a history nothing can stand out. */
const HISTORY_LOGINS = 12

export function makeRound(seed: number, size: RoundSize, host: HostQuality = USUAL_HOST): { world: World; traffic: Traffic } {
  const world = makeWorld(seed, size, host)
  const honest = honestActions(world, seed).sort(byTime)
  const seen = new Map<number, number>()
  const end = BEGIN + (world.days - 1) * DAY_MS
  const logins = honest.filter((action): action is Extract<Action, { kind: 'login' }> => {
    if (action.kind !== 'login' || action.card >= NEW_CARDS) return false
    const before = seen.get(action.card) ?? 0
    seen.set(action.card, before + 1)
    return before >= HISTORY_LOGINS && action.at < end
  })
  const { actions, attacks } = placeAttacks({ world, random: new Random(seed, 'attacks'), logins }, size.attacks, size.relays)
  return { world, traffic: { actions: [...honest, ...actions].sort(byTime), attacks } }
}

function byTime(a: Action, b: Action): number {
  return a.at - b.at
}
