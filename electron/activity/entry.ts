/** One thing that happened, as a line of the journal. Nothing in it names a person, and its card only by this desk's pseudonym. */
import * as v from 'valibot'
import { ACTIVITY_KINDS, ACTIVITY_OUTCOMES } from '../contract/activity.ts'
import { PROBLEMS } from '../contract/problems.ts'

const ms = v.pipe(v.number(), v.finite(), v.minValue(0))

const entrySchema = v.strictObject({
  at: v.pipe(v.number(), v.integer(), v.minValue(0)),
  kind: v.picklist(ACTIVITY_KINDS),
  outcome: v.picklist(ACTIVITY_OUTCOMES),
  code: v.optional(v.picklist(PROBLEMS)),
  reader: v.optional(v.pipe(v.string(), v.maxLength(256))),
  card: v.optional(v.pipe(v.string(), v.maxLength(16))),
  tookMs: v.optional(ms),
  loginMs: v.optional(ms),
  parts: v.optional(v.strictObject({ connect: ms, read: ms, handshake: ms, verify: ms, sign: ms, gateway: ms })),
})
export type ActivityEntry = Readonly<v.InferOutput<typeof entrySchema>>

export const lineOf = (entry: ActivityEntry): string => `${JSON.stringify(entry)}\n`

/** Undefined for a line that was cut off, or that another version wrote. */
export function parseLine(line: string): ActivityEntry | undefined {
  try {
    const parsed = v.safeParse(entrySchema, JSON.parse(line))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
