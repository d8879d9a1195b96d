/** The judge: every event goes past every rule; what a rule suspects becomes a finding with the policy's answer. */

import type { Response } from '../../protocol/messages/finding-operations.ts'
import { type GatewayEvent, isOwnDoing } from './event.ts'
import type { Finding, Suspicion } from './finding.ts'
import type { Policy } from './policy.ts'
import { bruteForceRule } from './rules/brute-force.ts'
import { cloneRule } from './rules/clone.ts'
import { delayRule } from './rules/delay.ts'
import { floodingRule } from './rules/flooding.ts'
import { injectionRule } from './rules/injection.ts'
import { replayRule } from './rules/replay.ts'
import { createTimingMemory, type TimingMemory } from './timing-memory.ts'

export interface Judge {
  /** Constant time and memory, never throws, decides nothing else: the caller carries out `response`. */
  observe(event: GatewayEvent): readonly Finding[]
}

const NOTHING: readonly Finding[] = []

/** `memory` is what the delay rule has learned of cards and readers; by default it is this process's own. */
export function createJudge(policy: Policy, memory: TimingMemory = createTimingMemory()): Judge {
  const rules = [
    replayRule(policy.replay),
    bruteForceRule(policy.bruteForce),
    injectionRule(policy.injection),
    delayRule(policy.delay, memory),
    cloneRule(policy.clone),
    floodingRule(policy.flooding),
  ]
  return {
    observe(event) {
      let findings: Finding[] | undefined
      for (const rule of rules) {
        const found = rule.observe(event)
        if (found === undefined) continue
        const { suspicion } = found
        const own = isOwnDoing(event)
        findings ??= []
        findings.push({
          ...suspicion,
          at: event.at,
          terminal: event.terminal,
          site: event.site,
          own,
          response: justResponse(suspicion, own, found.response),
        })
      }
      return findings ?? NOTHING
    },
  }
}

/** Whatever a policy says: no terminal suffers for what was done in its name, and no card that was not proven to be there. */
function justResponse(suspicion: Suspicion, own: boolean, wanted: Response): Response {
  switch (wanted) {
    case 'notify':
      return wanted
    case 'slow-down':
    case 'quarantine-terminal':
      return own ? wanted : 'notify'
    case 'end-session':
    case 'block-card':
      return suspicion.card === undefined ? 'notify' : wanted
    default:
      return wanted satisfies never
  }
}
