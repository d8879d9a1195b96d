/**
 * Enrolment of a terminal, or of a service node, by a one-time code (docs/protocol.md, "Enrolment"). It runs EDHOC
 * method 0 with its own fresh P-256 key as a CCS by value (`kccs`, RFC 9528 section 3.5.3.1); message_2
 * carries the gateway's certificate chain by `x5chain`, checked against the fingerprint of the gateway's
 * root in the code; EAD_3 carries the code's secret and the identifier; EAD_4 the certificate.
 */
import * as v from 'valibot'
import { IDENTIFIER } from '../topics.ts'
import { bytes, exactly } from './schema.ts'

/** EAD labels from the private range (RFC 9528 section 10.5), all critical: negative when sent. */
export const EAD_ENROLMENT_REQUEST = 32801
export const EAD_ENROLMENT_RESULT = 32802
export const EAD_LOGIN_RESULT = 32803

const identifier = v.pipe(v.string(), v.regex(IDENTIFIER))

/** The identifier that the terminal, or the service node, has made for itself. */
export const enrolmentRequestSchema = v.union([
  v.strictObject({ secret: exactly(16), terminal: identifier }),
  v.strictObject({ secret: exactly(16), node: identifier }),
])
export type EnrolmentRequest = v.InferOutput<typeof enrolmentRequestSchema>
export type TerminalEnrolmentRequest = Extract<EnrolmentRequest, { terminal: string }>
export type NodeEnrolmentRequest = Extract<EnrolmentRequest, { node: string }>

export const enrolmentResultSchema = v.strictObject({
  certificate: bytes(8192),
  /** Of a service node: its name. */
  site: v.pipe(v.string(), v.maxLength(80)),
})
export type EnrolmentResult = v.InferOutput<typeof enrolmentResultSchema>

/**
 * The code that an administrator hands over: 16 bytes of secret and the first 16 bytes of SHA-256 over the
 * gateway root certificate's SubjectPublicKeyInfo, in Crockford base 32 with a check character pair, in groups of five.
 */
export interface Invitation {
  readonly secret: Uint8Array
  readonly rootFingerprint: Uint8Array
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const PAYLOAD_LENGTH = 33

/** CRC-8 with the polynomial 0x07: finds a mistyped character; it protects against nothing else. */
function checksum(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff
  }
  return crc
}

export function formatInvitation(invitation: Invitation): string {
  const payload = new Uint8Array(PAYLOAD_LENGTH)
  payload.set(invitation.secret.subarray(0, 16), 0)
  payload.set(invitation.rootFingerprint.subarray(0, 16), 16)
  payload[32] = checksum(payload.subarray(0, 32))
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of payload) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(value >> bits) & 31] ?? ''
    }
    value &= (1 << bits) - 1
  }
  if (bits > 0) text += ALPHABET[(value << (5 - bits)) & 31] ?? ''
  return (text.match(/.{1,5}/g) ?? []).join('-')
}

/** Undefined for a code with a typing error. Lower case, spaces, and O I L for 0 1 1 are accepted, as Crockford's alphabet wants it. */
export function parseInvitation(code: string): Invitation | undefined {
  const digits = code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  if (digits.length !== Math.ceil((PAYLOAD_LENGTH * 8) / 5)) return undefined
  const payload = new Uint8Array(PAYLOAD_LENGTH)
  let length = 0
  let bits = 0
  let value = 0
  for (const digit of digits) {
    const index = ALPHABET.indexOf(digit)
    if (index < 0) return undefined
    value = (value << 5) | index
    bits += 5
    if (bits >= 8) {
      bits -= 8
      payload[length] = (value >> bits) & 0xff
      length += 1
      value &= (1 << bits) - 1
    }
  }
  if (value !== 0 || payload[32] !== checksum(payload.subarray(0, 32))) return undefined
  return { secret: payload.slice(0, 16), rootFingerprint: payload.slice(16, 32) }
}
