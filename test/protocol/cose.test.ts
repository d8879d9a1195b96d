import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { CborError, decode, encode } from '../../protocol/cbor.ts'
import { decodeEncrypt0, encodeEncStructure, openEncrypt0, sealEncrypt0 } from '../../protocol/cose/encrypt0.ts'
import { CoseError, computeX5t, encodeProtected, hashAlgorithm, header, matchesX5t } from '../../protocol/cose/headers.ts'
import { decodeSign1, encodeSigStructure, signSign1, verifySign1 } from '../../protocol/cose/sign1.ts'
import type { SignatureAlgorithm } from '../../protocol/crypto.ts'

const content = utf8('This is the content.')

function kindOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof CborError || error instanceof CoseError) return error.kind
    throw error
  }
}

function keyPair(algorithm: SignatureAlgorithm): { privateKey: Uint8Array; publicKey: Uint8Array } {
  if (algorithm !== 'EdDSA') return nodeCrypto.generateKeyPair(algorithm === 'ES256' ? 'P-256' : 'P-384')
  const privateKey = nodeCrypto.randomBytes(32)
  return { privateKey, publicKey: nodeCrypto.publicKey('Ed25519', privateKey) }
}

describe('COSE_Sign1', () => {
  // RFC 9052 appendix C.2.1, its tag 18 taken off; the key is "11" of appendix C.7.1.
  const example = fromHex(
    '8443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36',
  )
  const publicKey = fromHex(
    'bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e',
  )

  it('verifies the example of RFC 9052 appendix C.2.1', () => {
    const message = decodeSign1(example)
    expect(message.payload).toEqual(content)
    expect(message.unprotectedHeader.get(header.kid)).toEqual(utf8('11'))
    expect(verifySign1(nodeCrypto, message, 'ES256', publicKey)).toBe(true)
    expect(verifySign1(nodeCrypto, message, 'ES256', publicKey, utf8('more'))).toBe(false)
    expect(verifySign1(nodeCrypto, message, 'ES384', publicKey)).toBe(false)
  })

  it('has no bit that may change, but for the unprotected header', () => {
    const free = new Set<number>()
    for (let i = 5; i < 10; i += 1) free.add(i) // a1 04 42 31 31
    for (let bit = 0; bit < example.length * 8; bit += 1) {
      const changed = example.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      let verified = false
      try {
        verified = verifySign1(nodeCrypto, decodeSign1(changed), 'ES256', publicKey)
      } catch (error) {
        expect(error instanceof CborError || error instanceof CoseError).toBe(true)
      }
      if (!free.has(bit >> 3)) expect(verified).toBe(false)
    }
  })

  it.each(['ES256', 'ES384', 'EdDSA'] as const)('signs and verifies with %s', async (algorithm) => {
    const key = keyPair(algorithm)
    const externalAad = utf8('topic')
    const unprotectedHeader = new Map([[header.kid, utf8('k')]])
    const protectedHeader = new Map([[header.contentType, 60]])
    const bytes = await signSign1(
      { algorithm, payload: content, externalAad, protectedHeader, unprotectedHeader },
      async (toBeSigned) => nodeCrypto.sign(algorithm, key.privateKey, toBeSigned),
    )
    const message = decodeSign1(bytes)
    expect(message.protectedHeader.get(header.contentType)).toBe(60)
    expect(verifySign1(nodeCrypto, message, algorithm, key.publicKey, externalAad)).toBe(true)
    expect(verifySign1(nodeCrypto, message, algorithm, keyPair(algorithm).publicKey, externalAad)).toBe(false)
    expect(verifySign1(nodeCrypto, { ...message, payload: utf8('other') }, algorithm, key.publicKey, externalAad)).toBe(false)
  })

  it('has the Sig_structure of RFC 9052 section 4.4', () => {
    expect(toHex(encodeSigStructure(fromHex('a10126'), fromHex('11aa22bb33cc44dd55006699'), content))).toBe(
      '846a5369676e61747572653143a101264c11aa22bb33cc44dd5500669954546869732069732074686520636f6e74656e742e',
    )
  })

  it.each([
    ['no array', encode(1), 'malformed'],
    ['three elements', encode([new Uint8Array(0), {}, content]), 'malformed'],
    ['a detached payload', encode([new Uint8Array(0), {}, null, content]), 'malformed'],
    ['a protected header that is no map', encode([encode([1]), {}, content, content]), 'malformed'],
    ['a protected header with trailing bytes', encode([fromHex('a1012600'), {}, content, content]), 'trailing'],
    ['headers that are not headers', encode([{}, {}, content, content]), 'malformed'],
    ['a label twice', encode([fromHex('a10126'), new Map([[1, -7]]), content, content]), 'duplicate-label'],
    [
      'crit',
      encode([
        encode(
          new Map<number, unknown>([
            [1, -7],
            [2, [4]],
          ]),
        ),
        {},
        content,
        content,
      ]),
      'critical',
    ],
    ['tag 18', fromHex(`d2${toHex(example)}`), 'unsupported'],
  ])('with %s is refused', (_, bytes, kind) => {
    expect(kindOf(() => decodeSign1(bytes))).toBe(kind)
  })

  it('takes an encoded empty map as the empty protected header', () => {
    expect(decodeSign1(encode([fromHex('a0'), {}, content, content])).protectedBytes).toEqual(new Uint8Array(0))
    expect(encodeProtected(new Map())).toEqual(new Uint8Array(0))
  })
})

