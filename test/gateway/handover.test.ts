import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyOptions, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHandoverKeys } from '../../gateway/authority/handover-keys.ts'
import { handoverKeysCommand } from '../../gateway/commands/handover.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { toHex, utf8 } from '../../protocol/bytes.ts'
import type { LoginResult } from '../../protocol/messages/operations.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'

const AUDIENCE = 'https://clinic.example'
const NONCE = 'a-nonce-of-the-program'

let gateway: TestGateway
let desk: { client: GatewayClient; supervisor: SoftwareCard; operator: LoginResult }
let person: Awaited<ReturnType<TestGateway['card']>>

beforeAll(async () => {
  gateway = await TestGateway.start()
  desk = await gateway.desk()
  person = await gateway.card(desk)
})
afterAll(() => gateway.close())

const logIn = () => desk.client.login(person, 'holder')
const operator = () => desk.operator.session

async function handOver(session: Uint8Array, audience = AUDIENCE, nonce = NONCE): Promise<string> {
  return (await desk.client.request('token.handover', { session, operator: operator(), audience, nonce })).token
}

/** What `npm run gateway -- handover-keys` prints, as a program reads it. */
function published(): JSONWebKeySet & { readonly issuer: string } {
  let printed = ''
  handoverKeysCommand(gateway.gateway.registry, (words) => {
    printed = words
  })
  return JSON.parse(printed)
}

function verify(token: string, options: JWTVerifyOptions = {}) {
  return jwtVerify(token, createLocalJWKSet(published()), {
    algorithms: ['ES256'],
    typ: 'tessera-login+jwt',
    audience: AUDIENCE,
    issuer: published().issuer,
    requiredClaims: ['nonce', 'exp', 'iat', 'jti', 'sub', 'auth_time', 'amr'],
    ...options,
  })
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'served',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  )

describe('a login that is handed over', () => {
  test('verifies with another JWT library, by the published key alone', async () => {
    const login = await logIn()
    const before = Math.floor(Date.now() / 1000)
    const { payload, protectedHeader } = await verify(await handOver(login.session))
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'tessera-login+jwt', kid: published().keys[0]?.kid })
    expect(payload).toMatchObject({ aud: AUDIENCE, nonce: NONCE, auth_time: Math.floor(login.at / 1000) })
    const { iat = 0, exp = 0 } = payload
    expect(iat).toBeGreaterThanOrEqual(before)
    expect(exp - iat).toBe(120)
    // The cards of this test are simulated, which is no smart card.
    expect(payload.amr).toEqual(['pin', 'swk'])
  })

  test('says that a real card is one', async () => {
    const real = new SoftwareCard()
    const { session } = desk.operator
    await desk.client.register(real, { person: { givenName: 'R', familyName: 'C', reference: 'R-1' }, session, simulated: false })
    const { payload } = await verify(await handOver((await desk.client.login(real, 'holder')).session))
    expect(payload.amr).toEqual(['mfa', 'pin', 'sc'])
  })

  test('is good for its audience only, for its issuer only, for two minutes only', async () => {
    const token = await handOver((await logIn()).session)
    await expect(verify(token, { audience: 'https://bank.example' })).rejects.toBeInstanceOf(errors.JWTClaimValidationFailed)
    await expect(verify(token, { issuer: 'tessera:gateway/0' })).rejects.toBeInstanceOf(errors.JWTClaimValidationFailed)
    await expect(verify(token, { typ: 'JWT' })).rejects.toBeInstanceOf(errors.JWTClaimValidationFailed)
    await expect(verify(token, { currentDate: new Date(Date.now() + 121_000) })).rejects.toBeInstanceOf(errors.JWTExpired)
  })

  test('is signed as a whole', async () => {
    const [header = '', payload = '', signature = ''] = (await handOver((await logIn()).session)).split('.')
    const changed = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const forged = Buffer.from(JSON.stringify({ ...changed, sub: 'somebody else' })).toString('base64url')
    await expect(verify(`${header}.${forged}.${signature}`)).rejects.toBeInstanceOf(errors.JWSSignatureVerificationFailed)
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'tessera-login+jwt' })).toString('base64url')
    await expect(verify(`${none}.${payload}.`)).rejects.toThrow()
  })

  test('names the person by one pseudonym at one program, by another at every other, and never by name or number', async () => {
    const [first, again] = [await handOver((await logIn()).session), await handOver((await logIn()).session)]
    const other = await handOver((await logIn()).session, 'app:ledger')
    const subjectOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(subjectOf(first).sub).toBe(subjectOf(again).sub)
    expect(subjectOf(first).jti).not.toBe(subjectOf(again).jti)
    expect(subjectOf(other).sub).not.toBe(subjectOf(first).sub)
    const login = await logIn()
    for (const secret of [toHex(login.holder.id), toHex(person.guid), 'Pat', 'Doe', login.holder.reference]) {
      expect(JSON.stringify(subjectOf(first))).not.toContain(secret)
    }
    const { nodeKeys } = gateway.gateway.registry
    expect(subjectOf(first).sub).not.toBe(nodeKeys.pseudonym(AUDIENCE, login.holder.id))
  })

  test('is in the audit, with the operator who answers for it', async () => {
    const { store, audit } = gateway.gateway.registry
    const token = await handOver((await logIn()).session, 'app:audited')
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const entries = await store.read((reader) => reader.audit(0, 100_000))
    const entry = entries.map((e) => Buffer.from(e.entry)).find((e) => e.includes('app:audited'))
    expect(entry?.toString('latin1')).toContain('login-handed-over')
    expect(entry?.toString('hex')).toContain(jti)
    expect(entry?.toString('hex')).toContain(toHex(operator()))
    expect(await store.read((reader) => audit.verify(reader))).toMatchObject({ kind: 'intact' })
  })
})

