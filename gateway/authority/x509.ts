/**
 * X.509 as far as the gateway issues and reads it (RFC 5280): certificates with ECDSA keys on P-256 or P-384, and
 * PKCS #10 requests (RFC 2986). Signing and verifying go through the crypto port.
 */

import { CertificationRequest } from '@peculiar/asn1-csr'
import {
  ECParameters,
  id_ecdsaWithSHA256,
  id_ecdsaWithSHA384,
  id_ecPublicKey,
  id_secp256r1,
  id_secp384r1,
} from '@peculiar/asn1-ecc'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { concat, equalConstantTime } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { derToRaw, rawToDer } from '../../protocol/piv/ecdsa-signature.ts'

export type EcAlgorithm = 'ES256' | 'ES384'

/** A public key x || y with its signature algorithm. */
export interface EcPublicKey {
  readonly algorithm: EcAlgorithm
  readonly publicKey: Uint8Array
}

export interface Signer extends EcPublicKey {
  readonly privateKey: Uint8Array
}

/** Not DER, not X.509, another kind of key, or a signature that does not fit. */
export class X509Error extends Error {
  readonly kind: 'malformed' | 'unsupported-key' | 'bad-signature'
  constructor(kind: X509Error['kind'], options?: ErrorOptions) {
    super(`X.509: ${kind}`, options)
    this.name = 'X509Error'
    this.kind = kind
  }
}

const algorithms = {
  ES256: { curve: id_secp256r1, signature: id_ecdsaWithSHA256, coordinate: 32 },
  ES384: { curve: id_secp384r1, signature: id_ecdsaWithSHA384, coordinate: 48 },
} as const satisfies Record<EcAlgorithm, unknown>

/** RFC 4519 names: 2.3 commonName, 2.31 serialNumber (X.520), 2.19 organizationName. */
const ATTRIBUTES = { CN: '2.5.4.3', serialNumber: '2.5.4.5', O: '2.5.4.10' } as const
export type Subject = { readonly [K in keyof typeof ATTRIBUTES]?: string }

function der(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(AsnConvert.serialize(value))
}

/** DER exactly: what is written again from the parsed form must be what was read (RFC 5280 section 4.1). */
function parse<T>(type: new () => T, bytes: Uint8Array): T {
  let value: T
  let again: Uint8Array
  try {
    value = AsnConvert.parse(bytes, type)
    again = der(value)
  } catch (cause) {
    throw new X509Error('malformed', { cause })
  }
  if (!equalConstantTime(again, bytes)) throw new X509Error('malformed')
  return value
}

function encodeName(subject: Subject): Name {
  const parts = (Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[]).flatMap((key) => {
    const text = subject[key]
    // serialNumber is a PrintableString (RFC 5280 appendix A.1), the others may be UTF-8.
    const value = key === 'serialNumber' ? { printableString: text } : { utf8String: text }
    return text === undefined
      ? []
      : [new AttributeTypeAndValue({ type: ATTRIBUTES[key], value: new AttributeValue(value as Partial<AttributeValue>) })]
  })
  return new Name(parts.map((part) => new RelativeDistinguishedName([part])))
}

function encodePublicKey(key: EcPublicKey): SubjectPublicKeyInfo {
  const parameters = AsnConvert.serialize(new ECParameters({ namedCurve: algorithms[key.algorithm].curve }))
  return new SubjectPublicKeyInfo({
    algorithm: new AlgorithmIdentifier({ algorithm: id_ecPublicKey, parameters }),
    subjectPublicKey: concat(Uint8Array.of(4), key.publicKey).buffer,
  })
}

/** SubjectPublicKeyInfo (RFC 5480) of an uncompressed point. */
export function subjectPublicKeyInfo(key: EcPublicKey): Uint8Array {
  return der(encodePublicKey(key))
}

function decodePublicKey(info: SubjectPublicKeyInfo): EcPublicKey {
  const { algorithm: identifier, parameters } = info.algorithm
  if (identifier !== id_ecPublicKey || !(parameters instanceof ArrayBuffer)) throw new X509Error('unsupported-key')
  const { namedCurve } = parse(ECParameters, new Uint8Array(parameters))
  const algorithm = namedCurve === id_secp256r1 ? 'ES256' : namedCurve === id_secp384r1 ? 'ES384' : undefined
  const point = new Uint8Array(info.subjectPublicKey)
  if (algorithm === undefined || point[0] !== 4 || point.length !== 1 + 2 * algorithms[algorithm].coordinate) {
    throw new X509Error('unsupported-key')
  }
  return { algorithm, publicKey: point.slice(1) }
}

function decodeSignature(algorithm: EcAlgorithm, bytes: ArrayBuffer): Uint8Array {
  try {
    return derToRaw(new Uint8Array(bytes), algorithms[algorithm].coordinate)
  } catch (cause) {
    throw new X509Error('bad-signature', { cause })
  }
}

