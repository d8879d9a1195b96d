/**
 * Replay and forgery, at the device's layer. Frames travel with MQTT QoS 0, which no honest broker delivers
 * twice (MQTT 5 section 4.3.1), so one replayed message is a finding. Forged messages may be line noise of a
 * broken broker: a few are let pass.
 */
import { BoundedMap } from '../bounded-map.ts'
import { LeakyBucket } from '../leaky-bucket.ts'
import type { Policy } from '../policy.ts'
import { REMEMBERED, type Rule } from './rule.ts'

export function replayRule(policy: Policy['replay']): Rule {
  const forged = new BoundedMap<LeakyBucket>(REMEMBERED)
  return {
    observe(event) {
      if (event.kind !== 'message') return undefined
      if (event.verdict === 'replay' || event.verdict === 'stale') {
        return {
          suspicion: { kind: 'replay', layer: 'perception', severity: 'medium', evidence: { verdict: event.verdict } },
          response: policy.response,
        }
      }
      if (event.verdict !== 'forged') return undefined
      const bucket = forged.obtain(event.terminal, () => new LeakyBucket(policy.forged.events, policy.forged.windowMs))
      if (bucket.add(event.at) !== 'crossed') return undefined
      return {
        suspicion: {
          kind: 'replay',
          layer: 'perception',
          severity: 'high',
          evidence: { verdict: 'forged', events: policy.forged.events },
        },
        response: policy.response,
      }
    },
  }
}
