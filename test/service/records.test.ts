/** The example service: it reads, it takes notes, and it refuses what the scope does not allow. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordSchema, SCOPES, startRecords } from '../../examples/records/records.ts'
import { inviteNode } from '../../gateway/tokens/nodes.ts'
import type { LoginResult } from '../../protocol/messages/operations.ts'
import type { Service } from '../../service/service.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'
import { opened, sessionOf } from '../support/service.ts'

let gateway: TestGateway
let folder: string
let service: Service
let desk: { client: GatewayClient; operator: LoginResult }
const berta = new SoftwareCard()
const carl = new SoftwareCard()

beforeAll(async () => {
  gateway = await TestGateway.start()
  folder = await mkdtemp(join(tmpdir(), 'tessera-records-'))
  desk = await gateway.desk()
  for (const [card, givenName] of [
    [berta, 'Berta'],
    [carl, 'Carl'],
  ] as const) {
    await desk.client.register(card, {
      person: { givenName, familyName: 'Person', reference: `p-${givenName}` },
      session: desk.operator.session,
    })
  }
  const scopes = SCOPES.split(',').map((entry) => {
    const [scope = '', role] = entry.split('=')
    return role === 'desk' ? ({ scope, role } as const) : { scope }
  })
  const made = await inviteNode(gateway.gateway.registry, { name: 'records', scopes, tokenMs: 300_000, validMs: 60_000 })
  if (made === undefined) throw new Error('no invitation')
  service = await startRecords({ broker: { url: gateway.gateway.brokerUrl }, dataDirectory: folder, invitation: made.code })
})
afterAll(async () => {
  await service.close()
  await gateway.close()
  await rm(folder, { recursive: true, force: true })
})

async function visit(card: SoftwareCard, operator?: Uint8Array) {
  const { session } = await desk.client.login(card)
  return opened(sessionOf(gateway, desk.client, { service: 'records', session, ...(operator === undefined ? {} : { operator }) }))
}

test('a record is there from the first visit; notes stay over restarts, and everybody sees their own', async () => {
  const first = await visit(berta, desk.operator.session)
  expect(v.parse(recordSchema, await first.request('record.read', {})).notes).toEqual([])
  expect(await first.request('record.note', { text: ' allergic to nuts ' })).toMatchObject({
    number: 1,
    text: 'allergic to nuts',
  })
  expect(await first.request('record.note', { text: 'Ünïcode; DROP TABLE notes --' })).toMatchObject({ number: 2 })
  first.end('card-removed')

  await service.close()
  service = await startRecords({ broker: { url: gateway.gateway.brokerUrl }, dataDirectory: folder })
  const again = await visit(berta, desk.operator.session)
  const { notes } = v.parse(recordSchema, await again.request('record.read', {}))
  expect(notes.map(({ text }) => text)).toEqual(['Ünïcode; DROP TABLE notes --', 'allergic to nuts'])
  again.end('card-removed')
  const other = await visit(carl, desk.operator.session)
  expect(v.parse(recordSchema, await other.request('record.read', {})).notes).toEqual([])
  other.end('card-removed')
})

test('without an operator behind the login a record can be read and no note taken', async () => {
  const alone = await visit(berta)
  expect(v.parse(recordSchema, await alone.request('record.read', {})).notes).toHaveLength(2)
  await expect(alone.request('record.note', { text: 'x' })).rejects.toMatchObject({
    refusal: { code: 'scope-missing', scope: 'record:note' },
  })
  alone.end('card-removed')
})

test.each([[''], ['   '], ['x'.repeat(2001)], [1], [null]])('no note says %j', async (text) => {
  const session = await visit(berta, desk.operator.session)
  await expect(session.request('record.note', { text })).rejects.toMatchObject({ refusal: { code: 'bad-request' } })
  session.end('card-removed')
})
