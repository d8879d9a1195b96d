/**
 * The cryptography that protocol/ needs, as a port: protocol/ never imports a crypto library.
 * The adapter over node:crypto is native/crypto.ts.
 *
 * Key formats: X25519 and Ed25519 keys are 32 bytes. A P-256 or P-384 private key is the scalar
 * (32 or 48 bytes), a public key is x || y without a prefix (64 or 96 bytes). ECDSA signatures are
 * r || s (RFC 9053 section 2.1).
 */

export type HashAlgorithm = 'SHA-256' | 'SHA-384'

/** Key agreement groups of the EDHOC cipher suites in use (RFC 9528 section 3.6). */
export type Group = 'X25519' | 'P-256' | 'P-384'

export type SignatureAlgorithm = 'ES256' | 'ES384' | 'EdDSA'

export type AeadAlgorithm =
  | 'AES-CCM-16-64-128' // COSE 10 (RFC 9053 section 4.2): nonce 13 bytes, tag 8
  | 'AES-CCM-16-128-128' // COSE 30: nonce 13, tag 16
  | 'A128GCM' // COSE 1 (RFC 9053 section 4.1): nonce 12, tag 16
  | 'A256GCM' // COSE 3: nonce 12, tag 16

/** Block ciphers of the PIV card management key (NIST SP 800-78-5 table 9), one ECB block at a time. */
export type BlockCipher = '3DES' | 'AES-128' | 'AES-192' | 'AES-256'

/**
 * One key for many messages to seal. Most of what a message costs can be done before it is there, where its nonce is known:
 * a counter's next one, say. What was prepared serves one `seal` at most, and none but that of its own nonce.
 */
export interface Sealer {
  /** Returns ciphertext || tag. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The nonce that most likely comes next: whatever the adapter wants to prepare, once there is nothing else to do. */
  expect(nonce: Uint8Array): void
  /** Forgets what was prepared; the key is the caller's to wipe. */
  close(): void
}

/** The same for many messages to open. */
export interface Opener {
  /** Undefined where the tag does not fit. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
  expect(nonce: Uint8Array): void
  close(): void
}

export interface KeyPair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

export interface Crypto {
  randomBytes(length: number): Uint8Array
  hash(algorithm: HashAlgorithm, data: Uint8Array): Uint8Array
  hmac(algorithm: HashAlgorithm, key: Uint8Array, data: Uint8Array): Uint8Array
  /** HKDF-Extract and HKDF-Expand of RFC 5869. */
  hkdfExtract(algorithm: HashAlgorithm, salt: Uint8Array, inputKey: Uint8Array): Uint8Array
  hkdfExpand(algorithm: HashAlgorithm, prk: Uint8Array, info: Uint8Array, length: number): Uint8Array
  /** Returns ciphertext || tag. */
  aeadSeal(algorithm: AeadAlgorithm, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** Returns undefined where the tag does not fit. */
  aeadOpen(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined
  /** Both use this very array, which stays the caller's. */
  sealer(algorithm: AeadAlgorithm, key: Uint8Array): Sealer
  opener(algorithm: AeadAlgorithm, key: Uint8Array): Opener
  generateKeyPair(group: Group): KeyPair
  publicKey(group: Group | 'Ed25519', privateKey: Uint8Array): Uint8Array
  /** The raw shared secret (the x coordinate for the NIST curves); undefined for a point off the curve or of low order. */
  sharedSecret(group: Group, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined
  /** The point x || y of that x coordinate (either y); undefined where no point of the curve has it. */
  decompressPoint(group: 'P-256' | 'P-384', x: Uint8Array): Uint8Array | undefined
  sign(algorithm: SignatureAlgorithm, privateKey: Uint8Array, message: Uint8Array): Uint8Array
  /** False for a bad signature, a signature of the wrong length and a public key off the curve. */
  verify(algorithm: SignatureAlgorithm, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  encryptBlock(cipher: BlockCipher, key: Uint8Array, block: Uint8Array): Uint8Array
  decryptBlock(cipher: BlockCipher, key: Uint8Array, block: Uint8Array): Uint8Array
}
