/** Logins that are handed to programs on this computer: to which (settings), and what the operator sees of it. */
import * as v from 'valibot'
import { handoverAudienceSchema } from '../../protocol/messages/token-operations.ts'

/**
 * A browser program is known by its origin, which the browser states and no page can change; any other by a secret of its own,
 * of which the settings hold the SHA-256 only.
 */
export type HandoverProgram = {
  readonly audience: string
  /** As the operator reads it. */
  readonly name: string
  readonly secretSha256?: string | undefined
}

const programSchema = v.pipe(
  v.strictObject({
    audience: handoverAudienceSchema,
    name: v.pipe(v.string(), v.regex(/^\P{C}{1,60}$/u)),
    secretSha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  }),
  v.check(({ audience, secretSha256 }) => isOrigin(audience) === (secretSha256 === undefined)),
)

export const handoverProgramsSchema = v.pipe(
  v.array(programSchema),
  v.maxLength(32),
  v.check((programs) => new Set(programs.map(({ audience }) => audience)).size === programs.length),
)

export function isOrigin(audience: string): boolean {
  return audience.startsWith('https://')
}

/** What other programs on this computer were given of one login; each use is in the gateway's audit too. */
export interface HandoversView {
  /** The program of the latest use, as the settings name it. */
  readonly name: string
  readonly at: number
  readonly count: number
}
