/** The daemon: a program in any language behind it, by HTTP and JSON on this machine only. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeSession } from '../../electron/session/node-session.ts'
import { inviteNode } from '../../gateway/tokens/nodes.ts'
import { ForwardError, Forwarder } from '../../service/forward.ts'
import { TestGateway } from '../support/gateway.ts'
import { opened, sessionOf, until } from '../support/service.ts'

const CLI = fileURLToPath(new URL('../../service/cli.ts', import.meta.url))
const SECRET = 'a secret of this test'

const folder = mkdtempSync(join(tmpdir(), 'tessera-daemon-'))
let gateway: TestGateway
let program: Server
/** What the program behind the daemon was asked. */
const calls: { path: string; authorization: string | undefined; content: Record<string, unknown> }[] = []
let daemon: ChildProcess
let control: string
let session: NodeSession

beforeAll(async () => {
  gateway = await TestGateway.start()
  const { client, operator } = await gateway.desk()
  program = createServer((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => {
      text += part.toString()
    })
    request.on('end', () => {
      const path = request.url ?? ''
      const content = JSON.parse(text) as Record<string, unknown>
      calls.push({ path, authorization: request.headers.authorization, content })
      const body = content.body as { say?: string } | undefined
      if (path.endsWith('.refuse')) response.writeHead(409).end(JSON.stringify({ reason: 'out-of-paper' }))
      else if (path.endsWith('.fail')) response.writeHead(500).end('a stack trace')
      else if (path.endsWith('.away')) response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()
      else response.end(JSON.stringify({ said: body?.say ?? null }))
    })
  })
  await new Promise<void>((resolve) => program.listen(0, '127.0.0.1', resolve))
  const names = ['print', 'print.refuse', 'print.fail', 'print.away']
  writeFileSync(join(folder, 'operations.json'), JSON.stringify(Object.fromEntries(names.map((name) => [name, 'print']))))
  const invited = await inviteNode(gateway.gateway.registry, {
    name: 'printer',
    scopes: [{ scope: 'print' }],
    tokenMs: 300_000,
    validMs: 60_000,
  })
  const url = `http://127.0.0.1:${(program.address() as AddressInfo).port}/app`
  const words = ['--forward', url, '--operations', join(folder, 'operations.json'), '--data', join(folder, 'data'), '--json']
  daemon = spawn(process.execPath, [CLI, ...words, '--control', '0', '--invitation', invited?.code ?? ''], {
    env: { ...process.env, TESSERA_BROKER_URL: gateway.gateway.brokerUrl, TESSERA_SERVICE_SECRET: SECRET },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const line = await createInterface({ input: daemon.stdout as NodeJS.ReadableStream })
    [Symbol.asyncIterator]()
    .next()
  const ready = JSON.parse(line.value ?? '') as { ready: boolean; name: string; control: number }
  expect(ready).toMatchObject({ ready: true, name: 'printer' })
  control = `http://127.0.0.1:${ready.control}`
  session = await opened(sessionOf(gateway, client, { service: 'printer', session: operator.session }))
})
afterAll(async () => {
  session.end('quit')
  daemon.kill('SIGKILL')
  program.close()
  await gateway.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a program behind the daemon', () => {
  test('is asked with the session, the body and the shared secret, and its JSON is the answer', async () => {
    expect(await session.request('print', { say: 'hello' })).toEqual({ said: 'hello' })
    const call = calls.find(({ path }) => path === '/app/operations/print')
    expect(call).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      content: { body: { say: 'hello' }, session: { scopes: ['print'], subject: expect.stringMatching(/^[0-9a-f]{32}$/) } },
    })
    // The news goes its own way, and is not waited for.
    await until('the news', () => calls.some(({ path }) => path === '/app/sessions/start'))
  })

  test.each([
    ['print.refuse', {}, { code: 'refused', reason: 'out-of-paper' }],
    ['print.fail', {}, { code: 'service-failed' }],
    ['print.away', {}, { code: 'service-failed' }],
    ['print', { bytes: new Uint8Array(3) }, { code: 'bad-request' }],
    ['print', new Map([[1, 2]]), { code: 'bad-request' }],
  ])('%s %j ends in %j', async (operation, body, refusal) => {
    await expect(session.request(operation, body)).rejects.toMatchObject({ refusal })
  })
})

describe('the control interface', () => {
  const get = (path: string, headers: Record<string, string>, method = 'GET') => fetch(control + path, { headers, method })
  const authorization = `Bearer ${SECRET}`

  test('answers nobody without the secret, and no page of a browser', async () => {
    expect((await get('/sessions', {})).status).toBe(401)
    expect((await get('/sessions', { authorization: 'Bearer wrong' })).status).toBe(401)
    expect((await get('/sessions', { authorization, origin: 'https://example.org' })).status).toBe(403)
    expect((await get('/elsewhere', { authorization })).status).toBe(404)
  })

  test('lists the sessions and ends one', async () => {
    const [listed] = (await (await get('/sessions', { authorization })).json()) as { id: string }[]
    expect(listed).toMatchObject({ scopes: ['print'] })
    expect((await get(`/sessions/${listed?.id}`, { authorization }, 'DELETE')).status).toBe(200)
    await until('the end', () => session.state().kind === 'ended')
    expect(session.state()).toEqual({ kind: 'ended', reason: 'service' })
    expect((await get(`/sessions/${listed?.id}`, { authorization }, 'DELETE')).status).toBe(404)
    await until('the news', () => calls.some(({ path }) => path === '/app/sessions/end'))
  })
})

test('requests go to this machine only', () => {
  for (const url of [
    'http://example.org/',
    'https://127.0.0.1/',
    'http://10.0.0.1:80',
    'http://user:word@127.0.0.1/',
    'nothing',
  ]) {
    expect(() => new Forwarder({ url, secret: SECRET }), url).toThrow(ForwardError)
  }
})

test('identity and secret are for their user only', () => {
  expect(statSync(join(folder, 'data/identity.json')).mode & 0o077).toBe(0)
})