describe('COSE_Encrypt0', () => {
  const key = { algorithm: 'A128GCM', key: new Uint8Array(16).fill(7) } as const
  const nonce = new Uint8Array(12).fill(1)
  const aad = utf8('external')

  it('has the Enc_structure of RFC 9052 section 5.3', () => {
    expect(decode(encodeEncStructure(fromHex('a10101'), aad))).toEqual(['Encrypt0', fromHex('a10101'), aad])
  })

  it.each([
    ['A128GCM', 16, 12],
    ['A256GCM', 32, 12],
    ['AES-CCM-16-64-128', 16, 13],
    ['AES-CCM-16-128-128', 16, 13],
  ] as const)('opens with %s what was sealed, and nothing else', (algorithm, keyLength, nonceLength) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (plaintext, bit) => {
        const aeadKey = { algorithm, key: new Uint8Array(keyLength).fill(3) }
        const iv = new Uint8Array(nonceLength).fill(4)
        const headers = { protectedHeader: new Map([[header.alg, 1]]), unprotectedHeader: new Map([[header.kid, content]]) }
        const message = decodeEncrypt0(sealEncrypt0(nodeCrypto, aeadKey, iv, headers, aad, plaintext))
        expect(openEncrypt0(nodeCrypto, aeadKey, iv, message, aad)).toEqual(plaintext)
        expect(openEncrypt0(nodeCrypto, aeadKey, iv, message, utf8('else'))).toBeUndefined()
        expect(openEncrypt0(nodeCrypto, aeadKey, iv, { ...message, protectedBytes: fromHex('a10102') }, aad)).toBeUndefined()
        const ciphertext = message.ciphertext.slice()
        const at = bit % (ciphertext.length * 8)
        ciphertext[at >> 3] = (ciphertext[at >> 3] as number) ^ (1 << (at & 7))
        expect(openEncrypt0(nodeCrypto, aeadKey, iv, { ...message, ciphertext }, aad)).toBeUndefined()
        expect(
          openEncrypt0(nodeCrypto, aeadKey, iv, { ...message, ciphertext: message.ciphertext.slice(0, 7) }, aad),
        ).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    ['no array', encode('x'), 'malformed'],
    ['four elements', encode([new Uint8Array(0), {}, content, content]), 'malformed'],
    ['a ciphertext that is no byte string', encode([new Uint8Array(0), {}, null]), 'malformed'],
  ])('with %s is refused', (_, bytes, kind) => {
    expect(kindOf(() => decodeEncrypt0(bytes))).toBe(kind)
  })

  it('hides the plaintext', () => {
    const sealed = sealEncrypt0(
      nodeCrypto,
      key,
      nonce,
      { protectedHeader: new Map(), unprotectedHeader: new Map() },
      aad,
      content,
    )
    expect(toHex(sealed)).not.toContain(toHex(content))
  })
})

describe('x5t (RFC 9360 section 2)', () => {
  // RFC 9529 section 2.3: CRED_R and its ID_CRED_R {34: [-15, h'79f2a41b510c1f9b']}.
  const certificate = fromHex(
    '3081ee3081a1a003020102020462319ec4300506032b6570301d311b301906035504030c124544484f4320526f6f742045643235353139301e170d3232303331363038323433365a170d3239313233313233303030305a30223120301e06035504030c174544484f4320526573706f6e6465722045643235353139302a300506032b6570032100a1db47b95184854ad12a0c1a354e418aace33aa0f2c662c00b3ac55de92f9359300506032b6570034100b723bc01eab0928e8b2b6c98de19cc3823d46e7d6987b032478fecfaf14537a1af14cc8be829c6b73044101837eb4abc949565d86dce51cfae52ab82c152cb02',
  )

  it('is the one of the RFC 9529 trace, cut to 8 bytes or whole', () => {
    expect(toHex(encode(computeX5t(nodeCrypto, certificate)))).toBe('822e4879f2a41b510c1f9b')
    const whole = computeX5t(nodeCrypto, certificate, hashAlgorithm['SHA-256'])
    expect(whole[1]).toEqual(nodeCrypto.hash('SHA-256', certificate))
    expect(matchesX5t(nodeCrypto, whole, certificate)).toBe(true)
    expect(matchesX5t(nodeCrypto, [-15, fromHex('79f2a41b510c1f9b')], certificate)).toBe(true)
  })

  it.each([
    ['another digest', [-15, fromHex('79f2a41b510c1f9c')]],
    ['a digest cut further', [-15, fromHex('79f2a41b')]],
    ['no digest', [-15, new Uint8Array(0)]],
    ['an unknown algorithm', [-44, new Uint8Array(64)]],
    ['no array', fromHex('79f2a41b510c1f9b')],
    ['three elements', [-15, fromHex('79f2a41b510c1f9b'), 0]],
  ])('does not match %s', (_, x5t) => {
    expect(matchesX5t(nodeCrypto, x5t, certificate)).toBe(false)
  })

  it('is computed with no other hash', () => {
    expect(() => computeX5t(nodeCrypto, certificate, -43)).toThrow(RangeError)
  })
})
