/** Enrolment of this terminal by an invitation (docs/protocol.md, "Enrolment"; protocol/messages/enrolment.ts). */
import * as v from 'valibot'
import { type Broker, BrokerError } from '../../native/broker.ts'
import { concat, equalConstantTime, utf8 } from '../../protocol/bytes.ts'
import { CborError, decode, encode } from '../../protocol/cbor.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { kccsCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError } from '../../protocol/edhoc/errors.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { EadItem } from '../../protocol/edhoc/items.ts'
import {
  EAD_ENROLMENT_REQUEST,
  EAD_ENROLMENT_RESULT,
  type EnrolmentResult,
  enrolmentResultSchema,
  type Invitation,
  parseInvitation,
} from '../../protocol/messages/enrolment.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import { REFUSALS } from '../../protocol/messages/operations.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { DEVICE_SUITE, HandshakeEnded, linkError, sendMessage1, sendMessage3, type Transport } from './device-handshake.ts'
import { InvitationMistyped, InvitationRefused } from './enrolment-errors.ts'
import { type IdentityStore, newTerminalId, type PendingEnrolment, type TerminalIdentity } from './identity.ts'
import { LinkError } from './link.ts'
import { createPostbox } from './postbox.ts'
import { certificateKey, createTrust, rootFingerprint } from './trust.ts'

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
  const { crypto, store } = options
  const invitation = parseInvitation(options.code)
  if (invitation === undefined) throw new InvitationMistyped()
  const pending = await resumeOrBegin(crypto, store, invitation)
  const broker = options.connect(pending.terminal)
  try {
    const identity = await converse(options, broker, invitation, pending)
    await store.save(identity)
    return identity
  } catch (error) {
    if (error instanceof EdhocError) throw linkError(error)
    if (error instanceof BrokerError) throw new LinkError('offline', { cause: error })
    throw error
  } finally {
    await broker.close()
  }
}

async function resumeOrBegin(crypto: Crypto, store: IdentityStore, invitation: Invitation): Promise<PendingEnrolment> {
  // Bound to what it is for, so that the stored digest serves for nothing else.
  const digest = crypto.hash('SHA-256', concat(utf8('tessera invitation'), invitation.secret))
  const before = await store.loadPending()
  if (before !== undefined && equalConstantTime(before.invitation, digest)) return before
  const begun = { terminal: newTerminalId(crypto), key: crypto.generateKeyPair('P-256'), invitation: digest }
  await store.savePending(begun)
  return begun
}

async function converse(
  options: EnrolmentOptions,
  broker: Broker,
  invitation: Invitation,
  { terminal, key }: PendingEnrolment,
): Promise<TerminalIdentity> {
  const { crypto, timeoutMs = 5000, now = Date.now } = options
  const inTopic = buildTopic({ kind: 'terminal-in', terminal })
  const postbox = createPostbox<Frame>()
  broker.onMessage((topic, payload) => {
    const frame = topic === inTopic ? decodeFrame(payload) : undefined
    if (frame !== undefined) postbox.deliver(frame)
  })
  await broker.connected(timeoutMs)
  await broker.subscribe(inTopic, 1)
  const transport: Transport = {
    postbox,
    timeoutMs,
    send: (topic, frame) => broker.publish(topic, encodeFrame(frame), { qos: 1 }),
  }

  const cI = crypto.randomBytes(8)
  const started = startInitiator({ crypto, method: 0, suites: [DEVICE_SUITE], cI, knownEad: [EAD_ENROLMENT_RESULT] })
  const answer = await sendMessage1(transport, terminal, cI, started.message1)
  const received = started.processMessage2(answer.message)

  const [gateway, root] = received.reference.kind === 'x5chain' ? received.reference.certificates : []
  const fingerprint = root && rootFingerprint(crypto, root)
  if (!gateway || !root || !fingerprint || !equalConstantTime(fingerprint, invitation.rootFingerprint)) {
    throw new LinkError('untrusted')
  }
  const trust = createTrust({ crypto, root, now })
  const credential = trust?.credentialOf(received.reference)
  if (credential === undefined) throw new LinkError('untrusted')

  // The secret leaves this terminal only now, encrypted to a gateway that has proved to be the code's.
  const request: EadItem = {
    label: -EAD_ENROLMENT_REQUEST,
    value: encode({ secret: invitation.secret, terminal }),
  }
  const sent = await received.verify(credential).completeMessage3(
    {
      kind: 'signature',
      credential: kccsCredential({ subject: terminal, group: 'P-256', publicKey: key.publicKey }),
      sign: async (toBeSigned) => crypto.sign('ES256', key.privateKey, toBeSigned),
    },
    [request],
  )
  const message4 = await message4Or(() =>
    sendMessage3(transport, buildTopic({ kind: 'worker-in', worker: answer.worker }), cI, received.cR, sent),
  )
  const { ead4, session } = sent.processMessage4(message4)
  session.wipe()
  const result = parseResult(ead4)
  const ownKey = result && certificateKey(result.certificate)
  if (result === undefined || ownKey === undefined) throw new LinkError('malformed-answer')
  if (!equalConstantTime(ownKey.publicKey, key.publicKey) || trust?.isOurs(result.certificate) !== true) {
    throw new LinkError('malformed-answer')
  }
  return { terminal, key, certificate: result.certificate, root, gateway, site: result.site }
}

/** An EDHOC error in answer to message_3 is the gateway's no to the code; its text is the refusal's code. */
async function message4Or(send: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof HandshakeEnded)) throw error
    throw new InvitationRefused(REFUSALS.find((code) => code === error.text) ?? 'invitation-unknown', { cause: error })
  }
}

function parseResult(ead4: readonly EadItem[]): EnrolmentResult | undefined {
  const value = ead4.find(({ label }) => Math.abs(label) === EAD_ENROLMENT_RESULT)?.value
  if (value === undefined) return undefined
  try {
    const parsed = v.safeParse(enrolmentResultSchema, decode(value))
    return parsed.success ? parsed.output : undefined
  } catch (error) {
    if (error instanceof CborError) return undefined
    throw error
  }
}
