/** The terminal's card edge against the virtual card: two sides that share byte formats only. */

import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { type BlankCardOptions, blankCard } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import type { CardChannel } from '../../protocol/apdu.ts'
import { concat, fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import type { BlockCipher } from '../../protocol/crypto.ts'
import { PivCard } from '../../protocol/piv/card.ts'
import { prepareCertificateRequest } from '../../protocol/piv/certificate-request.ts'
import { type KeyAlgorithm, OBJECT, SLOT } from '../../protocol/piv/constants.ts'
import { PivError, type PivProblem } from '../../protocol/piv/errors.ts'
import {
  checkResponse,
  decryptWitness,
  factoryManagementKey,
  MANAGEMENT_KEY_BYTES,
  newChallenge,
} from '../../protocol/piv/management-key.ts'
import { buildCertificateObject, buildChuid, parseDiscovery } from '../../protocol/piv/objects.ts'
import { readCard } from '../../protocol/piv/read-card.ts'
import { encodeTlv } from '../../protocol/tlv.ts'

const PIN = utf8('123456')
const PUK = utf8('12345678')
const CIPHER_IDS = { '3DES': 0x03, 'AES-128': 0x08, 'AES-192': 0x0a, 'AES-256': 0x0c } as const

function channelOf(card: VirtualCard): CardChannel {
  return { transmit: async (command) => card.transmit(command) }
}

async function newPiv(options: BlankCardOptions = {}) {
  const card = new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard(options)) })
  const piv = new PivCard(channelOf(card))
  await piv.select()
  return { card, piv }
}

/** What gateway and terminal do together. */
async function openForChanges(piv: PivCard, cipher: BlockCipher = '3DES', key = factoryManagementKey(cipher)): Promise<void> {
  const witness = decryptWitness(nodeCrypto, cipher, key, await piv.requestWitness(cipher))
  if (witness === undefined) throw new Error('a witness of the wrong length')
  const challenge = newChallenge(nodeCrypto, cipher)
  const response = await piv.answerChallenge(cipher, witness, challenge)
  if (!checkResponse(nodeCrypto, cipher, key, challenge, response)) throw new Error('the card has another key')
}

async function problemOf(promise: Promise<unknown>): Promise<PivProblem | undefined> {
  try {
    await promise
  } catch (error) {
    if (error instanceof PivError) return error.problem
    throw error
  }
  return undefined
}

describe('PIN and PUK', () => {
  it('verifies, counts, blocks, and a fresh start needs the PIN again', async () => {
    const { card, piv } = await newPiv()
    expect(await piv.retriesLeft()).toBe(3)
    await piv.verifyPin(PIN)
    expect(await piv.retriesLeft()).toBeUndefined()
    card.reset()
    await piv.select()
    expect(await piv.retriesLeft()).toBe(3)
    expect(await problemOf(piv.verifyPin(utf8('999999')))).toEqual({ kind: 'pin-wrong', retriesLeft: 2 })
    await piv.verifyPin(PIN)
    for (const retriesLeft of [2, 1, 0]) {
      expect(await problemOf(piv.verifyPin(utf8('999999')))).toEqual({ kind: 'pin-wrong', retriesLeft })
    }
    expect(await problemOf(piv.verifyPin(PIN))).toEqual({ kind: 'pin-blocked' })
    expect(await piv.retriesLeft()).toBe(0)
  })

  it.each(['12345', '123456789', '12345a', ''])('sends nothing for %j, which is no PIN', async (text) => {
    const { card } = await newPiv()
    let sent = 0
    const piv = new PivCard({
      async transmit(command) {
        sent += 1
        return card.transmit(command)
      },
    })
    expect(await problemOf(piv.verifyPin(utf8(text)))).toEqual({ kind: 'pin-malformed' })
    expect(await problemOf(piv.changePin(PIN, utf8(text)))).toEqual({ kind: 'pin-malformed' })
    expect(sent).toBe(0)
  })

  it('changes PIN and PUK, one try for a wrong one', async () => {
    const { piv } = await newPiv()
    await piv.changePin(PIN, utf8('86420975'))
    expect(await problemOf(piv.changePin(PIN, utf8('111111')))).toEqual({ kind: 'pin-wrong', retriesLeft: 2 })
    await piv.verifyPin(utf8('86420975'))
    await piv.changePuk(PUK, utf8('87654321'))
    expect(await problemOf(piv.changePuk(PUK, utf8('11111111')))).toEqual({ kind: 'puk-wrong', retriesLeft: 2 })
  })

  it('sets a new PIN with the PUK, and tells a blocked PUK from a blocked PIN', async () => {
    const { piv } = await newPiv()
    for (let i = 0; i < 3; i += 1) await problemOf(piv.verifyPin(utf8('999999')))
    await piv.resetRetryCounter(PUK, utf8('246810'))
    expect(await piv.retriesLeft()).toBe(3)
    await piv.verifyPin(utf8('246810'))
    for (const retriesLeft of [2, 1, 0]) {
      expect(await problemOf(piv.resetRetryCounter(utf8('00000000'), PIN))).toEqual({ kind: 'puk-wrong', retriesLeft })
    }
    expect(await problemOf(piv.resetRetryCounter(PUK, PIN))).toEqual({ kind: 'puk-blocked' })
  })

  it('wipes what it sent and leaves the caller its own bytes', async () => {
    const sent: Uint8Array[] = []
    const piv = new PivCard({
      async transmit(command) {
        sent.push(command)
        return fromHex('9000')
      },
    })
    const pin = Uint8Array.from(PIN)
    await piv.verifyPin(pin)
    await piv.changePin(pin, pin)
    expect(sent.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true, true])
    expect(toHex(pin)).toBe(toHex(PIN))
  })
})

