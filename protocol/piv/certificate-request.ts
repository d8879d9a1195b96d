/**
 * A certificate request (PKCS #10, RFC 2986) that a card signs: what is to be signed first, the request with the card's
 * signature after. ECDSA with SHA-256 on P-256 and SHA-384 on P-384 (RFC 5758 section 3.2).
 */

import { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr'
import {
  ECParameters,
  id_ecdsaWithSHA256,
  id_ecdsaWithSHA384,
  id_ecPublicKey,
  id_secp256r1,
  id_secp384r1,
} from '@peculiar/asn1-ecc'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509'
import { concat } from '../bytes.ts'
import type { Crypto } from '../crypto.ts'
import { FIELD_BYTES, type KeyAlgorithm } from './constants.ts'
import { rawToDer } from './ecdsa-signature.ts'

export interface RequestSubject {
  /** At most 64 characters (RFC 5280 appendix A.1, ub-common-name). */
  readonly commonName: string
}

export interface PreparedRequest {
  /** What the card signs: the digest of the CertificationRequestInfo. */
  readonly digest: Uint8Array
  /** The request in DER. `signature` is r || s. */
  assemble(signature: Uint8Array): Uint8Array
}

/** RFC 5280 appendix A.1. */
const ID_AT_COMMON_NAME = '2.5.4.3'

/** `publicKey` is x || y. Throws a RangeError where it or the name has another length. */
export function prepareCertificateRequest(
  crypto: Crypto,
  algorithm: KeyAlgorithm,
  publicKey: Uint8Array,
  subject: RequestSubject,
): PreparedRequest {
  if (publicKey.length !== 2 * FIELD_BYTES[algorithm]) throw new RangeError('a public key is x || y')
  if (subject.commonName.length < 1 || subject.commonName.length > 64)
    throw new RangeError('a common name has 1 to 64 characters')
  const { curve, signatureAlgorithm, hash } = ALGORITHMS[algorithm]
  const info = new CertificationRequestInfo({
    subject: nameOf(subject),
    subjectPKInfo: new SubjectPublicKeyInfo({
      algorithm: new AlgorithmIdentifier({
        algorithm: id_ecPublicKey,
        parameters: AsnConvert.serialize(new ECParameters({ namedCurve: curve })),
      }),
      subjectPublicKey: concat(Uint8Array.of(0x04), publicKey).buffer,
    }),
    // No attributes, but present: RFC 2986 section 4.1 does not make the field optional.
    attributes: new Attributes([]),
  })
  const infoDer = AsnConvert.serialize(info)
  return {
    digest: crypto.hash(hash, new Uint8Array(infoDer)),
    assemble(signature) {
      if (signature.length !== publicKey.length) throw new RangeError('a signature is r || s')
      const request = new CertificationRequest({
        certificationRequestInfo: info,
        signatureAlgorithm: new AlgorithmIdentifier({ algorithm: signatureAlgorithm }),
        signature: rawToDer(signature).buffer,
      })
      return new Uint8Array(AsnConvert.serialize(request))
    },
  }
}

const ALGORITHMS = {
  'P-256': { curve: id_secp256r1, signatureAlgorithm: id_ecdsaWithSHA256, hash: 'SHA-256' },
  'P-384': { curve: id_secp384r1, signatureAlgorithm: id_ecdsaWithSHA384, hash: 'SHA-384' },
} as const

function nameOf({ commonName }: RequestSubject): Name {
  const value = new AttributeValue({ utf8String: commonName })
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: ID_AT_COMMON_NAME, value })])])
}
