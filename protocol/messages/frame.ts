/**
 * Frames: what stands in the payload of an MQTT message on the `in` topics. A frame is a CBOR array
 * [type, ...]; it carries EDHOC messages with the connection identifier in front (RFC 9528 section
 * 3.4.1 leaves the correlation to the transport) or one protected message of the channel. Nothing in
 * a frame is trusted before EDHOC or the channel has verified it: `from` and `worker` only say where
 * an answer goes.
 */
import * as v from 'valibot'
import { concat } from '../bytes.ts'
import { byteStringAt, byteStringHead, endOf } from '../cbor/byte-string.ts'
import { CborError, decode, encode } from '../cbor.ts'
import { IDENTIFIER } from '../topics.ts'
import { bytes } from './schema.ts'

export type Frame =
  /** Begins a conversation; the answer goes to the terminal-in topic of `from`, or to the node-in topic where a node sends it. */
  | {
      readonly kind: 'message_1'
      readonly from: string
      readonly sender?: 'terminal' | 'node'
      readonly message: Uint8Array
    }
  /** Names the worker whose own topic takes the rest of the conversation. */
  | { readonly kind: 'message_2'; readonly worker: string; readonly connection: Uint8Array; readonly message: Uint8Array }
  | { readonly kind: 'message_3'; readonly connection: Uint8Array; readonly message: Uint8Array }
  | { readonly kind: 'message_4'; readonly connection: Uint8Array; readonly message: Uint8Array }
  /** An EDHOC error message (RFC 9528 section 6). */
  | { readonly kind: 'error'; readonly connection: Uint8Array; readonly message: Uint8Array }
  /** A COSE_Encrypt0 of the channel; its `kid` is the receiver's connection identifier. */
  | { readonly kind: 'sealed'; readonly connection: Uint8Array; readonly message: Uint8Array }
  /** The worker does not know that connection (it was restarted): begin again. */
  | { readonly kind: 'unknown-connection'; readonly connection: Uint8Array }
  /** From any gateway worker to a service node, sealed under the node's notice key (protocol/messages/service.ts). */
  | { readonly kind: 'notice'; readonly message: Uint8Array }

/** Longer frames are refused unread. */
export const MAX_FRAME_LENGTH = 128 * 1024

const identifier = v.pipe(v.string(), v.regex(IDENTIFIER))
const message = bytes(MAX_FRAME_LENGTH)
const connection = v.pipe(
  bytes(16),
  v.check((value) => value.length >= 1),
)

/** By the number in front. */
const frameSchemas: readonly (v.GenericSchema<unknown, Frame> | undefined)[] = [
  undefined,
  v.pipe(
    v.strictTuple([v.literal(1), identifier, message]),
    v.transform(([, from, message]): Frame => ({ kind: 'message_1', from, message })),
  ),
  v.pipe(
    v.strictTuple([v.literal(2), identifier, connection, message]),
    v.transform(([, worker, id, message]): Frame => ({ kind: 'message_2', worker, connection: id, message })),
  ),
  v.pipe(
    v.strictTuple([v.literal(3), connection, message]),
    v.transform(([, id, message]): Frame => ({ kind: 'message_3', connection: id, message })),
  ),
  v.pipe(
    v.strictTuple([v.literal(4), connection, message]),
    v.transform(([, id, message]): Frame => ({ kind: 'message_4', connection: id, message })),
  ),
  v.pipe(
    v.strictTuple([v.literal(5), connection, message]),
    v.transform(([, id, message]): Frame => ({ kind: 'error', connection: id, message })),
  ),
  undefined, // read by decodeSealed
  v.pipe(
    v.strictTuple([v.literal(7), connection]),
    v.transform(([, id]): Frame => ({ kind: 'unknown-connection', connection: id })),
  ),
  v.pipe(
    v.strictTuple([v.literal(8), identifier, message]),
    v.transform(([, from, message]): Frame => ({ kind: 'message_1', from, sender: 'node', message })),
  ),
  v.pipe(
    v.strictTuple([v.literal(9), message]),
    v.transform(([, message]): Frame => ({ kind: 'notice', message })),
  ),
]

const SEALED = 6

/** Most frames are these: as in protocol/channel-message.ts, one layout and no decoder. */
function encodeSealed(connection: Uint8Array, message: Uint8Array): Uint8Array {
  return concat(
    Uint8Array.of(0x83, SEALED),
    byteStringHead(connection.length),
    connection,
    byteStringHead(message.length),
    message,
  )
}

/** Its parts are views of the payload. */
function decodeSealed(payload: Uint8Array): Frame | undefined {
  if (payload[0] !== 0x83 || payload[1] !== SEALED) return undefined
  const connection = byteStringAt(payload, 2)
  if (connection === undefined || connection.length < 1 || connection.length > 16) return undefined
  const message = byteStringAt(payload, endOf(payload, connection))
  if (message === undefined || endOf(payload, message) !== payload.length) return undefined
  return { kind: 'sealed', connection, message }
}

export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case 'message_1':
      return encode([frame.sender === 'node' ? 8 : 1, frame.from, frame.message])
    case 'message_2':
      return encode([2, frame.worker, frame.connection, frame.message])
    case 'message_3':
      return encode([3, frame.connection, frame.message])
    case 'message_4':
      return encode([4, frame.connection, frame.message])
    case 'error':
      return encode([5, frame.connection, frame.message])
    case 'sealed':
      return encodeSealed(frame.connection, frame.message)
    case 'unknown-connection':
      return encode([7, frame.connection])
    case 'notice':
      return encode([9, frame.message])
    default:
      return frame satisfies never
  }
}

/** Undefined for everything that is not a frame: a broker may deliver anything. */
export function decodeFrame(payload: Uint8Array): Frame | undefined {
  if (payload.length > MAX_FRAME_LENGTH) return undefined
  if (payload[1] === SEALED) return decodeSealed(payload)
  try {
    const items = decode(payload)
    const schema = Array.isArray(items) && typeof items[0] === 'number' ? frameSchemas[items[0]] : undefined
    const parsed = schema && v.safeParse(schema, items)
    return parsed?.success ? parsed.output : undefined
  } catch (error) {
    if (error instanceof CborError) return undefined
    throw error
  }
}