describe('the management key', () => {
  it.each(['3DES', 'AES-128', 'AES-192', 'AES-256'] as const)('is proved by both sides with %s, and replaced', async (cipher) => {
    const { piv } = await newPiv({ managementKeyAlgorithm: CIPHER_IDS[cipher] })
    expect(await piv.managementKeyAlgorithm()).toBe(cipher)
    expect(await problemOf(piv.putData(OBJECT.chuid, fromHex('fe00')))).toEqual({ kind: 'not-authenticated' })
    await openForChanges(piv, cipher)
    const next = nodeCrypto.randomBytes(MANAGEMENT_KEY_BYTES[cipher])
    await piv.setManagementKey(cipher, next)
    await expect(openForChanges(piv, cipher)).rejects.toThrow(PivError)
    expect(await problemOf(piv.putData(OBJECT.chuid, fromHex('fe00')))).toEqual({ kind: 'not-authenticated' })
    await openForChanges(piv, cipher, next)
    await piv.putData(OBJECT.chuid, fromHex('fe00'))
  })

  it.each(['3DES', 'AES-192'] as const)('of a card without metadata is found by asking: %s', async (cipher) => {
    const { piv } = await newPiv({ extensions: false, managementKeyAlgorithm: CIPHER_IDS[cipher] })
    expect(await piv.managementKeyAlgorithm()).toBe(cipher)
  })

  it('tells a card that only pretends to have it, and a witness or challenge of another length', () => {
    const key = factoryManagementKey('AES-192')
    const challenge = newChallenge(nodeCrypto, 'AES-192')
    const right = nodeCrypto.encryptBlock('AES-192', key, challenge)
    const wrong = Uint8Array.from(right, (byte, i) => (i === 15 ? byte ^ 1 : byte))
    expect(checkResponse(nodeCrypto, 'AES-192', key, challenge, right)).toBe(true)
    expect(checkResponse(nodeCrypto, 'AES-192', key, challenge, wrong)).toBe(false)
    expect(checkResponse(nodeCrypto, 'AES-192', key, challenge, right.subarray(0, 15))).toBe(false)
    expect(checkResponse(nodeCrypto, 'AES-192', key, challenge.subarray(0, 8), right)).toBe(false)
    expect(decryptWitness(nodeCrypto, 'AES-192', key, new Uint8Array(8))).toBeUndefined()
  })
})

