import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'

let test1: TestGateway
beforeAll(async () => {
  test1 = await TestGateway.start()
})
afterAll(() => test1.close())

describe('from an invitation to a login', () => {
  let client: GatewayClient
  const supervisor = new SoftwareCard()
  const person = { givenName: 'Grace', familyName: 'Hopper', reference: 'K-1906' }

  test('a terminal is enrolled, connects and is greeted', async () => {
    client = await test1.connect()
    const result = await client.enrol(await test1.invite(true, 'Counter 3'))
    expect(result.site).toBe('Counter 3')
    const greeting = await client.open()
    expect(greeting).toMatchObject({ site: 'Counter 3', mayRegisterFirstOperator: true })
  })

  test('the first operator is registered without a session and becomes supervisor', async () => {
    const result = await client.register(supervisor, { person: { givenName: 'Ada', familyName: 'First', reference: 'op-1' } })
    expect(result).toMatchObject({ role: 'supervisor' })
    expect(new TextDecoder().decode(supervisor.puk)).toMatch(/^[0-9]{8}$/)
    expect(await client.request('hello', { software: 'test 1' })).toMatchObject({ mayRegisterFirstOperator: false })
  })

  test('a person is registered by the operator and logs in; the second login tells of the first', async () => {
    const operator = await client.login(supervisor, 'operator')
    expect(operator).toMatchObject({ role: 'supervisor', holder: { givenName: 'Ada' } })
    const card = new SoftwareCard()
    const proof = await client.register(card, { person, session: operator.session })
    expect(proof).toMatchObject({ holder: person })
    expect(proof?.role).toBeUndefined()
    const first = await client.login(card)
    expect(first).toMatchObject({ holder: person })
    expect(first.last).toBeUndefined()
    const second = await client.login(card)
    expect(second.last).toEqual({ at: first.at, site: 'Counter 3' })
    expect(second.card.guid).toEqual(card.guid)
    await client.request('session.end', { session: second.session, reason: 'card-removed' })
  })

  test('a P-384 card is registered and logs in with suite 24', async () => {
    const operator = await client.login(supervisor, 'operator')
    const card = new SoftwareCard('P-384', '3DES')
    await client.register(card, { person: { ...person, reference: 'K-384' }, session: operator.session })
    expect(await client.login(card)).toMatchObject({ holder: { reference: 'K-384' } })
  })

  test('message_3 again gets the very message_4 again', async () => {
    const { frame3, frame4 } = client.lastHandshake ?? {}
    if (frame3 === undefined || frame4 === undefined) throw new Error('no handshake')
    const again = client.wait('message_4', (frame) => equalConstantTime(frame.connection, client.session.cI))
    await client.send(buildTopic({ kind: 'worker-in', worker: client.session.worker }), frame3)
    expect((await again).message).toEqual(frame4.message)
    await client.request('hello', { software: 'still there' })
  })

  test('nothing failed inside, and the audit log is whole', async () => {
    expect(test1.gateway.counters()).toMatchObject({ failures: 0, forgedMessages: 0, malformedFrames: 0 })
    expect(test1.log.filter((line) => line.startsWith('error'))).toEqual([])
    const { store, audit } = test1.gateway.registry
    expect(await store.read((reader) => audit.verify(reader))).toMatchObject({ kind: 'intact' })
  })
})
