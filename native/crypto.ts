/**
 * The crypto port over node:crypto. Runs on Node 26 (OpenSSL) and on Electron 22's Node 16 (BoringSSL), which has
 * no AES-CCM.
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  ECDH,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomInt,
  sign,
  verify,
  type webcrypto,
} from 'node:crypto'
import { concat, fromHex } from '../protocol/bytes.ts'
import type { BlockCipher, Crypto, Group, HashAlgorithm, KeyPair, SignatureAlgorithm } from '../protocol/crypto.ts'
import { createOpener, createSealer } from './crypto/aead.ts'
import { CryptoError, expectLength, plain } from './crypto/common.ts'

export { CryptoError, type CryptoErrorKind } from './crypto/common.ts'

const hashNames = { 'SHA-256': 'sha256', 'SHA-384': 'sha384' } as const satisfies Record<HashAlgorithm, string>
const hashLengths = { 'SHA-256': 32, 'SHA-384': 48 } as const satisfies Record<HashAlgorithm, number>

/** NIST SP 800-78-5 table 9. BoringSSL has no ECB for 3DES; CBC of one block with a zero IV is the same. */
const blockCiphers = {
  '3DES': { name: 'des-ede3-cbc', iv: new Uint8Array(8), keyLength: 24, blockLength: 8 },
  'AES-128': { name: 'aes-128-ecb', iv: null, keyLength: 16, blockLength: 16 },
  'AES-192': { name: 'aes-192-ecb', iv: null, keyLength: 24, blockLength: 16 },
  'AES-256': { name: 'aes-256-ecb', iv: null, keyLength: 32, blockLength: 16 },
} as const satisfies Record<BlockCipher, unknown>

type NistCurve = 'P-256' | 'P-384'
type Curve = Group | 'Ed25519'

/**
 * Bytes of a coordinate (of the key itself for the 25519 curves), and the library's names. Keys pass through JWK
 * (RFC 7517, RFC 8037): the first one read that way takes a third of the time of DER, later ones the same.
 */
const curves = {
  X25519: { kty: 'OKP', size: 32 },
  Ed25519: { kty: 'OKP', size: 32 },
  'P-256': { kty: 'EC', size: 32, name: 'prime256v1' },
  'P-384': { kty: 'EC', size: 48, name: 'secp384r1' },
} as const satisfies Record<Curve, unknown>

/** PKCS #8 before the 32 bytes of the key (RFC 8410 section 7): JWK would want the public key too, which only the import can tell. */
const okpPrefix = {
  X25519: fromHex('302e020100300506032b656e04220420'),
  Ed25519: fromHex('302e020100300506032b657004220420'),
} as const

const signatures = {
  ES256: { curve: 'P-256', hash: 'sha256', length: 64 },
  ES384: { curve: 'P-384', hash: 'sha384', length: 96 },
  EdDSA: { curve: 'Ed25519', hash: undefined, length: 64 },
} as const satisfies Record<SignatureAlgorithm, { curve: Curve; hash: string | undefined; length: number }>

/**
 * Reading a private key computes its public half, which costs P-384 as much as signing. So what was read stays beside the
 * very array that the caller holds, as long as that lives and its content is the same; a sum tells the latter without
 * keeping a second copy of the secret.
 */
const privateKeys = new WeakMap<Uint8Array, { readonly curve: Curve; readonly sum: number; readonly key: KeyObject }>()

/** A prime: with weights nobody knows, two contents have the same sum once in that many times (a universal hash). */
const SUM_MODULUS = 2 ** 31 - 1
const weights = Array.from({ length: 48 }, () => randomInt(SUM_MODULUS))

/** Exact: 48 products below 2^39. A digest would take a fifth of the time of a signature in a process that was idle before. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 1) sum += (bytes[i] as number) * (weights[i] as number)
  return sum % SUM_MODULUS
}

function importPrivateKey(curve: Curve, privateKey: Uint8Array): KeyObject {
  expectLength(curve, 'private key', privateKey, curves[curve].size)
  const known = privateKeys.get(privateKey)
  const sum = sumOf(privateKey)
  if (known !== undefined && known.curve === curve && known.sum === sum) return known.key
  let key: KeyObject
  try {
    key = isNist(curve) ? importScalar(curve, privateKey) : importOkpPrivateKey(curve, privateKey)
  } catch {
    throw new CryptoError('bad-input', curve, `${curve}: the private key is outside its range`)
  }
  privateKeys.set(privateKey, { curve, sum, key })
  return key
}

function isNist(curve: Curve): curve is NistCurve {
  return curves[curve].kty === 'EC'
}

function importScalar(curve: NistCurve, privateKey: Uint8Array): KeyObject {
  const jwk = { ...publicJwk(curve, scalarToPublicKey(curve, privateKey)), d: Buffer.from(privateKey).toString('base64url') }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

function importOkpPrivateKey(curve: 'X25519' | 'Ed25519', privateKey: Uint8Array): KeyObject {
  const der = Buffer.concat([okpPrefix[curve], privateKey])
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

function scalarToPublicKey(curve: NistCurve, privateKey: Uint8Array): Uint8Array {
  const ecdh = createECDH(curves[curve].name)
  ecdh.setPrivateKey(privateKey)
  return plain(ecdh.getPublicKey().subarray(1))
}

function publicKeyLength(curve: Curve): number {
  return isNist(curve) ? 2 * curves[curve].size : curves[curve].size
}

function publicJwk(curve: Curve, publicKey: Uint8Array): webcrypto.JsonWebKey {
  const { kty, size } = curves[curve]
  const coordinate = (from: number): string => Buffer.from(publicKey.subarray(from, from + size)).toString('base64url')
  return kty === 'EC' ? { kty, crv: curve, x: coordinate(0), y: coordinate(size) } : { kty, crv: curve, x: coordinate(0) }
}

/** Reading a public key takes a quarter of the time of a verification: as with private keys, what was read stays beside the array. */
const publicKeys = new WeakMap<Uint8Array, { readonly curve: Curve; readonly content: Uint8Array; readonly key: KeyObject }>()

