/**
 * The protected channel between two ends of a completed EDHOC session, over a broker that nobody trusts: each message is
 * a COSE_Encrypt0 (RFC 9052 section 5.2) under a key of its direction.
 *
 *   [ h'', { 4: receiver's connection identifier, 6: sequence number }, ciphertext ]
 *   external_aad = [ direction, topic ]      direction: 0 from the initiator, 1 from the responder
 *   nonce        = IV of the direction XOR sequence number      (Partial IV, RFC 9052 section 3.1)
 *
 * Messages may be lost or come in another order; none is taken twice. Loss itself is the application's to notice.
 */
import { wipe } from './bytes.ts'
import { encode } from './cbor.ts'
import { encodeMessage, messagePrefix, parseMessage } from './channel-message.ts'
import { aeadLengths, encodeEncStructure } from './cose/encrypt0.ts'
import type { AeadAlgorithm, Crypto } from './crypto.ts'
import type { EdhocSession, Exporter } from './edhoc/session.ts'

/** EDHOC exporter labels of the private range (RFC 9528 section 10.1), by direction. */
const exporterLabel = {
  initiator: { key: 32768, iv: 32770 },
  responder: { key: 32769, iv: 32771 },
} as const

const directionNumber = { initiator: 0, responder: 1 } as const

/** A Partial IV takes at most 5 bytes, as in RFC 8613 section 5.2: under one key at most 2^40 messages. */
const sequenceLimit = 2 ** 40
/** How far a message may come behind the latest one, in messages. */
const windowSize = 64n
const windowMask = (1n << windowSize) - 1n

export type OpenResult =
  | { readonly ok: true; readonly plaintext: Uint8Array }
  /**
   * replay: this very sequence number was taken before. stale: too far behind the latest to tell. forged: not sealed by the
   * peer for this channel, direction and topic. malformed: not one of our messages, or for another channel.
   */
  | { readonly ok: false; readonly reason: 'replay' | 'stale' | 'forged' | 'malformed' }

/** 2^40 messages were sealed, or the channel was closed: make a new one after EDHOC or its key update. */
export class ChannelError extends Error {
  readonly kind: 'exhausted' | 'closed'
  constructor(kind: 'exhausted' | 'closed') {
    super(`the channel is ${kind}`)
    this.name = 'ChannelError'
    this.kind = kind
  }
}

export interface Channel {
  /** Throws a ChannelError. Nothing is sent here; a message that is to be sent again is these same bytes. */
  seal(topic: string, plaintext: Uint8Array): Uint8Array
  /** Never throws on what came from outside. Throws a ChannelError ('closed'). */
  open(topic: string, message: Uint8Array): OpenResult
  /** Wipes the keys. */
  close(): void
}

export interface ChannelOptions {
  readonly role: 'initiator' | 'responder'
  /** Of the session, which it must not outlive: two channels of one session would use nonces twice. */
  readonly exporter: Exporter
  readonly suite: { readonly applicationAead: AeadAlgorithm }
  readonly crypto: Crypto
  /** The peer's connection identifier, which stands on what we send. */
  readonly sendId: Uint8Array
  /** Our own connection identifier, which stands on what we receive. */
  readonly receiveId: Uint8Array
  /** The first sequence number to seal with; 0 unless a test is to reach the end. */
  readonly firstSequence?: number
}

/** The channel of a completed session; at most one for each session and key update. */
export function channelOfSession(crypto: Crypto, session: EdhocSession): Channel {
  const { role, suite, cI, cR } = session.facts
  const [sendId, receiveId] = role === 'initiator' ? [cR, cI] : [cI, cR]
  return createChannel({ role, exporter: session.exporter, suite, crypto, sendId, receiveId })
}

