/** Keys: GENERAL AUTHENTICATE and GENERATE ASYMMETRIC KEY PAIR (NIST SP 800-73-5 part 2 sections 3.2.4 and 3.3.2). */

import type { ParsedCommand } from '../../protocol/apdu.ts'
import { concat, equalConstantTime } from '../../protocol/bytes.ts'
import type { BlockCipher } from '../../protocol/crypto.ts'
import { decodeTemplate, decodeTlv, encodeTlv } from '../../protocol/tlv.ts'
import { type CardContext, type CommandHandler, NOTHING, Refusal, SW } from './context.ts'
import { type Curve, FIELD_BYTES, isPrivateKey, signDigest } from './ecdsa.ts'
import { ALGORITHM, type CardKey, type KeyAlgorithm, type ManagementKeyAlgorithm, PIN_POLICY } from './state.ts'

export const MANAGEMENT_KEY = 0x9b
const SIGNATURE_KEY = 0x9c
const CARD_AUTHENTICATION_KEY = 0x9e

const CURVES: Readonly<Record<KeyAlgorithm, Curve>> = { 17: 'P-256', 20: 'P-384' }
const CIPHERS: Readonly<Record<ManagementKeyAlgorithm, BlockCipher>> = {
  3: '3DES',
  8: 'AES-128',
  10: 'AES-192',
  12: 'AES-256',
}

/** SP 800-73-5 part 1 section 5, table 5: 9A, 9C, 9D, 9E and the retired keys 82 to 95. */
export function isKeySlot(reference: number): boolean {
  return (reference >= 0x9a && reference <= 0x9e && reference !== MANAGEMENT_KEY) || (reference >= 0x82 && reference <= 0x95)
}

export const generalAuthenticate: CommandHandler = (context, command) => {
  const template = decodeTemplate(decodeTlv(command.data, 0x7c))
  if (command.p2 === MANAGEMENT_KEY) return encodeDynamic(authenticateManagementKey(context, command, template))
  if (!isKeySlot(command.p2)) throw new Refusal(SW.wrongP1P2)
  const key = context.state.keys.get(command.p2)
  if (key === undefined || key.algorithm !== command.p1) throw new Refusal(SW.wrongData)
  if (template.get(0x82)?.length !== 0 || template.size !== 2) throw new Refusal(SW.wrongData)
  checkPinPolicy(context, key)
  const challenge = template.get(0x81)
  const point = template.get(0x85)
  if (challenge !== undefined) return encodeDynamic([0x82, sign(context, key, challenge)])
  if (point !== undefined) return encodeDynamic([0x82, agree(context, key, point)])
  throw new Refusal(SW.wrongData)
}

function encodeDynamic(answer: readonly [number, Uint8Array] | undefined): Uint8Array {
  return answer === undefined ? NOTHING : encodeTlv(0x7c, encodeTlv(answer[0], answer[1]))
}

function checkPinPolicy({ session }: CardContext, key: CardKey): void {
  const satisfied =
    key.pinPolicy === PIN_POLICY.never ||
    (key.pinPolicy === PIN_POLICY.once ? session.pinVerified : session.pinVerified && session.pinFresh)
  if (!satisfied) throw new Refusal(SW.securityNotSatisfied)
}

function sign({ crypto }: CardContext, key: CardKey, digest: Uint8Array): Uint8Array {
  const curve = CURVES[key.algorithm]
  if (digest.length === 0 || digest.length > FIELD_BYTES[curve]) throw new Refusal(SW.wrongData)
  return signDigest(crypto, curve, key.privateKey, digest)
}

/** SP 800-73-5 part 2 appendix A.5: the other side's point, uncompressed; back comes the shared x coordinate. */
function agree({ crypto }: CardContext, key: CardKey, point: Uint8Array): Uint8Array {
  const curve = CURVES[key.algorithm]
  if (point.length !== 1 + 2 * FIELD_BYTES[curve] || point[0] !== 0x04) throw new Refusal(SW.wrongData)
  const secret = crypto.sharedSecret(curve, key.privateKey, point.subarray(1))
  if (secret === undefined) throw new Refusal(SW.wrongData)
  return secret
}

/**
 * Appendix A.1: mutual (the card sends an encrypted witness, the other side returns it in clear with a challenge) or single
 * (the card sends a challenge, the other side returns it encrypted). Never both halves for nothing: a challenge alone is not
 * encrypted, or the card would answer its own challenge.
 */
