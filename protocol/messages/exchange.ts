/** Requests and answers as bytes (protocol/messages/operations.ts says which there are). */
import * as v from 'valibot'
import { CborError, decode, encode } from '../cbor.ts'
import { type AnswerBody, type Operation, operations, type Refusal, type RequestBody, refusalSchema } from './operations.ts'

export type Request = {
  [O in Operation]: { readonly id: number; readonly operation: O; readonly body: RequestBody<O> }
}[Operation]

export type Answer =
  | { readonly id: number; readonly ok: true; readonly body: unknown }
  | { readonly id: number; readonly ok: false; readonly refusal: Refusal }

/** [id, operation or status, body], without a schema: a person waits for each, and three comparisons are quicker. */
function envelopeOf(value: unknown): { readonly id: number; readonly what: unknown; readonly body: unknown } | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined
  const [id, what, body] = value as unknown[]
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 1 ? { id, what, body } : undefined
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'string' && Object.hasOwn(operations, value)
}

function decodeOr<T>(parse: (value: unknown) => T | undefined, bytes: Uint8Array): T | undefined {
  try {
    return parse(decode(bytes))
  } catch (error) {
    if (error instanceof CborError) return undefined
    throw error
  }
}

export function encodeRequest<O extends Operation>(id: number, operation: O, body: RequestBody<O>): Uint8Array {
  return encode([id, operation, body])
}

/** `id` without a request: the envelope was right, the body was not; the sender gets 'bad-request'. */
export type DecodedRequest =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'bad-body'; readonly id: number; readonly operation: Operation }

export function decodeRequest(bytes: Uint8Array): DecodedRequest | undefined {
  return decodeOr((value) => {
    const envelope = envelopeOf(value)
    if (envelope === undefined || !isOperation(envelope.what)) return undefined
    const { id, what: operation } = envelope
    const body = v.safeParse(operations[operation].request, envelope.body)
    if (!body.success) return { kind: 'bad-body', id, operation }
    return { kind: 'request', request: { id, operation, body: body.output } as Request }
  }, bytes)
}

/** The types say that it is the operation's answer; who asked compares it with the schema. */
export function encodeAnswer<O extends Operation>(id: number, body: AnswerBody<O>): Uint8Array {
  return encode([id, 0, body])
}

export function encodeRefusal(id: number, refusal: Refusal): Uint8Array {
  return encode([id, 1, refusal])
}

export function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  return decodeOr((value) => {
    const envelope = envelopeOf(value)
    if (envelope === undefined) return undefined
    const { id, what: status, body } = envelope
    if (status === 0) return { id, ok: true, body }
    if (status !== 1) return undefined
    const refusal = v.safeParse(refusalSchema, body)
    return refusal.success ? { id, ok: false, refusal: refusal.output } : undefined
  }, bytes)
}

/** Parses an answer's body by the operation that was asked; undefined where it does not fit. */
export function parseAnswerBody<O extends Operation>(operation: O, body: unknown): AnswerBody<O> | undefined {
  const parsed = v.safeParse(operations[operation].answer, body)
  return parsed.success ? (parsed.output as AnswerBody<O>) : undefined
}