describe('keys', () => {
  const curves: [KeyAlgorithm, string][] = [
    ['P-256', 'sha256'],
    ['P-384', 'sha384'],
  ]

  it.each(curves)('%s: made on the card, signs what OpenSSL accepts, agrees on a secret', async (algorithm, hash) => {
    const { piv } = await newPiv()
    expect(await problemOf(piv.generateKeyPair(SLOT.authentication, algorithm))).toEqual({ kind: 'not-authenticated' })
    await openForChanges(piv)
    const publicKey = await piv.generateKeyPair(SLOT.authentication, algorithm)
    const half = publicKey.length / 2
    const jwk = {
      kty: 'EC',
      crv: algorithm,
      x: Buffer.from(publicKey.subarray(0, half)).toString('base64url'),
      y: Buffer.from(publicKey.subarray(half)).toString('base64url'),
    }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const message = utf8('what the card signs')
    const digest = createHash(hash).update(message).digest()
    expect(await problemOf(piv.sign(SLOT.authentication, algorithm, digest))).toEqual({ kind: 'not-authenticated' })
    await piv.verifyPin(PIN)
    for (let i = 0; i < 20; i += 1) {
      const signature = await piv.sign(SLOT.authentication, algorithm, digest)
      expect(nodeVerify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    }
    const peer = nodeCrypto.generateKeyPair(algorithm)
    const shared = await piv.keyAgreement(SLOT.authentication, algorithm, peer.publicKey)
    expect(toHex(shared)).toBe(toHex(nodeCrypto.sharedSecret(algorithm, peer.privateKey, publicKey) ?? new Uint8Array(0)))
    const offCurve = Uint8Array.from(peer.publicKey, (byte, i) => (i === 0 ? byte ^ 1 : byte))
    expect(await problemOf(piv.keyAgreement(SLOT.authentication, algorithm, offCurve))).toEqual({
      kind: 'unexpected-status',
      sw: 0x6a80,
    })
  })

  it('ask for the PIN as their policy says', async () => {
    const { piv } = await newPiv()
    const digest = new Uint8Array(32).fill(7)
    const refused = { kind: 'not-authenticated' }
    await openForChanges(piv)
    await piv.generateKeyPair(SLOT.signature, 'P-256')
    await piv.generateKeyPair(SLOT.cardAuthentication, 'P-256')
    await piv.generateKeyPair(SLOT.keyManagement, 'P-256', 'always')
    await piv.sign(SLOT.cardAuthentication, 'P-256', digest)
    expect(await problemOf(piv.sign(SLOT.signature, 'P-256', digest))).toEqual(refused)
    for (const slot of [SLOT.signature, SLOT.keyManagement]) {
      await piv.verifyPin(PIN)
      await piv.sign(slot, 'P-256', digest)
      expect(await problemOf(piv.sign(slot, 'P-256', digest))).toEqual(refused)
    }
  })

  it('do not sign with another algorithm than their own, nor from an empty slot', async () => {
    const { piv } = await newPiv()
    await openForChanges(piv)
    await piv.generateKeyPair(SLOT.authentication, 'P-256')
    await piv.verifyPin(PIN)
    const status = { kind: 'unexpected-status', sw: 0x6a80 }
    expect(await problemOf(piv.sign(SLOT.authentication, 'P-384', new Uint8Array(48)))).toEqual(status)
    expect(await problemOf(piv.sign(SLOT.signature, 'P-256', new Uint8Array(32)))).toEqual(status)
    await expect(piv.sign(SLOT.authentication, 'P-256', new Uint8Array(20))).rejects.toThrow(RangeError)
  })
})

describe('a certificate request', () => {
  it.each(['P-256', 'P-384'] as const)('signed by the card is one that OpenSSL verifies: %s', async (algorithm) => {
    const { piv } = await newPiv()
    await openForChanges(piv)
    const publicKey = await piv.generateKeyPair(SLOT.authentication, algorithm)
    const request = prepareCertificateRequest(nodeCrypto, algorithm, publicKey, { commonName: 'Zoë 7b1c' })
    await piv.verifyPin(PIN)
    const der = request.assemble(await piv.sign(SLOT.authentication, algorithm, request.digest))
    const report = execFileSync('openssl', ['req', '-inform', 'DER', '-verify', '-noout', '-text', '-nameopt', 'utf8'], {
      input: der,
      stdio: ['pipe', 'pipe', 'pipe'],
    }).toString()
    expect(report).toMatch(/Subject: CN\s?=\s?Zoë 7b1c/)
    expect(report).toContain(`ASN1 OID: ${algorithm === 'P-256' ? 'prime256v1' : 'secp384r1'}`)
    // RFC 2986 section 4.1: the attributes are there, and empty.
    expect(toHex(der)).toContain('a0003')
  })

  it('refuses a name or a key of the wrong length', () => {
    const publicKey = new Uint8Array(64)
    for (const commonName of ['', 'x'.repeat(65)]) {
      expect(() => prepareCertificateRequest(nodeCrypto, 'P-256', publicKey, { commonName })).toThrow(RangeError)
    }
    expect(() => prepareCertificateRequest(nodeCrypto, 'P-384', publicKey, { commonName: 'x' })).toThrow(RangeError)
  })
})

describe('data objects', () => {
  it('of any length go to the card and come back', async () => {
    const { piv } = await newPiv()
    await openForChanges(piv)
    for (const length of [1, 127, 200, 255, 256, 1000, 3000]) {
      const value = nodeCrypto.randomBytes(length)
      await piv.putData(OBJECT.authenticationCertificate, value)
      expect(toHex(await piv.getData(OBJECT.authenticationCertificate))).toBe(toHex(value))
    }
    await piv.putData(OBJECT.authenticationCertificate, new Uint8Array(0))
    expect(await problemOf(piv.getData(OBJECT.authenticationCertificate))).toEqual({ kind: 'not-found' })
    expect(await problemOf(piv.putData(OBJECT.chuid, new Uint8Array(9000)))).toEqual({ kind: 'no-room' })
  })

  it('tell which PIN the card takes', async () => {
    const { piv } = await newPiv()
    expect(parseDiscovery(await piv.getData(OBJECT.discovery))).toEqual({
      aid: fromHex('a000000308000010000100'),
      applicationPin: true,
      globalPin: false,
      preferred: 'application',
    })
  })
})

describe('reading a card', () => {
  it('that is blank', async () => {
    const { piv } = await newPiv({ serial: 2_000_000_007 })
    expect(await readCard(piv)).toEqual({
      label: 'Tessera simulated PIV card',
      applicationVersion: '5.4.3',
      serial: 2_000_000_007,
      guid: undefined,
      certificate: { kind: 'absent' },
      managementKeyAlgorithm: '3DES',
      managementKeyIsDefault: true,
      pin: { retriesLeft: 3, retriesTotal: 3, isDefault: true },
      puk: { retriesLeft: 3, retriesTotal: 3, isDefault: true },
      hasKey9A: false,
      publicKey9A: undefined,
    })
  })

  it('that was set up', async () => {
    const { piv } = await newPiv()
    const guid = fromHex('00112233445566778899aabbccddeeff')
    await openForChanges(piv)
    const publicKey = await piv.generateKeyPair(SLOT.authentication, 'P-384')
    await piv.putData(OBJECT.chuid, buildChuid(guid, '20350102'))
    await piv.putData(OBJECT.authenticationCertificate, buildCertificateObject(fromHex('3000')))
    await piv.changePin(PIN, utf8('97531086'))
    await piv.changePuk(PUK, utf8('97531086'))
    await piv.setManagementKey('AES-256', nodeCrypto.randomBytes(32))
    expect(await readCard(piv)).toMatchObject({
      guid,
      certificate: { kind: 'present', der: fromHex('3000') },
      managementKeyAlgorithm: 'AES-256',
      managementKeyIsDefault: false,
      pin: { isDefault: false },
      puk: { isDefault: false },
      hasKey9A: true,
      publicKey9A: publicKey,
    })
  })

  it('that knows the standard only', async () => {
    const { piv } = await newPiv({ extensions: false })
    expect(await readCard(piv)).toMatchObject({
      applicationVersion: undefined,
      serial: undefined,
      managementKeyAlgorithm: undefined,
      pin: { retriesLeft: 3, retriesTotal: undefined, isDefault: undefined },
      puk: { retriesLeft: undefined },
      hasKey9A: undefined,
    })
    expect(await problemOf(piv.getVersion())).toEqual({ kind: 'not-supported' })
    expect(await problemOf(piv.reset())).toEqual({ kind: 'not-supported' })
  })

  it('whose certificate is packed or damaged', async () => {
    const { piv } = await newPiv()
    await openForChanges(piv)
    for (const object of ['70023000710101fe00', '7002300071', '710100fe00', '70003000']) {
      await piv.putData(OBJECT.authenticationCertificate, fromHex(object))
      expect((await readCard(piv)).certificate).toEqual({ kind: 'unreadable' })
    }
  })

  it('goes back to the factory state once PIN and PUK are blocked', async () => {
    const { piv } = await newPiv()
    await openForChanges(piv)
    await piv.generateKeyPair(SLOT.authentication, 'P-256')
    expect(await problemOf(piv.reset())).toEqual({ kind: 'conditions-not-satisfied' })
    for (let i = 0; i < 3; i += 1) {
      await problemOf(piv.verifyPin(utf8('999999')))
      await problemOf(piv.resetRetryCounter(utf8('99999999'), PIN))
    }
    await piv.reset()
    expect(await readCard(piv)).toMatchObject({ hasKey9A: false, pin: { retriesLeft: 3 } })
  })
})

describe('a card that answers nonsense', () => {
  const answering = (answer: Uint8Array) => new PivCard({ transmit: async () => answer })
  const dynamic = (...parts: Uint8Array[]) => concat(encodeTlv(0x7c, ...parts), fromHex('9000'))

  it.each<[string, (piv: PivCard) => Promise<unknown>, Uint8Array]>([
    ['no status word', (piv) => piv.select(), fromHex('90')],
    ['a select answer that is cut', (piv) => piv.select(), fromHex('6110509000')],
    ['a label that is no text', (piv) => piv.select(), fromHex('61035001ff9000')],
    ['a version of two bytes', (piv) => piv.getVersion(), fromHex('05049000')],
    ['a serial of five bytes', (piv) => piv.getSerial(), fromHex('00000000019000')],
    [
      'metadata with more tries left than there are',
      (piv) => piv.getReferenceMetadata('pin'),
      fromHex('0101ff050100060203049000'),
    ],
    ['an object with bytes behind it', (piv) => piv.getData(OBJECT.chuid), fromHex('5301aaff9000')],
    ['another object', (piv) => piv.getData(OBJECT.chuid), fromHex('7e01aa9000')],
    ['a witness of the wrong length', (piv) => piv.requestWitness('AES-128'), dynamic(encodeTlv(0x80, new Uint8Array(8)))],
    ['no witness', (piv) => piv.requestWitness('AES-128'), dynamic(encodeTlv(0x81, new Uint8Array(16)))],
    [
      'a signature that is no DER',
      (piv) => piv.sign(0x9a, 'P-256', new Uint8Array(32)),
      dynamic(encodeTlv(0x82, fromHex('3003020101'))),
    ],
    [
      'a compressed public key',
      (piv) => piv.generateKeyPair(0x9a, 'P-256'),
      concat(encodeTlv(0x7f49, encodeTlv(0x86, new Uint8Array(33).fill(2))), fromHex('9000')),
    ],
    [
      'a short secret',
      (piv) => piv.keyAgreement(0x9a, 'P-256', new Uint8Array(64)),
      dynamic(encodeTlv(0x82, new Uint8Array(31))),
    ],
  ])('%s is a bad response', async (_name, ask, answer) => {
    expect((await problemOf(ask(answering(answer))))?.kind).toBe('bad-response')
  })

  it('keeps a status word that has no name, and the channel its own errors', async () => {
    expect(await problemOf(answering(fromHex('6f00')).verifyPin(PIN))).toEqual({ kind: 'unexpected-status', sw: 0x6f00 })
    expect(await problemOf(answering(fromHex('6a82')).select())).toEqual({ kind: 'not-piv' })
    const broken = new PivCard({ transmit: () => Promise.reject(new Error('unplugged')) })
    await expect(broken.select()).rejects.toThrow('unplugged')
  })
})
