/** CBOR Web Tokens: RFC 8392's own example, and everything that must be refused. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import { concat, fromHex, toHex } from '../../protocol/bytes.ts'
import { decode, encode } from '../../protocol/cbor.ts'
import { computeX5t, header } from '../../protocol/cose/headers.ts'
import { coseKeyOf, parseCoseKey } from '../../protocol/cose/key.ts'
import { signSign1 } from '../../protocol/cose/sign1.ts'
import {
  CwtError,
  type CwtFailure,
  claim,
  decodeCwt,
  type ExpectedCwt,
  encodeClaims,
  issuerReference,
  signCwt,
  verifyCwt,
} from '../../protocol/cwt.ts'
import { kcwtCredential } from '../../protocol/edhoc/credentials.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import { parseIdCred } from '../../protocol/edhoc/items.ts'
import { processMessage1 } from '../../protocol/edhoc/responder.ts'
import { handshake, makeEnds } from './edhoc-ends.ts'

const vector = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/rfc8392.json'), 'utf8'))

function failure(work: () => unknown): CwtFailure {
  try {
    work()
  } catch (error) {
    if (error instanceof CwtError) return error.failure
    throw error
  }
  throw new Error('it was accepted')
}

describe('RFC 8392 appendix A', () => {
  const issuerKey = concat(fromHex(vector.key.x), fromHex(vector.key.y))
  const expected: ExpectedCwt = {
    algorithm: 'ES256',
    issuerKey,
    issuer: 'coap://as.example.com',
    audience: 'coap://light.example.com',
    now: 1_443_944_944_000,
    toleranceMs: 0,
  }
  const claims = {
    issuer: 'coap://as.example.com',
    subject: 'erikw',
    audience: 'coap://light.example.com',
    expiresAt: 1_444_064_944_000,
    notBefore: 1_443_944_944_000,
    issuedAt: 1_443_944_944_000,
    id: fromHex('0b71'),
  }

  test('A.2.3: the private key belongs to the public one', () => {
    expect(crypto.publicKey('P-256', fromHex(vector.key.privateKey))).toEqual(issuerKey)
  })
  test('A.1: the claims set is encoded as there', () => {
    expect(toHex(encodeClaims(claims))).toBe(vector.claims)
  })
  test('A.3: the signed token is read and verified', () => {
    const decoded = decodeCwt(fromHex(vector.untagged))
    expect(decoded.claims).toEqual(claims)
    expect(verifyCwt(crypto, decoded, expected)).toEqual(claims)
    expect(vector.signed).toBe(`d2${vector.untagged}`)
  })
  test('A.3: and refused when its time is over, or not yet come', () => {
    const decoded = decodeCwt(fromHex(vector.untagged))
    const at = (now: number, toleranceMs = 0) => failure(() => verifyCwt(crypto, decoded, { ...expected, now, toleranceMs }))
    expect(at(claims.expiresAt)).toEqual({ kind: 'expired', expiredAt: claims.expiresAt })
    expect(at(claims.expiresAt + 60_000, 60_000)).toEqual({ kind: 'expired', expiredAt: claims.expiresAt })
    expect(at(claims.notBefore - 1)).toEqual({ kind: 'not-yet-valid', validFrom: claims.notBefore })
    verifyCwt(crypto, decoded, { ...expected, now: claims.expiresAt + 59_999, toleranceMs: 60_000 })
    verifyCwt(crypto, decoded, { ...expected, now: claims.notBefore - 60_000, toleranceMs: 60_000 })
  })
})

const issuer = crypto.generateKeyPair('P-256')
const sign = async (bytes: Uint8Array) => crypto.sign('ES256', issuer.privateKey, bytes)
const holder = crypto.generateKeyPair('P-256')
const NOW = 1_800_000_000_000
const claims = {
  issuer: 'gateway',
  subject: 'pseudonym',
  audience: 'node',
  expiresAt: NOW + 300_000,
  notBefore: NOW,
  issuedAt: NOW,
  id: fromHex('00112233445566778899aabbccddeeff'),
  key: { group: 'P-256', publicKey: holder.publicKey, kid: fromHex('aa') },
  scopes: ['record:read', 'record:note'],
  nonce: fromHex('0102030405060708'),
} as const
const expected: ExpectedCwt = {
  algorithm: 'ES256',
  issuerKey: issuer.publicKey,
  issuer: 'gateway',
  audience: 'node',
  now: NOW + 1000,
  toleranceMs: 0,
}

describe('a token of ours', () => {
  test('comes back with every claim, and names its issuer in the protected header', async () => {
    const x5t = computeX5t(crypto, fromHex('3000'))
    const decoded = decodeCwt(await signCwt(claims, 'ES256', sign, new Map([[header.x5t, x5t]])))
    expect(verifyCwt(crypto, decoded, expected)).toEqual(claims)
    expect(issuerReference(decoded)).toEqual(x5t)
  })

  test.each([
    ['wrong-issuer', { issuer: 'other' }],
    ['wrong-audience', { audience: 'other node' }],
    ['bad-signature', { issuerKey: holder.publicKey }],
    ['bad-signature', { algorithm: 'ES384' as const }],
  ])('is refused as %s where %j is due', async (kind, due) => {
    const decoded = decodeCwt(await signCwt(claims, 'ES256', sign))
    expect(failure(() => verifyCwt(crypto, decoded, { ...expected, ...due })).kind).toBe(kind)
  })

  test.each([
    ['iss', 'issuer'],
    ['aud', 'audience'],
    ['exp', 'expiresAt'],
  ] as const)('without %s is none', async (name, field) => {
    const { [field]: _left, ...rest } = claims
    const decoded = decodeCwt(await signCwt(rest, 'ES256', sign))
    expect(failure(() => verifyCwt(crypto, decoded, expected))).toEqual({ kind: 'missing-claim', claim: name })
  })

  test('with any byte changed is malformed or forged', async () => {
    const token = await signCwt(claims, 'ES256', sign)
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const changed = token.slice()
        changed[place] = (changed[place] as number) ^ change
        expect(['malformed', 'bad-signature']).toContain(failure(() => verifyCwt(crypto, decodeCwt(changed), expected)).kind)
      }),
      { numRuns: 2000 },
    )
  })

  test('cannot be cut or made longer', async () => {
    const token = await signCwt(claims, 'ES256', sign)
    for (let length = 0; length < token.length; length += 1) {
      expect(failure(() => decodeCwt(token.slice(0, length))).kind).toBe('malformed')
    }
    expect(failure(() => decodeCwt(concat(token, Uint8Array.of(0)))).kind).toBe('malformed')
  })
})

describe('claims of another type than their own', () => {
  test.each<[keyof typeof claim, unknown]>([
    ['iss', 1],
    ['sub', fromHex('00')],
    ['aud', ['node']],
    ['exp', '1'],
    ['exp', -1],
    ['nbf', fromHex('00')],
    ['iat', []],
    ['cti', 'text'],
    ['cnf', new Map([[2, 'encrypted key']])],
    ['cnf', new Map([[1, new Map([[1, 4]])]])],
    ['scope', fromHex('00')],
    ['scope', 'a  b'],
    ['scope', 'say "hello"'],
    ['nonce', 'text'],
  ])('%s: %j', async (name, value) => {
    const map = new Map(decode(encodeClaims(claims)) as Map<number, unknown>)
    map.set(claim[name], value)
    const token = await signSign1({ algorithm: 'ES256', payload: encode(map) }, sign)
    expect(failure(() => decodeCwt(token))).toEqual({ kind: 'malformed', reason: name })
  })

  test('what is no map holds no claims', async () => {
    const token = await signSign1({ algorithm: 'ES256', payload: encode([]) }, sign)
    expect(failure(() => decodeCwt(token))).toEqual({ kind: 'malformed', reason: 'claims' })
  })

  test('claims that are not known are let be (RFC 8392 section 3)', async () => {
    const map = new Map<number | string, unknown>(decode(encodeClaims(claims)) as Map<number, unknown>)
    map.set(-70_000, 'private').set('text', 1)
    const token = await signSign1({ algorithm: 'ES256', payload: encode(map) }, sign)
    expect(verifyCwt(crypto, decodeCwt(token), expected)).toEqual(claims)
  })

  test('neither a scope nor a time that cannot be written is signed', async () => {
    expect(() => encodeClaims({ scopes: ['two words'] })).toThrow(RangeError)
    expect(() => encodeClaims({ expiresAt: 1500 })).toThrow(RangeError)
    expect(() => encodeClaims({ expiresAt: -1000 })).toThrow(RangeError)
  })
})

describe('COSE_Key', () => {
  test.each([
    ['P-256', 64],
    ['P-384', 96],
    ['X25519', 32],
    ['Ed25519', 32],
  ] as const)('%s there and back', (group, length) => {
    const key = { group, publicKey: crypto.randomBytes(length), kid: fromHex('01') }
    expect(parseCoseKey(decode(encode(coseKeyOf(key))))).toEqual(key)
  })
  test('a coordinate that is too short, a kid of another type, and no map are none', () => {
    const whole = coseKeyOf({ group: 'P-256', publicKey: crypto.randomBytes(64) })
    expect(parseCoseKey(new Map([...whole, [-2, new Uint8Array(31)]]))).toBeUndefined()
    expect(parseCoseKey(new Map([...whole, [2, 'kid']]))).toBeUndefined()
    expect(parseCoseKey([])).toBeUndefined()
  })
})

describe('a token as EDHOC credential (kcwt, RFC 9528 section 3.5.3.1)', () => {
  test('is named by the token itself and stands in the transcript untagged', async () => {
    const token = await signCwt(claims, 'ES256', sign)
    const credential = kcwtCredential(token, holder.publicKey)
    expect(parseIdCred(credential.idCred).reference).toEqual({ kind: 'kcwt', cred: token })
    expect(credential.cred).toEqual(token)

    const own = {
      kind: 'signature',
      credential,
      sign: async (m: Uint8Array) => crypto.sign('ES256', holder.privateKey, m),
    } as const
    const ends = { ...makeEnds(0, 6, 'x5t'), i: own }
    const { initiator, responder } = await handshake(ends)
    expect(initiator.session.prkOut).toEqual(responder.prkOut)
    expect(responder.facts.peer.cred).toEqual(token)
  })

  test('with another token of the same key is another session: the responder finds it not authentic', async () => {
    const token = await signCwt(claims, 'ES256', sign)
    const other = await signCwt({ ...claims, scopes: ['everything'] }, 'ES256', sign)
    const credential = { ...kcwtCredential(token, holder.publicKey), cred: other }
    const own = {
      kind: 'signature',
      credential,
      sign: async (m: Uint8Array) => crypto.sign('ES256', holder.privateKey, m),
    } as const
    const ends = makeEnds(0, 6, 'x5t')
    const started = startInitiator({ crypto, method: 0, suites: [6], cI: ends.cI })
    const sent2 = await processMessage1(started.message1, { crypto, methods: [0], suites: [6] }).prepareMessage2(ends.r, ends.cR)
    const sent3 = await started.processMessage2(sent2.message2).verify(ends.r.credential).completeMessage3(own)
    const received3 = sent2.processMessage3(sent3.message3)
    expect(() => received3.verify({ cred: token, publicKey: holder.publicKey })).toThrow(
      expect.objectContaining({ kind: 'authentication-failed' }),
    )
  })

  test('anything but an array under the label 13 is no credential that we take', () => {
    expect(() => parseIdCred(encode(new Map([[13, fromHex('00')]])))).toThrow(
      expect.objectContaining({ kind: 'unsupported-credential' }),
    )
  })
})
