/**
 * Whom this terminal believes to be its gateway: a certificate that the pinned root signed for a gateway (RFC 5280 section
 * 4.2.1.12: extended key usage serverAuth, which terminals and cards of the same root do not have) and that is valid now.
 */
import { X509Certificate } from 'node:crypto'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import { matchesX5t } from '../../protocol/cose/headers.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { PeerCredential } from '../../protocol/edhoc/credentials.ts'
import type { CredentialReference } from '../../protocol/edhoc/items.ts'
import { nodeUri } from '../../protocol/messages/service.ts'

/** id-kp-serverAuth, RFC 5280 section 4.2.1.12. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/** Desks' clocks are wrong at times: dates are taken to be right within a day. */
const CLOCK_TOLERANCE_MS = 24 * 60 * 60 * 1000

export interface EcPublicKey {
  readonly curve: 'P-256' | 'P-384'
  /** x || y, as protocol/crypto.ts has it. */
  readonly publicKey: Uint8Array
}

/** DER prefixes of SubjectPublicKeyInfo with an uncompressed point (RFC 5480 section 2): lengths tell the curve. */
const EC_SPKI = [
  { curve: 'P-256', namedCurve: 'prime256v1', length: 91, point: 64 },
  { curve: 'P-384', namedCurve: 'secp384r1', length: 120, point: 96 },
] as const

/** The key of a certificate (DER); undefined for other keys than P-256 and P-384 and for what is no certificate. */
export function certificateKey(der: Uint8Array): EcPublicKey | undefined {
  const certificate = parseCertificate(der)
  return certificate === undefined ? undefined : keyOf(certificate)
}

function keyOf(certificate: X509Certificate): EcPublicKey | undefined {
  const key = certificate.publicKey
  if (key.asymmetricKeyType !== 'ec') return undefined
  const spki = key.export({ format: 'der', type: 'spki' })
  const form = EC_SPKI.find(
    ({ namedCurve, length }) => key.asymmetricKeyDetails?.namedCurve === namedCurve && spki.length === length,
  )
  return form === undefined
    ? undefined
    : { curve: form.curve, publicKey: new Uint8Array(spki.subarray(form.length - form.point)) }
}

/** Exactly one certificate; undefined for anything else, also for bytes behind it. */
function parseCertificate(der: Uint8Array): X509Certificate | undefined {
  // X509Certificate takes PEM as well; DER begins with a SEQUENCE (ITU-T X.690 section 8.9).
  if (der[0] !== 0x30) return undefined
  try {
    const certificate = new X509Certificate(der)
    return equalConstantTime(certificate.raw, der) ? certificate : undefined
  } catch {
    return undefined
  }
}

/** The first 16 bytes of SHA-256 over the root's SubjectPublicKeyInfo: what an invitation names (protocol/messages/enrolment.ts). */
export function rootFingerprint(crypto: Crypto, root: Uint8Array): Uint8Array | undefined {
  const spki = parseCertificate(root)?.publicKey.export({ format: 'der', type: 'spki' })
  return spki === undefined ? undefined : crypto.hash('SHA-256', new Uint8Array(spki)).slice(0, 16)
}

export interface GatewayTrust {
  /**
   * The credential that the gateway names in message_2; undefined where nothing trusted has that name. A certificate that came
   * by value (x5chain) is remembered, so that a later message may refer to it by x5t.
   */
  credentialOf(reference: CredentialReference): PeerCredential | undefined
  /**
   * A service node's credential: `certificate` (DER, by the gateway's word), where message_2 names it, the pinned root signed it
   * for that very node, and it is valid now.
   */
  nodeCredential(reference: CredentialReference, node: string, certificate: Uint8Array): PeerCredential | undefined
  /** Whether the pinned root signed this certificate, whatever it is for and however old: tells our cards from others. */
  isOurs(certificate: Uint8Array): boolean
  /** The P-256 keys that notices are signed with (ES256): of the certificates known so far that are valid now. */
  noticeKeys(): readonly Uint8Array[]
}

export interface TrustOptions {
  readonly crypto: Crypto
  /** DER. */
  readonly root: Uint8Array
  /** The gateway's certificate as of enrolment (DER), where there is one. */
  readonly gateway?: Uint8Array
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A gateway has one certificate for each curve, and new ones now and then. */
const MOST_KNOWN = 8

/** Undefined where `root` is no self-signed authority that is valid now. */
export function createTrust({ crypto, root, gateway, now }: TrustOptions): GatewayTrust | undefined {
  const authority = parseCertificate(root)
  if (authority === undefined || !isAuthority(authority) || !isCurrent(authority, now())) return undefined
  const signed = (certificate: X509Certificate) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  let known: readonly Uint8Array[] = gateway === undefined ? [] : [gateway]

  function named(reference: CredentialReference): Uint8Array | undefined {
    switch (reference.kind) {
      case 'x5chain':
        // The root is pinned, so that only the end entity's certificate says something new.
        return reference.certificates[0]
      case 'x5t':
        return known.find((certificate) => matchesX5t(crypto, [reference.algorithm, reference.digest], certificate))
      case 'kid':
      case 'kccs':
      case 'kcwt':
        return undefined
      default:
        return reference satisfies never
    }
  }

  /** Only a certificate that the root signed for a gateway and that is valid now. */
  function gatewayKey(der: Uint8Array): EcPublicKey | undefined {
    const certificate = parseCertificate(der)
    if (certificate === undefined || certificate.ca || !signed(certificate) || !isCurrent(certificate, now())) return undefined
    // Node calls the extended key usages 'keyUsage'.
    return certificate.keyUsage?.includes(SERVER_AUTH) === true ? keyOf(certificate) : undefined
  }

  return {
    credentialOf(reference) {
      const certificate = named(reference)
      const key = certificate && gatewayKey(certificate)
      if (certificate === undefined || key === undefined) return undefined
      known = [certificate, ...known.filter((other) => !equalConstantTime(other, certificate))].slice(0, MOST_KNOWN)
      return { cred: encode(certificate), publicKey: key.publicKey }
    },
    nodeCredential(reference, node, der) {
      if (reference.kind !== 'x5t' || !matchesX5t(crypto, [reference.algorithm, reference.digest], der)) return undefined
      const certificate = parseCertificate(der)
      if (certificate === undefined || certificate.ca || !signed(certificate) || !isCurrent(certificate, now())) return undefined
      // Only nodes have such a name; terminals choose theirs by themselves, which stand in the subject.
      const key = certificate.subjectAltName === `URI:${nodeUri(node)}` ? keyOf(certificate) : undefined
      return key && { cred: encode(der), publicKey: key.publicKey }
    },
    isOurs(der) {
      const certificate = parseCertificate(der)
      return certificate !== undefined && signed(certificate)
    },
    noticeKeys() {
      return known.flatMap((certificate) => {
        const key = gatewayKey(certificate)
        return key?.curve === 'P-256' ? [key.publicKey] : []
      })
    },
  }
}

function isAuthority(certificate: X509Certificate): boolean {
  return certificate.ca && certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)
}

function isCurrent(certificate: X509Certificate, now: number): boolean {
  const from = Date.parse(certificate.validFrom)
  const to = Date.parse(certificate.validTo)
  return from - CLOCK_TOLERANCE_MS <= now && now <= to + CLOCK_TOLERANCE_MS
}
