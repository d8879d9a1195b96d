/**
 * The login for another program on the same desk (docs/decisions/handover.md): a JWT (RFC 7519) for one audience and one nonce,
 * two minutes of life. Who may ask is the terminal's to say, to which programs the person's presence is no secret; the gateway
 * says that the login stands, writes down each use, and names the person by a pseudonym that no other program knows.
 */
import { toHex, utf8 } from '../../protocol/bytes.ts'
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import { gatewayUri } from '../../protocol/messages/service.ts'
import { HANDOVER_TYPE } from '../../protocol/messages/token-operations.ts'
import { base64url } from '../authority/handover-keys.ts'
import type { Registry } from '../registry/context.ts'
import { Refused } from '../registry/refused.ts'
import { requireRights } from './issue.ts'

/** As long as a program on the same desk needs, with a clock that is a minute wrong. */
const LIFE_SECONDS = 120

/**
 * One durable commit with its audit entry. Throws Refused: 'session-unknown' where the login is over or another terminal's,
 * 'not-allowed' for an operator's own session, 'role-missing' where no operator is signed in beside it, and what the state of
 * card, holder or terminal says.
 */
export async function issueHandover(
  registry: Registry,
  terminal: string,
  body: RequestBody<'token.handover'>,
): Promise<AnswerBody<'token.handover'>> {
  const { crypto, store, audit, authority, handoverKeys } = registry
  const now = registry.now()
  const id = crypto.randomBytes(16)
  const claims = await store.transaction(async (tx) => {
    const { login, holder, role, operator } = await requireRights(registry, tx, terminal, body)
    if (login.purpose !== 'holder') throw new Refused('not-allowed')
    if (role === undefined || operator === undefined) throw new Refused('role-missing')
    const card = await tx.card(login.guid)
    await audit.append(tx, now, {
      event: 'login-handed-over',
      token: id,
      audience: body.audience,
      session: login.session,
      operator,
      terminal,
    })
    return {
      sub: handoverKeys.pseudonym(body.audience, holder.id),
      auth_time: Math.floor(login.at / 1000),
      // RFC 8176 section 2: a smart card's key and its PIN; a simulated card is no hardware, and must not pass for it.
      amr: card?.simulated === true ? ['pin', 'swk'] : ['mfa', 'pin', 'sc'],
    }
  })
  const issuedAt = Math.floor(now / 1000)
  const token = signJwt(registry, {
    iss: gatewayUri(toHex(authority.rootFingerprint)),
    aud: body.audience,
    nonce: body.nonce,
    iat: issuedAt,
    exp: issuedAt + LIFE_SECONDS,
    jti: toHex(id),
    ...claims,
  })
  return { token, lifetimeMs: LIFE_SECONDS * 1000 }
}

/** JWS Compact Serialization, RFC 7515 section 7.1. */
function signJwt({ handoverKeys }: Registry, claims: Readonly<Record<string, unknown>>): string {
  const header = { alg: 'ES256', typ: HANDOVER_TYPE, kid: handoverKeys.publicKey.kid }
  const signed = [header, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join('.')
  return `${signed}.${base64url(handoverKeys.sign(utf8(signed)))}`
}
