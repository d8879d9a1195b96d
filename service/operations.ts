/** What a service does: its operations, each with the scope that it needs and the schemas of request and answer. */
import * as v from 'valibot'
import { isScope } from '../protocol/cwt.ts'
import { MAX_FRAME_LENGTH } from '../protocol/messages/frame.ts'
import { encodeNodeMessage, OPERATION, type ServiceRefusal } from '../protocol/messages/service.ts'

/** One login of one person at one terminal, as the service sees it. */
export interface ServiceSession {
  /** Tells sessions of this node apart; nobody else knows it. */
  readonly id: string
  /** The person's pseudonym at this service: the same at each login, another one at every other service. */
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  readonly terminal: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** The session ends then; a terminal whose login stands begins another one before. */
  readonly expiresAt: number
}

/** The service's no, with a word of its own (lower case letters, digits, hyphens) that its client knows. Any other error is 'service-failed'. */
export class Refusal extends Error {
  readonly reason: string
  /** Throws a RangeError for another kind of word. */
  constructor(reason: string) {
    if (!/^[a-z0-9-]{1,80}$/.test(reason)) throw new RangeError('a reason is a word of a-z, 0-9 and -')
    super(`refused: ${reason}`)
    this.name = 'Refusal'
    this.reason = reason
  }
}

export interface Operation {
  readonly scope: string
  readonly request: v.GenericSchema
  readonly answer: v.GenericSchema
  readonly handle: (body: never, session: ServiceSession) => unknown
}

/** Ties the handler's types to its schemas. `handle` may be async, and throws Refusal to say no. */
export function operation<Q extends v.GenericSchema, A extends v.GenericSchema>(definition: {
  /** A word without spaces (RFC 6749 section 3.3), as the administrator invited this node with. */
  readonly scope: string
  readonly request: Q
  readonly answer: A
  readonly handle: (body: v.InferOutput<Q>, session: ServiceSession) => v.InferInput<A> | Promise<v.InferInput<A>>
}): Operation {
  if (!isScope(definition.scope)) throw new RangeError(`not a scope: ${definition.scope}`)
  return definition
}

export type Operations = Readonly<Record<string, Operation>>

/** What came of a request, for the audit. */
export type Outcome = 'answered' | ServiceRefusal['code']

export interface Handled {
  /** For the terminal. */
  readonly plaintext: Uint8Array
  readonly outcome: Outcome
  /** What the service threw: for its programmer's log. */
  readonly error?: unknown
}

/** A COSE_Encrypt0 and a frame around the answer take less. */
const MAX_ANSWER_LENGTH = MAX_FRAME_LENGTH - 256

/** Throws a RangeError for a name that no request can have. */
export function checkOperations(operations: Operations): void {
  for (const name of Object.keys(operations))
    if (!OPERATION.test(name)) throw new RangeError(`not a name of an operation: ${name}`)
}

export function refuse(id: number, refusal: ServiceRefusal, error?: unknown): Handled {
  const plaintext = encodeNodeMessage({ kind: 'refusal', id, refusal })
  return { plaintext, outcome: refusal.code, ...(error === undefined ? {} : { error }) }
}

/** Scope first, then the body, then the service. Never rejects. */
export async function handle(
  operations: Operations,
  request: { readonly id: number; readonly operation: string; readonly body: unknown },
  session: ServiceSession,
): Promise<Handled> {
  const { id } = request
  const operation = Object.hasOwn(operations, request.operation) ? operations[request.operation] : undefined
  if (operation === undefined) return refuse(id, { code: 'unknown-operation' })
  if (!session.scopes.has(operation.scope)) return refuse(id, { code: 'scope-missing', scope: operation.scope })
  const body = v.safeParse(operation.request, request.body)
  if (!body.success) return refuse(id, { code: 'bad-request' })
  try {
    const answer: unknown = await operation.handle(body.output as never, session)
    const plaintext = encodeNodeMessage({ kind: 'answer', id, body: v.parse(operation.answer, answer) })
    if (plaintext.length > MAX_ANSWER_LENGTH) throw new RangeError('the answer is too long for a frame')
    return { plaintext, outcome: 'answered' }
  } catch (error) {
    if (error instanceof Refusal) return refuse(id, { code: 'refused', reason: error.reason })
    // An answer outside its own schema, or one that CBOR cannot hold, is the service's mistake as well.
    return refuse(id, { code: 'service-failed' }, error)
  }
}
