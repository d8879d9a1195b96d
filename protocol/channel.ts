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
import { equalConstantTime, wipe } from './bytes.ts'
import { CborError, encode } from './cbor.ts'
import { aeadLengths, decodeEncrypt0, type Encrypt0, openEncrypt0, sealEncrypt0 } from './cose/encrypt0.ts'
import { CoseError, header } from './cose/headers.ts'
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
  const { role, crypto, sendId, receiveId } = options
  const peer = role === 'initiator' ? 'responder' : 'initiator'
  const algorithm = options.suite.applicationAead
  const sending = deriveKeys(options.exporter, algorithm, role)
  const receiving = deriveKeys(options.exporter, algorithm, peer)
  const [sendingAad, receivingAad] = [externalAads(role), externalAads(peer)]
  const window = new ReplayWindow()
  let nextSequence = options.firstSequence ?? 0
  let closed = false

  return {
    seal(topic, plaintext) {
      if (closed) throw new ChannelError('closed')
      if (nextSequence >= sequenceLimit) throw new ChannelError('exhausted')
      const sequence = nextSequence
      // Counted before it is used: whatever fails below, the nonce is spent.
      nextSequence += 1
      const partialIv = encodeSequenceNumber(sequence)
      const headers = {
        protectedHeader: new Map(),
        unprotectedHeader: new Map([
          [header.kid, sendId],
          [header.partialIv, partialIv],
        ]),
      }
      const nonce = nonceOf(sending.iv, partialIv)
      return sealEncrypt0(crypto, sending, nonce, headers, sendingAad(topic), plaintext)
    },

    open(topic, bytes) {
      if (closed) throw new ChannelError('closed')
      const message = parse(bytes)
      const partialIv = message?.unprotectedHeader.get(header.partialIv)
      const sequence = partialIv instanceof Uint8Array ? parseSequenceNumber(partialIv) : undefined
      const kid = message?.unprotectedHeader.get(header.kid)
      if (message === undefined || sequence === undefined || !(kid instanceof Uint8Array) || !equalConstantTime(kid, receiveId)) {
        return { ok: false, reason: 'malformed' }
      }
      const seen = window.judge(sequence)
      if (seen !== 'new') return { ok: false, reason: seen }
      const plaintext = openEncrypt0(
        crypto,
        receiving,
        nonceOf(receiving.iv, partialIv as Uint8Array),
        message,
        receivingAad(topic),
      )
      if (plaintext === undefined) return { ok: false, reason: 'forged' }
      // Only what is authentic moves the window: otherwise a forger could push it past everything.
      window.accept(sequence)
      return { ok: true, plaintext }
    },

    close() {
      closed = true
      wipe(sending.key, sending.iv, receiving.key, receiving.iv)
    },
  }
}

interface DirectionKeys {
  readonly algorithm: AeadAlgorithm
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

function deriveKeys(exporter: Exporter, algorithm: AeadAlgorithm, sender: 'initiator' | 'responder'): DirectionKeys {
  const { key, nonce } = aeadLengths[algorithm]
  const nothing = new Uint8Array(0)
  return {
    algorithm,
    key: exporter(exporterLabel[sender].key, nothing, key),
    iv: exporter(exporterLabel[sender].iv, nothing, nonce),
  }
}

/** Made once for each topic that follows another: a channel has one in each direction. */
function externalAads(sender: 'initiator' | 'responder'): (topic: string) => Uint8Array {
  let last: { readonly topic: string; readonly aad: Uint8Array } | undefined
  return (topic) => {
    if (last?.topic !== topic) last = { topic, aad: encode([directionNumber[sender], topic]) }
    return last.aad
  }
}

/** Big-endian, without leading zeros, at least one byte (as RFC 8613 section 5.2). */
function encodeSequenceNumber(sequence: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = sequence; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.from(bytes)
}

/** Undefined for what encodeSequenceNumber does not make. */
function parseSequenceNumber(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0 || bytes.length > 5 || (bytes.length > 1 && bytes[0] === 0)) return undefined
  return bytes.reduce((sequence, byte) => sequence * 256 + byte, 0)
}

function nonceOf(iv: Uint8Array, partialIv: Uint8Array): Uint8Array {
  const nonce = iv.slice()
  const start = nonce.length - partialIv.length
  for (const [i, byte] of partialIv.entries()) nonce[start + i] = (nonce[start + i] as number) ^ byte
  return nonce
}

/** A message with an empty protected header and exactly the two parameters that `seal` writes. */
function parse(bytes: Uint8Array): Encrypt0 | undefined {
  try {
    const message = decodeEncrypt0(bytes)
    return message.protectedHeader.size === 0 && message.unprotectedHeader.size === 2 ? message : undefined
  } catch (error) {
    if (error instanceof CborError || error instanceof CoseError) return undefined
    throw error
  }
}

/** The sliding window of RFC 4303 section 3.4.3 and RFC 8613 section 7.4. */
class ReplayWindow {
  #highest = -1
  /** Bit n: `#highest - n` was taken. */
  #taken = 0n

  judge(sequence: number): 'new' | 'replay' | 'stale' {
    const behind = BigInt(this.#highest - sequence)
    if (behind < 0n) return 'new'
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
