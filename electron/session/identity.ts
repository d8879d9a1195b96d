/**
 * Who this terminal is: a random identifier, a P-256 key, the certificate that the gateway issued for it, and the gateway's
 * root, pinned at enrolment. Kept in one file of the user's own; the private key is wrapped by the system's key store where
 * there is one (`protect`).
 */
import * as v from 'valibot'
import { readPrivateFile, removePrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'
import { fromUtf8, toHex, utf8 } from '../../protocol/bytes.ts'
import type { Crypto, KeyPair } from '../../protocol/crypto.ts'
import { IDENTIFIER } from '../../protocol/topics.ts'

export interface TerminalIdentity {
  readonly terminal: string
  /** P-256, the formats of protocol/crypto.ts. */
  readonly key: KeyPair
  /** DER, as are the two below. */
  readonly certificate: Uint8Array
  readonly root: Uint8Array
  /** The gateway's certificate as it was at enrolment: a gateway that refers to it by x5t need not send it. */
  readonly gateway: Uint8Array
  readonly site: string
}

/**
 * An enrolment that was begun: the same key with the same code gets the same certificate again, so that a lost answer
 * does not cost the code.
 */
export interface PendingEnrolment {
  readonly terminal: string
  readonly key: KeyPair
  /** SHA-256 of the code's secret: tells whether a code is the one of before, without keeping it. */
  readonly invitation: Uint8Array
}

/** Wraps a secret for storage, for example by Electron's safeStorage. */
export interface KeyProtection {
  protect(secret: Uint8Array): Uint8Array
  /** Throws where the secret was wrapped by another user or machine. */
  unprotect(wrapped: Uint8Array): Uint8Array
}

export type IdentityErrorKind =
  /** The file is no identity of this version. */
  | 'damaged'
  /** The key was wrapped by a key store that does not open it (another user, another machine), or that is missing now. */
  | 'locked'

export class IdentityError extends Error {
  readonly kind: IdentityErrorKind
  readonly path: string
  constructor(kind: IdentityErrorKind, path: string, options?: ErrorOptions) {
    super(`the terminal's identity is ${kind}: ${path}`, options)
    this.name = 'IdentityError'
    this.kind = kind
    this.path = path
  }
}

export interface IdentityStore {
  /** Undefined where this terminal is not enrolled. Rejects with an IdentityError. */
  load(): Promise<TerminalIdentity | undefined>
  save(identity: TerminalIdentity): Promise<void>
  loadPending(): Promise<PendingEnrolment | undefined>
  savePending(pending: PendingEnrolment): Promise<void>
}

/** 128 random bits as topics want them. */
export function newTerminalId(crypto: Crypto): string {
  return toHex(crypto.randomBytes(16))
}

const base64 = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/),
  v.transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
)
const keySchema = v.strictObject({ protected: v.boolean(), privateKey: base64, publicKey: base64 })
const identitySchema = v.strictObject({
  version: v.literal(1),
  terminal: v.pipe(v.string(), v.regex(IDENTIFIER)),
  key: keySchema,
  certificate: base64,
  root: base64,
  gateway: base64,
  site: v.string(),
})
const pendingSchema = v.strictObject({
  version: v.literal(1),
  terminal: v.pipe(v.string(), v.regex(IDENTIFIER)),
  key: keySchema,
  invitation: base64,
})

/** `path` holds the identity; an enrolment under way lies beside it. */
export function createIdentityStore(options: { readonly path: string; readonly protection?: KeyProtection }): IdentityStore {
  const { path, protection } = options
  const pendingPath = `${path}.pending`

  function parse<S extends v.GenericSchema>(schema: S, file: string, content: Uint8Array): v.InferOutput<S> {
    try {
      return v.parse(schema, JSON.parse(fromUtf8(content)))
    } catch (cause) {
      throw new IdentityError('damaged', file, { cause })
    }
  }

  function wrapKey(key: KeyPair): object {
    const stored = protection === undefined ? key.privateKey : protection.protect(key.privateKey)
    return { protected: protection !== undefined, privateKey: encode64(stored), publicKey: encode64(key.publicKey) }
  }

  function unwrapKey(file: string, key: v.InferOutput<typeof keySchema>): KeyPair {
    if (!key.protected) return { privateKey: key.privateKey, publicKey: key.publicKey }
    if (protection === undefined) throw new IdentityError('locked', file)
    try {
      return { privateKey: protection.unprotect(key.privateKey), publicKey: key.publicKey }
    } catch (cause) {
      throw new IdentityError('locked', file, { cause })
    }
  }

  function write(file: string, value: object): Promise<void> {
    return writePrivateFile(file, utf8(`${JSON.stringify(value, null, 2)}\n`))
  }

  return {
    async load() {
      const content = await readPrivateFile(path)
      if (content === undefined) return undefined
      const { terminal, key, certificate, root, gateway, site } = parse(identitySchema, path, content)
      return { terminal, key: unwrapKey(path, key), certificate, root, gateway, site }
    },
    async save({ terminal, key, certificate, root, gateway, site }) {
      await write(path, {
        version: 1,
        terminal,
        key: wrapKey(key),
        certificate: encode64(certificate),
        root: encode64(root),
        gateway: encode64(gateway),
        site,
      })
      await removePrivateFile(pendingPath)
    },
    async loadPending() {
      const content = await readPrivateFile(pendingPath)
      if (content === undefined) return undefined
      const { terminal, key, invitation } = parse(pendingSchema, pendingPath, content)
      return { terminal, key: unwrapKey(pendingPath, key), invitation }
    },
    savePending({ terminal, key, invitation }) {
      return write(pendingPath, { version: 1, terminal, key: wrapKey(key), invitation: encode64(invitation) })
    },
  }
}

function encode64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