function authenticateManagementKey(
  context: CardContext,
  command: ParsedCommand,
  template: ReadonlyMap<number, Uint8Array>,
): readonly [number, Uint8Array] | undefined {
  const { crypto, session, state } = context
  const { algorithm, value: key } = state.managementKey
  // 00 is an older name of 03 (SP 800-78-5 section 6.2).
  if ((command.p1 || ALGORITHM.tripleDes) !== algorithm) throw new Refusal(SW.wrongData)
  const cipher = CIPHERS[algorithm]
  const blockBytes = algorithm === ALGORITHM.tripleDes ? 8 : 16
  const expected = session.expected
  session.expected = undefined
  const [witness, challenge, response] = [template.get(0x80), template.get(0x81), template.get(0x82)]

  if (template.size === 1 && witness?.length === 0) {
    const value = crypto.randomBytes(blockBytes)
    session.expected = { tag: 0x80, value }
    return [0x80, crypto.encryptBlock(cipher, key, value)]
  }
  if (template.size === 1 && challenge?.length === 0) {
    const value = crypto.randomBytes(blockBytes)
    session.expected = { tag: 0x82, value: crypto.encryptBlock(cipher, key, value) }
    return [0x81, value]
  }
  const mutual = witness !== undefined && challenge?.length === blockBytes && (response === undefined || response.length === 0)
  const single = template.size === 1 && response !== undefined
  if (!mutual && !single) throw new Refusal(SW.wrongData)
  const offered = mutual ? witness : response
  session.managementAuthenticated = false
  const accepted = offered !== undefined && expected?.tag === (mutual ? 0x80 : 0x82) && equalConstantTime(expected.value, offered)
  if (!accepted) throw new Refusal(SW.securityNotSatisfied)
  session.managementAuthenticated = true
  return mutual && challenge !== undefined ? [0x82, crypto.encryptBlock(cipher, key, challenge)] : undefined
}

export const generateKeyPair: CommandHandler = (context, command) => {
  if (command.p1 !== 0x00 || !isKeySlot(command.p2)) throw new Refusal(SW.wrongP1P2)
  if (!context.session.managementAuthenticated) throw new Refusal(SW.securityNotSatisfied)
  const template = decodeTemplate(decodeTlv(command.data, 0xac))
  const algorithm = keyAlgorithm(single(template.get(0x80)))
  const pinPolicy = requestedPinPolicy(command.p2, template)
  const pair = context.crypto.generateKeyPair(CURVES[algorithm])
  storeKey(context, command.p2, { algorithm, ...pair, pinPolicy, origin: 'generated' })
  return encodeTlv(0x7f49, encodePublicKey(pair.publicKey))
}

/** Yubico's IMPORT ASYMMETRIC KEY: P1 the algorithm, P2 the slot, 06 the private scalar. */
export const importKey: CommandHandler = (context, command) => {
  if (!isKeySlot(command.p2)) throw new Refusal(SW.wrongP1P2)
  if (!context.session.managementAuthenticated) throw new Refusal(SW.securityNotSatisfied)
  const algorithm = keyAlgorithm(command.p1)
  const template = decodeTemplate(command.data)
  const scalar = template.get(0x06)
  if (scalar === undefined || !isPrivateKey(CURVES[algorithm], scalar)) throw new Refusal(SW.wrongData)
  const privateKey = Uint8Array.from(scalar)
  const publicKey = context.crypto.publicKey(CURVES[algorithm], privateKey)
  const pinPolicy = requestedPinPolicy(command.p2, template)
  storeKey(context, command.p2, { algorithm, privateKey, publicKey, pinPolicy, origin: 'imported' })
  return NOTHING
}

/** Tag 86 with the uncompressed point (SP 800-73-5 part 2 table 11). */
export function encodePublicKey(publicKey: Uint8Array): Uint8Array {
  return encodeTlv(0x86, concat(Uint8Array.of(0x04), publicKey))
}

function storeKey(context: CardContext, slot: number, key: CardKey): void {
  context.commit({ keys: new Map(context.state.keys).set(slot, key) })
}

function keyAlgorithm(id: number): KeyAlgorithm {
  if (id !== ALGORITHM.p256 && id !== ALGORITHM.p384) throw new Refusal(SW.wrongData)
  return id
}

/** AA is Yubico's. Without it: 9C always, 9E never, the others once (SP 800-73-5 part 1 table 5). AB, touch, has nobody here. */
function requestedPinPolicy(slot: number, template: ReadonlyMap<number, Uint8Array>): CardKey['pinPolicy'] {
  const requested = template.has(0xaa) ? single(template.get(0xaa)) : PIN_POLICY.slotDefault
  const { never, once, always } = PIN_POLICY
  if (requested === never || requested === once || requested === always) return requested
  if (requested !== PIN_POLICY.slotDefault) throw new Refusal(SW.wrongData)
  if (slot === SIGNATURE_KEY) return always
  return slot === CARD_AUTHENTICATION_KEY ? never : once
}

function single(value: Uint8Array | undefined): number {
  const byte = value?.[0]
  if (byte === undefined || value?.length !== 1) throw new Refusal(SW.wrongData)
  return byte
}
