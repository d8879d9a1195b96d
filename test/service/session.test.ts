/** A session with a service node, on a real gateway and broker: what it gives, and what ends it. */
import * as v from 'valibot'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { NodeSession } from '../../electron/session/node-session.ts'
import { restoreHolder, suspendHolder, withdrawCard, withdrawTerminal } from '../../gateway/registry/administration.ts'
import { inviteNode } from '../../gateway/tokens/nodes.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { LoginResult } from '../../protocol/messages/operations.ts'
import { operation, Refusal } from '../../service/operations.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, PATIENCE_MS, SoftwareCard } from '../support/gateway-client.ts'
import { opened, sessionOf, TestService, until } from '../support/service.ts'

const echo = operation({
  scope: 'echo',
  request: v.strictObject({ text: v.string() }),
  answer: v.strictObject({ text: v.string(), subject: v.string() }),
  handle: ({ text }, session) => ({ text, subject: session.subject }),
})
/** The request that is under way, to be let go. */
const slow: { current: PromiseWithResolvers<void> | undefined } = { current: undefined }
const letGo = (): void => slow.current?.resolve()
const operations = {
  echo,
  'echo.supervised': operation({
    scope: 'supervise',
    request: v.strictObject({}),
    answer: v.strictObject({}),
    handle: () => ({}),
  }),
  'echo.refuse': operation({
    scope: 'echo',
    request: v.strictObject({}),
    answer: v.strictObject({}),
    handle: () => {
      throw new Refusal('no-such-record')
    },
  }),
  'echo.fail': operation({
    scope: 'echo',
    request: v.strictObject({}),
    answer: v.strictObject({}),
    handle: () => {
      throw new TypeError('a mistake of the service')
    },
  }),
  'echo.wrong': operation({
    scope: 'echo',
    request: v.strictObject({}),
    answer: v.strictObject({ due: v.string() }),
    handle: () => ({}) as { due: string },
  }),
  'echo.large': operation({
    scope: 'echo',
    request: v.strictObject({ length: v.number() }),
    answer: v.custom<Uint8Array>((value) => value instanceof Uint8Array),
    handle: ({ length }) => new Uint8Array(length),
  }),
  'echo.slow': operation({
    scope: 'echo',
    request: v.strictObject({}),
    answer: v.strictObject({}),
    handle: async () => {
      slow.current = Promise.withResolvers()
      await slow.current.promise
      return {}
    },
  }),
}
const scopes = [{ scope: 'echo' }, { scope: 'supervise', role: 'supervisor' as const }]

let gateway: TestGateway
let service: TestService
let desk: { client: GatewayClient; supervisor: SoftwareCard; operator: LoginResult }
const person = new SoftwareCard()
const sessions: NodeSession[] = []

beforeAll(async () => {
  gateway = await TestGateway.start()
  desk = await gateway.desk()
  await desk.client.register(person, {
    person: { givenName: 'Berta', familyName: 'Person', reference: 'p-1' },
    session: desk.operator.session,
  })
  service = await TestService.start(gateway, { name: 'echo', scopes, operations })
})
afterEach(() => {
  for (const session of sessions.splice(0)) session.end('quit')
})
afterAll(async () => {
  await service.close()
  await gateway.close()
})

function open(options: Partial<Parameters<typeof sessionOf>[2]> & { session: Uint8Array }): Promise<NodeSession> {
  const session = sessionOf(gateway, desk.client, { service: 'echo', ...options })
  sessions.push(session)
  return opened(session)
}

