/** The loopback interface towards programs: who gets through, and what the others are told. */
import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HandoverProgram } from '../../electron/contract/handover.ts'
import { createLimits } from '../../electron/handover/limits.ts'
import { type HandoverRefusal, judgeBody, judgeHead, LONGEST_BODY, PATH } from '../../electron/handover/rules.ts'
import { type Handed, type HandoverServer, startHandoverServer } from '../../electron/handover/server.ts'

const SECRET = 'a secret of this program alone'.replaceAll(' ', '-')
const CLINIC: HandoverProgram = { audience: 'https://clinic.example', name: 'Clinic' }
const LEDGER: HandoverProgram = {
  audience: 'app:ledger',
  name: 'Ledger',
  secretSha256: createHash('sha256').update(SECRET).digest('hex'),
}
const PROGRAMS = [CLINIC, LEDGER]

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: { readonly token?: string; readonly expiresInSeconds?: number; readonly error?: HandoverRefusal } | undefined
}

let server: HandoverServer
let asked: { readonly audience: string; readonly nonce: string }[]
let handed: Handed
let clock: number

beforeEach(async () => {
  asked = []
  handed = { kind: 'token', token: 'a.b.c', lifetimeMs: 120_000 }
  clock = 0
  server = await startHandoverServer({
    programs: PROGRAMS,
    port: 0,
    now: () => clock,
    async handOver({ audience }, nonce) {
      asked.push({ audience, nonce })
      return handed
    },
  })
})
afterEach(() => server.close())

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function send({ method = 'POST', path = PATH, headers = {}, body = '' }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url)
    const sent = httpRequest({ hostname, port, method, path, headers }, async (response) => {
      let text = ''
      for await (const part of response) text += String(part)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

let count = 0
const freshNonce = () => `a-nonce-of-the-program-${count++}`
const json = { 'content-type': 'application/json' }
const asClinic = { ...json, origin: CLINIC.audience }
const asLedger = { ...json, authorization: `Bearer ${SECRET}` }
const bodyFor = ({ audience }: { audience: string }, nonce = freshNonce()) => JSON.stringify({ audience, nonce })
const errorOf = async (sent: Sent) => (await send(sent)).body?.error

describe('a program that the settings name', () => {
  test('gets one token for one request: a page by its origin, which alone may read the answer', async () => {
    const answer = await send({ headers: asClinic, body: bodyFor(CLINIC, 'sixteen-characters') })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ token: 'a.b.c', expiresInSeconds: 120 })
    expect(asked).toEqual([{ audience: CLINIC.audience, nonce: 'sixteen-characters' }])
    expect(answer.headers['access-control-allow-origin']).toBe(CLINIC.audience)
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers.vary).toBe('origin')
  })

  test('and any other program by its secret', async () => {
    const answer = await send({ headers: asLedger, body: bodyFor(LEDGER) })
    expect(answer.status).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })

  test('as a page asks the browser beforehand, which is told nothing more than that it may', async () => {
    const answer = await send({
      method: 'OPTIONS',
      headers: {
        origin: CLINIC.audience,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
        'access-control-request-private-network': 'true',
      },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': CLINIC.audience,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
      'access-control-allow-private-network': 'true',
    })
    expect(asked).toEqual([])
  })

  test.each(['no-login', 'gateway-refused', 'gateway-unreachable'] as const)('is told: %s', async (code) => {
    handed = { kind: 'refused', code }
    const answer = await send({ headers: asClinic, body: bodyFor(CLINIC) })
    expect(answer.body).toEqual({ error: code })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.headers['access-control-allow-origin']).toBe(CLINIC.audience)
  })
})

