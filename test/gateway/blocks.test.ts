import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueCertificate } from '../../gateway/authority/x509.ts'
import { liftBlock } from '../../gateway/blocks/commit.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { toHex } from '../../protocol/bytes.ts'
import { type Notice, sealNotice, signBlockListVersion, signNotice } from '../../protocol/messages/notices.ts'
import type { LoginResult } from '../../protocol/messages/operations.ts'
import { BLOCKS_NOTICE, buildTopic } from '../../protocol/topics.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'
import { NoticesClient } from '../support/notices-client.ts'

let gateway: TestGateway
let client: GatewayClient
let supervisor: SoftwareCard
let operator: LoginResult
let count = 0
beforeAll(async () => {
  gateway = await TestGateway.start()
  ;({ client, supervisor, operator } = await gateway.desk())
})
afterAll(() => gateway.close())

const refused = (code: string) => expect.objectContaining({ code })
async function registered(): Promise<SoftwareCard & { guid: Uint8Array }> {
  count += 1
  const card = new SoftwareCard()
  const person = { givenName: 'Pat', familyName: 'Doe', reference: `B-${count}` }
  await client.register(card, { person, session: operator.session })
  return card as SoftwareCard & { guid: Uint8Array }
}
const block = (guid: Uint8Array) => client.request('card.block', { session: operator.session, guid })
const status = (guid: Uint8Array) => client.request('card.status', { session: operator.session, guid })
const store = () => gateway.gateway.registry.store
/** A terminal whose presence says that it holds that card, once the gateway has heard it. */
async function holder(card: Uint8Array): Promise<NoticesClient> {
  const notices = await NoticesClient.listen(await gateway.terminal())
  await notices.holds(card)
  await expect.poll(() => [...gateway.gateway.presences.holding(toHex(card))]).toContain(notices.client.terminal)
  return notices
}
async function version(): Promise<number> {
  return store().read((reader) => reader.blockListVersion())
}

describe('a card that a supervisor blocks', () => {
  test('is refused from then on, as holder and operator, and stands in the list with its cause', async () => {
    const card = await registered()
    await client.login(card)
    const { at } = await block(card.guid)
    await expect(client.login(card)).rejects.toEqual(refused('card-blocked'))
    await expect(client.login(card, 'operator')).rejects.toEqual(refused('card-blocked'))
    expect(await status(card.guid)).toMatchObject({ standing: 'blocked', block: { at, cause: 'supervisor' } })
    const { entries } = await client.request('blocks.fetch', { since: (await version()) - 1 })
    expect(entries).toEqual([{ guid: card.guid, blocked: true, at }])
  })

  test('loses its sessions at every terminal, in the store and before the answer', async () => {
    const card = await registered()
    const other = await gateway.terminal()
    const sessions = [await client.login(card), await other.login(card)]
    await block(card.guid)
    for (const { session } of sessions) {
      expect(await store().read((reader) => reader.login(session))).toMatchObject({ ended: 'blocked' })
    }
  })

  test("if it is an operator's, takes the operator's rights with it", async () => {
    const colleague = new SoftwareCard()
    const person = { givenName: 'Col', familyName: 'League', reference: 'op-2' }
    await client.register(colleague, { person, role: 'supervisor', session: operator.session })
    const theirs = await client.login(colleague, 'operator')
    const victim = await registered()
    await block(colleague.guid as Uint8Array)
    await expect(client.request('card.block', { session: theirs.session, guid: victim.guid })).rejects.toEqual(
      refused('session-unknown'),
    )
    expect(await status(victim.guid)).toMatchObject({ standing: 'active' })
  })

  test('is told to the terminals that hold it, and to those with its sessions, each under its own key', async () => {
    const card = await registered()
    const [holds, session, neither] = [
      await holder(card.guid),
      await NoticesClient.listen(await gateway.terminal()),
      await NoticesClient.listen(await gateway.terminal()),
    ]
    await session.client.login(card)
    const { at } = await block(card.guid)
    for (const told of [holds, session]) {
      expect((await told.notice(card.guid)).notice).toMatchObject({ kind: 'block', at, cause: 'supervisor', blockPin: true })
      expect(told.notices).toHaveLength(1)
    }
    await neither.until(() => neither.versions.length > 0)
    expect(neither.notices).toEqual([])
    expect([holds.refused, session.refused, neither.refused]).toEqual([0, 0, 0])
  })

  test('moves the signed version that the broker retains for everybody, late comers too', async () => {
    const card = await registered()
    const before = await version()
    await block(card.guid)
    const late = await NoticesClient.listen(await gateway.terminal())
    await late.until(() => late.versions.includes(before + 1))
    expect(late.client.greeting?.blockListVersion).toBe(before + 1)
  })

  test('that is unknown, or not active yet, is not blocked, and nothing is announced', async () => {
    const before = await version()
    await expect(block(new Uint8Array(16))).rejects.toEqual(refused('unknown-card'))
    const pending = new SoftwareCard()
    const person = { givenName: 'P', familyName: 'Q', reference: 'pending' }
    await client.register(pending, { person, session: operator.session, until: 'certify' })
    const notices = await holder(pending.guid as Uint8Array)
    await expect(block(pending.guid as Uint8Array)).rejects.toEqual(refused('card-pending'))
    expect(await version()).toBe(before)
    expect(notices.notices).toEqual([])
  })

  test("and is another authority's, keeps its PIN: its PUK is not the gateway's", async () => {
    const linked = new SoftwareCard()
    const key = { algorithm: 'ES256', privateKey: linked.key.privateKey, publicKey: linked.key.publicKey } as const
    const issuer = { subject: { CN: 'Elsewhere' }, key }
    const now = Date.now()
    linked.certificate = issueCertificate({
      crypto: nodeCrypto,
      issuer,
      subject: { CN: 'Linked' },
      key,
      notBefore: now - 60_000,
      notAfter: now + 86_400_000,
      use: { kind: 'endpoint', purposes: ['1.3.6.1.5.5.7.3.2'] },
    })
    const person = { givenName: 'L', familyName: 'K', reference: 'linked' }
    const result = await client.register(linked, { person, session: operator.session, link: true })
    const guid = result?.card.guid as Uint8Array
    const notices = await holder(guid)
    await block(guid)
    expect((await notices.notice(guid)).notice).toMatchObject({ blockPin: false })
  })
})