describe('a login opens a session with a service', () => {
  test('that answers requests, and knows the person by a pseudonym that stays', async () => {
    const first = await desk.client.login(person)
    const session = await open(first)
    expect(session.state()).toMatchObject({ kind: 'open', scopes: ['echo'] })
    const answer = (await session.request('echo', { text: 'hello' })) as { text: string; subject: string }
    expect(answer.text).toBe('hello')
    expect(answer.subject).toMatch(/^[0-9a-f]{32}$/)
    const again = await open(await desk.client.login(person))
    expect(await again.request('echo', { text: '' })).toEqual({ text: '', subject: answer.subject })
    // Nothing of the person's own.
    const known = [first.holder.id, first.session, first.card.guid].map(toHex)
    expect(known).not.toContain(answer.subject)
  })

  test('and another one knows the same person by another pseudonym', async () => {
    const other = await TestService.start(gateway, { name: 'other', scopes, operations })
    try {
      const login = await desk.client.login(person)
      const [here, there] = await Promise.all([open(login), open({ ...login, service: 'other' })])
      const of = async (session: NodeSession) => ((await session.request('echo', { text: '' })) as { subject: string }).subject
      expect(await of(here)).not.toBe(await of(there))
    } finally {
      await other.close()
    }
  })

  test('with many requests side by side, each with its own answer', async () => {
    const session = await open(await desk.client.login(person))
    const texts = Array.from({ length: 25 }, (_, i) => `request ${i}`)
    const answers = await Promise.all(texts.map((text) => session.request('echo', { text })))
    expect(answers.map((answer) => (answer as { text: string }).text)).toEqual(texts)
  })

  test.each([
    ['nothing.there', {}, { code: 'unknown-operation' }],
    ['echo', { text: 1 }, { code: 'bad-request' }],
    ['echo', { text: '', more: 1 }, { code: 'bad-request' }],
    ['echo.supervised', {}, { code: 'scope-missing', scope: 'supervise' }],
    ['echo.refuse', {}, { code: 'refused', reason: 'no-such-record' }],
    ['echo.fail', {}, { code: 'service-failed' }],
    ['echo.wrong', {}, { code: 'service-failed' }],
    ['echo.large', { length: 200_000 }, { code: 'service-failed' }],
  ])('which refuses %s %j', async (name, body, refusal) => {
    const session = await open(await desk.client.login(person))
    await expect(session.request(name, body)).rejects.toMatchObject({ name: 'ServiceRefused', refusal })
    // And goes on.
    await session.request('echo', { text: '' })
    expect(service.events).toContainEqual(expect.objectContaining({ event: 'request', operation: name, outcome: refusal.code }))
  })

  test('with answers of 64 KiB and more', async () => {
    const session = await open(await desk.client.login(person))
    expect(await session.request('echo.large', { length: 65_536 })).toEqual(new Uint8Array(65_536))
    expect(await session.request('echo.large', { length: 120_000 })).toHaveLength(120_000)
  })
})

describe('what a login may do there', () => {
  test("an operator's role counts where the operator is signed in at the terminal, and for nothing else", async () => {
    const login = await desk.client.login(person)
    const supervised = await open({ ...login, operator: desk.operator.session })
    expect(supervised.state()).toMatchObject({ scopes: ['echo', 'supervise'] })
    await supervised.request('echo.supervised', {})
    const own = await open({ session: desk.operator.session })
    expect(own.state()).toMatchObject({ scopes: ['echo', 'supervise'] })
    // The supervisor as a customer has no more rights than any customer.
    const asCustomer = await open(await desk.client.login(desk.supervisor))
    expect(asCustomer.state()).toMatchObject({ scopes: ['echo'] })
  })

  test('is listed before, and can be asked for in part', async () => {
    const { session } = await desk.client.login(person)
    const listed = async (body: { session: Uint8Array; operator?: Uint8Array }) =>
      (await desk.client.request('services.list', body)).services
    expect(await listed({ session })).toContainEqual({ name: 'echo', scopes: ['echo'] })
    const supervised = { session, operator: desk.operator.session }
    expect(await listed(supervised)).toContainEqual({ name: 'echo', scopes: ['echo', 'supervise'] })
    await inviteNode(gateway.gateway.registry, { name: 'invited-only', scopes, tokenMs: 60_000, validMs: 1000 })
    expect((await listed(supervised)).map(({ name }) => name)).not.toContain('invited-only')
    const part = await open({ session, operator: desk.operator.session, scopes: ['supervise'] })
    await expect(part.request('echo', { text: '' })).rejects.toMatchObject({ refusal: { code: 'scope-missing' } })
  })

  test.each([
    ['role-missing', (session: Uint8Array) => ({ session, scopes: ['supervise'] })],
    ['role-missing', (session: Uint8Array) => ({ session, scopes: [] })],
    ['not-allowed', (session: Uint8Array) => ({ session, service: 'nobody' })],
    ['session-unknown', () => ({ session: new Uint8Array(16) })],
    ['session-unknown', (session: Uint8Array) => ({ session, operator: new Uint8Array(16) })],
    ['session-unknown', (session: Uint8Array) => ({ session, operator: session })],
  ])('refused as %s: no token, and the session says that the login gives none', async (code, body) => {
    const { session } = await desk.client.login(person)
    const key = desk.client.key.publicKey
    const request = { service: 'echo', key, ...body(session) }
    await expect(desk.client.request('token.request', request)).rejects.toMatchObject({ code })
    const refused = sessionOf(gateway, desk.client, { service: 'echo', ...body(session) })
    await until('the end', () => refused.state().kind === 'ended')
    expect(refused.state()).toEqual({ kind: 'ended', reason: 'login-over' })
  })

  test('another terminal gets no token for this login', async () => {
    const { session } = await desk.client.login(person)
    const other = await gateway.terminal()
    const request = { session, service: 'echo', key: other.key.publicKey }
    await expect(other.request('token.request', request)).rejects.toMatchObject({ code: 'session-unknown' })
  })
})

