/**
 * One card at two places. Both logins are proven by the card's own key, so a second key holder exists or the card is
 * relayed. It was somewhere here and somewhere there during the two logins, each of which took a while; only when even the
 * longest time between them is too short for the way, the card is held for cloned: a terminal that hands a signature on
 * late cannot make it look so.
 */

import type { Response } from '../../../protocol/messages/finding-operations.ts'
import type { GatewayEvent } from '../event.ts'
import type { Evidence } from '../finding.ts'
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

/** The house that a site is in: "Main street" for "Main street, desk 3". */
function houseOf(site: string): string {
  const comma = site.indexOf(',')
  return comma < 0 ? site : site.slice(0, comma)
}

function leastTravelMs(policy: Policy['clone'], from: string, to: string): number {
  if (houseOf(from) === houseOf(to)) return 0
  const [a, b] = [from, to].map((site) => policy.sites[site] ?? policy.sites[houseOf(site)])
  if ((a !== undefined && 'mobile' in a) || (b !== undefined && 'mobile' in b)) return 0
  if (a === undefined || b === undefined) return policy.travelMs
  return (distanceKm(a, b) / policy.maximumSpeedKmh) * 3_600_000
}

type Login = Extract<GatewayEvent, { kind: 'login' }>

function suspect(event: Login, severity: 'high' | 'critical', evidence: Evidence, response: Response) {
  return { suspicion: { kind: 'clone', layer: 'perception', severity, card: event.card, evidence }, response } as const
}

export function cloneRule(policy: Policy['clone']): Rule {
  return {
    observe(event) {
      if (event.kind !== 'login') return undefined
      const { elsewhere, previous } = event
      if (previous !== undefined && previous.terminal !== event.terminal) {
        const tookMs = Math.max(event.at - previous.begunAt, previous.at - event.begunAt)
        const neededMs = leastTravelMs(policy, previous.site, event.site)
        if (tookMs < neededMs) {
          const { terminal: otherTerminal, site: otherSite } = previous
          const evidence = { how: 'travel', otherTerminal, otherSite, tookMs, neededMs: Math.round(neededMs) }
          return suspect(event, 'critical', evidence, policy.response)
        }
      }
      if (elsewhere === undefined || elsewhere.terminal === event.terminal) return undefined
      const { terminal: otherTerminal, site: otherSite, at: otherSince } = elsewhere
      return suspect(event, 'high', { how: 'elsewhere', otherTerminal, otherSite, otherSince }, policy.elsewhereResponse)
    },
  }
}
