/** The terminal's way to its gateway, with the gateway in this process: what a greeting changes. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GatewayConnection } from '../../electron/gateway-connection.ts'
import { TestGateway } from '../support/gateway.ts'
import { connectTerminal } from '../support/terminal-connection.ts'

let folder: string
let gateway: TestGateway
const open: GatewayConnection[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-connection-'))
  gateway = await TestGateway.start()
})
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close()
  await gateway.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** As the program starts; `closed` ends it as a person does. */
function start(): { readonly connection: GatewayConnection; readonly closed: () => Promise<void> } {
  const connection = connectTerminal(folder, gateway.gateway.brokerUrl)
  open.push(connection)
  return { connection, closed: () => connection.close() }
}

async function known(terminal: string) {
  await gateway.gateway.presences.save()
  return gateway.gateway.registry.store.read((reader) => reader.presence(terminal))
}

test('a terminal whose clock was set back while it was off is heard again', async () => {
  const first = start()
  expect(await first.connection.enrol(await gateway.invite(true))).toBeUndefined()
  const [terminal] = await gateway.gateway.registry.store.read((reader) => reader.terminals())
  if (terminal === undefined) throw new Error('not enrolled')
  await expect.poll(async () => (await known(terminal.id))?.online).toBe(true)
  await first.closed()
  await expect.poll(async () => (await known(terminal.id))?.online).toBe(false)

  // To a clock that is set back its connections of before lie in the future.
  const ahead = Date.now() + 86_400_000
  await gateway.gateway.registry.store.transaction(async (tx) => {
    await tx.keepAbsence({ terminal: terminal.id, connectedAt: ahead, revision: 1, online: false, seenAt: ahead })
  })
  const second = start()
  expect(await second.connection.open()).toBe('connecting')
  await expect.poll(async () => (await known(terminal.id))?.online).toBe(true)
  expect((await known(terminal.id))?.connectedAt).toBeGreaterThan(ahead)
})
