/**
 * The handshake that makes the device channel (docs/protocol.md, "Layers of a conversation"): EDHOC method 0 with the
 * terminal's own certificate, from GATEWAY_IN to whichever worker takes it.
 */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { type Channel, channelOfSession } from '../../protocol/channel.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { x5tCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError, parseErrorMessage } from '../../protocol/edhoc/errors.ts'
import { type SentMessage3, startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { Frame } from '../../protocol/messages/frame.ts'
import { buildTopic, GATEWAY_IN } from '../../protocol/topics.ts'
import type { TerminalIdentity } from './identity.ts'
import { LinkError } from './link.ts'
import type { Postbox } from './postbox.ts'
import type { GatewayTrust } from './trust.ts'

/** A128GCM, X25519, ES256 (RFC 9528 section 3.6). */
export const DEVICE_SUITE = 6

/** Long enough that the identifiers of a terminal's sessions do not meet. */
const CONNECTION_ID_LENGTH = 8

/** message_3 is sent this often, the same bytes each time, before the worker counts as silent. */
const MESSAGE_3_SENDINGS = 3

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
  readonly postbox: Postbox<Frame>
  readonly send: (topic: string, frame: Frame) => Promise<void>
  /** For each message. */
  readonly timeoutMs: number
}

export interface DeviceSession {
  readonly channel: Channel
  readonly receiveId: Uint8Array
  readonly sendId: Uint8Array
  /** The worker's own topic. */
  readonly topic: string
}

/** Rejects with a LinkError: 'silent' where no usable answer came, 'untrusted' where the gateway could not prove who it is. */
export async function connectDevice(
  options: Transport & { readonly identity: TerminalIdentity; readonly trust: GatewayTrust; readonly crypto: Crypto },
): Promise<DeviceSession> {
  const { identity, trust, crypto } = options
  const cI = crypto.randomBytes(CONNECTION_ID_LENGTH)
  try {
    const started = startInitiator({ crypto, method: 0, suites: [DEVICE_SUITE], cI })
    const answer = await sendMessage1(options, identity.terminal, cI, started.message1)
    const received = started.processMessage2(answer.message)
    const gateway = trust.credentialOf(received.reference)
    if (gateway === undefined) throw new LinkError('untrusted')
    const verified = received.verify(gateway)
    const sent = await verified.completeMessage3({
      kind: 'signature',
      credential: x5tCredential(crypto, identity.certificate, identity.key.publicKey),
      sign: async (toBeSigned) => crypto.sign('ES256', identity.key.privateKey, toBeSigned),
    })
    const topic = buildTopic({ kind: 'worker-in', worker: answer.worker })
    const message4 = await sendMessage3(options, topic, cI, received.cR, sent)
    const { session } = sent.processMessage4(message4)
    const channel = channelOfSession(crypto, session)
    session.wipe()
    return { channel, receiveId: cI, sendId: received.cR, topic }
  } catch (error) {
    throw error instanceof EdhocError ? linkError(error) : error
  }
}

export async function sendMessage1(
  { postbox, send, timeoutMs }: Transport,
  from: string,
  cI: Uint8Array,
  message: Uint8Array,
): Promise<Extract<Frame, { kind: 'message_2' }>> {
  const answer = postbox.wait((frame) => isFor(frame, cI, 'message_2'), timeoutMs)
  await guarded(answer, () => send(GATEWAY_IN, { kind: 'message_1', from, message }))
  return expectKind(await answer, 'message_2')
}

/** RFC 9528 section 7: what is sent again are the stored bytes; the worker answers them with its stored message_4. */
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
      // Damaged on the way, or not from a gateway at all: the same as no answer.
      return new LinkError('silent', { cause: error })
  }
}
