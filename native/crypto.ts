/**
 * The crypto port over node:crypto. Runs on Node 26 (OpenSSL) and on Electron 22's Node 16 (BoringSSL), which knows
 * neither AES-CCM nor a private key in JWK form without its public half; hence the DER prefixes below.
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
  getCiphers,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { concat, fromHex } from '../protocol/bytes.ts'
import type { AeadAlgorithm, BlockCipher, Crypto, Group, HashAlgorithm, KeyPair, SignatureAlgorithm } from '../protocol/crypto.ts'

export type CryptoErrorKind =
  /** This runtime's library has no such cipher (AES-CCM in Electron). Data: its name. */
  | 'unsupported-algorithm'
  /** A key, nonce or block of the wrong length, or a private key outside its range: a mistake of the caller, not of a peer. */
  | 'bad-input'

export class CryptoError extends Error {
  readonly kind: CryptoErrorKind
  readonly algorithm: string
  constructor(kind: CryptoErrorKind, algorithm: string, message: string) {
    super(message)
    this.name = 'CryptoError'
    this.kind = kind
    this.algorithm = algorithm
  }
}

const hashNames = { 'SHA-256': 'sha256', 'SHA-384': 'sha384' } as const satisfies Record<HashAlgorithm, string>
const hashLengths = { 'SHA-256': 32, 'SHA-384': 48 } as const satisfies Record<HashAlgorithm, number>

/** RFC 9053 sections 4.1 and 4.2: name in OpenSSL, lengths in bytes. */
const aeads = {
  'AES-CCM-16-64-128': { name: 'aes-128-ccm', ccm: true, keyLength: 16, nonceLength: 13, tagLength: 8 },
  'AES-CCM-16-128-128': { name: 'aes-128-ccm', ccm: true, keyLength: 16, nonceLength: 13, tagLength: 16 },
  A128GCM: { name: 'aes-128-gcm', ccm: false, keyLength: 16, nonceLength: 12, tagLength: 16 },
  A256GCM: { name: 'aes-256-gcm', ccm: false, keyLength: 32, nonceLength: 12, tagLength: 16 },
} as const satisfies Record<AeadAlgorithm, unknown>

/** NIST SP 800-78-5 table 9. */
const blockCiphers = {
  '3DES': { name: 'des-ede3-ecb', keyLength: 24, blockLength: 8 },
  'AES-128': { name: 'aes-128-ecb', keyLength: 16, blockLength: 16 },
  'AES-192': { name: 'aes-192-ecb', keyLength: 24, blockLength: 16 },
  'AES-256': { name: 'aes-256-ecb', keyLength: 32, blockLength: 16 },
} as const satisfies Record<BlockCipher, unknown>

type Curve = Group | 'Ed25519'
type NistCurve = 'P-256' | 'P-384'

/**
 * The bytes before the key in PKCS #8 (RFC 5958; the EC content is RFC 5915 without its optional public key, the
 * 25519 ones are RFC 8410 section 7) and in SubjectPublicKeyInfo (RFC 5480, RFC 8410 section 4).
 */
const curves = {
  X25519: {
    privateLength: 32,
    publicLength: 32,
    pkcs8: fromHex('302e020100300506032b656e04220420'),
    spki: fromHex('302a300506032b656e032100'),
  },
  Ed25519: {
    privateLength: 32,
    publicLength: 32,
    pkcs8: fromHex('302e020100300506032b657004220420'),
    spki: fromHex('302a300506032b6570032100'),
  },
  'P-256': {
    privateLength: 32,
    publicLength: 64,
    pkcs8: fromHex('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420'),
    spki: fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
  },
  'P-384': {
    privateLength: 48,
    publicLength: 96,
    pkcs8: fromHex('304e020100301006072a8648ce3d020106052b81040022043730350201010430'),
    spki: fromHex('3076301006072a8648ce3d020106052b8104002203620004'),
  },
} as const satisfies Record<Curve, unknown>

const nistNames = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' } as const satisfies Record<NistCurve, string>

const signatures = {
  ES256: { curve: 'P-256', hash: 'sha256', length: 64 },
  ES384: { curve: 'P-384', hash: 'sha384', length: 96 },
  EdDSA: { curve: 'Ed25519', hash: undefined, length: 64 },
} as const satisfies Record<SignatureAlgorithm, { curve: Curve; hash: string | undefined; length: number }>

