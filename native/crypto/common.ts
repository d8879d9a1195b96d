/** What the parts of the crypto port's adapter share. */

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

/** A plain Uint8Array: a Buffer's `slice` shares memory, which callers must not meet. */
export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer)
}

export function expectLength(algorithm: string, what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new CryptoError('bad-input', algorithm, `${algorithm}: the ${what} must have ${length} bytes, not ${bytes.length}`)
  }
}
