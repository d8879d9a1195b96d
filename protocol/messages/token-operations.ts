/**
 * The operations by which a login becomes worth something elsewhere: tokens for service nodes, and what nodes ask the gateway for.
 * Part of the table in operations.ts.
 */
import * as v from 'valibot'
import { isScope } from '../cwt.ts'
import { IDENTIFIER } from '../topics.ts'
import { bytes, exactly, identifier, natural, text, time } from './schema.ts'
import { nodeNameSchema, nodeNoticeKeySchema, tokenSchema } from './service.ts'

const scopes = v.pipe(v.array(v.pipe(text(80), v.check(isScope))), v.maxLength(32))
/** cti of tokens that are revoked and not yet over. */
const revoked = v.pipe(v.array(identifier), v.maxLength(4096))

/** The login for which, and the operator's session at the same terminal, whose role may allow more. */
const onBehalf = { session: identifier, operator: v.optional(identifier) }

export const tokenOperations = {
  /** The nodes that this login may use now, each with the scopes that it would be given. */
  'services.list': {
    request: v.strictObject(onBehalf),
    answer: v.strictObject({
      services: v.pipe(v.array(v.strictObject({ name: nodeNameSchema, scopes })), v.maxLength(256)),
    }),
  },
  /** A token for one node that binds the person's pseudonym to `key`, the P-256 public key of one session. */
  'token.request': {
    request: v.strictObject({
      ...onBehalf,
      service: nodeNameSchema,
      key: exactly(64),
      /** Fewer than the login would be given. */
      scopes: v.optional(scopes),
    }),
    answer: v.strictObject({
      token: tokenSchema,
      /** The audience: whose topic takes the session's first message, and whose certificate message_2 must name. */
      node: v.pipe(v.string(), v.regex(IDENTIFIER)),
      certificate: bytes(8192),
      scopes,
      /** From now on: a terminal's clock may be wrong. */
      lifetimeMs: natural,
    }),
  },
} as const

/** What service nodes ask; terminals may not, and nodes may ask nothing else. */
export const nodeOperations = {
  /** The first request on a fresh channel, and again every minute: nothing that was revoked meanwhile stays unheard. */
  'node.hello': {
    request: v.strictObject({ software: text(40) }),
    answer: v.strictObject({ time, name: nodeNameSchema, noticeKey: nodeNoticeKeySchema, revoked }),
  },
} as const
