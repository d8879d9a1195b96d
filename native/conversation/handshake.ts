/**
 * EDHOC's four messages over the broker, as the initiator sends them: a terminal or a service node towards the gateway
 * (docs/protocol.md, "Layers of a conversation"), or a terminal towards a service node ("A session with a service node").
 */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { type Channel, channelOfSession } from '../../protocol/channel.ts'
import type { Crypto, KeyPair } from '../../protocol/crypto.ts'
import { type OwnCredential, type PeerCredential, x5tCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError, parseErrorMessage } from '../../protocol/edhoc/errors.ts'
import { type SentMessage3, startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { CredentialReference } from '../../protocol/edhoc/items.ts'
import type { Frame } from '../../protocol/messages/frame.ts'
import { buildTopic, GATEWAY_IN, type Topic } from '../../protocol/topics.ts'
import { LinkError } from './link-error.ts'
import type { Postbox } from './postbox.ts'
import type { GatewayTrust } from './trust.ts'

/** A128GCM, X25519, ES256 (RFC 9528 section 3.6). */
export const DEVICE_SUITE = 6

/** Long enough that the identifiers of one party's sessions do not meet. */
const CONNECTION_ID_LENGTH = 8

/** message_3 is sent this often, the same bytes each time, before the responder counts as silent. */
const MESSAGE_3_SENDINGS = 3

/** Who has a topic of its own for answers. */
export interface Party {
  readonly kind: 'terminal' | 'node'
  /** Lower case hexadecimal, as in topics. */
  readonly id: string
}

/** Where answers to that party go. */
export function inTopicOf({ kind, id }: Party): string {
  const topic: Topic = kind === 'terminal' ? { kind: 'terminal-in', terminal: id } : { kind: 'node-in', node: id }
  return buildTopic(topic)
}

/** An EDHOC error or 'unknown-connection': this handshake is over, whoever sent it; the next one begins anew. */
export class HandshakeEnded extends LinkError {
  /** What the error message says (RFC 9528 section 6.2). Nobody has authenticated it. */
  readonly text: string | undefined
  constructor(text: string | undefined) {
    super('silent')
    this.name = 'HandshakeEnded'
    this.text = text
  }
}

export interface Transport {
  /** Ourselves. */
  readonly party: Party
  readonly postbox: Postbox<Frame>
  readonly send: (topic: string, frame: Frame) => Promise<void>
  /** For each message. */
  readonly timeoutMs: number
}

/** The channel that a handshake made, and how its messages are addressed. */
export interface Conversation {
  readonly channel: Channel
  /** C_I: what the responder's messages name. */
  readonly receiveId: Uint8Array
  /** C_R: what ours name. */
  readonly sendId: Uint8Array
  /** Where ours go. */
  readonly topic: string
}

export interface HandshakeOptions extends Transport {
  readonly crypto: Crypto
  /** Where message_1 goes. */
  readonly firstTopic: string
  /** Where message_3 and what follows go, by what message_2 says of its sender. */
  readonly restTopic: (worker: string) => string
  /** The responder's credential where it is the one that is due. */
  readonly trusted: (reference: CredentialReference) => PeerCredential | undefined
  /** Our credential and its key (P-256), asked for once the responder has proved who it is. */
  readonly own: () => Promise<{ readonly credential: OwnCredential; readonly privateKey: Uint8Array }>
}

/**
 * Method 0 with suite 6, up to message_4. Rejects with a LinkError: 'silent' where no usable answer came, 'untrusted' where the
 * responder could not prove who it is, and as `own` does.
 */
export async function shakeHands(options: HandshakeOptions): Promise<Conversation> {
  const { crypto, trusted } = options
  const cI = crypto.randomBytes(CONNECTION_ID_LENGTH)
  try {
    const started = startInitiator({ crypto, method: 0, suites: [DEVICE_SUITE], cI })
    const answer = await sendMessage1(options, options.firstTopic, cI, started.message1)
    const received = started.processMessage2(answer.message)
    const responder = trusted(received.reference)
    if (responder === undefined) throw new LinkError('untrusted')
    const verified = received.verify(responder)
    const { credential, privateKey } = await options.own()
    const sent = await verified.completeMessage3({
      kind: 'signature',
      credential,
      sign: async (toBeSigned) => crypto.sign('ES256', privateKey, toBeSigned),
    })
    const topic = options.restTopic(answer.worker)
    const message4 = await sendMessage3(options, topic, cI, received.cR, sent)
    const { session } = sent.processMessage4(message4)
    const channel = channelOfSession(crypto, session)
    session.wipe()
    return { channel, receiveId: cI, sendId: received.cR, topic }
  } catch (error) {
    throw error instanceof EdhocError ? linkError(error) : error
  }
}

/** The device channel: from GATEWAY_IN to whichever worker takes it, with the certificate that the gateway issued. */
export function connectToGateway(
  options: Transport & {
    readonly identity: { readonly key: KeyPair; readonly certificate: Uint8Array }
    readonly trust: GatewayTrust
    readonly crypto: Crypto
  },
): Promise<Conversation> {
  const { identity, trust, crypto } = options
  const { privateKey, publicKey } = identity.key
  return shakeHands({
    ...options,
    firstTopic: GATEWAY_IN,
    restTopic: (worker) => buildTopic({ kind: 'worker-in', worker }),
    trusted: (reference) => trust.credentialOf(reference),
    own: async () => ({ credential: x5tCredential(crypto, identity.certificate, publicKey), privateKey }),
  })
}

export async function sendMessage1(
  { party, postbox, send, timeoutMs }: Transport,
  topic: string,
  cI: Uint8Array,
  message: Uint8Array,
): Promise<Extract<Frame, { kind: 'message_2' }>> {
  const answer = postbox.wait((frame) => isFor(frame, cI, 'message_2'), timeoutMs)
  await guarded(answer, () => send(topic, { kind: 'message_1', from: party.id, sender: party.kind, message }))
  return expectKind(await answer, 'message_2')
}

/** RFC 9528 section 7: what is sent again are the stored bytes; the responder answers them with its stored message_4. */
export async function sendMessage3(
  { postbox, send, timeoutMs }: Transport,
  topic: string,
  cI: Uint8Array,
  cR: Uint8Array,
  sent: SentMessage3,
): Promise<Uint8Array> {
  const frame: Frame = { kind: 'message_3', connection: cR, message: sent.message3 }
  for (let sending = 1; ; sending += 1) {
    const isLost = (item: Frame) => item.kind === 'unknown-connection' && equalConstantTime(item.connection, cR)
    const answer = postbox.wait((item) => isFor(item, cI, 'message_4') || isLost(item), timeoutMs / MESSAGE_3_SENDINGS)
    await guarded(answer, () => send(topic, frame))
    const received = await answer.catch((error: unknown) => {
      if (sending < MESSAGE_3_SENDINGS && error instanceof LinkError && error.kind === 'silent') return undefined
      throw error
    })
    if (received !== undefined) return expectKind(received, 'message_4').message
  }
}

/** Where sending fails, nobody waits for the answer any more. */
async function guarded(answer: Promise<unknown>, send: () => Promise<void>): Promise<void> {
  answer.catch(() => undefined)
  try {
    await send()
  } catch (cause) {
    throw new LinkError('offline', { cause })
  }
}

function isFor(frame: Frame, cI: Uint8Array, kind: 'message_2' | 'message_4'): boolean {
  return (frame.kind === kind || frame.kind === 'error') && equalConstantTime(frame.connection, cI)
}

function expectKind<K extends Frame['kind']>(frame: Frame, kind: K): Extract<Frame, { kind: K }> {
  if (frame.kind === kind) return frame as Extract<Frame, { kind: K }>
  const error = frame.kind === 'error' ? parseErrorMessage(frame.message) : undefined
  throw new HandshakeEnded(error?.kind === 'unspecified' ? error.text : undefined)
}

export function linkError(error: EdhocError): LinkError {
  switch (error.kind) {
    case 'authentication-failed':
    case 'unknown-credential':
    case 'unsupported-credential':
    case 'own-credential':
      return new LinkError('untrusted', { cause: error })
    default:
      // Damaged on the way, or not from the other end at all: the same as no answer.
      return new LinkError('silent', { cause: error })
  }
}