/** A plain Uint8Array: a Buffer's `slice` shares memory, which callers must not meet. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer)
}

function expectLength(algorithm: string, what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new CryptoError('bad-input', algorithm, `${algorithm}: the ${what} must have ${length} bytes, not ${bytes.length}`)
  }
}

function importPrivateKey(curve: Curve, privateKey: Uint8Array): KeyObject {
  const { pkcs8, privateLength } = curves[curve]
  expectLength(curve, 'private key', privateKey, privateLength)
  const der = Buffer.concat([pkcs8, privateKey])
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    throw new CryptoError('bad-input', curve, `${curve}: the private key is outside its range`)
  } finally {
    der.fill(0)
  }
}

/** Undefined for a wrong length and for a point off the curve. */
function importPublicKey(curve: Curve, publicKey: Uint8Array): KeyObject | undefined {
  const { spki, publicLength } = curves[curve]
  if (publicKey.length !== publicLength) return undefined
  try {
    return createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function exportPublicKey(curve: Curve, key: KeyObject): Uint8Array {
  return plain(key.export({ format: 'der', type: 'spki' }).subarray(curves[curve].spki.length))
}

let knownCiphers: ReadonlySet<string> | undefined

function cipherOf(algorithm: AeadAlgorithm, key: Uint8Array, nonce: Uint8Array) {
  const aead = aeads[algorithm]
  knownCiphers ??= new Set(getCiphers())
  if (!knownCiphers.has(aead.name) && !knownCiphers.has(`id-${aead.name}`)) {
    throw new CryptoError('unsupported-algorithm', algorithm, `${algorithm}: this runtime has no ${aead.name}`)
  }
  expectLength(algorithm, 'key', key, aead.keyLength)
  expectLength(algorithm, 'nonce', nonce, aead.nonceLength)
  return aead
}

function aeadSeal(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const { name, ccm, tagLength } = cipherOf(algorithm, key, nonce)
  if (ccm) {
    const cipher = createCipheriv(name, key, nonce, { authTagLength: tagLength })
    cipher.setAAD(aad, { plaintextLength: plaintext.length })
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return concat(ciphertext, cipher.getAuthTag())
  }
  const cipher = createCipheriv(name, key, nonce, { authTagLength: tagLength })
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return concat(ciphertext, cipher.getAuthTag())
}

function aeadOpen(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const { name, ccm, tagLength } = cipherOf(algorithm, key, nonce)
  if (sealed.length < tagLength) return undefined
  const ciphertext = sealed.subarray(0, sealed.length - tagLength)
  const tag = sealed.subarray(sealed.length - tagLength)
  try {
    if (ccm) {
      const decipher = createDecipheriv(name, key, nonce, { authTagLength: tagLength })
      decipher.setAuthTag(tag)
      decipher.setAAD(aad, { plaintextLength: ciphertext.length })
      // With CCM it is update that checks the tag and throws.
      const plaintext = decipher.update(ciphertext)
      decipher.final()
      return plain(plaintext)
    }
    const decipher = createDecipheriv(name, key, nonce, { authTagLength: tagLength })
    decipher.setAuthTag(tag)
    decipher.setAAD(aad)
    const plaintext = decipher.update(ciphertext)
    decipher.final()
    return plain(plaintext)
  } catch {
    return undefined
  }
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
  if (group === 'X25519') {
    const { privateKey, publicKey } = generateKeyPairSync('x25519')
    const der = privateKey.export({ format: 'der', type: 'pkcs8' })
    return {
      privateKey: plain(der.subarray(curves.X25519.pkcs8.length)),
      publicKey: exportPublicKey('X25519', publicKey),
    }
  }
  const ecdh = createECDH(nistNames[group])
  const publicKey = plain(ecdh.generateKeys().subarray(1))
  const privateKey = new Uint8Array(curves[group].privateLength)
  const scalar = ecdh.getPrivateKey()
  // The library drops leading zeros of the scalar.
  privateKey.set(scalar, privateKey.length - scalar.length)
  return { privateKey, publicKey }
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
  const { name, keyLength, blockLength } = blockCiphers[cipher]
  expectLength(cipher, 'key', key, keyLength)
  expectLength(cipher, 'block', input, blockLength)
  const transform = decrypt ? createDecipheriv(name, key, null) : createCipheriv(name, key, null)
  transform.setAutoPadding(false)
  return concat(transform.update(input), transform.final())
}

export const nodeCrypto: Crypto = {
  randomBytes: (length) => plain(randomBytes(length)),
  hash: (algorithm, data) => plain(createHash(hashNames[algorithm]).update(data).digest()),
  hmac,
  hkdfExtract: (algorithm, salt, inputKey) => hmac(algorithm, salt, inputKey),
  hkdfExpand,
  aeadSeal,
  aeadOpen,
  generateKeyPair,
  publicKey: (group, privateKey) => exportPublicKey(group, createPublicKey(importPrivateKey(group, privateKey))),
  sharedSecret,
  decompressPoint(group, x) {
    if (x.length !== curves[group].privateLength) return undefined
    try {
      // SEC 1 section 2.3.4: 02 says that y is even; either y serves.
      const compressed = concat(Uint8Array.of(2), x)
      return plain((ECDH.convertKey(compressed, nistNames[group], undefined, undefined, 'uncompressed') as Buffer).subarray(1))
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