/** RFC 7093 section 2, method 1: the leftmost 160 bits of the SHA-256 of the key's bits. */
function keyIdentifier(crypto: Crypto, publicKey: Uint8Array): ArrayBuffer {
  return crypto.hash('SHA-256', concat(Uint8Array.of(4), publicKey)).slice(0, 20).buffer as ArrayBuffer
}

export type CertificateUse =
  | { readonly kind: 'authority' }
  /** Signs EDHOC messages and notices. */
  | { readonly kind: 'endpoint'; readonly dnsName?: string; readonly purposes?: readonly string[]; readonly uri?: string }

export interface CertificateOptions {
  readonly crypto: Crypto
  readonly issuer: { readonly subject: Subject; readonly key: Signer }
  readonly subject: Subject
  readonly key: EcPublicKey
  readonly notBefore: number
  readonly notAfter: number
  readonly use: CertificateUse
}

function extension(extnID: string, critical: boolean, value: unknown): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

/** A version 3 certificate, DER. Times in milliseconds, kept to the second. */
export function issueCertificate(options: CertificateOptions): Uint8Array {
  const { crypto, issuer, use } = options
  const authority = use.kind === 'authority'
  const names =
    use.kind === 'authority'
      ? []
      : [
          ...(use.dnsName === undefined ? [] : [new GeneralName({ dNSName: use.dnsName })]),
          ...(use.uri === undefined ? [] : [new GeneralName({ uniformResourceIdentifier: use.uri })]),
        ]
  const purposes = use.kind === 'authority' ? undefined : use.purposes
  // 16 random bytes, positive and not short (RFC 5280 section 4.1.2.2).
  const serialNumber = crypto.randomBytes(16)
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x7f) | 0x40
  const signature = new AlgorithmIdentifier({ algorithm: algorithms[issuer.key.algorithm].signature })
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: concat(serialNumber).buffer,
    signature,
    issuer: encodeName(issuer.subject),
    validity: new Validity({
      notBefore: new Time(wholeSecond(options.notBefore)),
      notAfter: new Time(wholeSecond(options.notAfter)),
    } as never),
    subject: encodeName(options.subject),
    subjectPublicKeyInfo: encodePublicKey(options.key),
    extensions: new Extensions([
      extension(
        id_ce_basicConstraints,
        true,
        new BasicConstraints(authority ? { cA: true, pathLenConstraint: 0 } : { cA: false }),
      ),
      extension(id_ce_keyUsage, true, new KeyUsage(authority ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature)),
      ...(purposes === undefined ? [] : [extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([...purposes]))]),
      ...(names.length === 0 ? [] : [extension(id_ce_subjectAltName, false, new SubjectAlternativeName(names))]),
      extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier(crypto, options.key.publicKey))),
      extension(
        id_ce_authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(crypto, issuer.key.publicKey)) }),
      ),
    ]),
  })
  const signed = crypto.sign(issuer.key.algorithm, issuer.key.privateKey, der(tbs))
  return der(new Certificate({ tbsCertificate: tbs, signatureAlgorithm: signature, signatureValue: rawToDer(signed).buffer }))
}

function wholeSecond(time: number): Date {
  return new Date(Math.floor(time / 1000) * 1000)
}

export interface ParsedCertificate extends EcPublicKey {
  readonly notBefore: number
  readonly notAfter: number
}

/** Only what a linked card's certificate must tell: key and validity. Throws an X509Error. */
export function parseCertificate(certificate: Uint8Array): ParsedCertificate {
  const { tbsCertificate: tbs } = parse(Certificate, certificate)
  return {
    ...decodePublicKey(tbs.subjectPublicKeyInfo),
    notBefore: tbs.validity.notBefore.getTime().getTime(),
    notAfter: tbs.validity.notAfter.getTime().getTime(),
  }
}

/** Whether the issuer's key signed it. Throws an X509Error where it cannot be read. */
export function isSignedBy(crypto: Crypto, certificate: Uint8Array, issuer: EcPublicKey): boolean {
  const parsed = parse(Certificate, certificate)
  if (parsed.signatureAlgorithm.algorithm !== algorithms[issuer.algorithm].signature) return false
  const signature = decodeSignature(issuer.algorithm, parsed.signatureValue)
  return crypto.verify(issuer.algorithm, issuer.publicKey, der(parsed.tbsCertificate), signature)
}

/** Verifies the request's own signature (proof of possession, RFC 2986 section 3) and returns its key. Throws an X509Error. */
export function verifyCertificateRequest(crypto: Crypto, request: Uint8Array): EcPublicKey {
  const parsed = parse(CertificationRequest, request)
  const key = decodePublicKey(parsed.certificationRequestInfo.subjectPKInfo)
  if (parsed.signatureAlgorithm.algorithm !== algorithms[key.algorithm].signature) throw new X509Error('bad-signature')
  const signature = decodeSignature(key.algorithm, parsed.signature)
  if (!crypto.verify(key.algorithm, key.publicKey, der(parsed.certificationRequestInfo), signature))
    throw new X509Error('bad-signature')
  return key
}
