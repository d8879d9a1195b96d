/**
 * Guessing: PINs of one card across terminals, PINs of many cards at one terminal, and handshakes. The card's own
 * counter starts anew after each right PIN; the gateway's does not, so somebody who tries two PINs between the
 * holder's logins is seen. A wrong PIN counts against a card only when the card proved that it was there.
 */

import type { Response } from '../../../protocol/messages/finding-operations.ts'
import { BoundedMap } from '../bounded-map.ts'
import type { Suspicion } from '../finding.ts'
import { LeakyBucket } from '../leaky-bucket.ts'
import type { Policy } from '../policy.ts'
import { REMEMBERED, type Rule } from './rule.ts'

/** A right PIN so soon after wrong ones at the same terminal was typed by whoever typed those. */
const SAME_PERSON_MS = 120_000

type Limit = Policy['bruteForce']['handshakes']

/** Counts by name; true for the event that crosses the limit. */
function counter({ events, windowMs }: Limit): (name: string, at: number) => boolean {
  const buckets = new BoundedMap<LeakyBucket>(REMEMBERED)
  return (name, at) => buckets.obtain(name, () => new LeakyBucket(events, windowMs)).add(at) === 'crossed'
}

interface CardPins {
  readonly bucket: LeakyBucket
  /** Those that a right PIN would take back. */
  recent: { readonly terminal: string; readonly at: number; readonly count: number } | undefined
}

/** Wrong PINs of each card, without those that its holder put right at once. */
class WrongPins {
  readonly #cards = new BoundedMap<CardPins>(REMEMBERED)
  readonly #limit: Limit

  constructor(limit: Limit) {
    this.#limit = limit
  }

  /** True for the one that crosses the limit. */
  wrong(card: string, terminal: string, at: number): boolean {
    const { events, windowMs } = this.#limit
    const pins = this.#cards.obtain(card, () => ({ bucket: new LeakyBucket(events, windowMs), recent: undefined }))
    const same = pins.recent?.terminal === terminal && at - pins.recent.at <= SAME_PERSON_MS
    pins.recent = { terminal, at, count: (same ? (pins.recent?.count ?? 0) : 0) + 1 }
    return pins.bucket.add(at) === 'crossed'
  }

  right(card: string, terminal: string, at: number): void {
    const pins = this.#cards.get(card)
    if (pins?.recent === undefined) return
    if (pins.recent.terminal === terminal && at - pins.recent.at <= SAME_PERSON_MS) pins.bucket.forgive(pins.recent.count)
    pins.recent = undefined
  }
}

export function bruteForceRule(policy: Policy['bruteForce']): Rule {
  const { cardWrongPins, terminalWrongPins, handshakes, abandonedHandshakes, allHandshakes } = policy
  const ofCard = new WrongPins(cardWrongPins)
  const atTerminal = counter(terminalWrongPins)
  const failedHandshakes = counter(handshakes)
  const failedLogins = counter(handshakes)
  const leftHandshakes = counter(abandonedHandshakes)
  const ofAll = counter(allHandshakes)

  function ofHandshakes(layer: Suspicion['layer'], how: string, { events, windowMs }: Limit) {
    const evidence = { how, failures: events + 1, withinMs: windowMs }
    return found({ kind: 'brute-force-handshake', layer, severity: 'high', evidence }, policy.handshakeResponse)
  }

  return {
    observe(event) {
      switch (event.kind) {
        case 'wrong-pin': {
          const terminalCrossed = atTerminal(event.terminal, event.at)
          if (event.proven && ofCard.wrong(event.card, event.terminal, event.at)) {
            const { events, windowMs } = cardWrongPins
            const evidence = { wrongPins: events + 1, withinMs: windowMs, retriesLeft: event.retriesLeft }
            const suspicion = {
              kind: 'brute-force-pin',
              layer: 'application',
              severity: 'critical',
              card: event.card,
              evidence,
            } as const
            return found(suspicion, policy.cardResponse)
          }
          if (!terminalCrossed) return undefined
          const { events, windowMs } = terminalWrongPins
          const evidence = { wrongPinsAtTerminal: events + 1, withinMs: windowMs }
          return found({ kind: 'brute-force-pin', layer: 'application', severity: 'high', evidence }, policy.terminalResponse)
        }
        case 'handshake':
          switch (event.outcome) {
            case 'completed':
              return undefined
            case 'failed': {
              // An attacker may take another name each time.
              const crossedByAll = ofAll('', event.at)
              if (failedHandshakes(event.terminal, event.at)) return ofHandshakes('perception', 'failed', handshakes)
              return crossedByAll ? ofHandshakes('perception', 'many names', allHandshakes) : undefined
            }
            case 'abandoned':
              return leftHandshakes(event.terminal, event.at)
                ? ofHandshakes('perception', 'abandoned', abandonedHandshakes)
                : undefined
            default:
              return event.outcome satisfies never
          }
        case 'login-failed':
          return failedLogins(event.terminal, event.at) ? ofHandshakes('application', 'login', handshakes) : undefined
        case 'login':
          ofCard.right(event.card, event.terminal, event.at)
          return undefined
        default:
          return undefined
      }
    },
  }
}

function found(suspicion: Suspicion, response: Response) {
  return { suspicion, response }
}