describe('the session ends', () => {
  test('at the node by the terminal’s own word where the card is pulled', async () => {
    const session = await open(await desk.client.login(person))
    await session.request('echo', { text: '' })
    const facts = service.started.at(-1)
    session.end('card-removed')
    expect(session.state()).toEqual({ kind: 'ended', reason: 'card-removed' })
    await until('the end', () => service.ended.some((ended) => ended.session === facts))
    expect(service.ended.find((ended) => ended.session === facts)?.reason).toBe('card-removed')
    await expect(session.request('echo', { text: '' })).rejects.toMatchObject({ reason: 'card-removed' })
  })

  test("at the node by the gateway's word where the terminal's is lost", async () => {
    const login = await desk.client.login(person)
    const session = await open(login)
    await desk.client.request('session.end', { session: login.session, reason: 'card-removed' })
    await until('the end', () => session.state().kind === 'ended')
    expect(session.state()).toEqual({ kind: 'ended', reason: 'revoked' })
    await expect(
      desk.client.request('token.request', { session: login.session, service: 'echo', key: desk.client.key.publicKey }),
    ).rejects.toMatchObject({ code: 'session-unknown' })
  })

  test('where the operator signs out whose role stood behind it', async () => {
    const operator = await desk.client.login(desk.supervisor, 'operator')
    const login = await desk.client.login(person)
    const [supervised, plain] = await Promise.all([open({ ...login, operator: operator.session }), open(login)])
    await desk.client.request('session.end', { session: operator.session, reason: 'operator' })
    await until('the end', () => supervised.state().kind === 'ended')
    expect(plain.state().kind).toBe('open')
  })

  test("at once where the service's programmer ends it", async () => {
    const session = await open(await desk.client.login(person))
    expect(service.service.endSession(service.started.at(-1)?.id ?? '')).toBe(true)
    await until('the end', () => session.state().kind === 'ended')
    expect(session.state()).toEqual({ kind: 'ended', reason: 'service' })
    expect(service.service.endSession(service.started.at(-1)?.id ?? '')).toBe(false)
  })

  test('where the card is blocked, the holder suspended or the card withdrawn: at once, and there is no new token', async () => {
    const { registry, blocks } = gateway.gateway
    const card = new SoftwareCard()
    const someone = { givenName: 'Carl', familyName: 'Blocked', reference: 'p-2' }
    await desk.client.register(card, { person: someone, session: desk.operator.session })
    const guid = card.guid as Uint8Array
    const cases: [string, () => Promise<unknown>, () => Promise<unknown>, string][] = [
      ['suspended', () => suspendHolder(registry, 'p-2'), () => restoreHolder(registry, 'p-2'), 'holder-suspended'],
      [
        'blocked',
        () => blocks.block({ guid, cause: 'administrator', blockPin: false }),
        async () => undefined,
        'session-unknown',
      ],
    ]
    for (const [what, stop, restore, code] of cases) {
      const login = await desk.client.login(card)
      const session = await open(login)
      await stop()
      await until(what, () => session.state().kind === 'ended')
      expect(session.state(), what).toEqual({ kind: 'ended', reason: 'revoked' })
      const request = { session: login.session, service: 'echo', key: desk.client.key.publicKey }
      await expect(desk.client.request('token.request', request)).rejects.toMatchObject({ code })
      await restore()
    }
  })

  test('where the card is withdrawn, or the terminal', async () => {
    const { registry } = gateway.gateway
    const card = new SoftwareCard()
    const someone = { givenName: 'Dora', familyName: 'Withdrawn', reference: 'p-3' }
    await desk.client.register(card, { person: someone, session: desk.operator.session })
    const session = await open(await desk.client.login(card))
    await withdrawCard(registry, toHex(card.guid as Uint8Array))
    await until('the end', () => session.state().kind === 'ended')

    const other = await gateway.terminal()
    const there = sessionOf(gateway, other, { service: 'echo', session: (await other.login(person)).session })
    sessions.push(await opened(there))
    await withdrawTerminal(registry, other.terminal)
    await until('the end', () => there.state().kind === 'ended')
    expect(there.state()).toEqual({ kind: 'ended', reason: 'revoked' })
  })
})

