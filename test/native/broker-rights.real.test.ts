/** The rights that docs/operations.md tells an administrator to give: with them and no others, everything goes through a broker. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../build/electron.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { operation } from '../../service/operations.ts'
import { TestGateway } from '../support/gateway.ts'
import { GatewayClient, SoftwareCard } from '../support/gateway-client.ts'
import { startMosquitto } from '../support/mosquitto.ts'
import { opened, sessionOf, TestService } from '../support/service.ts'
import { connectTerminal } from '../support/terminal-connection.ts'

/** Mosquitto's words for the table: one row for each party, which is named by its user name. */
async function documentedRights(): Promise<string> {
  const text = await readFile(join(root, 'docs', 'operations.md'), 'utf8')
  const rights = [...text.matchAll(/^ *\| (gateways|terminals|service nodes)[^|]* \|([^|]+)\|([^|]+)\|$/gm)].map(
    ([, who = '', publishes = '', subscribes = '']) => {
      const topics = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, topic = '']) => topic)
      const lines = [
        ...topics(publishes).map((topic) => `topic write ${topic}`),
        ...topics(subscribes).map((topic) => `topic read ${topic}`),
      ]
      return [`user ${who.replace(' ', '-')}`, ...lines].join('\n')
    },
  )
  expect(rights).toHaveLength(3)
  return `${rights.join('\n\n')}\n`
}

const closing: (() => Promise<unknown>)[] = []
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-rights-'))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await rm(folder, { recursive: true, force: true })
})

test('registration, login, a service, presence, blocks and revocation need no right that is not named', async () => {
  const mosquitto = await startMosquitto({ tls: false, rights: await documentedRights() })
  closing.push(() => mosquitto.close())
  const as = (user: string): string => mosquitto.url.replace('//', `//${user}@`)
  const gateway = await TestGateway.start({ kind: 'external', url: as('gateways') })
  closing.push(() => gateway.close())

  const client = await GatewayClient.connect(as('terminals'))
  closing.push(() => client.close())
  await client.enrol(await gateway.invite(true))
  await client.open()
  const supervisor = new SoftwareCard()
  await client.register(supervisor, { person: { givenName: 'Ada', familyName: 'First', reference: 'op-1' } })
  const operator = await client.login(supervisor, 'operator')
  const person = await gateway.card({ client, operator })
  const { session } = await client.login(person, 'holder')

  const service = await TestService.start(gateway, {
    name: 'echo',
    scopes: [{ scope: 'echo' }],
    operations: {
      echo: operation({
        scope: 'echo',
        request: v.strictObject({ text: v.string() }),
        answer: v.strictObject({ text: v.string() }),
        handle: (body) => body,
      }),
    },
    broker: { url: as('service-nodes') },
  })
  closing.push(() => service.close())
  const served = await opened(sessionOf(gateway, client, { session, service: 'echo' }))
  closing.push(async () => served.end('quit'))
  expect(await served.request('echo', { text: 'here' })).toEqual({ text: 'here' })

  const told: string[] = []
  const notices = buildTopic({ kind: 'terminal-notice', terminal: client.terminal })
  client.broker.onMessage((topic) => told.push(topic))
  await client.broker.subscribe(notices, 1)

  const versions: number[] = []
  const terminal = connectTerminal(folder, as('terminals'), (version) => versions.push(version))
  closing.push(() => terminal.close())
  expect(await terminal.enrol(await gateway.invite())).toBeUndefined()
  const { presences, registry, blocks } = gateway.gateway
  await expect
    .poll(async () => {
      await presences.save()
      const terminals = await registry.store.read((reader) => reader.terminals())
      const seen = await Promise.all(terminals.map(({ id }) => registry.store.read((reader) => reader.presence(id))))
      return seen.some((presence) => presence?.online === true)
    })
    .toBe(true)

  await blocks.block({ guid: person.guid, cause: 'administrator', blockPin: false })
  // The terminal that had the card last.
  await expect.poll(() => told).toContain(notices)
  await expect.poll(() => Math.max(0, ...versions)).toBeGreaterThan(0)
  await expect.poll(() => service.ended.map(({ reason }) => reason)).toEqual(['revoked'])
})
