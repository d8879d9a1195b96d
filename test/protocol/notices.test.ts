import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import {
  type Notice,
  openNotice,
  openPresence,
  type Presence,
  sealNotice,
  sealPresence,
  signBlockListVersion,
  signNotice,
  verifyBlockListVersion,
  verifyNotice,
} from '../../protocol/messages/notices.ts'

const TERMINAL = '00112233445566778899aabbccddeeff'
const gateway = crypto.generateKeyPair('P-256')
const signer = async (bytes: Uint8Array) => crypto.sign('ES256', gateway.privateKey, bytes)
const key = crypto.randomBytes(32)

const notice: Notice = {
  kind: 'block',
  notice: crypto.randomBytes(16),
  guid: crypto.randomBytes(16),
  at: 1_700_000_000_000,
  cause: 'finding',
  finding: 'clone',
  blockPin: true,
}
const presence: Presence = {
  kind: 'present',
  connectedAt: 1_700_000_000_000,
  revision: 3,
  readers: [
    { name: 'Virtual PCD 00 00', simulated: false, state: 'card', since: 1_700_000_000_001, card: crypto.randomBytes(16) },
  ],
}

describe('a notice', () => {
  it('arrives as it was signed', async () => {
    const signed = await signNotice(notice, signer)
    const arrived = openNotice(crypto, key, TERMINAL, sealNotice(crypto, key, TERMINAL, signed))
    expect(arrived).toEqual(signed)
    expect(verifyNotice(crypto, gateway.publicKey, signed)).toEqual(notice)
  })

  it('is refused with any bit changed, sealed or signed', async () => {
    const signed = await signNotice(notice, signer)
    const sealedNotice = sealNotice(crypto, key, TERMINAL, signed)
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 7 }), (position, bit) => {
        for (const [bytes, open] of [
          [signed, (x: Uint8Array) => verifyNotice(crypto, gateway.publicKey, x)],
          [sealedNotice, (x: Uint8Array) => openNotice(crypto, key, TERMINAL, x)],
        ] as const) {
          const changed = bytes.slice()
          const index = position % changed.length
          changed[index] = (changed[index] ?? 0) ^ (1 << bit)
          expect(open(changed)).toBeUndefined()
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is refused for another terminal, under another key and from another signer', async () => {
    const signed = await signNotice(notice, signer)
    const sealedNotice = sealNotice(crypto, key, TERMINAL, signed)
    expect(openNotice(crypto, key, 'ffeeddccbbaa99887766554433221100', sealedNotice)).toBeUndefined()
    expect(openNotice(crypto, crypto.randomBytes(32), TERMINAL, sealedNotice)).toBeUndefined()
    expect(verifyNotice(crypto, crypto.generateKeyPair('P-256').publicKey, signed)).toBeUndefined()
  })

  it('cannot be passed off as a block list version, nor as presence', async () => {
    const signed = await signNotice(notice, signer)
    const list = await signBlockListVersion({ kind: 'block-list', version: 7, at: 1 }, signer)
    expect(verifyBlockListVersion(crypto, gateway.publicKey, list)).toEqual({ kind: 'block-list', version: 7, at: 1 })
    expect(verifyBlockListVersion(crypto, gateway.publicKey, signed)).toBeUndefined()
    expect(verifyNotice(crypto, gateway.publicKey, list)).toBeUndefined()
    expect(openPresence(crypto, key, TERMINAL, sealNotice(crypto, key, TERMINAL, signed))).toBeUndefined()
  })
})

describe('presence', () => {
  it('arrives as it was sent, and reveals no card to who has not the key', () => {
    const sealedPresence = sealPresence(crypto, key, TERMINAL, presence)
    expect(openPresence(crypto, key, TERMINAL, sealedPresence)).toEqual(presence)
    expect(openPresence(crypto, crypto.randomBytes(32), TERMINAL, sealedPresence)).toBeUndefined()
  })

  it('is refused when it is garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(openPresence(crypto, key, TERMINAL, bytes)).toBeUndefined()
        expect(openNotice(crypto, key, TERMINAL, bytes)).toBeUndefined()
      }),
    )
  })
})