describe('no login is handed over', () => {
  test('without an operator beside it, or by another terminal', async () => {
    const { session } = await logIn()
    const other = await gateway.terminal()
    const body = { session, audience: AUDIENCE, nonce: NONCE }
    expect(await codeOf(desk.client.request('token.handover', body))).toBe('role-missing')
    expect(await codeOf(other.request('token.handover', { ...body, operator: operator() }))).toBe('session-unknown')
    // A person is no operator, whatever session is named twice.
    expect(await codeOf(desk.client.request('token.handover', { ...body, operator: session }))).toBe('session-unknown')
  })

  test('once it is over', async () => {
    const { session } = await logIn()
    await handOver(session)
    await desk.client.request('session.end', { session, reason: 'card-removed' })
    expect(await codeOf(handOver(session))).toBe('session-unknown')
  })

  test('of a card that is blocked, or of a person who is suspended', async () => {
    const { store } = gateway.gateway.registry
    const login = await logIn()
    await store.transaction((tx) => tx.updateCard(person.guid, { state: 'blocked' }))
    expect(await codeOf(handOver(login.session))).toBe('card-blocked')
    await store.transaction((tx) => tx.updateCard(person.guid, { state: 'active' }))
    await store.transaction((tx) => tx.updateHolder(login.holder.id, { state: 'suspended' }))
    expect(await codeOf(handOver(login.session))).toBe('holder-suspended')
    await store.transaction((tx) => tx.updateHolder(login.holder.id, { state: 'active' }))
    expect(await codeOf(handOver(login.session))).toBe('served')
  })

  test.each([
    ['http://clinic.example', NONCE],
    ['https://clinic.example/path', NONCE],
    ['https://Clinic.example', NONCE],
    ['https://clinic.example:0', NONCE],
    ['clinic.example', NONCE],
    ['app:', NONCE],
    ['app:a b', NONCE],
    [AUDIENCE, 'short'],
    [AUDIENCE, `${'n'.repeat(129)}`],
    [AUDIENCE, 'sixteen characters with spaces'],
    [AUDIENCE, 'quotes"quotes"quotes'],
  ])('to the audience %j with the nonce %j', async (audience, nonce) => {
    expect(await codeOf(handOver((await logIn()).session, audience, nonce))).toBe('bad-request')
  })
})

describe('the key', () => {
  test('is the same for every worker of a gateway, another for another gateway, and no key of anything else', () => {
    const [master, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const keyOf = (secret: Uint8Array) => createHandoverKeys(nodeCrypto, secret).publicKey
    expect(keyOf(master)).toEqual(keyOf(master.slice()))
    expect(keyOf(master).kid).not.toBe(keyOf(other).kid)
    const { authority } = gateway.gateway.registry
    const x = Buffer.from(authority.identity('ES256').key.publicKey.slice(0, 32)).toString('base64url')
    expect(published().keys[0]?.x).not.toBe(x)
  })

  test('is published without its private part', () => {
    expect(Object.keys(published().keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  test('takes the next candidate where one is outside the curve’s order', () => {
    let calls = 0
    const crypto = {
      ...nodeCrypto,
      publicKey(...args: Parameters<typeof nodeCrypto.publicKey>) {
        calls += 1
        if (calls === 1) throw new RangeError('outside')
        return nodeCrypto.publicKey(...args)
      },
    }
    const keys = createHandoverKeys(crypto, new Uint8Array(32).fill(1))
    expect(calls).toBe(2)
    expect(keys.sign(utf8('x'))).toHaveLength(64)
    expect(keys.publicKey.kid).not.toBe(createHandoverKeys(nodeCrypto, new Uint8Array(32).fill(1)).publicKey.kid)
  })
})
