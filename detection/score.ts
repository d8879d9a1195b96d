/** What was found of what was there: rates with their bounds, delays, false alarms. */
import type { Observed } from './drive/events.ts'
import type { Action, Attack, AttackKind, Traffic } from './traffic/action.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

export interface Score {
  readonly kind: AttackKind
  readonly variant: string
  attacks: number
  found: number
  /** From the attack's first action to the first finding, milliseconds. */
  readonly delaysMs: number[]
  /** Actions of the attack until then, that one included. */
  readonly actionsUntil: number[]
}

export interface FalseAlarm {
  readonly kind: string
  readonly response: string
  readonly action: Action
}

export interface RoundScore {
  readonly scores: readonly Score[]
  readonly falseAlarms: readonly FalseAlarm[]
  readonly honestLogins: number
}

export function scoreRound(traffic: Traffic, observed: readonly Observed[]): RoundScore {
  const firstFound = new Map<number, Observed['finding']>()
  const falseAlarms: FalseAlarm[] = []
  for (const { action, finding } of observed) {
    if (action.attack !== undefined) {
      const attack = traffic.attacks[action.attack]
      if (attack?.kind === finding.kind && !firstFound.has(attack.id)) firstFound.set(attack.id, finding)
      continue
    }
    const behind = traffic.attacks.find((attack) => showsIn(attack, action, finding.kind))
    if (behind === undefined) falseAlarms.push({ kind: finding.kind, response: finding.response, action })
    else if (behind.kind === finding.kind && !firstFound.has(behind.id)) firstFound.set(behind.id, finding)
  }
  const actionsOf = new Map<number, number[]>()
  let honestLogins = 0
  for (const action of traffic.actions) {
    if (action.attack === undefined) honestLogins += action.kind === 'login' ? 1 : 0
    else {
      const times = actionsOf.get(action.attack)
      if (times === undefined) actionsOf.set(action.attack, [action.at])
      else times.push(action.at)
    }
  }
  const scores = new Map<string, Score>()
  for (const attack of traffic.attacks) {
    const key = `${attack.kind}/${attack.variant}`
    const score = scores.get(key) ?? {
      kind: attack.kind,
      variant: attack.variant,
      attacks: 0,
      found: 0,
      delaysMs: [],
      actionsUntil: [],
    }
    scores.set(key, score)
    score.attacks += 1
    const found = firstFound.get(attack.id)
    if (found === undefined) continue
    score.found += 1
    score.delaysMs.push(Math.max(0, found.at - attack.from))
    score.actionsUntil.push((actionsOf.get(attack.id) ?? []).filter((at) => at <= found.at).length)
  }
  return { scores: [...scores.values()], falseAlarms, honestLogins }
}

/** An honest person's next step may be where an attack shows: the true card after its copy, the holder's own typing error after another's guesses. */
function showsIn(attack: Attack, action: Action, kind: string): boolean {
  if (action.at < attack.from) return false
  if (attack.kind === 'delay') {
    return kind === 'clone' && 'card' in action && attack.cards.includes(action.card) && action.at < attack.to + HOUR_MS
  }
  if (kind !== attack.kind) return false
  if ('card' in action && attack.cards.includes(action.card)) return action.at < attack.to + 2 * DAY_MS
  return attack.terminals.includes(action.terminal) && action.at < attack.to + HOUR_MS / 6
}

export function merge(into: Map<string, Score>, scores: readonly Score[]): void {
  for (const score of scores) {
    const key = `${score.kind}/${score.variant}`
    const sum = into.get(key)
    if (sum === undefined) into.set(key, { ...score, delaysMs: [...score.delaysMs], actionsUntil: [...score.actionsUntil] })
    else {
      sum.attacks += score.attacks
      sum.found += score.found
      sum.delaysMs.push(...score.delaysMs)
      sum.actionsUntil.push(...score.actionsUntil)
    }
  }
}

/** Wilson score interval for a share, 95% (E. B. Wilson, 1927). */
export function wilson(hits: number, of: number): { readonly low: number; readonly high: number } {
  if (of === 0) return { low: 0, high: 1 }
  const z = 1.959964
  const share = hits / of
  const centre = (share + (z * z) / (2 * of)) / (1 + (z * z) / of)
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}

/** The smallest value that at least that share of the values does not exceed; undefined where there is none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