/** Undefined for a wrong length and for a point off the curve. */
function importPublicKey(curve: Curve, publicKey: Uint8Array): KeyObject | undefined {
  const known = publicKeys.get(publicKey)
  if (known !== undefined && known.curve === curve && Buffer.compare(known.content, publicKey) === 0) return known.key
  if (publicKey.length !== publicKeyLength(curve)) return undefined
  try {
    const key = createPublicKey({ key: publicJwk(curve, publicKey), format: 'jwk' })
    publicKeys.set(publicKey, { curve, content: publicKey.slice(), key })
    return key
  } catch {
    return undefined
  }
}

function exportPublicKey(curve: Curve, key: KeyObject): Uint8Array {
  return fromJwk(curve, key.export({ format: 'jwk' })).publicKey
}

function fromJwk(curve: Curve, jwk: webcrypto.JsonWebKey): KeyPair {
  const bytes = (value = ''): Uint8Array => plain(Buffer.from(value, 'base64url'))
  return { privateKey: bytes(jwk.d), publicKey: isNist(curve) ? concat(bytes(jwk.x), bytes(jwk.y)) : bytes(jwk.x) }
}

function hmac(algorithm: HashAlgorithm, key: Uint8Array, data: Uint8Array): Uint8Array {
  return plain(createHmac(hashNames[algorithm], key).update(data).digest())
}

function hkdfExpand(algorithm: HashAlgorithm, prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const hashLength = hashLengths[algorithm]
  if (!Number.isInteger(length) || length < 0 || length > 255 * hashLength) {
    throw new CryptoError('bad-input', 'HKDF', `HKDF-Expand gives at most ${255 * hashLength} bytes (RFC 5869 section 2.3)`)
  }
  const output = new Uint8Array(length)
  let block = new Uint8Array(0) as Uint8Array
  for (let counter = 1, offset = 0; offset < length; counter += 1, offset += hashLength) {
    block = hmac(algorithm, prk, concat(block, info, Uint8Array.of(counter)))
    output.set(block.subarray(0, length - offset), offset)
  }
  return output
}

function generateKeyPair(group: Group): KeyPair {
  const { privateKey: key } = isNist(group)
    ? generateKeyPairSync('ec', { namedCurve: curves[group].name })
    : generateKeyPairSync('x25519')
  const pair = fromJwk(group, key.export({ format: 'jwk' }))
  privateKeys.set(pair.privateKey, { curve: group, sum: sumOf(pair.privateKey), key })
  return pair
}

function sharedSecret(group: Group, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  const own = importPrivateKey(group, privateKey)
  const peer = importPublicKey(group, publicKey)
  if (peer === undefined) return undefined
  try {
    const secret = plain(diffieHellman({ privateKey: own, publicKey: peer }))
    // RFC 7748 section 6.1: an X25519 point of low order gives zero. OpenSSL refuses it by itself; other libraries need not.
    return secret.some((byte) => byte !== 0) ? secret : undefined
  } catch {
    return undefined
  }
}

function block(decrypt: boolean, cipher: BlockCipher, key: Uint8Array, input: Uint8Array): Uint8Array {
  const { name, iv, keyLength, blockLength } = blockCiphers[cipher]
  expectLength(cipher, 'key', key, keyLength)
  expectLength(cipher, 'block', input, blockLength)
  const transform = decrypt ? createDecipheriv(name, key, iv) : createCipheriv(name, key, iv)
  transform.setAutoPadding(false)
  return concat(transform.update(input), transform.final())
}

export const nodeCrypto: Crypto = {
  randomBytes: (length) => plain(randomBytes(length)),
  hash: (algorithm, data) => plain(createHash(hashNames[algorithm]).update(data).digest()),
  hmac,
  hkdfExtract: (algorithm, salt, inputKey) => hmac(algorithm, salt, inputKey),
  hkdfExpand,
  aeadSeal: (algorithm, key, ...message) => createSealer(algorithm, key).seal(...message),
  aeadOpen: (algorithm, key, ...message) => createOpener(algorithm, key).open(...message),
  sealer: createSealer,
  opener: createOpener,
  generateKeyPair,
  publicKey: (group, privateKey) => exportPublicKey(group, createPublicKey(importPrivateKey(group, privateKey))),
  sharedSecret,
  decompressPoint(group, x) {
    if (x.length !== curves[group].size) return undefined
    try {
      // SEC 1 section 2.3.4: 02 says that y is even; either y serves.
      const compressed = concat(Uint8Array.of(2), x)
      return plain((ECDH.convertKey(compressed, curves[group].name, undefined, undefined, 'uncompressed') as Buffer).subarray(1))
    } catch {
      return undefined
    }
  },
  sign(algorithm, privateKey, message) {
    const { curve, hash } = signatures[algorithm]
    return plain(sign(hash, message, { key: importPrivateKey(curve, privateKey), dsaEncoding: 'ieee-p1363' }))
  },
  verify(algorithm, publicKey, message, signature) {
    const { curve, hash, length } = signatures[algorithm]
    const key = importPublicKey(curve, publicKey)
    if (key === undefined || signature.length !== length) return false
    try {
      return verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    } catch {
      return false
    }
  },
  encryptBlock: (cipher, key, input) => block(false, cipher, key, input),
  decryptBlock: (cipher, key, input) => block(true, cipher, key, input),
}