export function createChannel(options: ChannelOptions): Channel {
  const { role, sendId, receiveId } = options
  const peer = role === 'initiator' ? 'responder' : 'initiator'
  const algorithm = options.suite.applicationAead
  const sending = deriveKeys(options.exporter, algorithm, role)
  const receiving = deriveKeys(options.exporter, algorithm, peer)
  const sealer = options.crypto.sealer(algorithm, sending.key)
  const opener = options.crypto.opener(algorithm, receiving.key)
  const [sendingAad, receivingAad] = [additionalData(role), additionalData(peer)]
  const [sendPrefix, receivePrefix] = [messagePrefix(sendId), messagePrefix(receiveId)]
  const window = new ReplayWindow()
  let nextSequence = options.firstSequence ?? 0
  let closed = false
  // Both ends have something to do between the handshake and the first message.
  sealer.expect(nonceOf(sending.iv, encodeSequenceNumber(nextSequence)))
  opener.expect(nonceOf(receiving.iv, encodeSequenceNumber(window.next)))

  return {
    seal(topic, plaintext) {
      if (closed) throw new ChannelError('closed')
      if (nextSequence >= sequenceLimit) throw new ChannelError('exhausted')
      const sequence = nextSequence
      // Counted before it is used: whatever fails below, the nonce is spent.
      nextSequence += 1
      const partialIv = encodeSequenceNumber(sequence)
      const ciphertext = sealer.seal(nonceOf(sending.iv, partialIv), sendingAad(topic), plaintext)
      if (nextSequence < sequenceLimit) sealer.expect(nonceOf(sending.iv, encodeSequenceNumber(nextSequence)))
      return encodeMessage(sendPrefix, partialIv, ciphertext)
    },

    open(topic, bytes) {
      if (closed) throw new ChannelError('closed')
      const message = parseMessage(receivePrefix, bytes)
      const sequence = message && parseSequenceNumber(message.partialIv)
      if (message === undefined || sequence === undefined) return { ok: false, reason: 'malformed' }
      const seen = window.judge(sequence)
      if (seen !== 'new') return { ok: false, reason: seen }
      const plaintext = opener.open(nonceOf(receiving.iv, message.partialIv), receivingAad(topic), message.ciphertext)
      if (plaintext === undefined) return { ok: false, reason: 'forged' }
      // Only what is authentic moves the window: otherwise a forger could push it past everything.
      window.accept(sequence)
      if (window.next < sequenceLimit) opener.expect(nonceOf(receiving.iv, encodeSequenceNumber(window.next)))
      return { ok: true, plaintext }
    },

    close() {
      closed = true
      sealer.close()
      opener.close()
      wipe(sending.key, sending.iv, receiving.key, receiving.iv)
    },
  }
}

interface DirectionKeys {
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

function deriveKeys(exporter: Exporter, algorithm: AeadAlgorithm, sender: 'initiator' | 'responder'): DirectionKeys {
  const { key, nonce } = aeadLengths[algorithm]
  return {
    key: exporter(exporterLabel[sender].key, none, key),
    iv: exporter(exporterLabel[sender].iv, none, nonce),
  }
}

/** There is no protected header. */
const none = new Uint8Array(0)

/** Made once for each topic that follows another: a channel has one in each direction. */
function additionalData(sender: 'initiator' | 'responder'): (topic: string) => Uint8Array {
  let last: { readonly topic: string; readonly aad: Uint8Array } | undefined
  return (topic) => {
    if (last?.topic !== topic) last = { topic, aad: encodeEncStructure(none, encode([directionNumber[sender], topic])) }
    return last.aad
  }
}

/** Big-endian, without leading zeros, at least one byte (as RFC 8613 section 5.2). */
function encodeSequenceNumber(sequence: number): Uint8Array {
  let length = 1
  while (sequence >= 256 ** length) length += 1
  const bytes = new Uint8Array(length)
  for (let i = length - 1, rest = sequence; i >= 0; i -= 1, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}

/** Undefined for what encodeSequenceNumber does not make. */
function parseSequenceNumber(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0 || bytes.length > 5 || (bytes.length > 1 && bytes[0] === 0)) return undefined
  let sequence = 0
  for (let i = 0; i < bytes.length; i += 1) sequence = sequence * 256 + (bytes[i] as number)
  return sequence
}

function nonceOf(iv: Uint8Array, partialIv: Uint8Array): Uint8Array {
  const nonce = iv.slice()
  const start = nonce.length - partialIv.length
  for (let i = 0; i < partialIv.length; i += 1) nonce[start + i] = (nonce[start + i] as number) ^ (partialIv[i] as number)
  return nonce
}

/** The sliding window of RFC 4303 section 3.4.3 and RFC 8613 section 7.4. */
class ReplayWindow {
  #highest = -1
  /** Bit n: `#highest - n` was taken. */
  #taken = 0n

  /** What comes next if nothing is lost. */
  get next(): number {
    return this.#highest + 1
  }

  judge(sequence: number): 'new' | 'replay' | 'stale' {
    if (sequence > this.#highest) return 'new'
    const behind = BigInt(this.#highest - sequence)
    if (behind >= windowSize) return 'stale'
    return (this.#taken >> behind) & 1n ? 'replay' : 'new'
  }

  accept(sequence: number): void {
    const ahead = sequence - this.#highest
    if (ahead > 0) {
      this.#taken = ahead >= Number(windowSize) ? 1n : ((this.#taken << BigInt(ahead)) | 1n) & windowMask
      this.#highest = sequence
    } else this.#taken |= 1n << BigInt(-ahead)
  }
}
