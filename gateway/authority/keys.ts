/**
 * The gateway's own keys, in a folder of files that only its user can read (0600): the master key, from which the keys of
 * the store are derived, the root of the certificates, and the gateway's two identities (ES256 and ES384, because an
 * EDHOC suite fixes the signature of both ends). Made once, all together: the folder appears whole or not at all.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { utf8, wipe } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { type EcAlgorithm, issueCertificate, parseCertificate, type Signer, type Subject } from './x509.ts'

/** id-kp-serverAuth, RFC 5280 section 4.2.1.12: tells the gateway's certificates from those of terminals and cards. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const YEAR_MS = 365.25 * 24 * 60 * 60 * 1000
const ROOT_YEARS = 20
const GATEWAY_YEARS = 2
/** A gateway certificate is renewed, with the same key, when less than this is left. */
const RENEW_BEFORE_MS = 90 * 24 * 60 * 60 * 1000

export interface Identity {
  readonly key: Signer
  readonly certificate: Uint8Array
}

export interface GatewayKeys {
  readonly master: Uint8Array
  readonly root: Identity & { readonly subject: Subject }
  readonly identities: Readonly<Record<EcAlgorithm, Identity>>
}

class KeysError extends Error {
  readonly kind: 'damaged'
  readonly path: string
  constructor(path: string, options?: ErrorOptions) {
    super(`the gateway's key file cannot be used: ${path}`, options)
    this.name = 'KeysError'
    this.kind = 'damaged'
    this.path = path
  }
}

const ROOT_SUBJECT: Subject = { O: 'Tessera', CN: 'Tessera root' }
const GATEWAY_SUBJECT: Subject = { O: 'Tessera', CN: 'Tessera gateway' }
const curveOf = { ES256: 'P-256', ES384: 'P-384' } as const satisfies Record<EcAlgorithm, unknown>

function write(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The entry in the folder is on the disk too. Windows has no such call and needs none. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function newKey(crypto: Crypto, algorithm: EcAlgorithm): Signer {
  return { algorithm, ...crypto.generateKeyPair(curveOf[algorithm]) }
}

function gatewayCertificate(crypto: Crypto, root: Signer, key: Signer, now: number): Uint8Array {
  return issueCertificate({
    crypto,
    issuer: { subject: ROOT_SUBJECT, key: root },
    subject: GATEWAY_SUBJECT,
    key,
    notBefore: now - 60_000,
    notAfter: now + GATEWAY_YEARS * YEAR_MS,
    use: { kind: 'endpoint', purposes: [SERVER_AUTH] },
  })
}

function make(folder: string, crypto: Crypto, now: number): void {
  const draft = `${folder}.${randomBytes(6).toString('hex')}`
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  try {
    const root = newKey(crypto, 'ES256')
    const certificate = issueCertificate({
      crypto,
      issuer: { subject: ROOT_SUBJECT, key: root },
      subject: ROOT_SUBJECT,
      key: root,
      notBefore: now - 60_000,
      notAfter: now + ROOT_YEARS * YEAR_MS,
      use: { kind: 'authority' },
    })
    write(join(draft, 'master.key'), crypto.randomBytes(32))
    write(join(draft, 'root.key'), root.privateKey)
    write(join(draft, 'root.der'), certificate)
    for (const algorithm of ['ES256', 'ES384'] as const) {
      const key = newKey(crypto, algorithm)
      write(join(draft, `gateway-${algorithm.toLowerCase()}.key`), key.privateKey)
      write(join(draft, `gateway-${algorithm.toLowerCase()}.der`), gatewayCertificate(crypto, root, key, now))
      wipe(key.privateKey)
    }
    wipe(root.privateKey)
    syncFolder(draft)
    renameSync(draft, folder)
    syncFolder(dirname(folder))
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another process of this gateway was quicker: its keys are the keys.
    if (!existsSync(join(folder, 'master.key'))) throw error
  }
}

function readKey(folder: string, name: string, crypto: Crypto, algorithm: EcAlgorithm): Signer {
  const path = join(folder, name)
  try {
    const privateKey = new Uint8Array(readFileSync(path))
    return { algorithm, privateKey, publicKey: crypto.publicKey(curveOf[algorithm], privateKey) }
  } catch (cause) {
    throw new KeysError(path, { cause })
  }
}

function readIdentity(folder: string, crypto: Crypto, root: Signer, algorithm: EcAlgorithm, now: number): Identity {
  const name = `gateway-${algorithm.toLowerCase()}`
  const key = readKey(folder, `${name}.key`, crypto, algorithm)
  const path = join(folder, `${name}.der`)
  const certificate = new Uint8Array(readFileSync(path))
  if (parseCertificate(certificate).notAfter - now > RENEW_BEFORE_MS) return { key, certificate }
  const renewed = gatewayCertificate(crypto, root, key, now)
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  write(draft, renewed)
  renameSync(draft, path)
  return { key, certificate: renewed }
}

/** Reads the keys of that folder, or makes them. Throws a KeysError, an X509Error or the system's error. */
export function openKeys(folder: string, crypto: Crypto, now: number): GatewayKeys {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 })
  if (!existsSync(folder)) make(folder, crypto, now)
  const masterPath = join(folder, 'master.key')
  const master = new Uint8Array(readFileSync(masterPath))
  if (master.length !== 32) throw new KeysError(masterPath)
  const root = readKey(folder, 'root.key', crypto, 'ES256')
  return {
    master,
    root: { subject: ROOT_SUBJECT, key: root, certificate: new Uint8Array(readFileSync(join(folder, 'root.der'))) },
    identities: {
      ES256: readIdentity(folder, crypto, root, 'ES256', now),
      ES384: readIdentity(folder, crypto, root, 'ES384', now),
    },
  }
}

/** HKDF (RFC 5869) from the master key; `purpose` tells the keys apart. */
export function deriveKey(crypto: Crypto, master: Uint8Array, purpose: string, length: number): Uint8Array {
  const prk = crypto.hkdfExtract('SHA-256', utf8('tessera gateway 1'), master)
  const key = crypto.hkdfExpand('SHA-256', prk, utf8(purpose), length)
  wipe(prk)
  return key
}