describe('refused', () => {
  test.each<[string, HandoverRefusal, Sent]>([
    ['a name that leads here (DNS rebinding)', 'wrong-host', { headers: { ...asClinic, host: 'clinic.example' } }],
    ['localhost, which a hosts file may lead elsewhere', 'wrong-host', { headers: { ...asClinic, host: 'localhost:80' } }],
    ['another port in the name', 'wrong-host', { headers: { ...asClinic, host: '127.0.0.1:1' } }],
    ['a page of another origin', 'not-allowed', { headers: { ...asClinic, origin: 'https://evil.example' } }],
    ['a page without TLS', 'not-allowed', { headers: { ...asClinic, origin: 'http://clinic.example' } }],
    ['a page that hides its origin', 'not-allowed', { headers: { ...asClinic, origin: 'null' } }],
    ['a page that names a program as its origin', 'not-allowed', { headers: { ...asLedger, origin: 'app:ledger' } }],
    [
      'a page that has a program’s secret',
      'not-allowed',
      { headers: { ...asLedger, origin: CLINIC.audience }, body: bodyFor(LEDGER) },
    ],
    ['a page’s audience without an origin', 'not-allowed', { headers: json, body: bodyFor(CLINIC) }],
    ['a page’s audience with a program’s secret', 'not-allowed', { headers: asLedger, body: bodyFor(CLINIC) }],
    ['a program without its secret', 'not-allowed', { headers: json, body: bodyFor(LEDGER) }],
    ['a wrong secret', 'not-allowed', { headers: { ...json, authorization: `Bearer ${SECRET}x` }, body: bodyFor(LEDGER) }],
    [
      'the hash in the secret’s place',
      'not-allowed',
      { headers: { ...json, authorization: `Bearer ${LEDGER.secretSha256}` }, body: bodyFor(LEDGER) },
    ],
    [
      'an audience that the settings do not name',
      'not-allowed',
      { headers: asClinic, body: bodyFor({ audience: 'https://bank.example' }) },
    ],
    ['another path', 'not-found', { path: '/', headers: asClinic }],
    ['the path with a question behind it', 'not-found', { path: `${PATH}?audience=app:ledger`, headers: asLedger }],
    ['another method', 'wrong-method', { method: 'GET', headers: { origin: CLINIC.audience } }],
    ['a question beforehand without an origin', 'wrong-method', { method: 'OPTIONS' }],
    ['what a form can send without asking beforehand', 'wrong-type', { headers: { ...asClinic, 'content-type': 'text/plain' } }],
    ['no type at all', 'wrong-type', { headers: { origin: CLINIC.audience } }],
    ['a body that is no JSON', 'bad-request', { headers: asClinic, body: 'audience' }],
    ['a nonce that is too short', 'bad-request', { headers: asClinic, body: bodyFor(CLINIC, 'short') }],
    ['no nonce', 'bad-request', { headers: asClinic, body: JSON.stringify({ audience: CLINIC.audience }) }],
    [
      'one key more',
      'bad-request',
      { headers: asClinic, body: JSON.stringify({ audience: CLINIC.audience, nonce: freshNonce(), x: 1 }) },
    ],
    ['a long body', 'too-large', { headers: asClinic, body: ' '.repeat(LONGEST_BODY + 1) }],
  ])('%s', async (_, code, sent) => {
    const answer = await send(sent)
    expect(answer.body).toEqual({ error: code })
    expect(asked).toEqual([])
    // Nobody but a page that is named may read why.
    const { origin } = sent.headers ?? {}
    const readable = origin === CLINIC.audience && code !== 'wrong-host'
    expect(answer.headers['access-control-allow-origin']).toBe(readable ? CLINIC.audience : undefined)
  })

  test('the same nonce again, whatever came of it, by each program for itself', async () => {
    const nonce = freshNonce()
    handed = { kind: 'refused', code: 'no-login' }
    expect(await errorOf({ headers: asClinic, body: bodyFor(CLINIC, nonce) })).toBe('no-login')
    handed = { kind: 'token', token: 'a.b.c', lifetimeMs: 1 }
    expect(await errorOf({ headers: asClinic, body: bodyFor(CLINIC, nonce) })).toBe('nonce-used')
    expect(await errorOf({ headers: asLedger, body: bodyFor(LEDGER, nonce) })).toBeUndefined()
  })

  test('the eleventh token within a minute, of that program only', async () => {
    for (let i = 0; i < 10; i += 1) expect(await errorOf({ headers: asClinic, body: bodyFor(CLINIC) })).toBeUndefined()
    expect(await errorOf({ headers: asClinic, body: bodyFor(CLINIC) })).toBe('too-many')
    expect(await errorOf({ headers: asLedger, body: bodyFor(LEDGER) })).toBeUndefined()
    clock += 60_000
    expect(await errorOf({ headers: asClinic, body: bodyFor(CLINIC) })).toBeUndefined()
  })

  test('a flood of guesses, before they are even read', async () => {
    const guess = { headers: { ...json, authorization: `Bearer ${'x'.repeat(32)}` }, body: bodyFor(LEDGER) }
    const told = []
    for (let i = 0; i < 121; i += 1) told.push(await errorOf(guess))
    expect(told.slice(0, 120)).toEqual(Array(120).fill('not-allowed'))
    expect(told[120]).toBe('too-many')
  })

  test('everything, by any address but 127.0.0.1: nothing else listens', async () => {
    const { port } = new URL(server.url)
    const outcome = await new Promise((resolve) => {
      const socket = connect({ host: '::1', port: Number(port) })
      socket.once('connect', () => resolve('connected'))
      socket.once('error', () => resolve('refused'))
    })
    expect(outcome).toBe('refused')
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })
})

test('whatever is sent as request and body, nothing is handed over but to a program with its right', () => {
  const origins = fc.constantFrom(undefined, CLINIC.audience, 'https://evil.example', 'null', 'app:ledger', '')
  const authorization = fc.oneof(
    fc.constantFrom(undefined, `Bearer ${SECRET}`, `bearer ${SECRET}`, SECRET, `Bearer ${SECRET} `, 'Bearer '),
    fc.string(),
  )
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({
        audience: fc.constantFrom(CLINIC.audience, 'app:ledger', 'app:other'),
        nonce: fc.stringMatching(/^[\w.~-]{14,20}$/),
      })
      .map((value) => JSON.stringify(value)),
  )
  let handedOver = 0
  fc.assert(
    fc.property(
      origins,
      authorization,
      body,
      fc.constantFrom('127.0.0.1:7', 'localhost:7', undefined),
      (origin, auth, text, host) => {
        const head = judgeHead(PROGRAMS, 7, { method: 'POST', path: PATH, host, origin, contentType: 'application/json' })
        if (head.kind !== 'read') return
        expect(host).toBe('127.0.0.1:7')
        const result = judgeBody(
          PROGRAMS,
          { origin, authorization: auth },
          text,
          (given, hash) => given === SECRET && hash === LEDGER.secretSha256,
        )
        if (typeof result === 'string') return
        handedOver += 1
        if (result.program === CLINIC) expect(origin).toBe(CLINIC.audience)
        else {
          expect(result.program).toBe(LEDGER)
          expect([origin, auth]).toEqual([undefined, `Bearer ${SECRET}`])
        }
      },
    ),
    { numRuns: 3000, seed: 5 },
  )
  expect(handedOver).toBeGreaterThan(10)
})

test('what the desk remembers of nonces is bounded by what may be asked, and forgotten after ten minutes', () => {
  let now = 0
  const limits = createLimits(() => now)
  expect(limits.token('a', 'n')).toBe('ok')
  now = 599_999
  expect(limits.token('a', 'n')).toBe('nonce-used')
  now = 600_000
  expect(limits.token('a', 'n')).toBe('ok')
})
