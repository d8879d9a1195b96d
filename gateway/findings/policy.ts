/**
 * The policy: how much of what is too much, and what the gateway does about it. A JSON file by this schema; every value
 * has a default, so an empty object is a policy. docs/operations.md explains each for administrators.
 */
import * as v from 'valibot'
import { RESPONSES } from '../../protocol/messages/finding-operations.ts'

const response = v.picklist(RESPONSES)
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000))
const durationMs = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(30 * 86_400_000))
const positive = v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000))
const limit = (events: number, windowMs: number) =>
  v.optional(v.strictObject({ events: count, windowMs: durationMs }), { events, windowMs })

const siteSchema = v.union([
  v.strictObject({
    latitude: v.pipe(v.number(), v.minValue(-90), v.maxValue(90)),
    longitude: v.pipe(v.number(), v.minValue(-180), v.maxValue(180)),
  }),
  /** A terminal that travels itself, as a technician's does: nothing is said about the way to it. */
  v.strictObject({ mobile: v.literal(true) }),
])

export const policySchema = v.strictObject({
  replay: v.optional(v.strictObject({ response: v.optional(response, 'notify'), forged: limit(5, 60_000) }), {}),
  bruteForce: v.optional(
    v.strictObject({
      /** Wrong PINs of one card, proven to be present, at whatever terminals; not those that a right one followed at once. */
      cardWrongPins: limit(5, 86_400_000),
      cardResponse: v.optional(response, 'block-card'),
      /** Wrong PINs of any cards at one terminal. */
      terminalWrongPins: limit(15, 600_000),
      terminalResponse: v.optional(response, 'notify'),
      /** Device handshakes and logins whose signature or credential was wrong, in one terminal's name. */
      handshakes: limit(5, 60_000),
      /** Device handshakes that were begun and left, as on a bad network too. */
      abandonedHandshakes: limit(40, 60_000),
      /** Device handshakes that were wrong, in whatever names. */
      allHandshakes: limit(300, 60_000),
      handshakeResponse: v.optional(response, 'slow-down'),
    }),
    {},
  ),
  injection: v.optional(v.strictObject({ response: v.optional(response, 'notify') }), {}),
  delay: v.optional(
    v.strictObject({
      /** Judged only when this many logins of the card are known. */
      minimumLogins: v.optional(count, 8),
      /** All of the card's answers must be late by this many robust standard deviations and milliseconds. */
      deviations: v.optional(positive, 2.5),
      lateByMs: v.optional(positive, 19),
      response: v.optional(response, 'end-session'),
    }),
    {},
  ),
  clone: v.optional(
    v.strictObject({
      /** Least time between two places that have no coordinates: to another desk of the same room takes longer. */
      travelMs: v.optional(durationMs, 5000),
      maximumSpeedKmh: v.optional(v.pipe(positive, v.minValue(1)), 900),
      /** By the site's name, or by what stands in front of its first comma ("Main street, desk 3"). */
      sites: v.optional(v.record(v.string(), siteSchema), {}),
      response: v.optional(response, 'block-card'),
      /** The card logs in while another terminal says that it holds it: less certain than two proven logins. */
      elsewhereResponse: v.optional(response, 'notify'),
    }),
    {},
  ),
  flooding: v.optional(
    v.strictObject({
      terminalMessages: limit(1000, 10_000),
      terminalResponse: v.optional(response, 'slow-down'),
      /** Messages that no channel vouches for, in one terminal's name or in none. */
      strangerMessages: limit(2000, 10_000),
      cardLogins: limit(20, 60_000),
      cardResponse: v.optional(response, 'notify'),
    }),
    {},
  ),
  /** How long a terminal is refused that is to slow down. */
  slowDownMs: v.optional(durationMs, 10_000),
  /** Whether a block also blocks the PIN on the card, where a terminal holds it. Never on linked cards: their PUK is not the gateway's. */
  blockPinOnCard: v.optional(v.boolean(), true),
  /** The latest findings that are kept; older ones remain in the audit log. */
  findingsKept: v.optional(count, 100_000),
})
export type Policy = v.InferOutput<typeof policySchema>

export const DEFAULT_POLICY: Policy = v.parse(policySchema, {})

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Parses a policy; each problem names the value's path and what was expected. */
export function parsePolicy(value: unknown): ParsedPolicy {
  const parsed = v.safeParse(policySchema, value)
  if (parsed.success) return { ok: true, policy: parsed.output }
  return { ok: false, problems: parsed.issues.map((issue) => `${v.getDotPath(issue) ?? '(whole file)'}: ${issue.message}`) }
}
