import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryptoError, nodeCrypto } from '../../native/crypto.ts'
import { concat, fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import type { AeadAlgorithm, BlockCipher } from '../../protocol/crypto.ts'

function kindOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof CryptoError) return error.kind
    throw error
  }
}

describe('hash, HMAC and HKDF', () => {
  it('SHA-256 and SHA-384 of "abc" (FIPS 180-4 examples)', () => {
    expect(toHex(nodeCrypto.hash('SHA-256', utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(toHex(nodeCrypto.hash('SHA-384', utf8('abc')))).toBe(
      'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    )
  })

  it('HMAC-SHA-256 of RFC 4231 test case 2', () => {
    expect(toHex(nodeCrypto.hmac('SHA-256', utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  it('HKDF of RFC 5869 test case 1', () => {
    const prk = nodeCrypto.hkdfExtract('SHA-256', fromHex('000102030405060708090a0b0c'), new Uint8Array(22).fill(0x0b))
    expect(toHex(prk)).toBe('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
    const okm = '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'
    const info = fromHex('f0f1f2f3f4f5f6f7f8f9')
    expect(toHex(nodeCrypto.hkdfExpand('SHA-256', prk, info, 42))).toBe(okm)
    for (let length = 0; length < 42; length += 1) {
      expect(toHex(nodeCrypto.hkdfExpand('SHA-256', prk, info, length))).toBe(okm.slice(0, 2 * length))
    }
    expect(nodeCrypto.hkdfExpand('SHA-384', prk, info, 255 * 48)).toHaveLength(255 * 48)
    expect(kindOf(() => nodeCrypto.hkdfExpand('SHA-256', prk, info, 255 * 32 + 1))).toBe('bad-input')
  })
})

describe('AEAD', () => {
  const lengths = {
    'AES-CCM-16-64-128': [16, 13, 8],
    'AES-CCM-16-128-128': [16, 13, 16],
    A128GCM: [16, 12, 16],
    A256GCM: [32, 12, 16],
  } as const satisfies Record<AeadAlgorithm, readonly number[]>

  it('AES-128-GCM of the GCM specification, test case 4', () => {
    const key = fromHex('feffe9928665731c6d6a8f9467308308')
    const nonce = fromHex('cafebabefacedbaddecaf888')
    const plaintext = fromHex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    )
    const sealed = nodeCrypto.aeadSeal('A128GCM', key, nonce, fromHex('feedfacedeadbeeffeedfacedeadbeefabaddad2'), plaintext)
    expect(toHex(sealed)).toBe(
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
    )
  })

  it('AES-CCM with a 13-byte nonce and an 8-byte tag (RFC 3610 packet vector 1)', () => {
    const key = fromHex('c0c1c2c3c4c5c6c7c8c9cacbcccdcecf')
    const sealed = nodeCrypto.aeadSeal(
      'AES-CCM-16-64-128',
      key,
      fromHex('00000003020100a0a1a2a3a4a5'),
      fromHex('0001020304050607'),
      fromHex('08090a0b0c0d0e0f101112131415161718191a1b1c1d1e'),
    )
    expect(toHex(sealed)).toBe('588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0')
  })

  it.each(Object.entries(lengths) as [AeadAlgorithm, readonly [number, number, number]][])(
    '%s opens what it sealed and nothing that was changed',
    (algorithm, [keyLength, nonceLength, tagLength]) => {
      const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
      fc.assert(
        fc.property(
          bytes(keyLength),
          bytes(nonceLength),
          fc.uint8Array(),
          fc.uint8Array(),
          fc.nat(),
          (key, nonce, aad, text, bit) => {
            const sealed = nodeCrypto.aeadSeal(algorithm, key, nonce, aad, text)
            expect(sealed).toHaveLength(text.length + tagLength)
            const opened = nodeCrypto.aeadOpen(algorithm, key, nonce, aad, sealed)
            expect(opened).toEqual(text)
            expect(opened?.constructor).toBe(Uint8Array)
            const changed = sealed.slice()
            const at = bit % (8 * sealed.length)
            changed[at >> 3] = (changed[at >> 3] as number) ^ (1 << (at & 7))
            expect(nodeCrypto.aeadOpen(algorithm, key, nonce, aad, changed)).toBeUndefined()
            expect(nodeCrypto.aeadOpen(algorithm, key, nonce, concat(aad, Uint8Array.of(0)), sealed)).toBeUndefined()
            expect(nodeCrypto.aeadOpen(algorithm, key, nonce, aad, sealed.slice(0, -1))).toBeUndefined()
            expect(nodeCrypto.aeadOpen(algorithm, key, nonce, aad, sealed.slice(0, tagLength - 1))).toBeUndefined()
          },
        ),
        { numRuns: 50 },
      )
      const [key, nonce, none] = [new Uint8Array(keyLength), new Uint8Array(nonceLength), new Uint8Array(0)]
      expect(kindOf(() => nodeCrypto.aeadSeal(algorithm, key.slice(1), nonce, none, none))).toBe('bad-input')
      expect(kindOf(() => nodeCrypto.aeadSeal(algorithm, key, nonce.slice(1), none, none))).toBe('bad-input')
    },
  )
})

describe('key agreement', () => {
  it('X25519 of RFC 7748 section 6.1', () => {
    const bob = fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
    const bobPublic = fromHex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    expect(nodeCrypto.publicKey('X25519', bob)).toEqual(bobPublic)
    expect(
      toHex(
        nodeCrypto.sharedSecret(
          'X25519',
          bob,
          fromHex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'),
        ) as Uint8Array,
      ),
    ).toBe('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
  })

  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('X25519 refuses the point of low order %s', (point) => {
    expect(nodeCrypto.sharedSecret('X25519', nodeCrypto.randomBytes(32), fromHex(point))).toBeUndefined()
  })

  it.each(['X25519', 'P-256', 'P-384'] as const)('%s gives both ends the same secret, with keys of a fixed length', (group) => {
    const [privateLength, publicLength] = { X25519: [32, 32], 'P-256': [32, 64], 'P-384': [48, 96] }[group] as [number, number]
    for (let i = 0; i < 20; i += 1) {
      const [a, b] = [nodeCrypto.generateKeyPair(group), nodeCrypto.generateKeyPair(group)]
      expect([a.privateKey.length, a.publicKey.length]).toEqual([privateLength, publicLength])
      expect(nodeCrypto.publicKey(group, a.privateKey.slice())).toEqual(a.publicKey)
      const secret = nodeCrypto.sharedSecret(group, a.privateKey, b.publicKey)
      expect(secret).toHaveLength(privateLength)
      expect(nodeCrypto.sharedSecret(group, b.privateKey.slice(), a.publicKey)).toEqual(secret)
    }
    const own = nodeCrypto.generateKeyPair(group)
    expect(nodeCrypto.sharedSecret(group, own.privateKey, new Uint8Array(publicLength - 1))).toBeUndefined()
    expect(nodeCrypto.sharedSecret(group, own.privateKey, new Uint8Array(publicLength + 1))).toBeUndefined()
    expect(kindOf(() => nodeCrypto.sharedSecret(group, own.privateKey.slice(1), own.publicKey))).toBe('bad-input')
  })

  it.each(['P-256', 'P-384'] as const)('%s refuses points off the curve and private keys outside 1..n-1', (curve) => {
    const own = nodeCrypto.generateKeyPair(curve)
    const off = own.publicKey.slice()
    off[off.length - 1] = (off[off.length - 1] as number) ^ 1
    const size = own.privateKey.length
    expect(nodeCrypto.sharedSecret(curve, own.privateKey, off)).toBeUndefined()
    expect(nodeCrypto.sharedSecret(curve, own.privateKey, new Uint8Array(2 * size))).toBeUndefined()
    expect(nodeCrypto.sharedSecret(curve, own.privateKey, new Uint8Array(2 * size).fill(0xff))).toBeUndefined()
    expect(kindOf(() => nodeCrypto.publicKey(curve, new Uint8Array(size)))).toBe('bad-input')
    expect(kindOf(() => nodeCrypto.publicKey(curve, new Uint8Array(size).fill(0xff)))).toBe('bad-input')
  })

  it.each(['P-256', 'P-384'] as const)(
    '%s expands an x coordinate to the point or its negative, and gives none where there is none',
    (curve) => {
      const size = { 'P-256': 32, 'P-384': 48 }[curve]
      for (let i = 0; i < 10; i += 1) {
        const { privateKey, publicKey } = nodeCrypto.generateKeyPair(curve)
        const x = publicKey.slice(0, size)
        const point = nodeCrypto.decompressPoint(curve, x) as Uint8Array
        expect(point.slice(0, size)).toEqual(x)
        // Either sign gives the same x coordinate of the product.
        const peer = nodeCrypto.generateKeyPair(curve)
        const secret = nodeCrypto.sharedSecret(curve, privateKey, peer.publicKey) as Uint8Array
        expect(nodeCrypto.sharedSecret(curve, peer.privateKey, point)).toEqual(secret)
      }
      // About half of all numbers are no x coordinate.
      const misses = Array.from({ length: 64 }, () => nodeCrypto.decompressPoint(curve, nodeCrypto.randomBytes(size))).filter(
        (p) => !p,
      )
      expect(misses.length).toBeGreaterThan(5)
      expect(misses.length).toBeLessThan(59)
      expect(nodeCrypto.decompressPoint(curve, new Uint8Array(size).fill(0xff))).toBeUndefined()
      expect(nodeCrypto.decompressPoint(curve, new Uint8Array(size - 1))).toBeUndefined()
    },
  )
})

describe('signatures', () => {
  it('Ed25519 of RFC 8032 section 7.1, test 2', () => {
    const privateKey = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
    expect(toHex(nodeCrypto.publicKey('Ed25519', privateKey))).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    )
    expect(toHex(nodeCrypto.sign('EdDSA', privateKey, fromHex('72')))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('ES256 and ES384 verify the signatures of RFC 6979 appendices A.2.5 and A.2.6 over "sample"', () => {
    const p256 = fromHex(
      '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
    )
    const es256 = fromHex(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    )
    expect(nodeCrypto.verify('ES256', p256, utf8('sample'), es256)).toBe(true)
    expect(nodeCrypto.verify('ES256', p256, utf8('simple'), es256)).toBe(false)
    const p384 = fromHex(
      'ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720',
    )
    const es384 = fromHex(
      '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
    )
    expect(nodeCrypto.verify('ES384', p384, utf8('sample'), es384)).toBe(true)
  })

  it.each(['ES256', 'ES384', 'EdDSA'] as const)('%s refuses another message, key, length and encoding', (algorithm) => {
    const privateKey =
      algorithm === 'EdDSA'
        ? nodeCrypto.randomBytes(32)
        : nodeCrypto.generateKeyPair(algorithm === 'ES256' ? 'P-256' : 'P-384').privateKey
    const curve = { ES256: 'P-256', ES384: 'P-384', EdDSA: 'Ed25519' } as const
    const publicKey = nodeCrypto.publicKey(curve[algorithm], privateKey)
    const signature = nodeCrypto.sign(algorithm, privateKey, utf8('message'))
    expect(signature).toHaveLength(algorithm === 'ES384' ? 96 : 64)
    expect(nodeCrypto.verify(algorithm, publicKey, utf8('message'), signature)).toBe(true)
    expect(nodeCrypto.verify(algorithm, publicKey, utf8('massage'), signature)).toBe(false)
    expect(nodeCrypto.verify(algorithm, publicKey, utf8('message'), signature.slice(1))).toBe(false)
    expect(nodeCrypto.verify(algorithm, publicKey, utf8('message'), concat(signature, Uint8Array.of(0)))).toBe(false)
    expect(nodeCrypto.verify(algorithm, publicKey, utf8('message'), new Uint8Array(signature.length))).toBe(false)
    expect(nodeCrypto.verify(algorithm, publicKey.slice(1), utf8('message'), signature)).toBe(false)
    expect(nodeCrypto.verify(algorithm, new Uint8Array(publicKey.length).fill(0xff), utf8('message'), signature)).toBe(false)
  })
})

describe('a private key that was read before', () => {
  it('is not used any more once its array holds another key, or was wiped', () => {
    const [a, b] = [nodeCrypto.generateKeyPair('P-256'), nodeCrypto.generateKeyPair('P-256')]
    const key = a.privateKey.slice()
    expect(nodeCrypto.verify('ES256', a.publicKey, utf8('m'), nodeCrypto.sign('ES256', key, utf8('m')))).toBe(true)
    key.set(b.privateKey)
    expect(nodeCrypto.verify('ES256', b.publicKey, utf8('m'), nodeCrypto.sign('ES256', key, utf8('m')))).toBe(true)
    key.fill(0)
    expect(kindOf(() => nodeCrypto.sign('ES256', key, utf8('m')))).toBe('bad-input')
  })

  it('is not used for another curve', () => {
    const key = nodeCrypto.randomBytes(32)
    expect(nodeCrypto.publicKey('X25519', key)).not.toEqual(nodeCrypto.publicKey('Ed25519', key))
    expect(nodeCrypto.publicKey('P-256', key)).toHaveLength(64)
  })
})

describe('a public key that was read before', () => {
  it('is not used any more once its array holds another key, or none', () => {
    const [one, other] = [nodeCrypto.generateKeyPair('P-256'), nodeCrypto.generateKeyPair('P-256')]
    const signature = nodeCrypto.sign('ES256', one.privateKey, utf8('message'))
    const key = one.publicKey.slice()
    const verifies = () => nodeCrypto.verify('ES256', key, utf8('message'), signature)
    expect([verifies(), verifies()]).toEqual([true, true])
    key.set(other.publicKey)
    expect(verifies()).toBe(false)
    key.fill(0)
    expect(verifies()).toBe(false)
    key.set(one.publicKey)
    expect(verifies()).toBe(true)
  })
})

describe('block ciphers of the card management key', () => {
  it.each([
    // FIPS 197 appendix C.1 to C.3
    ['AES-128', '000102030405060708090a0b0c0d0e0f', '00112233445566778899aabbccddeeff', '69c4e0d86a7b0430d8cdb78070b4c55a'],
    [
      'AES-192',
      '000102030405060708090a0b0c0d0e0f1011121314151617',
      '00112233445566778899aabbccddeeff',
      'dda97ca4864cdfe06eaf70a0ec0d7191',
    ],
    [
      'AES-256',
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      '00112233445566778899aabbccddeeff',
      '8ea2b7ca516745bfeafc49904b496089',
    ],
    // NIST SP 800-67 appendix B.1, first block
    ['3DES', '0123456789abcdef23456789abcdef01456789abcdef0123', '5468652071756663', 'a826fd8ce53b855f'],
  ] as [BlockCipher, string, string, string][])('%s', (cipher, key, plain, encrypted) => {
    expect(toHex(nodeCrypto.encryptBlock(cipher, fromHex(key), fromHex(plain)))).toBe(encrypted)
    expect(toHex(nodeCrypto.decryptBlock(cipher, fromHex(key), fromHex(encrypted)))).toBe(plain)
    expect(kindOf(() => nodeCrypto.encryptBlock(cipher, fromHex(key).slice(1), fromHex(plain)))).toBe('bad-input')
    expect(kindOf(() => nodeCrypto.encryptBlock(cipher, fromHex(key), fromHex(`${plain}00`)))).toBe('bad-input')
  })
})

it('random bytes are as many as asked for, and not the same twice', () => {
  expect(nodeCrypto.randomBytes(0)).toHaveLength(0)
  expect(toHex(nodeCrypto.randomBytes(16))).not.toBe(toHex(nodeCrypto.randomBytes(16)))
})
