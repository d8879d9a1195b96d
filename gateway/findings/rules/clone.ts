/**
 * One card at two places. Both logins are proven by the card's own key, so a second key holder exists or the card is
 * relayed. Seen in two ways: the card is in a reader elsewhere right now, or it moved faster than anyone travels.
 */
import type { GatewayEvent } from '../event.ts'
import type { Policy } from '../policy.ts'
import type { Rule } from './rule.ts'

const EARTH_RADIUS_KM = 6371

/** Great-circle distance (haversine formula). */
export function distanceKm(
  a: { readonly latitude: number; readonly longitude: number },
  b: { readonly latitude: number; readonly longitude: number },
): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180
  const sinLatitude = Math.sin(radians(b.latitude - a.latitude) / 2)
  const sinLongitude = Math.sin(radians(b.longitude - a.longitude) / 2)
  const h = sinLatitude ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * sinLongitude ** 2
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)))
}

function leastTravelMs(policy: Policy['clone'], from: string, to: string): number {
  if (from === to) return 0
  const a = policy.sites[from]
  const b = policy.sites[to]
  if (a === undefined || b === undefined || policy.maximumSpeedKmh === 0) return policy.travelMs
  return (distanceKm(a, b) / policy.maximumSpeedKmh) * 3_600_000
}

export function cloneRule(policy: Policy['clone']): Rule {
  function suspect(event: Extract<GatewayEvent, { kind: 'login' }>, evidence: Record<string, string | number>) {
    return {
      suspicion: { kind: 'clone', layer: 'perception', severity: 'critical', card: event.card, evidence } as const,
      response: policy.response,
    }
  }
  return {
    observe(event) {
      if (event.kind !== 'login') return undefined
      const { elsewhere, previous } = event
      if (elsewhere !== undefined && elsewhere.terminal !== event.terminal) {
        return suspect(event, { otherTerminal: elsewhere.terminal, otherSite: elsewhere.site, presentSince: elsewhere.at })
      }
      if (previous === undefined || previous.terminal === event.terminal) return undefined
      const tookMs = event.at - previous.at
      const neededMs = leastTravelMs(policy, previous.site, event.site)
      if (tookMs >= neededMs) return undefined
      return suspect(event, {
        otherTerminal: previous.terminal,
        otherSite: previous.site,
        tookMs,
        neededMs: Math.round(neededMs),
      })
    },
  }
}
