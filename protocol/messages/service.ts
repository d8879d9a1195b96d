/**
 * What a terminal and a service node say to each other inside their channel (docs/protocol.md, "A session with a service node"),
 * and what the gateway tells a node. Requests go from the terminal to the node, each with one answer; either end ends the session.
 *
 *   terminal: [id, operation, body]   [0, "end", reason]   [0, "ping"]
 *   node:     [id, 0, body]           [id, 1, refusal]     [0, "end", reason]   [0, "pong"]
 *
 * `id` is 1, 2, 3 ... in the order of sending, and the node takes no request with a lower one after a higher one: a broker cannot
 * change the order of what a person did.
 */
import * as v from 'valibot'
import { decode, encode } from '../cbor.ts'
import type { Crypto } from '../crypto.ts'
import { bytes, exactly, identifier, text, time } from './schema.ts'
import { openFor, sealFor, undefinedWhereMalformed } from './sealed.ts'

/** Operations are words with dots between: 'record.read'. */
export const OPERATION = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*$/

/** Why a node refuses. */
const SERVICE_REFUSALS = [
  /** The body does not fit the operation's schema. */
  'bad-request',
  'unknown-operation',
  /** The token does not hold the scope that stands in `scope`. */
  'scope-missing',
  /** Too many requests of this session are under way. */
  'too-many',
  /** The service's own reason, in `reason`. */
  'refused',
  'service-failed',
] as const

export const serviceRefusalSchema = v.strictObject({
  code: v.picklist(SERVICE_REFUSALS),
  scope: v.optional(text(80)),
  /** A word of the service's own, for its client's texts. */
  reason: v.optional(v.pipe(text(80), v.regex(/^[a-z0-9-]+$/))),
})
export type ServiceRefusal = v.InferOutput<typeof serviceRefusalSchema>

/** Why the terminal ends a session. 'renewed': another one with a newer token has taken its place. */
export const TERMINAL_ENDS = ['card-removed', 'operator', 'idle', 'quit', 'renewed'] as const
export type TerminalEnd = (typeof TERMINAL_ENDS)[number]

/** Why the node ends one. 'expired', 'revoked': the token; 'service': the service's own decision; 'stopping': the node goes. */
export const NODE_ENDS = ['expired', 'revoked', 'service', 'stopping'] as const
export type NodeEndReason = (typeof NODE_ENDS)[number]

export type TerminalMessage =
  | { readonly kind: 'request'; readonly id: number; readonly operation: string; readonly body: unknown }
  | { readonly kind: 'end'; readonly reason: TerminalEnd }
  | { readonly kind: 'ping' }

export type NodeMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly body: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly refusal: ServiceRefusal }
  | { readonly kind: 'end'; readonly reason: NodeEndReason }
  | { readonly kind: 'pong' }

/** Every message is looked at by hand up to its body, which is the service's to parse: a schema takes longer than opening it. */
function isRequestId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

function isOperation(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 80 && OPERATION.test(value)
}

const terminalEndSchema = v.pipe(
  v.strictTuple([v.literal(0), v.literal('end'), v.picklist(TERMINAL_ENDS)]),
  v.transform(([, , reason]): TerminalMessage => ({ kind: 'end', reason })),
)
const pingSchema = v.pipe(
  v.strictTuple([v.literal(0), v.literal('ping')]),
  v.transform((): TerminalMessage => ({ kind: 'ping' })),
)
const refusalSchema = v.pipe(
  v.strictTuple([v.custom<number>(isRequestId), v.literal(1), serviceRefusalSchema]),
  v.transform(([id, , refusal]): NodeMessage => ({ kind: 'refusal', id, refusal })),
)
const nodeEndSchema = v.pipe(
  v.strictTuple([v.literal(0), v.literal('end'), v.picklist(NODE_ENDS)]),
  v.transform(([, , reason]): NodeMessage => ({ kind: 'end', reason })),
)
const pongSchema = v.pipe(
  v.strictTuple([v.literal(0), v.literal('pong')]),
  v.transform((): NodeMessage => ({ kind: 'pong' })),
)

