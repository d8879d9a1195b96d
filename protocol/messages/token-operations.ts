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

/** A browser program's origin (RFC 6454 section 6.1, https only), or the name of a program of this desk. */
export const handoverAudienceSchema = v.pipe(
  text(200),
  v.regex(/^(?:https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9]\d{0,4})?|app:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$/),
)
/** The program's own, new for each login: at least 16 characters that need no escape anywhere. */
export const handoverNonceSchema = v.pipe(v.string(), v.regex(/^[\w.~-]{16,128}$/))
/** `typ` of such a token (RFC 8725 section 3.11): no other JWT passes for one. */
export const HANDOVER_TYPE = 'tessera-login+jwt'

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
  /**
   * The login for a program on the same desk, as a JWT (RFC 7519) that only this audience takes, once. It needs an operator's
   * session beside the person's: nobody's login leaves a desk that nobody answers for.
   */
  'token.handover': {
    request: v.strictObject({ ...onBehalf, audience: handoverAudienceSchema, nonce: handoverNonceSchema }),
    answer: v.strictObject({ token: v.pipe(text(2048), v.regex(/^[\w-]+\.[\w-]+\.[\w-]+$/)), lifetimeMs: natural }),
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
