/** One line of the log as the support report tells it: codes, counts and durations, and of a stack only which code it was in. */
import * as v from 'valibot'
import { LOG_LEVELS } from '../settings/log.ts'

/** A name that stands in the program, not what a person typed. */
const code = v.pipe(v.string(), v.regex(/^[\w.:-]{1,60}(?: [\w.:-]{1,60}){0,2}$/))
const amount = v.pipe(v.number(), v.finite())

const lineSchema = v.object({
  at: v.pipe(v.string(), v.isoTimestamp()),
  level: v.picklist(LOG_LEVELS),
  event: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9.-]{0,40}$/)),
  // Whatever else a line holds is left out, and so is a field that is not as it should be.
  code: v.fallback(v.optional(code), undefined),
  kind: v.fallback(v.optional(code), undefined),
  where: v.fallback(v.optional(code), undefined),
  count: v.fallback(v.optional(amount), undefined),
  ms: v.fallback(v.optional(amount), undefined),
  version: v.fallback(v.optional(code), undefined),
  stack: v.fallback(v.optional(v.string()), undefined),
})

/** Undefined for what is no line of the log. */
export function logEntry(line: string): Record<string, unknown> | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  const parsed = v.safeParse(lineSchema, value)
  if (!parsed.success) return undefined
  const { stack, ...fields } = parsed.output
  const frames = stack?.split(' | ').flatMap((frame) => frameOf(frame) ?? [])
  return { ...Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)), ...(frames && { frames }) }
}

/** 'at run (/home/ada/tessera/dist/main.cjs:12:3)' is told as 'main.cjs:12'; paths hold the names of people. */
function frameOf(frame: string): string | undefined {
  const [, file, line] = /([\w-]+\.(?:c|m)?[jt]s):(\d{1,7}):\d{1,7}\)?$/.exec(frame) ?? []
  return file === undefined ? undefined : `${file}:${line}`
}
