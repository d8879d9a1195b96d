/**
 * AEADs by node:crypto. Making a cipher costs more than encrypting a short message with it, several times more where the
 * process was idle before, so the one for the next nonce is made beforehand (docs/performance.md).
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv, getCipherInfo } from 'node:crypto'
import { concat, equalConstantTime } from '../../protocol/bytes.ts'
import type { AeadAlgorithm, Opener, Sealer } from '../../protocol/crypto.ts'
import { CryptoError, expectLength } from './common.ts'

/** RFC 9053 sections 4.1 and 4.2: name in OpenSSL, lengths in bytes. */
const aeads = {
  'AES-CCM-16-64-128': { name: 'aes-128-ccm', ccm: true, keyLength: 16, nonceLength: 13, tagLength: 8 },
  'AES-CCM-16-128-128': { name: 'aes-128-ccm', ccm: true, keyLength: 16, nonceLength: 13, tagLength: 16 },
  A128GCM: { name: 'aes-128-gcm', ccm: false, keyLength: 16, nonceLength: 12, tagLength: 16 },
  A256GCM: { name: 'aes-256-gcm', ccm: false, keyLength: 32, nonceLength: 12, tagLength: 16 },
} as const satisfies Record<AeadAlgorithm, unknown>

const available = new Map<string, boolean>()

/** Asked once: the library looks a name up as long as it takes to encrypt a message. */
function isAvailable(name: string): boolean {
  let known = available.get(name)
  if (known === undefined) {
    known = getCipherInfo(name) !== undefined
    available.set(name, known)
  }
  return known
}

/** So many ciphers lie ready in a process, of which each takes some kilobytes: a gateway's channels are mostly quiet. */
const MOST_READY = 512
/** In the order in which they were made. */
const ready = new Set<Preparation<unknown>>()

/** What `make` gives for a nonce, made beforehand for at most one nonce, and handed out once. */
class Preparation<C> {
  readonly #make: (nonce: Uint8Array) => C
  #next: { readonly nonce: Uint8Array; readonly cipher: C | undefined } | undefined
  #immediate: NodeJS.Immediate | undefined

  constructor(make: (nonce: Uint8Array) => C) {
    this.#make = make
  }

  /** After whatever is under way now: the message that made this one the next may not have left yet. */
  expect(nonce: Uint8Array): void {
    this.forget()
    this.#next = { nonce, cipher: undefined }
    this.#immediate = setImmediate(() => this.#prepare(nonce))
  }

  take(nonce: Uint8Array): C {
    const next = this.#next
    this.forget()
    return next?.cipher !== undefined && equalConstantTime(next.nonce, nonce) ? next.cipher : this.#make(nonce)
  }

  forget(): void {
    clearImmediate(this.#immediate)
    this.#next = undefined
    ready.delete(this)
  }

  #prepare(nonce: Uint8Array): void {
    this.#next = { nonce, cipher: this.#make(nonce) }
    ready.add(this)
    const [oldest] = ready
    if (ready.size > MOST_READY) oldest?.forget()
  }
}

/** Throws a CryptoError. */
function aeadOf(algorithm: AeadAlgorithm, key: Uint8Array) {
  const aead = aeads[algorithm]
  if (!isAvailable(aead.name)) {
    throw new CryptoError('unsupported-algorithm', algorithm, `${algorithm}: this runtime has no ${aead.name}`)
  }
  expectLength(algorithm, 'key', key, aead.keyLength)
  return {
    ...aead,
    expectNonce: (nonce: Uint8Array) => expectLength(algorithm, 'nonce', nonce, aead.nonceLength),
    // The types know GCM and CCM apart, which take the same calls: CCM heeds the length of the plaintext, GCM does not.
    cipher: (nonce: Uint8Array) => createCipheriv(aead.name as CipherGCMTypes, key, nonce, { authTagLength: aead.tagLength }),
    decipher: (nonce: Uint8Array) => createDecipheriv(aead.name as CipherGCMTypes, key, nonce, { authTagLength: aead.tagLength }),
  }
}

export function createSealer(algorithm: AeadAlgorithm, key: Uint8Array): Sealer {
  const { cipher: make, expectNonce } = aeadOf(algorithm, key)
  const ciphers = new Preparation(make)
  return {
    seal(nonce, aad, plaintext) {
      expectNonce(nonce)
      const cipher = ciphers.take(nonce)
      cipher.setAAD(aad, { plaintextLength: plaintext.length })
      const ciphertext = cipher.update(plaintext)
      cipher.final()
      return concat(ciphertext, cipher.getAuthTag())
    },
    expect: (nonce) => ciphers.expect(nonce),
    close: () => ciphers.forget(),
  }
}

export function createOpener(algorithm: AeadAlgorithm, key: Uint8Array): Opener {
  const { decipher: make, expectNonce, tagLength } = aeadOf(algorithm, key)
  const deciphers = new Preparation(make)
  return {
    open(nonce, aad, sealed) {
      expectNonce(nonce)
      if (sealed.length < tagLength) return undefined
      const ciphertext = sealed.subarray(0, sealed.length - tagLength)
      try {
        const decipher = deciphers.take(nonce)
        decipher.setAuthTag(sealed.subarray(sealed.length - tagLength))
        decipher.setAAD(aad, { plaintextLength: ciphertext.length })
        // With CCM it is update that checks the tag and throws.
        const plaintext = decipher.update(ciphertext)
        decipher.final()
        // Its own memory, which nothing else uses: a copy would leave what was opened behind, where nobody wipes it.
        return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length)
      } catch {
        return undefined
      }
    },
    expect: (nonce) => deciphers.expect(nonce),
    close: () => deciphers.forget(),
  }
}
