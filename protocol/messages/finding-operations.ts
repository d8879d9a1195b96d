/** The operations by which a supervisor sees what the gateway has found. Part of the table in operations.ts. */
import * as v from 'valibot'
import { exactly, identifier, natural, text, time } from './schema.ts'

/** What the gateway's rules find (gateway/findings/rules/). */
export const FINDING_KINDS = [
  'replay',
  'brute-force-pin',
  'brute-force-handshake',
  'injection',
  'delay',
  'clone',
  'flooding',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

/** The layer of the paper's dual verification at which it was seen: the device, or the person. */
export const LAYERS = ['perception', 'application'] as const
export type Layer = (typeof LAYERS)[number]

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What the policy answers with, mildest first; each also notifies. docs/operations.md says what each does. */
export const RESPONSES = ['notify', 'slow-down', 'end-session', 'quarantine-terminal', 'block-card'] as const
export type Response = (typeof RESPONSES)[number]

export const findingKindSchema = v.picklist(FINDING_KINDS)
const shortText = v.pipe(v.string(), v.maxLength(80))

export const findingSchema = v.strictObject({
  /** Grows with each finding; `before` in the next request goes on from here. */
  sequence: natural,
  at: time,
  /** The same was found again, so often in all, the last time then. */
  lastAt: time,
  occurrences: natural,
  kind: findingKindSchema,
  layer: v.picklist(LAYERS),
  severity: v.picklist(SEVERITIES),
  /** What the policy has answered. */
  response: v.picklist(RESPONSES),
  /** The terminal's own doing; otherwise its name may only have been used. */
  own: v.boolean(),
  /** Empty where there is none: a stranger at the broker. */
  terminal: shortText,
  site: shortText,
  /** Only a card that proved that it took part. */
  card: v.optional(exactly(16)),
  evidence: v.record(text(40), v.union([shortText, v.number(), v.boolean()])),
})
export type ListedFinding = v.InferOutput<typeof findingSchema>

/** Findings in one answer. */
export const FINDINGS_PAGE = 50
/** Hours in one summary: a month. */
const SUMMARY_HOURS = 31 * 24

export const findingOperations = {
  /** For a supervisor: the latest first. */
  'findings.list': {
    request: v.strictObject({ session: identifier, before: v.optional(natural), kind: v.optional(findingKindSchema) }),
    answer: v.strictObject({
      findings: v.pipe(v.array(findingSchema), v.maxLength(FINDINGS_PAGE)),
      /** What to ask `before` for the following page; absent on the last. */
      next: v.optional(natural),
    }),
  },
  /** For a supervisor: how many of each kind in each hour, for a chart. Hours without any are left out. */
  'findings.summary': {
    request: v.strictObject({
      session: identifier,
      from: time,
      hours: v.pipe(natural, v.minValue(1), v.maxValue(SUMMARY_HOURS)),
    }),
    answer: v.strictObject({
      hours: v.pipe(
        v.array(v.strictObject({ at: time, kind: findingKindSchema, count: natural })),
        v.maxLength(SUMMARY_HOURS * 7),
      ),
    }),
  },
} as const
