/** The judge: every event goes past every rule; what a rule suspects becomes a finding with the policy's answer. */
import type { GatewayEvent } from './event.ts'
import type { Finding } from './finding.ts'
import type { Policy } from './policy.ts'
import { bruteForceRule } from './rules/brute-force.ts'
import { cloneRule } from './rules/clone.ts'
import { delayRule } from './rules/delay.ts'
import { floodingRule } from './rules/flooding.ts'
import { injectionRule } from './rules/injection.ts'
import { replayRule } from './rules/replay.ts'

export interface Judge {
  /** Constant time and memory, never throws, decides nothing else: the caller carries out `response`. */
  observe(event: GatewayEvent): readonly Finding[]
}

const NOTHING: readonly Finding[] = []

export function createJudge(policy: Policy): Judge {
  const rules = [
    replayRule(policy.replay),
    bruteForceRule(policy.bruteForce),
    injectionRule(policy.injection),
    delayRule(policy.delay),
    cloneRule(policy.clone),
    floodingRule(policy.flooding),
  ]
  return {
    observe(event) {
      let findings: Finding[] | undefined
      for (const rule of rules) {
        const found = rule.observe(event)
        if (found === undefined) continue
        findings ??= []
        findings.push({ ...found.suspicion, at: event.at, terminal: event.terminal, site: event.site, response: found.response })
      }
      return findings ?? NOTHING
    },
  }
}
