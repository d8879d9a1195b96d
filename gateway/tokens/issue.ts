/** Tokens (RFC 8392) by which a login becomes a session with a service node: for one node, one key, a few minutes. */
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { computeX5t, header } from '../../protocol/cose/headers.ts'
import { signCwt } from '../../protocol/cwt.ts'
import { type AnswerBody, includesRole, type RequestBody, type Role } from '../../protocol/messages/operations.ts'
import { gatewayUri, nodeUri } from '../../protocol/messages/service.ts'
import type { Registry } from '../registry/context.ts'
import { requireOpenLogin, requireOperator } from '../registry/logins.ts'
import { Refused } from '../registry/refused.ts'
import { requireTerminal } from '../registry/terminals.ts'
import type { ServiceNode } from '../store/nodes.ts'
import type { Holder, Login, StoreTransaction } from '../store/store.ts'

export const DEFAULT_TOKEN_MS = 5 * 60_000
/** Readers side by side, several services, renewals. */
const MAX_LIVE_TOKENS = 32
/** Revocations of what was over are no use to anybody after this. */
const FORGET_AFTER_MS = 15 * 60_000

interface Rights {
  readonly login: Login
  readonly holder: Holder
  /** The operator's, where one is signed in at the same terminal. */
  readonly role: Role | undefined
  readonly operator: Uint8Array | undefined
}

/** Which login this is, and which role stands behind it. Throws Refused. */
export async function requireRights(
  registry: Registry,
  tx: StoreTransaction,
  terminal: string,
  body: { readonly session: Uint8Array; readonly operator?: Uint8Array | undefined },
): Promise<Rights> {
  await requireTerminal(tx, terminal)
  const { login, holder } = await requireOpenLogin(registry, tx, terminal, body.session)
  if (login.purpose === 'operator') return { login, holder, role: holder.role, operator: undefined }
  if (body.operator === undefined) return { login, holder, role: undefined, operator: undefined }
  const { role } = await requireOperator(registry, tx, terminal, body.operator, 'desk')
  return { login, holder, role, operator: body.operator }
}

/** A role that the person has is worth nothing while they are served by somebody else: it is the operator's that counts. */
function allowedScopes(node: ServiceNode, role: Role | undefined): string[] {
  return node.scopes.filter((rule) => rule.role === undefined || includesRole(role, rule.role)).map(({ scope }) => scope)
}

/** Throws Refused. */
export async function listServices(
  registry: Registry,
  terminal: string,
  body: RequestBody<'services.list'>,
): Promise<AnswerBody<'services.list'>> {
  return registry.store.transaction(async (tx) => {
    const { role } = await requireRights(registry, tx, terminal, body)
    const services = (await tx.nodes())
      .filter(({ state }) => state === 'active')
      .map((node) => ({ name: node.name, scopes: allowedScopes(node, role) }))
      .filter(({ scopes }) => scopes.length > 0)
    return { services }
  })
}

/**
 * One durable commit with its audit entry. Throws Refused: 'session-unknown' where the login is over, 'not-allowed' for a node that is not there,
 * 'role-missing' for scopes that it does not allow, and what the state of card, holder or terminal says.
 */
export async function issueToken(
  registry: Registry,
  terminal: string,
  body: RequestBody<'token.request'>,
): Promise<AnswerBody<'token.request'>> {
  const { crypto, store, audit, authority, nodeKeys } = registry
  const now = registry.now()
  const id = crypto.randomBytes(16)
  const issued = await store.transaction(async (tx) => {
    const { login, holder, role, operator } = await requireRights(registry, tx, terminal, body)
    const node = await tx.node(body.service)
    if (node?.state !== 'active' || node.id === undefined || node.certificate === undefined) throw new Refused('not-allowed')
    const allowed = allowedScopes(node, role)
    const scopes = body.scopes ?? allowed
    if (scopes.length === 0 || !scopes.every((scope) => allowed.includes(scope))) throw new Refused('role-missing')
    if ((await tx.liveTokens(login.session, now)) >= MAX_LIVE_TOKENS) throw new Refused('too-many')
    const expiresAt = Math.floor((now + node.tokenMs) / 1000) * 1000
    await tx.forgetTokens(now - FORGET_AFTER_MS)
    await tx.insertToken({
      id,
      node: node.name,
      audience: node.id,
      session: login.session,
      ...(operator === undefined ? {} : { operator }),
      guid: login.guid,
      holder: holder.id,
      terminal,
      expiresAt,
    })
    await audit.append(tx, now, {
      event: 'token-issued',
      token: id,
      node: node.name,
      session: login.session,
      terminal,
      scopes,
      ...(operator === undefined ? {} : { operator }),
    })
    return { name: node.name, node: node.id, certificate: node.certificate, holder: holder.id, scopes, expiresAt }
  })
  const { key, certificate } = authority.identity('ES256')
  const x5t = computeX5t(crypto, certificate)
  const issuedAt = Math.floor(now / 1000) * 1000
  const token = await signCwt(
    {
      issuer: gatewayUri(toHex(authority.rootFingerprint)),
      subject: nodeKeys.pseudonym(issued.name, issued.holder),
      audience: nodeUri(issued.node),
      expiresAt: issued.expiresAt,
      notBefore: issuedAt,
      issuedAt,
      id,
      key: { group: 'P-256', publicKey: body.key, kid: fromHex(terminal) },
      scopes: issued.scopes,
    },
    'ES256',
    async (toBeSigned) => crypto.sign('ES256', key.privateKey, toBeSigned),
    // Libraries that know no x5t find the key by its kid.
    new Map<number, unknown>([
      [header.x5t, x5t],
      [header.kid, x5t[1]],
    ]),
  )
  return {
    token,
    node: issued.node,
    certificate: issued.certificate,
    scopes: issued.scopes,
    lifetimeMs: Math.max(0, issued.expiresAt - now),
  }
}