describe('a block by a finding', () => {
  test('reaches the terminal at which it was found, also where presence does not know the card', async () => {
    const card = await registered()
    const notices = await NoticesClient.listen(await gateway.terminal())
    const { terminal } = notices.client
    const done = await gateway.gateway.blocks.block({
      guid: card.guid,
      cause: 'finding',
      finding: 'clone',
      blockPin: true,
      terminals: [terminal],
    })
    expect(done).toMatchObject({ outcome: 'blocked', announced: true, terminals: [terminal] })
    expect((await notices.notice(card.guid)).notice).toMatchObject({ cause: 'finding', finding: 'clone' })
    expect(await status(card.guid)).toMatchObject({ block: { cause: 'finding', finding: 'clone' } })
  })

  test('of a card that the gateway does not know changes nothing', async () => {
    const before = await version()
    const done = await gateway.gateway.blocks.block({ guid: new Uint8Array(16), cause: 'finding', finding: 'x', blockPin: true })
    expect(done.outcome).toBe('unknown-card')
    expect(await version()).toBe(before)
  })

  test('whose commit fails is announced even so, and stands once the terminal hands the notice back', async () => {
    const card = await registered()
    const notices = await holder(card.guid)
    const { registry, blocks } = gateway.gateway
    const transaction = registry.store.transaction
    registry.store.transaction = () => Promise.reject(new Error('disk full'))
    try {
      await expect(blocks.block({ guid: card.guid, cause: 'finding', finding: 'clone', blockPin: false })).rejects.toThrow(
        'disk full',
      )
    } finally {
      registry.store.transaction = transaction
    }
    const { signed } = await notices.notice(card.guid)
    await client.login(card)
    await notices.client.request('notice.confirm', { notice: signed })
    await expect(client.login(card)).rejects.toEqual(refused('card-blocked'))
    expect(await status(card.guid)).toMatchObject({ block: { cause: 'finding', finding: 'clone' } })
  })
})