describe('the session goes on', () => {
  // Short, so that a node that is back is found soon, and longer than any answer of one that is there.
  const times = { doubtMs: 500, heartbeatMs: 1000, backoffMs: { first: 20, most: 100 }, handshakeMs: 1000 }

  test('without a PIN where the node was stopped and started again, as long as the login stands', async () => {
    const login = await desk.client.login(person)
    const session = await open({ ...login, times })
    await service.service.close()
    await until('the loss', () => session.state().kind !== 'open')
    await service.run()
    await until('the return', () => session.state().kind === 'open')
    expect(await session.request('echo', { text: 'again' })).toMatchObject({ text: 'again' })

    await service.service.close()
    await until('the loss', () => session.state().kind !== 'open')
    await desk.client.request('session.end', { session: login.session, reason: 'card-removed' })
    await service.run()
    await until('the end', () => session.state().kind === 'ended')
    expect(session.state()).toEqual({ kind: 'ended', reason: 'login-over' })
  })

  test('beyond the life of its token: the next one takes its place before, and what is under way is answered', async () => {
    const short = await TestService.start(gateway, { name: 'short', scopes, operations, tokenMs: 8000 })
    try {
      const session = await open({ ...(await desk.client.login(person)), service: 'short', times: { renewMs: 4000 } })
      slow.current = undefined
      const waiting = session.request('echo.slow', {}, { timeoutMs: PATIENCE_MS })
      await until('the request', () => slow.current !== undefined)
      await until('the renewal', () => short.started.length === 2)
      expect(session.state().kind).toBe('open')
      letGo()
      await expect(waiting).resolves.toEqual({})
      await until('the end of the first', () => short.ended.length === 1)
      expect(short.ended[0]).toMatchObject({ session: short.started[0], reason: 'renewed' })
      await session.request('echo', { text: '' })
    } finally {
      await short.close()
    }
  })

  test('a request is never sent twice by itself: what a lost node may have done is the caller’s to ask', async () => {
    const session = await open({ ...(await desk.client.login(person)), times })
    const before = service.events.filter(({ event }) => event === 'request').length
    slow.current = undefined
    const waiting = session.request('echo.slow', {})
    waiting.catch(() => undefined)
    await until('the request', () => slow.current !== undefined)
    const closing = service.service.close()
    await expect(waiting).rejects.toMatchObject({ kind: 'silent' })
    letGo()
    await closing
    await service.run()
    await until('the return', () => session.state().kind === 'open')
    expect(service.events.filter(({ event }) => event === 'request').length).toBe(before + 1)
  })
})

describe('the audit', () => {
  test('of the gateway names each token by pseudonyms only, and the chain holds', async () => {
    const { registry } = gateway.gateway
    const entries = await registry.store.read((reader) => reader.audit(0, 100_000))
    const text = entries.map(({ entry }) => Buffer.from(entry).toString('latin1')).join('\n')
    for (const event of ['node-invited', 'node-enrolled', 'node-connected', 'token-issued']) expect(text).toContain(event)
    expect(text).not.toContain('Berta')
    expect(await registry.store.read((reader) => registry.audit.verify(reader))).toMatchObject({ kind: 'intact' })
  })

  test('of the service tells sessions and requests, and no body', () => {
    const kinds = new Set(service.events.map(({ event }) => event))
    expect(kinds).toEqual(new Set(['gateway', 'session-started', 'session-ended', 'request']))
    expect(JSON.stringify(service.events)).not.toContain('hello')
  })
})
