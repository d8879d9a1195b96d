/**
 * Guessing: PINs of one card across terminals, PINs of many cards at one terminal, and handshakes. The card's own
 * counter starts anew after each right PIN; the gateway's does not, so somebody who tries two PINs between the
 * holder's logins is seen. A wrong PIN counts against a card only when the card proved that it was there.
 */
import { BoundedMap } from '../bounded-map.ts'
import type { Response, Suspicion } from '../finding.ts'
import { LeakyBucket } from '../leaky-bucket.ts'
import type { Policy } from '../policy.ts'
import { REMEMBERED, type Rule } from './rule.ts'

type Limit = Policy['bruteForce']['handshakes']

/** Counts by name; true for the event that crosses the limit. */
function counter({ events, windowMs }: Limit): (name: string, at: number) => boolean {
  const buckets = new BoundedMap<LeakyBucket>(REMEMBERED)
  return (name, at) => buckets.obtain(name, () => new LeakyBucket(events, windowMs)).add(at) === 'crossed'
}

export function bruteForceRule(policy: Policy['bruteForce']): Rule {
  const { cardWrongPins, terminalWrongPins, handshakes, abandonedHandshakes } = policy
  const ofCard = counter(cardWrongPins)
  const atTerminal = counter(terminalWrongPins)
  const failedHandshakes = counter(handshakes)
  const failedLogins = counter(handshakes)
  const leftHandshakes = counter(abandonedHandshakes)

  function ofHandshakes(layer: Suspicion['layer'], how: string, { events, windowMs }: Limit) {
    const evidence = { how, failures: events + 1, withinMs: windowMs }
    return found({ kind: 'brute-force-handshake', layer, severity: 'high', evidence }, policy.handshakeResponse)
  }

  return {
    observe(event) {
      switch (event.kind) {
        case 'wrong-pin': {
          const terminalCrossed = atTerminal(event.terminal, event.at)
          if (event.proven && ofCard(event.card, event.at)) {
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
            case 'failed':
              return failedHandshakes(event.terminal, event.at) ? ofHandshakes('perception', 'failed', handshakes) : undefined
            case 'abandoned':
              return leftHandshakes(event.terminal, event.at)
                ? ofHandshakes('perception', 'abandoned', abandonedHandshakes)
                : undefined
            default:
              return event.outcome satisfies never
          }
        case 'login-failed':
          return failedLogins(event.terminal, event.at) ? ofHandshakes('application', 'login', handshakes) : undefined
        default:
          return undefined
      }
    },
  }
}

function found(suspicion: Suspicion, response: Response) {
  return { suspicion, response }
}
