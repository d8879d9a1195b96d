/** Flooding: more messages than a desk can mean, by terminal and by proven card. */
import { BoundedMap } from '../bounded-map.ts'
import { LeakyBucket } from '../leaky-bucket.ts'
import type { Policy } from '../policy.ts'
import { REMEMBERED, type Rule } from './rule.ts'

export function floodingRule(policy: Policy['flooding']): Rule {
  const terminals = new BoundedMap<LeakyBucket>(REMEMBERED)
  const cards = new BoundedMap<LeakyBucket>(REMEMBERED)
  return {
    observe(event) {
      if (event.kind === 'message') {
        const { events, windowMs } = policy.terminalMessages
        const bucket = terminals.obtain(event.terminal, () => new LeakyBucket(events, windowMs))
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
