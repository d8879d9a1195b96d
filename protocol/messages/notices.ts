/**
 * Notices: what the gateway tells a terminal without being asked (docs/protocol.md, "Blocking"). A notice is a
 * COSE_Sign1 by the gateway, so that the terminal can keep it and hand it back as proof after a crash; on its way it is a
 * COSE_Encrypt0 under the terminal's notice key, which any worker derives from the gateway's master key. Presence
 * travels the other way under a key of its own. Both keys reach the terminal in the answer to `hello`.
 */
import * as v from 'valibot'
import { decode, encode } from '../cbor.ts'
import { decodeSign1, type Signer, signSign1, verifySign1 } from '../cose/sign1.ts'
import type { Crypto } from '../crypto.ts'
import { identifier, natural, text, time } from './schema.ts'
import { openFor, SEALING_KEY_LENGTH, sealFor, undefinedWhereMalformed } from './sealed.ts'

/** Key length of notice and presence keys, in bytes. */
export const NOTICE_KEY_LENGTH = SEALING_KEY_LENGTH

const shortText = text(80)

/** Why a card is blocked. `finding` carries its kind in `finding`. */
export const blockCauseSchema = v.picklist(['finding', 'supervisor', 'administrator'])
export type BlockCause = v.InferOutput<typeof blockCauseSchema>

export const noticeSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('block'),
    /** Made at random for each announcement; the gateway's commit is found again by it. */
    notice: identifier,
    guid: identifier,
    at: time,
    cause: blockCauseSchema,
    finding: v.optional(shortText),
    /** Policy: the terminal that holds the card also blocks the PIN on it. */
    blockPin: v.boolean(),
  }),
  /** A finding ended the session of that card; the card itself is not blocked. */
  v.strictObject({ kind: v.literal('end-session'), notice: identifier, guid: identifier, at: time, finding: shortText }),
  v.strictObject({ kind: v.literal('finding'), notice: identifier, at: time, finding: shortText, severity: shortText }),
])
export type Notice = v.InferOutput<typeof noticeSchema>

/** The retained message on `tessera/1/notice/blocks`: how far the block list has grown. */
export const blockListVersionSchema = v.strictObject({ kind: v.literal('block-list'), version: natural, at: time })
export type BlockListVersion = v.InferOutput<typeof blockListVersionSchema>

export const presenceSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('present'),
    /**
     * When this connection began, by the terminal's clock, and later than every connection of it that the gateway knows (`presenceAt`
     * in its greeting); with `revision` it orders presences, so that an old one replayed changes nothing.
     */
    connectedAt: time,
    revision: natural,
    readers: v.pipe(
      v.array(
        v.strictObject({
          name: text(128),
          simulated: v.boolean(),
          state: v.picklist(['empty', 'card', 'mute', 'in-use']),
          since: time,
          /** Only a card that this gateway registered. */
          card: v.optional(identifier),
        }),
      ),
      v.maxLength(32),
    ),
  }),
  /** The last will: sealed when the connection is made, and that connection's last word, whatever comes after it. */
  v.strictObject({ kind: v.literal('gone'), connectedAt: time }),
])
export type Presence = v.InferOutput<typeof presenceSchema>

function parsed<S extends v.GenericSchema>(schema: S, bytes: Uint8Array): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, decode(bytes))
  return result.success ? result.output : undefined
}

const NOTICE_CONTEXT = encode(['tessera notice'])
const BLOCK_LIST_CONTEXT = encode(['tessera block list'])

/** Signed by the gateway (ES256), so that it can be kept and shown later. */
export function signNotice(notice: Notice, signer: Signer): Promise<Uint8Array> {
  return signSign1({ algorithm: 'ES256', payload: encode(notice), externalAad: NOTICE_CONTEXT }, signer)
}

/** Undefined where it is not a notice with the gateway's signature. */
export function verifyNotice(crypto: Crypto, gatewayKey: Uint8Array, signed: Uint8Array): Notice | undefined {
  return undefinedWhereMalformed(() => {
    const message = decodeSign1(signed)
    return verifySign1(crypto, message, 'ES256', gatewayKey, NOTICE_CONTEXT) ? parsed(noticeSchema, message.payload) : undefined
  })
}

export function signBlockListVersion(list: BlockListVersion, signer: Signer): Promise<Uint8Array> {
  return signSign1({ algorithm: 'ES256', payload: encode(list), externalAad: BLOCK_LIST_CONTEXT }, signer)
}

export function verifyBlockListVersion(crypto: Crypto, gatewayKey: Uint8Array, signed: Uint8Array): BlockListVersion | undefined {
  return undefinedWhereMalformed(() => {
    const message = decodeSign1(signed)
    const authentic = verifySign1(crypto, message, 'ES256', gatewayKey, BLOCK_LIST_CONTEXT)
    return authentic ? parsed(blockListVersionSchema, message.payload) : undefined
  })
}

/** For the topic terminal/{id}/notice; `signed` is what signNotice made. */
export function sealNotice(crypto: Crypto, noticeKey: Uint8Array, terminal: string, signed: Uint8Array): Uint8Array {
  return sealFor(crypto, noticeKey, 'notice', terminal, signed)
}

/** The signed notice; undefined where it was not sealed for this terminal. */
export function openNotice(crypto: Crypto, noticeKey: Uint8Array, terminal: string, bytes: Uint8Array): Uint8Array | undefined {
  return openFor(crypto, noticeKey, 'notice', terminal, bytes)
}

/** For the topic terminal/{id}/presence, retained. */
export function sealPresence(crypto: Crypto, presenceKey: Uint8Array, terminal: string, presence: Presence): Uint8Array {
  return sealFor(crypto, presenceKey, 'presence', terminal, encode(presence))
}

export function openPresence(crypto: Crypto, presenceKey: Uint8Array, terminal: string, bytes: Uint8Array): Presence | undefined {
  const plaintext = openFor(crypto, presenceKey, 'presence', terminal, bytes)
  return plaintext === undefined ? undefined : undefinedWhereMalformed(() => parsed(presenceSchema, plaintext))
}
