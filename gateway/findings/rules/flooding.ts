/**
 * Flooding: more messages than a desk can mean, by terminal and by proven card. What no channel vouches for is counted apart:
 * whoever reaches the broker can send it in any terminal's name.
 */
import { BoundedMap } from '../bounded-map.ts'
import { isOwnDoing } from '../event.ts'
import { LeakyBucket } from '../leaky-bucket.ts'
import type { Policy } from '../policy.ts'
import { REMEMBERED, type Rule } from './rule.ts'

export function floodingRule(policy: Policy['flooding']): Rule {
  const own = new BoundedMap<LeakyBucket>(REMEMBERED)
  const strangers = new BoundedMap<LeakyBucket>(REMEMBERED)
  const cards = new BoundedMap<LeakyBucket>(REMEMBERED)
  return {
    observe(event) {
      if (event.kind === 'message') {
        const vouched = isOwnDoing(event)
        const { events, windowMs } = vouched ? policy.terminalMessages : policy.strangerMessages
        const bucket = (vouched ? own : strangers).obtain(event.terminal, () => new LeakyBucket(events, windowMs))
        if (bucket.add(event.at) !== 'crossed') return undefined
        return {
          suspicion: {
            kind: 'flooding',
            layer: 'perception',
            severity: 'medium',
            evidence: { messages: events + 1, withinMs: windowMs },
          },
          response: policy.terminalResponse,
        }
      }
      if (event.kind !== 'login') return undefined
      const { events, windowMs } = policy.cardLogins
      const bucket = cards.obtain(event.card, () => new LeakyBucket(events, windowMs))
      if (bucket.add(event.at) !== 'crossed') return undefined
      return {
        suspicion: {
          kind: 'flooding',
          layer: 'application',
          severity: 'medium',
          card: event.card,
          evidence: { logins: events + 1, withinMs: windowMs },
        },
        response: policy.cardResponse,
      }
    },
  }
}
