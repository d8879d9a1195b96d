import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openRegistry } from '../../gateway/main.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import type { Person } from '../../protocol/messages/operations.ts'
import { GatewayClient, PATIENCE_MS, SoftwareCard } from '../support/gateway-client.ts'
import { GatewayProcess, gatewayCommand } from '../support/gateway-process.ts'
import { freePort } from '../support/mosquitto.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-durability-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ROUNDS = 5

interface Begun {
  readonly card: SoftwareCard
  readonly person: Person
}

/** Goes on where it was interrupted. Where only the answer to the last proof was lost, the card is registered already. */
async function registered(client: GatewayClient, { card, person }: Begun, session: Uint8Array): Promise<void> {
  try {
    await client.register(card, { person, session })
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'already-registered') throw error
  }
}

test('killed at any moment, the gateway loses nothing that it acknowledged', async () => {
  const port = String(await freePort())
  const start = () => GatewayProcess.start('--data', folder, '--port', port, '--desk')
  let gateway = await start()
  const client = await GatewayClient.connect(gateway.ready.brokerUrl)
  await client.enrol(gateway.ready.invitation ?? '')
  await client.open()
  const supervisor = new SoftwareCard()
  await client.register(supervisor, { person: { givenName: 'Ada', familyName: 'First', reference: 'op' } })

  const sessions: Uint8Array[] = []
  const active: SoftwareCard[] = []
  const underWay: Begun[] = []
  let serial = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = sessions.length
    const work = (async () => {
      for (;;) {
        const operator = await client.login(supervisor, 'operator')
        sessions.push(operator.session)
        const next = underWay.pop() ?? {
          card: new SoftwareCard(),
          person: { givenName: 'P', familyName: 'Q', reference: `R${serial++}` },
        }
        underWay.push(next)
        await registered(client, next, operator.session)
        underWay.pop()
        active.push(next.card)
      }
    })().catch((error: unknown) => error)
    // Something was acknowledged in this round; from there on the moment is another one each time.
    await expect.poll(() => sessions.length, { interval: 1 }).toBeGreaterThan(before + 1)
    await new Promise((resolve) => setTimeout(resolve, 23 * round))
    expect(await gateway.end('SIGKILL')).toBe('SIGKILL')
    expect(await work).toMatchObject({ message: expect.stringMatching(/no sealed|broker/) })

    gateway = await start()
    await client.broker.connected(PATIENCE_MS)
    // The same worker again, without the channel: it says so, instead of silence.
    const told = client.wait('unknown-connection', (frame) => equalConstantTime(frame.connection, client.session.cR))
    client.request('hello', { software: 'x' }).catch(() => undefined)
    await told
    await client.open()
    expect(await gatewayCommand('audit', 'verify', '--data', folder)).toMatchObject({
      status: 0,
      output: expect.stringContaining('intact'),
    })
  }
  // What was interrupted goes on; what was acknowledged is there.
  const operator = await client.login(supervisor, 'operator')
  for (const one of underWay) {
    await registered(client, one, operator.session)
    active.push(one.card)
  }
  for (const card of active) await client.login(card)
  expect(await gateway.end('SIGTERM')).toBe(0)
  await client.close()

  const { registry } = openRegistry(folder)
  await registry.store.read(async (reader) => {
    expect(sessions.length).toBeGreaterThan(ROUNDS)
    expect(active.length).toBeGreaterThan(0)
    for (const session of sessions) expect(await reader.login(session)).toBeDefined()
    for (const card of active) {
      expect((await reader.card(card.guid as Uint8Array))?.state).toBe('active')
      expect((await reader.validCertificate(card.guid as Uint8Array))?.certificate).toEqual(card.certificate)
    }
  })
  await registry.store.close()
})
