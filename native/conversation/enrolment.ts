/** The conversation by which a party becomes known to the gateway (docs/protocol.md, "Enrolment"; protocol/messages/enrolment.ts). */
import * as v from 'valibot'
import { concat, equalConstantTime, utf8 } from '../../protocol/bytes.ts'
import { CborError, decode, encode } from '../../protocol/cbor.ts'
import type { Crypto, KeyPair } from '../../protocol/crypto.ts'
import { kccsCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError } from '../../protocol/edhoc/errors.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { EadItem } from '../../protocol/edhoc/items.ts'
import {
  EAD_ENROLMENT_REQUEST,
  EAD_ENROLMENT_RESULT,
  type EnrolmentRequest,
  type EnrolmentResult,
  enrolmentResultSchema,
  type Invitation,
} from '../../protocol/messages/enrolment.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import { REFUSALS } from '../../protocol/messages/operations.ts'
import { buildTopic, GATEWAY_IN } from '../../protocol/topics.ts'
import { type Broker, BrokerError } from '../broker.ts'
import { InvitationRefused } from './enrolment-errors.ts'
import {
  DEVICE_SUITE,
  HandshakeEnded,
  inTopicOf,
  linkError,
  type Party,
  sendMessage1,
  sendMessage3,
  type Transport,
} from './handshake.ts'
import { LinkError } from './link-error.ts'
import { createPostbox } from './postbox.ts'
import { certificateKey, createTrust, rootFingerprint } from './trust.ts'

export interface EnrolmentConversation {
  readonly crypto: Crypto
  /** Connected, or about to be; it is left open. */
  readonly broker: Broker
  readonly party: Party
  /** P-256. */
  readonly key: KeyPair
  readonly invitation: Invitation
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** For the broker's consent and for each message. */
  readonly timeoutMs: number
}

export interface Enrolled extends EnrolmentResult {
  /** DER: the gateway's certificate and the root that signed it, which the invitation named. */
  readonly gateway: Uint8Array
  readonly root: Uint8Array
}

/** SHA-256 of an invitation's secret, bound to what it is for: tells a code that was begun before from another one. */
export function invitationDigest(crypto: Crypto, { secret }: Invitation): Uint8Array {
  return crypto.hash('SHA-256', concat(utf8('tessera invitation'), secret))
}

/**
 * The same key with the same code gets the same certificate again. Rejects with InvitationRefused and LinkError ('offline',
 * 'silent', 'untrusted' where the gateway's root is not the code's, 'malformed-answer').
 */
export async function converseEnrolment(options: EnrolmentConversation): Promise<Enrolled> {
  try {
    return await converse(options)
  } catch (error) {
    if (error instanceof EdhocError) throw linkError(error)
    if (error instanceof BrokerError) throw new LinkError('offline', { cause: error })
    throw error
  }
}

async function converse(options: EnrolmentConversation): Promise<Enrolled> {
  const { crypto, broker, party, key, invitation, timeoutMs, now } = options
  const inTopic = inTopicOf(party)
  const postbox = createPostbox<Frame>()
  broker.onMessage((topic, payload) => {
    const frame = topic === inTopic ? decodeFrame(payload) : undefined
    if (frame !== undefined) postbox.deliver(frame)
  })
  await broker.connected(timeoutMs)
  await broker.subscribe(inTopic, 1)
  const transport: Transport = {
    party,
    postbox,
    timeoutMs,
    send: (topic, frame) => broker.publish(topic, encodeFrame(frame), { qos: 1 }),
  }

  const cI = crypto.randomBytes(8)
  const started = startInitiator({ crypto, method: 0, suites: [DEVICE_SUITE], cI, knownEad: [EAD_ENROLMENT_RESULT] })
  const answer = await sendMessage1(transport, GATEWAY_IN, cI, started.message1)
  const received = started.processMessage2(answer.message)

  const [gateway, root] = received.reference.kind === 'x5chain' ? received.reference.certificates : []
  const fingerprint = root && rootFingerprint(crypto, root)
  if (!gateway || !root || !fingerprint || !equalConstantTime(fingerprint, invitation.rootFingerprint)) {
    throw new LinkError('untrusted')
  }
  const trust = createTrust({ crypto, root, now })
  const credential = trust?.credentialOf(received.reference)
  if (credential === undefined) throw new LinkError('untrusted')

  // The secret leaves this machine only now, encrypted to a gateway that has proved to be the code's.
  const request: EadItem = { label: -EAD_ENROLMENT_REQUEST, value: encode(requestOf(party, invitation)) }
  const sent = await received.verify(credential).completeMessage3(
    {
      kind: 'signature',
      credential: kccsCredential({ subject: party.id, group: 'P-256', publicKey: key.publicKey }),
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
  return { ...result, gateway, root }
}

function requestOf({ kind, id }: Party, { secret }: Invitation): EnrolmentRequest {
  return kind === 'terminal' ? { secret, terminal: id } : { secret, node: id }
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
