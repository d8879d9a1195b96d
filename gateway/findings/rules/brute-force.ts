/**
 * Guessing: PINs of one card across terminals, PINs of many cards at one terminal, and handshakes. The card's own
 * counter starts anew after each right PIN; the gateway's does not, so somebody who tries two PINs between the
 * holder's logins is seen. A wrong PIN counts against a card only when the card proved that it was there.
 */
import { BoundedMap } from '../bounded-map.ts'
import { LeakyBucket } from '../leaky-bucket.ts'
import type { Policy } from '../policy.ts'
import { REMEMBERED, type Rule } from './rule.ts'

export function bruteForceRule(policy: Policy['bruteForce']): Rule {
  const byCard = new BoundedMap<LeakyBucket>(REMEMBERED)
  const byTerminal = new BoundedMap<LeakyBucket>(REMEMBERED)
  const handshakes = new BoundedMap<LeakyBucket>(REMEMBERED)
  return {
    observe(event) {
      switch (event.kind) {
        case 'wrong-pin': {
          const { cardWrongPins, terminalWrongPins } = policy
          const atTerminal = byTerminal
            .obtain(event.terminal, () => new LeakyBucket(terminalWrongPins.events, terminalWrongPins.windowMs))
            .add(event.at)
          if (event.proven) {
            const ofCard = byCard
              .obtain(event.card, () => new LeakyBucket(cardWrongPins.events, cardWrongPins.windowMs))
              .add(event.at)
            if (ofCard === 'crossed') {
              return {
                suspicion: {
                  kind: 'brute-force-pin',
                  layer: 'application',
                  severity: 'critical',
                  card: event.card,
                  evidence: {
                    wrongPins: cardWrongPins.events + 1,
                    withinMs: cardWrongPins.windowMs,
                    retriesLeft: event.retriesLeft,
                  },
                },
                response: policy.cardResponse,
              }
            }
          }
          if (atTerminal !== 'crossed') return undefined
          return {
            suspicion: {
              kind: 'brute-force-pin',
              layer: 'application',
              severity: 'high',
              evidence: { wrongPinsAtTerminal: terminalWrongPins.events + 1, withinMs: terminalWrongPins.windowMs },
            },
            response: policy.terminalResponse,
          }
        }
        case 'handshake':
        case 'login-failed': {
          if (event.kind === 'handshake' && event.outcome === 'completed') return undefined
          const { events, windowMs } = policy.handshakes
          if (handshakes.obtain(event.terminal, () => new LeakyBucket(events, windowMs)).add(event.at) !== 'crossed')
            return undefined
          return {
            suspicion: {
              kind: 'brute-force-handshake',
              layer: event.kind === 'handshake' ? 'perception' : 'application',
              severity: 'high',
              evidence: { failures: events + 1, withinMs: windowMs },
            },
            response: policy.handshakeResponse,
          }
        }
        default:
          return undefined
      }
    },
  }
}
