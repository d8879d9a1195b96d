/** GET METADATA's answer (Yubico's extension, INS F7; docs.yubico.com, "Get metadata"). */

import type { BlockCipher } from '../crypto.ts'
import { decodeTemplate, decodeTlv, required } from '../tlv.ts'
import { cipherOf, FIELD_BYTES, type KeyAlgorithm, keyAlgorithmOf, PIN_POLICY, type PinPolicy } from './constants.ts'
import { PivError } from './errors.ts'

export interface ReferenceMetadata {
  /** True while it is what the card left the factory with. */
  readonly isDefault: boolean
  readonly retriesTotal: number
  readonly retriesLeft: number
}

export interface ManagementKeyMetadata {
  readonly algorithm: BlockCipher
  readonly isDefault: boolean
}

export interface KeyMetadata {
  /** Undefined for a key that Tessera does not work with (RSA, Ed25519). */
  readonly algorithm: KeyAlgorithm | undefined
  /** Undefined for a policy beyond the three. */
  readonly pinPolicy: PinPolicy | undefined
  readonly generatedOnCard: boolean
  /** x || y; undefined where the algorithm is, and where the card does not say. */
  readonly publicKey: Uint8Array | undefined
}

/** Tags of the answer. */
const TAG = { algorithm: 0x01, policy: 0x02, origin: 0x03, publicKey: 0x04, isDefault: 0x05, retries: 0x06 } as const

/** Throws a PivError 'bad-response' or a TlvError. */
export function parseReferenceMetadata(data: Uint8Array): ReferenceMetadata {
  const template = decodeTemplate(data)
  const [retriesTotal, retriesLeft] = bytesOf(template, TAG.retries, 2)
  if (retriesTotal === undefined || retriesLeft === undefined || retriesLeft > retriesTotal) throw bad('retries')
  return { isDefault: flag(template), retriesTotal, retriesLeft }
}

/** Throws a PivError 'bad-response' or 'not-supported', or a TlvError. */
export function parseManagementKeyMetadata(data: Uint8Array): ManagementKeyMetadata {
  const template = decodeTemplate(data)
  const algorithm = cipherOf(bytesOf(template, TAG.algorithm, 1)[0] ?? -1)
  if (algorithm === undefined) throw new PivError({ kind: 'not-supported' })
  return { algorithm, isDefault: flag(template) }
}

/** Throws a PivError 'bad-response' or a TlvError. */
export function parseKeyMetadata(data: Uint8Array): KeyMetadata {
  const template = decodeTemplate(data)
  const algorithm = keyAlgorithmOf(bytesOf(template, TAG.algorithm, 1)[0] ?? -1)
  const policy = bytesOf(template, TAG.policy, 2)[0]
  const policies: readonly PinPolicy[] = ['never', 'once', 'always']
  const publicKey = template.get(TAG.publicKey)
  return {
    algorithm,
    pinPolicy: policies.find((name) => PIN_POLICY[name] === policy),
    generatedOnCard: bytesOf(template, TAG.origin, 1)[0] === 1,
    publicKey: algorithm === undefined || publicKey === undefined ? undefined : parsePublicKey(algorithm, publicKey),
  }
}

/** Tag 86 with the uncompressed point (SP 800-73-5 part 2 section 3.3.2); returns x || y. */
export function parsePublicKey(algorithm: KeyAlgorithm, data: Uint8Array): Uint8Array {
  const point = decodeTlv(data, 0x86)
  if (point.length !== 1 + 2 * FIELD_BYTES[algorithm] || point[0] !== 0x04) throw bad('public key')
  return Uint8Array.from(point.subarray(1))
}

function flag(template: ReadonlyMap<number, Uint8Array>): boolean {
  return bytesOf(template, TAG.isDefault, 1)[0] !== 0
}

function bytesOf(template: ReadonlyMap<number, Uint8Array>, tag: number, length: number): Uint8Array {
  const value = required(template, tag)
  if (value.length !== length) throw bad(`metadata tag ${tag}`)
  return value
}

function bad(detail: string): PivError {
  return new PivError({ kind: 'bad-response', detail })
}
