import * as v from 'valibot'
import { ReaderError, type ReaderErrorKind } from '../reader.ts'

/** What crosses between the terminal and the process that holds the PC/SC library. Both ends parse what they get. */

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array)
const protocol = v.picklist(['T=0', 'T=1'])
const disposition = v.picklist(['leave', 'reset', 'unpower', 'eject'])

const requestSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('transmit'), id, connection: id, command: bytes }),
  v.strictObject({ kind: v.literal('ping'), id }),
  v.strictObject({ kind: v.literal('connect'), id, reader: v.string(), share: v.picklist(['exclusive', 'shared']) }),
  v.strictObject({ kind: v.literal('begin'), id, connection: id }),
  v.strictObject({ kind: v.literal('end'), id, connection: id, disposition }),
  v.strictObject({ kind: v.literal('reconnect'), id, connection: id, disposition }),
  v.strictObject({ kind: v.literal('control'), id, connection: id, code: id, input: bytes }),
  v.strictObject({ kind: v.literal('disconnect'), id, connection: id, disposition }),
  /** Give every card back and exit; answered by the exit. */
  v.strictObject({ kind: v.literal('close'), id }),
])

export type Request = v.InferOutput<typeof requestSchema>
/** A request as the caller makes it; the link numbers it. */
export type Call = { [K in Request['kind']]: Omit<Extract<Request, { kind: K }>, 'id'> }[Request['kind']]

const errorKinds: Record<ReaderErrorKind, true> = {
  'no-service': true,
  'no-permission': true,
  'reader-gone': true,
  'no-card': true,
  'card-removed': true,
  'card-reset': true,
  'card-mute': true,
  'in-use': true,
  'protocol-mismatch': true,
  communication: true,
  timeout: true,
  cancelled: true,
  'bad-argument': true,
  unexpected: true,
}
const errorKind = v.custom<ReaderErrorKind>((value) => typeof value === 'string' && Object.keys(errorKinds).includes(value))

const service = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  v.strictObject({ kind: v.literal('starting') }),
  v.strictObject({ kind: v.literal('no-library'), library: v.string() }),
  v.strictObject({ kind: v.literal('service-down') }),
  v.strictObject({ kind: v.literal('no-permission') }),
  v.strictObject({ kind: v.literal('failed'), code: v.string() }),
])

const readerState = v.variant('kind', [
  v.strictObject({ kind: v.literal('empty') }),
  v.strictObject({ kind: v.literal('card'), atr: bytes }),
  v.strictObject({ kind: v.literal('mute') }),
  v.strictObject({ kind: v.literal('in-use'), atr: bytes }),
])

const status = v.strictObject({
  service,
  readers: v.array(v.strictObject({ name: v.string(), simulated: v.literal(false), insertions: id, state: readerState })),
})

const reportSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('answer'), id, data: bytes }),
  v.strictObject({ kind: v.literal('transmitted'), id, data: bytes, tookMs: v.pipe(v.number(), v.minValue(0)) }),
  v.strictObject({ kind: v.literal('pong'), id }),
  v.strictObject({ kind: v.literal('status'), status }),
  v.strictObject({ kind: v.literal('connected'), id, connection: id, atr: bytes, protocol }),
  v.strictObject({ kind: v.literal('reconnected'), id, atr: bytes, protocol }),
  v.strictObject({ kind: v.literal('done'), id }),
  v.strictObject({ kind: v.literal('error'), id, error: v.strictObject({ kind: errorKind, code: v.string() }) }),
])

export type Report = v.InferOutput<typeof reportSchema>

/** Undefined for what is no request. */
export function parseRequest(message: unknown): Request | undefined {
  const parsed = v.safeParse(requestSchema, message)
  return parsed.success ? parsed.output : undefined
}

/** Undefined for what is no report. */
export function parseReport(message: unknown): Report | undefined {
  const parsed = v.safeParse(reportSchema, message)
  return parsed.success ? parsed.output : undefined
}

export function asReaderError(error: unknown): ReaderError {
  return error instanceof ReaderError ? error : new ReaderError('unexpected', error instanceof Error ? error.name : 'unknown')
}
