import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAuthority } from '../../gateway/authority/authority.ts'
import { deriveKey, openKeys } from '../../gateway/authority/keys.ts'
import { createSealer } from '../../gateway/authority/sealing.ts'
import {
  isSignedBy,
  parseCertificate,
  subjectPublicKeyInfo,
  verifyCertificateRequest,
  X509Error,
} from '../../gateway/authority/x509.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { SoftwareCard } from '../support/gateway-client.ts'

let folder: string
let keysFolder: string
const NOW = Date.UTC(2026, 0, 1)
const YEAR_MS = 365.25 * 86_400_000
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-keys-'))
  keysFolder = join(folder, 'keys')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const open = (now = NOW) => openKeys(keysFolder, nodeCrypto, now)

describe("the gateway's keys", () => {
  test('are made once, for this user only, and are the same afterwards', () => {
    const made = open()
    expect(open()).toEqual(made)
    for (const name of readdirSync(keysFolder)) expect(statSync(join(keysFolder, name)).mode & 0o077, name).toBe(0)
    expect(statSync(keysFolder).mode & 0o077).toBe(0)
    expect(readdirSync(folder)).toEqual(['keys'])
  })

  test('that are damaged are refused, never replaced', () => {
    open()
    truncateSync(join(keysFolder, 'root.key'), 31)
    expect(() => open()).toThrow(expect.objectContaining({ kind: 'damaged', path: join(keysFolder, 'root.key') }))
    truncateSync(join(keysFolder, 'master.key'), 0)
    expect(() => open()).toThrow(expect.objectContaining({ path: join(keysFolder, 'master.key') }))
  })

  test('keep their certificate until shortly before its end; a new one is for the same key', () => {
    const before = open()
    expect(open(NOW + YEAR_MS)).toEqual(before)
    const later = open(NOW + 1.9 * YEAR_MS)
    for (const algorithm of ['ES256', 'ES384'] as const) {
      expect(later.identities[algorithm].key).toEqual(before.identities[algorithm].key)
      expect(later.identities[algorithm].certificate).not.toEqual(before.identities[algorithm].certificate)
      expect(parseCertificate(later.identities[algorithm].certificate).notAfter).toBeGreaterThan(NOW + 3 * YEAR_MS)
    }
    expect(open(NOW + 1.9 * YEAR_MS)).toEqual(later)
  })

  test('derived for different purposes have nothing in common', () => {
    const { master } = open()
    const [a, b] = [deriveKey(nodeCrypto, master, 'a', 32), deriveKey(nodeCrypto, master, 'b', 32)]
    expect(equalConstantTime(a, b)).toBe(false)
    expect(deriveKey(nodeCrypto, master, 'a', 32)).toEqual(a)
  })
})

describe('certificates', () => {
  test('verify for another X.509 implementation, and each kind is of its use only', () => {
    const authority = createAuthority(nodeCrypto, open())
    const root = new X509Certificate(authority.root)
    expect(root.ca && root.verify(root.publicKey)).toBe(true)
    const terminal = new X509Certificate(
      authority.issueTerminal('0123456789abcdef', { algorithm: 'ES256', publicKey: new SoftwareCard().key.publicKey }, NOW),
    )
    const gateway = new X509Certificate(authority.identity('ES256').certificate)
    const gateway384 = new X509Certificate(authority.identity('ES384').certificate)
    for (const certificate of [terminal, gateway, gateway384]) {
      expect(certificate.checkIssued(root) && certificate.verify(root.publicKey) && !certificate.ca).toBe(true)
    }
    expect(gateway.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(gateway384.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(terminal.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(gateway384.publicKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1')
    const spki = new Uint8Array(root.publicKey.export({ format: 'der', type: 'spki' }))
    expect(authority.rootFingerprint).toEqual(nodeCrypto.hash('SHA-256', spki).slice(0, 16))
    expect(spki).toEqual(subjectPublicKeyInfo(parseCertificate(authority.root)))
  })

  test('with any bit changed are not ours, and never a crash', () => {
    const authority = createAuthority(nodeCrypto, open())
    const { certificate } = authority.identity('ES256')
    expect(authority.isOwn(certificate)).toBe(true)
    for (let bit = 0; bit < certificate.length * 8; bit += 5) {
      const changed = certificate.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(authority.isOwn(changed), `bit ${bit}`).toBe(false)
    }
    expect(authority.isOwn(certificate.slice(0, -1))).toBe(false)
    expect(authority.isOwn(Uint8Array.of(...certificate, 0))).toBe(false)
  })

  test('of another root are not ours', () => {
    const [one, two] = [
      createAuthority(nodeCrypto, open()),
      createAuthority(nodeCrypto, openKeys(join(folder, 'other'), nodeCrypto, NOW)),
    ]
    expect(one.isOwn(two.root)).toBe(false)
    expect(isSignedBy(nodeCrypto, two.root, parseCertificate(one.root))).toBe(false)
  })

  test('are issued for requests that their key signed, on both curves, with no bit changed', () => {
    for (const curve of ['P-256', 'P-384'] as const) {
      const card = new SoftwareCard(curve)
      const request = card.certificateRequest('someone')
      expect(verifyCertificateRequest(nodeCrypto, request)).toEqual({
        algorithm: curve === 'P-256' ? 'ES256' : 'ES384',
        publicKey: card.key.publicKey,
      })
      for (let bit = 0; bit < request.length * 8; bit += 3) {
        const changed = request.slice()
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(() => verifyCertificateRequest(nodeCrypto, changed), `bit ${bit}`).toThrow(X509Error)
      }
    }
  })
})

test('sealed card secrets open for their card and key only, with no bit changed', () => {
  const key = nodeCrypto.randomBytes(32)
  const sealer = createSealer(nodeCrypto, key)
  const guid = nodeCrypto.randomBytes(16)
  const secrets = { puk: nodeCrypto.randomBytes(8), managementKey: nodeCrypto.randomBytes(24) }
  const sealed = sealer.seal(guid, secrets)
  expect(sealer.open(guid, sealed)).toEqual(secrets)
  expect(sealer.seal(guid, secrets)).not.toEqual(sealed)
  expect(createSealer(nodeCrypto, nodeCrypto.randomBytes(32)).open(guid, sealed)).toBeUndefined()
  expect(sealer.open(nodeCrypto.randomBytes(16), sealed)).toBeUndefined()
  for (let i = 0; i < sealed.length; i += 1) {
    const changed = sealed.slice()
    changed[i] = (changed[i] as number) ^ 1
    expect(sealer.open(guid, changed)).toBeUndefined()
    expect(sealer.open(guid, sealed.slice(0, i))).toBeUndefined()
  }
})
