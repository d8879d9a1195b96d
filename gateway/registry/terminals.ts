/** Terminals: invited, enrolled, connected. */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { type EnrolmentResult, formatInvitation, type TerminalEnrolmentRequest } from '../../protocol/messages/enrolment.ts'
import type { AnswerBody } from '../../protocol/messages/operations.ts'
import type { SessionEnd, StoreTransaction, Terminal } from '../store/store.ts'
import type { Registry } from './context.ts'
import { Refused } from './refused.ts'

/** After this an operator signs in again. */
export const SESSION_MS = 12 * 60 * 60 * 1000

export interface InvitationOptions {
  /** Where the terminal stands, shown to people ("last login: Desk 3"). */
  readonly site: string
  readonly validMs: number
  readonly mayRegisterFirstOperator: boolean
}

/** Makes a one-time code. Only the SHA-256 of its secret is kept. */
export async function invite(
  registry: Registry,
  options: InvitationOptions,
): Promise<{ readonly code: string; readonly expiresAt: number }> {
  const { crypto, store, audit, authority } = registry
  const secret = crypto.randomBytes(16)
  const id = crypto.hash('SHA-256', secret)
  const now = registry.now()
  const { site, mayRegisterFirstOperator } = options
  const expiresAt = now + options.validMs
  await store.transaction(async (tx) => {
    await tx.insertInvitation({ id, site, mayRegisterFirstOperator, createdAt: now, expiresAt })
    await audit.append(tx, now, { event: 'invitation-made', invitation: id, firstOperator: mayRegisterFirstOperator })
  })
  return { code: formatInvitation({ secret, rootFingerprint: authority.rootFingerprint }), expiresAt }
}

/**
 * Spends the invitation for that P-256 key, in one commit with the certificate. The same key with the same code gets the
 * same certificate again: its answer may have been lost. Throws Refused.
 */
export async function enrol(
  registry: Registry,
  request: TerminalEnrolmentRequest,
  publicKey: Uint8Array,
): Promise<EnrolmentResult> {
  const { crypto, store, audit, authority } = registry
  const id = crypto.hash('SHA-256', request.secret)
  const now = registry.now()
  return store.transaction(async (tx) => {
    const invitation = await tx.invitation(id)
    if (invitation === undefined) throw new Refused('invitation-unknown')
    const { site, mayRegisterFirstOperator } = invitation
    const known = await tx.terminal(request.terminal)
    if (invitation.terminal !== undefined) {
      const same =
        invitation.terminal === request.terminal && known !== undefined && equalConstantTime(known.publicKey, publicKey)
      if (!same) throw new Refused('invitation-used')
      return { certificate: known.certificate, site }
    }
    if (invitation.expiresAt <= now) throw new Refused('invitation-expired')
    // An identifier is never given twice, whatever became of its terminal.
    if (known !== undefined) throw new Refused('not-allowed')
    const certificate = authority.issueTerminal(request.terminal, { algorithm: 'ES256', publicKey }, now)
    const fingerprint = authority.fingerprint(certificate)
    await tx.insertTerminal({
      id: request.terminal,
      site,
      state: 'active',
      enrolledAt: now,
      fingerprint,
      publicKey,
      certificate,
      invitation: id,
      mayRegisterFirstOperator,
    })
    await tx.useInvitation(id, request.terminal)
    await audit.append(tx, now, { event: 'terminal-enrolled', terminal: request.terminal, fingerprint })
    return { certificate, site }
  })
}

/** The terminal as it is now. Throws Refused 'terminal-blocked' for one that was blocked or withdrawn. */
export async function requireTerminal(tx: Pick<StoreTransaction, 'terminal'>, id: string): Promise<Terminal> {
  const terminal = await tx.terminal(id)
  if (terminal === undefined || terminal.state !== 'active') throw new Refused('terminal-blocked')
  return terminal
}

export interface Greeting {
  readonly worker: string
  /** The device channel's connection identifier at the gateway. */
  readonly connection: Uint8Array
  /** Sessions that the terminal still holds; every other one of it ends. */
  readonly sessions: readonly Uint8Array[]
}

/** The first request on a fresh device channel. */
export async function greet(registry: Registry, terminalId: string, greeting: Greeting): Promise<AnswerBody<'hello'>> {
  const { store, audit } = registry
  const now = registry.now()
  return store.transaction(async (tx) => {
    const terminal = await requireTerminal(tx, terminalId)
    await tx.updateTerminal(terminal.id, { connection: greeting.connection, seenAt: now })
    for (const { session, at } of await tx.openSessions(terminal.id)) {
      const expired = at + SESSION_MS <= now
      if (!expired && greeting.sessions.some((held) => equalConstantTime(held, session))) continue
      await endSession(registry, tx, session, now, expired ? 'expired' : 'replaced')
    }
    await audit.append(tx, now, { event: 'terminal-connected', terminal: terminal.id, worker: greeting.worker })
    return answerHello(registry, tx, terminal, now)
  })
}

/** A further hello on the same channel: the terminal asks whether it is still known. */
export async function greetAgain(registry: Registry, terminalId: string): Promise<AnswerBody<'hello'>> {
  return registry.store.read(async (reader) =>
    answerHello(registry, reader, await requireTerminal(reader, terminalId), registry.now()),
  )
}

async function answerHello(
  { terminalKeys }: Registry,
  reader: Pick<StoreTransaction, 'hasOperator' | 'blockListVersion' | 'presence'>,
  terminal: Terminal,
  now: number,
): Promise<AnswerBody<'hello'>> {
  const mayRegisterFirstOperator = terminal.mayRegisterFirstOperator && !(await reader.hasOperator())
  return {
    time: now,
    site: terminal.site,
    mayRegisterFirstOperator,
    noticeKey: terminalKeys.notice(terminal.id),
    presenceKey: terminalKeys.presence(terminal.id),
    blockListVersion: await reader.blockListVersion(),
    presenceAt: (await reader.presence(terminal.id))?.connectedAt ?? 0,
  }
}

export async function endSession(
  { audit }: Registry,
  tx: StoreTransaction,
  session: Uint8Array,
  now: number,
  reason: SessionEnd,
): Promise<void> {
  await tx.endLogin(session, now, reason)
  await tx.revokeTokens({ session }, now)
  await audit.append(tx, now, { event: 'session-ended', session, reason })
}
