/** The certificate authority: who terminals and cards are, signed by the gateway's root. */
import { toHex } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { nodeUri } from '../../protocol/messages/service.ts'
import type { GatewayKeys, Identity } from './keys.ts'
import { type EcAlgorithm, type EcPublicKey, isSignedBy, issueCertificate, subjectPublicKeyInfo, X509Error } from './x509.ts'

/** id-kp-clientAuth, RFC 5280 section 4.2.1.12. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const YEAR_MS = 365.25 * 24 * 60 * 60 * 1000
/** Whether a terminal or node may still work is the registry's to say, at every message; its certificate only has to last. */
const DEVICE_YEARS = 10

export interface Authority {
  readonly root: Uint8Array
  /** The first 16 bytes of SHA-256 over the root's SubjectPublicKeyInfo: what an invitation names. */
  readonly rootFingerprint: Uint8Array
  identity(algorithm: EcAlgorithm): Identity
  issueTerminal(terminal: string, key: EcPublicKey, now: number): Uint8Array
  /** The subject alternative name tells a node's certificate from a terminal's, and one node's from another's. */
  issueNode(node: string, key: EcPublicKey, now: number): Uint8Array
  /** The subject holds the holder's pseudonym and the card's GUID, no name (docs/security.md). */
  issueCard(holder: Uint8Array, guid: Uint8Array, key: EcPublicKey, now: number, expiresAt: number): Uint8Array
  /** Whether this authority signed it, whatever its state now. */
  isOwn(certificate: Uint8Array): boolean
  fingerprint(certificate: Uint8Array): Uint8Array
}

/** urn:uuid of RFC 9562 section 4. */
function uuidUri(guid: Uint8Array): string {
  const hex = toHex(guid)
  return `urn:uuid:${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')}`
}

export function createAuthority(crypto: Crypto, keys: GatewayKeys): Authority {
  const issuer = { subject: keys.root.subject, key: keys.root.key }
  return {
    root: keys.root.certificate,
    rootFingerprint: crypto.hash('SHA-256', subjectPublicKeyInfo(keys.root.key)).slice(0, 16),
    identity: (algorithm) => keys.identities[algorithm],
    issueTerminal: (terminal, key, now) =>
      issueCertificate({
        crypto,
        issuer,
        subject: { O: 'Tessera', CN: terminal },
        key,
        notBefore: now - 60_000,
        notAfter: now + DEVICE_YEARS * YEAR_MS,
        use: { kind: 'endpoint', purposes: [CLIENT_AUTH] },
      }),
    issueNode: (node, key, now) =>
      issueCertificate({
        crypto,
        issuer,
        subject: { O: 'Tessera', CN: node },
        key,
        notBefore: now - 60_000,
        notAfter: now + DEVICE_YEARS * YEAR_MS,
        use: { kind: 'endpoint', purposes: [CLIENT_AUTH], uri: nodeUri(node) },
      }),
    issueCard: (holder, guid, key, now, expiresAt) =>
      issueCertificate({
        crypto,
        issuer,
        subject: { O: 'Tessera', CN: toHex(holder), serialNumber: toHex(guid) },
        key,
        notBefore: now - 60_000,
        notAfter: expiresAt,
        // FIPS 201-3 section 4.2.1: the card's UUID stands in the subject alternative name.
        use: { kind: 'endpoint', purposes: [CLIENT_AUTH], uri: uuidUri(guid) },
      }),
    isOwn(certificate) {
      try {
        return isSignedBy(crypto, certificate, keys.root.key)
      } catch (error) {
        if (error instanceof X509Error) return false
        throw error
      }
    },
    fingerprint: (certificate) => crypto.hash('SHA-256', certificate),
  }
}