export function encodeTerminalMessage(message: TerminalMessage): Uint8Array {
  switch (message.kind) {
    case 'request':
      return encode([message.id, message.operation, message.body])
    case 'end':
      return encode([0, 'end', message.reason])
    case 'ping':
      return encode([0, 'ping'])
    default:
      return message satisfies never
  }
}

export function encodeNodeMessage(message: NodeMessage): Uint8Array {
  switch (message.kind) {
    case 'answer':
      return encode([message.id, 0, message.body])
    case 'refusal':
      return encode([message.id, 1, message.refusal])
    case 'end':
      return encode([0, 'end', message.reason])
    case 'pong':
      return encode([0, 'pong'])
    default:
      return message satisfies never
  }
}

/** Undefined for what is no such message. */
export function decodeTerminalMessage(plaintext: Uint8Array): TerminalMessage | undefined {
  return parse(plaintext, (items) => {
    const [id, operation, body] = items
    if (id === 0) return parsed(operation === 'ping' ? pingSchema : terminalEndSchema, items)
    return items.length === 3 && isRequestId(id) && isOperation(operation) ? { kind: 'request', id, operation, body } : undefined
  })
}

/** Undefined for what is no such message. */
export function decodeNodeMessage(plaintext: Uint8Array): NodeMessage | undefined {
  return parse(plaintext, (items) => {
    const [id, status, body] = items
    if (id === 0) return parsed(status === 'pong' ? pongSchema : nodeEndSchema, items)
    if (status !== 0) return parsed(refusalSchema, items)
    return items.length === 3 && isRequestId(id) ? { kind: 'answer', id, body } : undefined
  })
}

function parse<T>(plaintext: Uint8Array, read: (items: readonly unknown[]) => T | undefined): T | undefined {
  return undefinedWhereMalformed(() => {
    const items = decode(plaintext)
    return Array.isArray(items) ? read(items) : undefined
  })
}

function parsed<T>(schema: v.GenericSchema<unknown, T>, items: readonly unknown[]): T | undefined {
  const result = v.safeParse(schema, items)
  return result.success ? result.output : undefined
}

/** Who issues tokens: the gateway, named by the first 16 bytes of SHA-256 over its root's key, in hexadecimal. */
export function gatewayUri(rootFingerprint: string): string {
  return `tessera:gateway/${rootFingerprint}`
}

/** A node, as the audience of a token and as the subject alternative name of its certificate. */
export function nodeUri(node: string): string {
  return `tessera:node/${node}`
}

/** Names of nodes, as people know them and terminals ask for them. */
export const nodeNameSchema = v.pipe(text(40), v.regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/))

/** The key under which any worker reaches a node at once. */
export const nodeNoticeKeySchema = exactly(32)

const revocationSchema = v.strictObject({
  kind: v.literal('revoked'),
  at: time,
  /** cti of each token. */
  tokens: v.pipe(v.array(identifier), v.maxLength(1024)),
})
export type Revocation = v.InferOutput<typeof revocationSchema>

/** For a 'notice' frame on the node's topic. */
export function sealRevocation(crypto: Crypto, noticeKey: Uint8Array, node: string, revocation: Revocation): Uint8Array {
  return sealFor(crypto, noticeKey, 'node notice', node, encode(revocation))
}

/** Undefined where it was not sealed by the gateway for this node. One that comes again says nothing new. */
export function openRevocation(crypto: Crypto, noticeKey: Uint8Array, node: string, bytes: Uint8Array): Revocation | undefined {
  const plaintext = openFor(crypto, noticeKey, 'node notice', node, bytes)
  return (
    plaintext &&
    undefinedWhereMalformed(() => {
      const parsed = v.safeParse(revocationSchema, decode(plaintext))
      return parsed.success ? parsed.output : undefined
    })
  )
}

/** A scope and whom it needs at the desk: nobody beside the person who logged in, or an operator with at least that role. */
export const scopeRuleSchema = v.strictObject({
  scope: v.pipe(text(80), v.regex(/^[\x21\x23-\x3c\x3e-\x5b\x5d-\x7e]+$/)),
  role: v.optional(v.picklist(['desk', 'registrar', 'supervisor'])),
})
export type ScopeRule = v.InferOutput<typeof scopeRuleSchema>

export const tokenSchema = bytes(2048)
