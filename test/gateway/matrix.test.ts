/**
 * Every operation for everybody who may ask: who gets through, and what the others are told. 'served' means that the gateway did
 * it, or got as far as finding that what was named is not there; each row makes what it needs anew.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import { type Operation, operations, type RequestBody } from '../../protocol/messages/operations.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'

/** Whose session the request names; at which terminal it is asked. */
const CALLERS = [
  'nobody',
  'holder',
  'desk',
  'registrar',
  'supervisor',
  'approval',
  "other terminal's",
  'ended',
  'suspended',
] as const
type Caller = (typeof CALLERS)[number]
type Row = Readonly<Record<Caller, string>>

let gateway: TestGateway
let client: GatewayClient
const sessions = new Map<Caller, Uint8Array>()
let supervisorCard: SoftwareCard
let victim: { guid: Uint8Array }
let count = 0

beforeAll(async () => {
  gateway = await TestGateway.start()
  const desk = await gateway.desk()
  client = desk.client
  supervisorCard = desk.supervisor
  victim = await gateway.card(desk)
  const other = await gateway.terminal()
  const [deskCard, registrar, suspended] = [
    await gateway.card(desk, 'desk'),
    await gateway.card(desk, 'registrar'),
    await gateway.card(desk, 'supervisor'),
  ]
  sessions.set('nobody', nodeCrypto.randomBytes(16))
  sessions.set('holder', (await client.login(supervisorCard, 'holder')).session)
  sessions.set('desk', (await client.login(deskCard, 'operator')).session)
  sessions.set('registrar', (await client.login(registrar, 'operator')).session)
  sessions.set('supervisor', desk.operator.session)
  sessions.set("other terminal's", (await other.login(supervisorCard, 'operator')).session)
  const ended = (await client.login(supervisorCard, 'operator')).session
  await client.request('session.end', { session: ended, reason: 'operator' })
  sessions.set('ended', ended)
  const login = await client.login(suspended, 'operator')
  await gateway.gateway.registry.store.transaction((tx) => tx.updateHolder(login.holder.id, { state: 'suspended' }))
  sessions.set('suspended', login.session)
})
afterAll(() => gateway.close())

async function sessionOf(caller: Caller): Promise<Uint8Array> {
  // An approval is good once: each cell has its own.
  if (caller === 'approval') return (await client.login(supervisorCard, 'approval')).session
  return sessions.get(caller) as Uint8Array
}

async function outcome<O extends Operation>(at: GatewayClient, operation: O, body: RequestBody<O>): Promise<string> {
  return at.request(operation, body).then(
    () => 'served',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  )
}

const SUPERVISOR_ONLY: Row = {
  nobody: 'session-unknown',
  holder: 'session-unknown',
  desk: 'role-missing',
  registrar: 'role-missing',
  supervisor: 'served',
  approval: 'session-unknown',
  "other terminal's": 'session-unknown',
  ended: 'session-unknown',
  suspended: 'holder-suspended',
}
const ANYBODY_SIGNED_IN: Row = {
  ...SUPERVISOR_ONLY,
  holder: 'served',
  desk: 'served',
  registrar: 'served',
}
/** Everybody who may ask is refused a service that there is not. */
const NO_SUCH_SERVICE = Object.fromEntries(
  CALLERS.map((caller) => [caller, ANYBODY_SIGNED_IN[caller].replace('served', 'not-allowed')]),
) as Row
/** A person's login with an operator's beside it: test/gateway/handover.test.ts. One session alone is never enough. */
const HANDED_OVER: Row = {
  ...SUPERVISOR_ONLY,
  holder: 'role-missing',
  desk: 'not-allowed',
  registrar: 'not-allowed',
  supervisor: 'not-allowed',
}
const REGISTRAR: Row = { ...SUPERVISOR_ONLY, registrar: 'served' }

const unknown = new Uint8Array(16)
const person = () => ({ givenName: 'M', familyName: 'X', reference: `M-${++count}` })
const blank = { managementKeyAlgorithm: 'AES-192', simulated: true } as const

/** Operations that name a session, with the role that each needs. */
const WITH_SESSION: { [O in Operation]?: { row: Row; body: (session: Uint8Array) => RequestBody<O> } } = {
  'register.begin': { row: REGISTRAR, body: (session) => ({ session, person: person(), card: blank }) },
  'card.status': { row: SUPERVISOR_ONLY, body: (session) => ({ session, guid: victim.guid }) },
  'card.block': { row: SUPERVISOR_ONLY, body: (session) => ({ session, guid: victim.guid }) },
  locate: { row: SUPERVISOR_ONLY, body: (session) => ({ session, card: victim.guid }) },
  'services.list': { row: ANYBODY_SIGNED_IN, body: (session) => ({ session }) },
  'token.request': { row: NO_SUCH_SERVICE, body: (session) => ({ session, service: 'none', key: new Uint8Array(64) }) },
  'token.handover': { row: HANDED_OVER, body: (session) => ({ session, audience: 'app:none', nonce: '0123456789abcdef' }) },
  'findings.list': { row: SUPERVISOR_ONLY, body: (session) => ({ session }) },
  'findings.summary': { row: SUPERVISOR_ONLY, body: (session) => ({ session, from: 0, hours: 1 }) },
  'readers.list': { row: SUPERVISOR_ONLY, body: (session) => ({ session }) },
  'unblock.begin': {
    row: {
      ...SUPERVISOR_ONLY,
      desk: 'session-unknown',
      registrar: 'session-unknown',
      supervisor: 'session-unknown',
      approval: 'served',
      suspended: 'session-unknown',
    },
    body: (session) => ({ approval: session, guid: victim.guid }),
  },
}

