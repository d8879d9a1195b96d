/** Wrong PINs that terminals report: what counts against a card is what the card itself has signed, and nothing else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { GatewayEvent } from '../../gateway/findings/event.ts'
import { wrongPin } from '../../gateway/worker/wrong-pin.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { equalConstantTime, toHex } from '../../protocol/bytes.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { LoginResult } from '../../protocol/messages/operations.ts'
import { presenceKeyStatement, wrongPinStatement } from '../../protocol/messages/presence-proof.ts'
import { type TestCard, TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'

let gateway: TestGateway
let client: GatewayClient
let operator: LoginResult
let card: TestCard
let device: Parameters<typeof wrongPin>[1]
const events: GatewayEvent[] = []
beforeAll(async () => {
  gateway = await TestGateway.start()
  ;({ client, operator } = await gateway.desk())
  card = await gateway.card({ client, operator })
})
afterAll(() => gateway.close())
beforeEach(() => {
  events.length = 0
  const login = nodeCrypto.randomBytes(16)
  const pending = { purpose: 'holder', sent: {}, expiresAt: Date.now() + 60_000, wrongPins: new Map() }
  device = { terminal: client.terminal, logins: new Map([[toHex(login), pending]]) } as unknown as typeof device
})

const login = () => Uint8Array.from([...device.logins.keys()].flatMap((hex) => [...Buffer.from(hex, 'hex')]))
const sign = (by: SoftwareCard, statement: Uint8Array) =>
  nodeCrypto.sign('ES256', by.presence?.privateKey as Uint8Array, statement)
const proofOf = (by: TestCard, retriesLeft: number, of: Uint8Array = login(), guid: Uint8Array = by.guid) =>
  sign(by, wrongPinStatement(of, guid, retriesLeft))
const report = (body: { guid: Uint8Array; retriesLeft: number; proof?: Uint8Array }) =>
  wrongPin(gateway.gateway.registry, device, { login: login(), ...body }, (event) => events.push(event))
const proven = () => events.filter((event) => event.kind === 'wrong-pin' && event.proven).length

describe('a wrong PIN', () => {
  test('that the card has signed is held against that card', async () => {
    await report({ guid: card.guid, retriesLeft: 2, proof: proofOf(card, 2) })
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'wrong-pin',
        card: toHex(card.guid),
        proven: true,
        retriesLeft: 2,
        terminal: client.terminal,
        site: 'Desk',
      }),
    ])
  })

  test('counts once for each try, however often it is told', async () => {
    for (const retriesLeft of [2, 2, 1, 2, 1, 0, 0]) {
      await report({ guid: card.guid, retriesLeft, proof: proofOf(card, retriesLeft) })
    }
    expect(proven()).toBe(3)
  })

  test('without a signature, or with one for something else, is not: who knows a number gets nobody blocked', async () => {
    const other = await gateway.card({ client, operator })
    const flipped = proofOf(card, 2)
    flipped[0] = (flipped[0] ?? 0) ^ 1
    const forgeries: { why: string; retriesLeft: number; proof?: Uint8Array }[] = [
      { why: 'none', retriesLeft: 2 },
      { why: 'garbage', retriesLeft: 2, proof: nodeCrypto.randomBytes(64) },
      { why: 'one bit', retriesLeft: 2, proof: flipped },
      { why: 'of another card', retriesLeft: 2, proof: proofOf(other, 2, login(), card.guid) },
      { why: 'of another login', retriesLeft: 2, proof: proofOf(card, 2, nodeCrypto.randomBytes(16)) },
      { why: 'with other tries left', retriesLeft: 1, proof: proofOf(card, 2) },
      { why: 'made for the registration', retriesLeft: 2, proof: sign(card, presenceKeyStatement(login(), card.guid)) },
    ]
    for (const { why: _why, ...forgery } of forgeries) await report({ guid: card.guid, ...forgery })
    expect(events).toHaveLength(forgeries.length)
    expect(proven()).toBe(0)
    // And the card's own word counts after all that.
    await report({ guid: card.guid, retriesLeft: 2, proof: proofOf(card, 2) })
    expect(proven()).toBe(1)
  })

  test('of a card whose key of slot 9E is not known proves nothing', async () => {
    const without = new SoftwareCard()
    const person = { givenName: 'N', familyName: 'K', reference: 'no-9e' }
    await client.register(without, { person, session: operator.session })
    without.presence = nodeCrypto.generateKeyPair('P-256')
    await report({ guid: without.guid as Uint8Array, retriesLeft: 2, proof: proofOf(without as TestCard, 2) })
    expect(proven()).toBe(0)
  })

  test('is taken within a login of this terminal only, of a card that is known', async () => {
    const message1 = startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: nodeCrypto.randomBytes(8) }).message1
    const begun = await client.request('login.begin', { purpose: 'holder', message1 })
    const body = { login: begun.login, guid: card.guid, retriesLeft: 2, proof: proofOf(card, 2, begun.login) }
    const other = await gateway.terminal()
    await expect(other.request('pin.wrong', body)).rejects.toMatchObject({ code: 'login-failed' })
    await expect(client.request('pin.wrong', { ...body, guid: new Uint8Array(16) })).rejects.toMatchObject({
      code: 'unknown-card',
    })
    expect(await client.request('pin.wrong', body)).toEqual({})
    await client.request('login.cancel', { login: begun.login })
    await expect(client.request('pin.wrong', body)).rejects.toMatchObject({ code: 'login-failed' })
    const audit = await gateway.gateway.registry.store.read((reader) => reader.audit(0, 10_000))
    expect(audit.filter(({ entry }) => new TextDecoder().decode(entry).includes('wrong-pin')).length).toBeGreaterThan(0)
  })
})

describe('the key of slot 9E', () => {
  test('is stored with its proof, and by no other way', async () => {
    const stored = await gateway.gateway.registry.store.read((reader) => reader.card(card.guid))
    expect(equalConstantTime(stored?.presenceKey as Uint8Array, card.presence?.publicKey as Uint8Array)).toBe(true)
    const person = { givenName: 'P', familyName: 'K', reference: 'proof-9e' }
    const next = new SoftwareCard()
    await client.register(next, { person, session: operator.session, until: 'authenticate' })
    const registration = next.registration as Uint8Array
    const certificateRequest = next.certificateRequest('x')
    const { publicKey, privateKey } = nodeCrypto.generateKeyPair('P-256')
    const presenceProof = nodeCrypto.sign('ES256', privateKey, presenceKeyStatement(registration, publicKey))
    const certify = (more: { presenceKey?: Uint8Array; presenceProof?: Uint8Array }) =>
      client.request('register.certify', { registration, certificateRequest, ...more })
    await expect(certify({ presenceKey: publicKey })).rejects.toMatchObject({ code: 'bad-request' })
    await expect(certify({ presenceProof })).rejects.toMatchObject({ code: 'bad-request' })
    const stranger = nodeCrypto.generateKeyPair('P-256').publicKey
    await expect(certify({ presenceKey: stranger, presenceProof })).rejects.toMatchObject({ code: 'proof-failed' })
    const elsewhere = nodeCrypto.sign('ES256', privateKey, presenceKeyStatement(nodeCrypto.randomBytes(16), publicKey))
    await expect(certify({ presenceKey: publicKey, presenceProof: elsewhere })).rejects.toMatchObject({ code: 'proof-failed' })
    await certify({ presenceKey: publicKey, presenceProof })
    const kept = await gateway.gateway.registry.store.read((reader) => reader.card(next.guid as Uint8Array))
    expect(kept?.presenceKey).toEqual(publicKey)
  })
})
