/**
 * The batch on disk: one file of the user's own, replaced whole at each step, so that a power cut leaves the step before or the
 * step after. Initial PINs are wrapped by the system's key store where there is one (docs/decisions/batch-pin.md).
 */
import * as v from 'valibot'
import { readPrivateFile, removePrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'
import { fromUtf8, utf8 } from '../../protocol/bytes.ts'
import { personSchema, ROLES } from '../../protocol/messages/operations.ts'
import { LANGUAGES } from '../contract/languages.ts'
import { PROBLEMS } from '../contract/problems.ts'
import type { KeyProtection } from '../session/identity.ts'
import type { Batch, Member } from './batch.ts'

export interface BatchFile {
  /** Undefined where there is none. Rejects with a BatchFileError, or as node:fs does. */
  load(): Promise<Batch | undefined>
  /** One after another, in the order of the calls. Rejects as node:fs does. */
  save(batch: Batch): Promise<void>
  remove(): Promise<void>
}

/** The file is no batch of this version. */
class BatchFileError extends Error {
  constructor(options?: ErrorOptions) {
    super('the file of the batch is damaged', options)
    this.name = 'BatchFileError'
  }
}

const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const code = v.picklist(PROBLEMS)
const open = v.exactOptional(v.strictObject({ registration: hex, guid: hex }))
const stateSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('waiting') }),
  v.strictObject({ kind: v.literal('running'), open, since: natural }),
  v.strictObject({ kind: v.literal('done'), guid: hex, at: natural, ms: v.exactOptional(natural) }),
  v.strictObject({ kind: v.literal('failed'), code, open }),
  v.strictObject({ kind: v.literal('skipped'), code: v.exactOptional(code) }),
])
const schema = v.strictObject({
  version: v.literal(1),
  begunAt: natural,
  sound: v.boolean(),
  members: v.array(
    v.strictObject({
      person: v.strictObject({
        ...personSchema.entries,
        role: v.exactOptional(v.picklist(ROLES)),
        language: v.exactOptional(v.picklist(LANGUAGES)),
      }),
      state: stateSchema,
      pin: v.exactOptional(v.strictObject({ protected: v.boolean(), value: v.pipe(v.string(), v.maxLength(4096)) })),
    }),
  ),
})
type Kept = v.InferOutput<typeof schema>
type KeptMember = Kept['members'][number]

export function createBatchFile(options: { readonly path: string; readonly protection?: KeyProtection }): BatchFile {
  const { path, protection } = options
  let queue: Promise<unknown> = Promise.resolve()
  /** What is wrapped stays as it is: a batch is written many times, and a key store is slow. */
  const wrapped = new Map<string, string>()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = queue.then(work, work)
    queue = done.catch(() => undefined)
    return done
  }

  function wrap(pin: string): NonNullable<KeptMember['pin']> {
    if (protection === undefined) return { protected: false, value: pin }
    const value = wrapped.get(pin) ?? Buffer.from(protection.protect(utf8(pin))).toString('base64')
    wrapped.set(pin, value)
    return { protected: true, value }
  }

  function unwrap({ pin, ...member }: KeptMember): Member {
    if (pin === undefined) return member
    if (!pin.protected) return { ...member, pin: pin.value }
    if (protection === undefined) return member
    try {
      const bytes = protection.unprotect(new Uint8Array(Buffer.from(pin.value, 'base64')))
      return { ...member, pin: fromUtf8(bytes) }
    } catch {
      // Another user, another machine: the card is good, its holder gets a PIN from a supervisor.
      return member
    }
  }

  return {
    load: () =>
      inTurn(async () => {
        const content = await readPrivateFile(path)
        if (content === undefined) return undefined
        let kept: Kept
        try {
          kept = v.parse(schema, JSON.parse(fromUtf8(content)))
        } catch (cause) {
          throw new BatchFileError({ cause })
        }
        return { begunAt: kept.begunAt, sound: kept.sound, members: kept.members.map(unwrap) }
      }),
    save: ({ begunAt, sound, members }) =>
      inTurn(() => {
        const kept = {
          version: 1,
          begunAt,
          sound,
          members: members.map(({ pin, ...member }) => ({ ...member, ...(pin !== undefined && { pin: wrap(pin) }) })),
        }
        return writePrivateFile(path, utf8(JSON.stringify(kept)))
      }),
    remove: () =>
      inTurn(async () => {
        wrapped.clear()
        await removePrivateFile(path)
      }),
  }
}
