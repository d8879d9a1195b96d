/** Enrolment of this terminal by an invitation: the conversation, and what is kept of it (docs/protocol.md, "Enrolment"). */
import type { Broker } from '../../native/broker.ts'
import { converseEnrolment, invitationDigest } from '../../native/conversation/enrolment.ts'
import { InvitationMistyped } from '../../native/conversation/enrolment-errors.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { type Invitation, parseInvitation } from '../../protocol/messages/enrolment.ts'
import { type IdentityStore, newTerminalId, type PendingEnrolment, type TerminalIdentity } from './identity.ts'

export interface EnrolmentOptions {
  readonly code: string
  readonly store: IdentityStore
  readonly crypto: Crypto
  /** Connects under this terminal's identifier; closed at the end. */
  readonly connect: (terminal: string) => Broker
  readonly now?: () => number
  /** For the broker's consent and for each message. Default 5 s. */
  readonly timeoutMs?: number
}

/**
 * Resolves with the identity, which is stored then. With the same code it may be called again after any failure: the same
 * key is used, for which the gateway has the same certificate. Rejects with InvitationMistyped, InvitationRefused, LinkError
 * ('offline', 'silent', 'untrusted' where the gateway's root is not the code's) and IdentityError.
 */
export async function enrol(options: EnrolmentOptions): Promise<TerminalIdentity> {
  const { crypto, store, now = Date.now, timeoutMs = 5000 } = options
  const invitation = parseInvitation(options.code)
  if (invitation === undefined) throw new InvitationMistyped()
  const { terminal, key } = await resumeOrBegin(crypto, store, invitation)
  const broker = options.connect(terminal)
  try {
    const party = { kind: 'terminal', id: terminal } as const
    const { certificate, root, gateway, site } = await converseEnrolment({
      crypto,
      broker,
      party,
      key,
      invitation,
      now,
      timeoutMs,
    })
    const identity = { terminal, key, certificate, root, gateway, site }
    await store.save(identity)
    return identity
  } finally {
    await broker.close()
  }
}

async function resumeOrBegin(crypto: Crypto, store: IdentityStore, invitation: Invitation): Promise<PendingEnrolment> {
  const digest = invitationDigest(crypto, invitation)
  const before = await store.loadPending()
  if (before !== undefined && equalConstantTime(before.invitation, digest)) return before
  const begun = { terminal: newTerminalId(crypto), key: crypto.generateKeyPair('P-256'), invitation: digest }
  await store.savePending(begun)
  return begun
}
