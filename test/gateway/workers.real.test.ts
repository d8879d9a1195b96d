import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GatewayClient, PATIENCE_MS, SoftwareCard } from '../support/gateway-client.ts'
import { GatewayProcess, gatewayCommand } from '../support/gateway-process.ts'
import { type Mosquitto, startMosquitto } from '../support/mosquitto.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-workers-'))
let mosquitto: Mosquitto
const workers: GatewayProcess[] = []
const clients: GatewayClient[] = []
beforeAll(async () => {
  mosquitto = await startMosquitto()
  for (const slot of ['0', '1']) {
    workers.push(await GatewayProcess.start('--data', folder, '--broker', mosquitto.url, '--slot', slot))
  }
})
afterAll(async () => {
  for (const client of clients) await client.close()
  for (const worker of workers) await worker.end('SIGKILL')
  await mosquitto.close()
  rmSync(folder, { recursive: true, force: true })
})

async function invitation(...options: string[]): Promise<string> {
  const { output } = await gatewayCommand('invite', '--data', folder, '--json', ...options)
  return (JSON.parse(output) as { invitation: string }).invitation
}

test('two workers share terminals, a conversation stays with its worker, and one worker takes over from the other', {
  timeout: 300_000,
}, async () => {
  const first = await GatewayClient.connect(mosquitto.url)
  clients.push(first)
  await first.enrol(await invitation('--first-operator'))
  const supervisor = new SoftwareCard()
  for (let i = 0; i < 12; i += 1) await first.open()
  await first.register(supervisor, { person: { givenName: 'Ada', familyName: 'First', reference: 'op' } })

  for (let i = 0; i < 3; i += 1) {
    const client = await GatewayClient.connect(mosquitto.url)
    clients.push(client)
    await client.enrol(await invitation())
  }
  // Opened until both workers have one: the broker spreads them as it likes.
  const seen = new Set<string>()
  for (let round = 0; round < 10 && seen.size < 2; round += 1) {
    for (const client of clients) {
      const before = client.received.length
      await client.open()
      seen.add(client.session.worker)
      // One worker took message_1, not both.
      const answers = client.received.slice(before).map(({ kind }) => kind)
      expect(answers.filter((kind) => kind === 'message_2')).toHaveLength(1)
    }
  }
  expect(seen).toEqual(new Set(workers.map(({ ready }) => ready.worker)))

  // Both write to the one store at the same time.
  const results = await Promise.all(clients.flatMap((client) => [1, 2, 3, 4, 5].map(() => client.login(supervisor, 'operator'))))
  expect(results).toHaveLength(20)

  const lost = workers.shift() as GatewayProcess
  const remaining = workers[0]?.ready.worker
  await lost.end('SIGKILL')
  for (const client of clients) {
    // One whose worker is gone hears nothing, and begins again with the other one, as often as it takes until the broker has noticed.
    if (client.session.worker === lost.ready.worker) {
      client.timeoutMs = 1000
      await expect(client.request('hello', { software: 'x' })).rejects.toThrow('no sealed answer')
      client.timeoutMs = 5000
      await expect.poll(() => client.open().then(() => client.session.worker, String), { timeout: 60_000 }).toBe(remaining)
      client.timeoutMs = PATIENCE_MS
    }
    const { session } = await client.login(supervisor, 'operator')
    expect(client.session.worker).toBe(remaining)
    await client.request('session.end', { session, reason: 'operator' })
  }
  expect(await gatewayCommand('audit', 'verify', '--data', folder)).toMatchObject({ status: 0 })
})

test('a worker reaches its broker over TLS with a client certificate, and comes back when the broker does', async () => {
  const secure = await startMosquitto({ tls: true })
  const { tls } = secure
  if (tls === undefined) throw new Error('no TLS')
  const data = ['--data', join(folder, 'secure')]
  const certificates = ['--ca', tls.caFile, '--cert', tls.clientCertificateFile, '--key', tls.clientKeyFile]
  const gateway = await GatewayProcess.start(...data, '--desk', '--broker', secure.url, ...certificates)
  try {
    const client = await GatewayClient.connect(secure.url, undefined, {
      ca: tls.ca,
      certificate: tls.clientCertificate,
      key: tls.clientKey,
    })
    clients.push(client)
    await client.enrol(gateway.ready.invitation ?? '')
    await client.open()
    await secure.stop('SIGKILL')
    await expect.poll(() => client.broker.state().kind).not.toBe('connected')
    await secure.start()
    await client.broker.connected(PATIENCE_MS)
    // The channel outlives the connection: both ends still hold its keys. When the gateway is back, it does not tell.
    client.timeoutMs = 1000
    await expect.poll(() => client.request('hello', { software: 'x' }).catch(() => undefined), { timeout: 40_000 }).toBeDefined()
  } finally {
    await gateway.end('SIGKILL')
    await secure.close()
  }
})
