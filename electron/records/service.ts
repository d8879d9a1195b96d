/** What the terminal asks of a records service (examples/records serves it), and what it takes for an answer. */
import * as v from 'valibot'
import type { RecordEntry } from '../contract/record.ts'

/** As the administrator invited the node. */
export const RECORDS_SERVICE = 'records'
export const READ = 'record.read'
export const NOTE = 'record.note'
/** Without it a record can be read and nothing added. */
export const NOTE_SCOPE = 'record:note'

/** More than this is not shown; a service sends the latest first. */
const MAX_ENTRIES = 200

const entry = v.object({
  number: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  at: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15)),
  author: v.optional(v.pipe(v.string(), v.maxLength(200))),
  text: v.pipe(v.string(), v.maxLength(4000)),
})
const recordSchema = v.object({ notes: v.array(entry) })

/** The latest first; undefined for what is no record. */
export function parseRecord(answer: unknown): readonly RecordEntry[] | undefined {
  const parsed = v.safeParse(recordSchema, answer)
  if (!parsed.success) return undefined
  return [...parsed.output.notes]
    .sort((a, b) => b.number - a.number)
    .slice(0, MAX_ENTRIES)
    .map(({ author, ...rest }) => ({ ...rest, ...(author === undefined ? {} : { author }) }))
}
