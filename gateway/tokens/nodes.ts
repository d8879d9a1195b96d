/** Service nodes: invited by an administrator, enrolled by themselves, withdrawn for good. */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { type EnrolmentResult, formatInvitation, type NodeEnrolmentRequest } from '../../protocol/messages/enrolment.ts'
import type { AnswerBody } from '../../protocol/messages/operations.ts'
import type { ScopeRule } from '../../protocol/messages/service.ts'
import type { Outcome } from '../registry/administration.ts'
import type { Registry } from '../registry/context.ts'
import { Refused } from '../registry/refused.ts'
import type { EnrolledNode } from '../store/nodes.ts'
import type { StoreReader } from '../store/store.ts'

export interface NodeInvitationOptions {
  readonly name: string
  readonly scopes: readonly ScopeRule[]
  readonly tokenMs: number
  readonly validMs: number
}

/** As many as 'node.hello' may name: more live ones a node learns by their own notices. */
const MAX_REVOKED = 4096

/**
 * Makes a one-time code that enrols a node. A name that is in use keeps its people's pseudonyms: whoever uses the code takes the
 * node's place. Undefined for the name of a node that was withdrawn.
 */
export async function inviteNode(
  registry: Registry,
  { name, scopes, tokenMs, validMs }: NodeInvitationOptions,
): Promise<{ readonly code: string; readonly expiresAt: number } | undefined> {
  const { crypto, store, audit, authority } = registry
  const secret = crypto.randomBytes(16)
  const invitation = crypto.hash('SHA-256', secret)
  const invitedAt = registry.now()
  const invitationExpiresAt = invitedAt + validMs
  const terms = { scopes, tokenMs, invitation, invitedAt, invitationExpiresAt, invitationUsed: false }
  const invited = await store.transaction(async (tx) => {
    const known = await tx.node(name)
    if (known?.state === 'withdrawn') return false
    if (known === undefined) await tx.insertNode({ name, state: 'invited', ...terms })
    else await tx.updateNode(name, terms)
    await audit.append(tx, invitedAt, { event: 'node-invited', node: name, invitation })
    return true
  })
  if (!invited) return undefined
  return { code: formatInvitation({ secret, rootFingerprint: authority.rootFingerprint }), expiresAt: invitationExpiresAt }
}

/** As `enrol` of terminals: one commit, and the same key with the same code gets the same certificate again. Throws Refused. */
export async function enrolNode(
  registry: Registry,
  request: NodeEnrolmentRequest,
  publicKey: Uint8Array,
): Promise<EnrolmentResult> {
  const { crypto, store, audit, authority } = registry
  const now = registry.now()
  const invitation = crypto.hash('SHA-256', request.secret)
  return store.transaction(async (tx) => {
    const node = await tx.nodeByInvitation(invitation)
    if (node === undefined || node.state === 'withdrawn') throw new Refused('invitation-unknown')
    const { name } = node
    if (node.invitationUsed) {
      const same = node.id === request.node && node.publicKey !== undefined && equalConstantTime(node.publicKey, publicKey)
      if (!same || node.certificate === undefined) throw new Refused('invitation-used')
      return { certificate: node.certificate, site: name }
    }
    if (node.invitationExpiresAt <= now) throw new Refused('invitation-expired')
    // An identifier is never given twice, nor to a terminal and a node.
    if ((await tx.nodeById(request.node)) !== undefined || (await tx.terminal(request.node)) !== undefined) {
      throw new Refused('not-allowed')
    }
    const certificate = authority.issueNode(request.node, { algorithm: 'ES256', publicKey }, now)
    const fingerprint = authority.fingerprint(certificate)
    // Tokens for the identity before are of no use to this one.
    await tx.revokeTokens({ node: name }, now)
    await tx.updateNode(name, {
      state: 'active',
      invitationUsed: true,
      id: request.node,
      fingerprint,
      publicKey,
      certificate,
      enrolledAt: now,
    })
    await audit.append(tx, now, { event: 'node-enrolled', node: name, id: request.node, fingerprint })
    return { certificate, site: name }
  })
}

/** The node as it is now. Throws Refused 'terminal-blocked' for one that was withdrawn, or whose place another one has taken. */
async function requireNode(reader: Pick<StoreReader, 'nodeById'>, id: string): Promise<EnrolledNode> {
  const node = await reader.nodeById(id)
  if (node === undefined || node.state !== 'active') throw new Refused('terminal-blocked')
  return node
}

/** The first request on a fresh channel. */
export async function greetNode(
  registry: Registry,
  id: string,
  { worker, connection }: { readonly worker: string; readonly connection: Uint8Array },
): Promise<AnswerBody<'node.hello'>> {
  const now = registry.now()
  return registry.store.transaction(async (tx) => {
    const node = await requireNode(tx, id)
    await tx.updateNode(node.name, { connection, seenAt: now })
    await registry.audit.append(tx, now, { event: 'node-connected', node: node.name, worker })
    return answerHello(registry, tx, node, now)
  })
}

/** Asked again every minute: nothing that was revoked meanwhile stays unheard. */
export function greetNodeAgain(registry: Registry, id: string): Promise<AnswerBody<'node.hello'>> {
  return registry.store.read(async (reader) => answerHello(registry, reader, await requireNode(reader, id), registry.now()))
}

async function answerHello(
  { nodeKeys }: Registry,
  reader: Pick<StoreReader, 'revokedTokens'>,
  { id, name }: EnrolledNode,
  now: number,
): Promise<AnswerBody<'node.hello'>> {
  return { time: now, name, noticeKey: nodeKeys.notice(id), revoked: await reader.revokedTokens(id, now, MAX_REVOKED) }
}

/** For good: no token is issued for it, its name is not given again. */
export async function withdrawNode(
  { store, audit, now }: Pick<Registry, 'store' | 'audit' | 'now'>,
  name: string,
): Promise<Outcome> {
  const at = now()
  return store.transaction(async (tx) => {
    const node = await tx.node(name)
    if (node === undefined) return 'unknown'
    if (node.state === 'withdrawn') return 'unchanged'
    await tx.updateNode(name, { state: 'withdrawn' })
    await tx.revokeTokens({ node: name }, at)
    await audit.append(tx, at, { event: 'node-withdrawn', node: name })
    return 'done'
  })
}