describe('a notice that is handed back', () => {
  async function blockedAndNotified() {
    const card = await registered()
    const notices = await holder(card.guid)
    await block(card.guid)
    return { card, notices, ...(await notices.notice(card.guid)) }
  }

  test('is committed once, whoever brings it and however often', async () => {
    const { notices, signed } = await blockedAndNotified()
    const before = await version()
    for (const each of [notices.client, notices.client, client]) await each.request('notice.confirm', { notice: signed })
    expect(await version()).toBe(before)
  })

  test('does not bring back a block that was lifted since', async () => {
    const { card, signed } = await blockedAndNotified()
    expect(await liftBlock(gateway.gateway.registry, card.guid)).toBe('done')
    await client.request('notice.confirm', { notice: signed })
    await client.login(card)
  })

  test("and is not the gateway's is refused: nobody blocks a card by inventing a notice", async () => {
    const card = await registered()
    const thief = nodeCrypto.generateKeyPair('P-256')
    const notice: Notice = {
      kind: 'block',
      notice: new Uint8Array(16),
      guid: card.guid,
      at: 1,
      cause: 'administrator',
      blockPin: true,
    }
    const forged = await signNotice(notice, async (bytes) => nodeCrypto.sign('ES256', thief.privateKey, bytes))
    for (const bytes of [forged, new Uint8Array(0), nodeCrypto.randomBytes(200)]) {
      await expect(client.request('notice.confirm', { notice: bytes })).rejects.toEqual(refused('bad-request'))
    }
    await client.login(card)
  })

  test('of another kind needs no commit', async () => {
    const { registry } = gateway.gateway
    const { key } = registry.authority.identity('ES256')
    const notice: Notice = { kind: 'end-session', notice: new Uint8Array(16), guid: operator.card.guid, at: 1, finding: 'delay' }
    const signed = await signNotice(notice, async (bytes) => nodeCrypto.sign('ES256', key.privateKey, bytes))
    await client.request('notice.confirm', { notice: signed })
    await client.login(supervisor, 'holder')
  })
})

describe('the block list', () => {
  test('is fetched in pages, each going on where the one before ended', async () => {
    const cards = [await registered(), await registered()]
    const since = await version()
    const { registry } = gateway.gateway
    for (let i = 0; i < 300; i += 1) {
      for (const { guid } of cards) {
        await registry.store.transaction(async (tx) => {
          const at = (await tx.blockListVersion()) + 1
          await tx.insertBlockChange({ version: at, guid, blocked: i % 2 === 0, at })
        })
      }
    }
    expect(await liftBlock(registry, cards[0]?.guid as Uint8Array)).toBe('unchanged')
    const first = await client.request('blocks.fetch', { since })
    expect(first).toMatchObject({ version: since + 500, more: true })
    expect(first.entries).toHaveLength(500)
    const second = await client.request('blocks.fetch', { since: first.version })
    expect(second).toMatchObject({ version: since + 600, more: false })
    expect([...first.entries, ...second.entries].map(({ at }) => at)).toEqual(
      Array.from({ length: 600 }, (_, i) => since + 1 + i),
    )
    expect(await client.request('blocks.fetch', { since: since + 600 })).toEqual({
      version: since + 600,
      entries: [],
      more: false,
    })
  })

  test('keeps its version at the broker, whatever is published over it', async () => {
    const watcher = await NoticesClient.listen(await gateway.terminal())
    const present = await version()
    const { key } = gateway.gateway.registry.authority.identity('ES256')
    const old = await signBlockListVersion({ kind: 'block-list', version: 1, at: 1 }, async (bytes) =>
      nodeCrypto.sign('ES256', key.privateKey, bytes),
    )
    // The present version after the other one: it came with the subscription, too.
    await watcher.client.broker.publish(BLOCKS_NOTICE, old, { qos: 1, retain: true })
    await watcher.until(() => watcher.versions.includes(1) && watcher.versions.at(-1) === present)
    watcher.versions.length = 0
    await watcher.client.broker.publish(BLOCKS_NOTICE, nodeCrypto.randomBytes(100), { qos: 1, retain: true })
    await watcher.until(() => watcher.refused === 1 && watcher.versions.at(-1) === present)
  })

  test('is told by a notice that only its terminal can read', async () => {
    const [one, other] = [await gateway.terminal(), await NoticesClient.listen(await gateway.terminal())]
    const { registry } = gateway.gateway
    const sealed = sealNotice(nodeCrypto, registry.terminalKeys.notice(one.terminal), other.client.terminal, new Uint8Array(3))
    await one.broker.publish(buildTopic({ kind: 'terminal-notice', terminal: other.client.terminal }), sealed, { qos: 1 })
    await other.until(() => other.refused === 1)
  })
})

test('nothing failed inside, and the audit log is whole', async () => {
  expect(gateway.gateway.counters()).toMatchObject({ failures: 0, forgedMessages: 0 })
  expect(gateway.log.filter((line) => line.startsWith('error') && !line.includes('block-not-committed'))).toEqual([])
  const { audit } = gateway.gateway.registry
  expect(await store().read((reader) => audit.verify(reader))).toMatchObject({ kind: 'intact' })
})