/** Operations that need a terminal only: what it is told when it names what is not there. */
const WITHOUT_SESSION: { [O in Operation]?: { body: () => RequestBody<O>; told: string } } = {
  hello: { body: () => ({ software: 'matrix' }), told: 'served' },
  'login.begin': {
    body: () => {
      const { message1 } = startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: nodeCrypto.randomBytes(8) })
      return { purpose: 'holder', message1 }
    },
    told: 'served',
  },
  'login.finish': { body: () => ({ login: unknown, message3: Uint8Array.of(0x40) }), told: 'login-failed' },
  'login.cancel': { body: () => ({ login: unknown }), told: 'served' },
  'session.end': { body: () => ({ session: unknown, reason: 'quit' }), told: 'session-unknown' },
  'register.witness': {
    body: () => ({ registration: unknown, key: 'factory', witness: unknown }),
    told: 'registration-unknown',
  },
  'register.authenticated': { body: () => ({ registration: unknown, response: unknown }), told: 'proof-failed' },
  'register.certify': {
    body: () => ({ registration: unknown, certificateRequest: new SoftwareCard().certificateRequest('x') }),
    told: 'registration-unknown',
  },
  'register.abandon': { body: () => ({ registration: unknown }), told: 'registration-unknown' },
  'pin.changed': { body: () => ({ guid: unknown, at: 1, outcome: 'changed' }), told: 'unknown-card' },
  'pin.wrong': { body: () => ({ login: unknown, guid: unknown, retriesLeft: 2 }), told: 'login-failed' },
  'blocks.fetch': { body: () => ({ since: 0 }), told: 'served' },
  /** For service nodes: a terminal may not. */
  'node.hello': { body: () => ({ software: 'matrix' }), told: 'not-allowed' },
  'notice.confirm': { body: () => ({ notice: unknown }), told: 'bad-request' },
}

test('the matrix knows every operation', () => {
  const known = [...Object.keys(WITH_SESSION), ...Object.keys(WITHOUT_SESSION)].sort()
  expect(known).toEqual(Object.keys(operations).sort())
})

describe.each(Object.keys(WITH_SESSION) as (keyof typeof WITH_SESSION)[])('%s', (operation) => {
  test.each(CALLERS)('by the session of: %s', async (caller) => {
    const { row, body } = WITH_SESSION[operation] as { row: Row; body: (session: Uint8Array) => RequestBody<typeof operation> }
    const session = await sessionOf(caller)
    expect(await outcome(client, operation, body(session))).toBe(row[caller])
  })

  test('before the first hello of a channel', async () => {
    const { body } = WITH_SESSION[operation] as { body: (session: Uint8Array) => RequestBody<typeof operation> }
    expect(await outcome(await ungreeted(), operation, body(sessions.get('supervisor') as Uint8Array))).toBe('bad-request')
  })
})

describe.each(Object.keys(WITHOUT_SESSION) as (keyof typeof WITHOUT_SESSION)[])('%s', (operation) => {
  const row = () => WITHOUT_SESSION[operation] as { body: () => RequestBody<typeof operation>; told: string }

  test('by a terminal without anybody signed in', async () => {
    expect(await outcome(await gateway.terminal(), operation, row().body())).toBe(row().told)
  })

  test('before the first hello of a channel', async () => {
    const expected = operation === 'hello' ? 'served' : operation === 'node.hello' ? 'not-allowed' : 'bad-request'
    expect(await outcome(await ungreeted(), operation, row().body())).toBe(expected)
  })
})

describe('a terminal that was withdrawn', () => {
  /** They change nothing: whether the terminal may log anybody in is asked in the login's own commit. */
  const STILL: ReadonlySet<string> = new Set(['login.begin', 'login.cancel'])

  test.each(Object.keys(operations) as Operation[])('%s', async (operation) => {
    const withdrawn = await gateway.terminal()
    const { store } = gateway.gateway.registry
    await store.transaction((tx) => tx.updateTerminal(withdrawn.terminal, { state: 'withdrawn' }))
    const body = WITHOUT_SESSION[operation]?.body() ?? WITH_SESSION[operation]?.body(sessions.get('supervisor') as Uint8Array)
    const told = await outcome(withdrawn, operation, body as RequestBody<typeof operation>)
    if (STILL.has(operation)) expect(told).toBe('served')
    else expect(told).not.toBe('served')
  })
})

/** A channel on which no hello was said. */
async function ungreeted(): Promise<GatewayClient> {
  const at = await gateway.connect()
  await at.enrol(await gateway.invite())
  const request = at.request.bind(at)
  at.request = (async () => ({})) as typeof at.request
  await at.open()
  at.request = request
  return at
}
