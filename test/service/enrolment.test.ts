/** How a node becomes known to the gateway, and what its identity may and may not do. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inviteNode, withdrawNode } from '../../gateway/tokens/nodes.ts'
import { connectBroker } from '../../native/broker.ts'
import { invitationDigest } from '../../native/conversation/enrolment.ts'
import { createTrust } from '../../native/conversation/trust.ts'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import { toHex } from '../../protocol/bytes.ts'
import { x5tCredential } from '../../protocol/edhoc/credentials.ts'
import { parseIdCred } from '../../protocol/edhoc/items.ts'
import { formatInvitation, parseInvitation } from '../../protocol/messages/enrolment.ts'
import { obtainIdentity } from '../../service/identity.ts'
import { operation } from '../../service/operations.ts'
import { createService } from '../../service/service.ts'
import { TestGateway } from '../support/gateway.ts'
import { type ClientIdentity, GatewayClient, PATIENCE_MS } from '../support/gateway-client.ts'
import { opened, sessionOf, TestService, until } from '../support/service.ts'

const nothing = v.strictObject({})
const operations = { ping: operation({ scope: 'ping', request: nothing, answer: nothing, handle: () => ({}) }) }
const scopes = [{ scope: 'ping' }]

let gateway: TestGateway
let folder: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  folder = await mkdtemp(join(tmpdir(), 'tessera-nodes-'))
})
afterAll(async () => {
  await gateway.close()
  await rm(folder, { recursive: true, force: true })
})

function obtain(invitation: string | undefined, path = join(folder, `${randomUUID()}.json`)) {
  return obtainIdentity({
    path,
    ...(invitation === undefined ? {} : { invitation }),
    crypto,
    connect: (node) => connectBroker({ url: gateway.gateway.brokerUrl, clientId: node, session: 'clean' }),
    now: Date.now,
    timeoutMs: PATIENCE_MS,
  })
}

async function invite(name: string, validMs = 60_000): Promise<string> {
  const made = await inviteNode(gateway.gateway.registry, { name, scopes, tokenMs: 60_000, validMs })
  if (made === undefined) throw new Error('withdrawn')
  return made.code
}

describe('an invitation of a node', () => {
  test('is good once: the identity stays, in a file for its user only', async () => {
    const path = join(folder, 'once.json')
    const code = await invite('once')
    const identity = await obtain(code, path)
    expect(identity.name).toBe('once')
    expect((await stat(path)).mode & 0o077).toBe(0)
    expect(await obtain(undefined, path)).toEqual(identity)
    await expect(obtain(code)).rejects.toMatchObject({ name: 'InvitationRefused', code: 'invitation-used' })
  })

  test('gives the same key the same certificate again where the answer was lost', async () => {
    const path = join(folder, 'lost.json')
    const code = await invite('lost')
    const identity = await obtain(code, path)
    // As it was before the answer came: begun, with a key.
    const { node, key } = JSON.parse(await readFile(path, 'utf8'))
    await rm(path)
    const pending = { version: 1, node, key, invitation: digestOf(code) }
    await writeFile(`${path}.pending`, JSON.stringify(pending), { mode: 0o600 })
    expect(await obtain(code, path)).toEqual(identity)
  })

  test.each([
    ['mistyped', async () => 'AAAAA', { name: 'InvitationMistyped' }],
    ['expired', async () => invite('late', -1), { code: 'invitation-expired' }],
    [
      'unknown',
      async () =>
        formatInvitation({ secret: new Uint8Array(16), rootFingerprint: gateway.gateway.registry.authority.rootFingerprint }),
      { code: 'invitation-unknown' },
    ],
    [
      "another gateway's",
      async () => formatInvitation({ secret: new Uint8Array(16), rootFingerprint: new Uint8Array(16) }),
      { name: 'LinkError', kind: 'untrusted' },
    ],
    ["a terminal's", () => gateway.invite(), { code: 'invitation-unknown' }],
    ['none', async () => undefined, { name: 'IdentityError', kind: 'missing' }],
  ])('that is %s gives no identity', async (_what, code, error) => {
    await expect(obtain(await code())).rejects.toMatchObject(error)
  })

  test('of a name that is in use lets another identity take its place: the old one is known no more', async () => {
    const first = await obtain(await invite('moving'))
    const second = await obtain(await invite('moving'))
    expect(second.node).not.toBe(first.node)
    const { registry } = gateway.gateway
    expect(await registry.store.read((reader) => reader.nodeById(first.node))).toBeUndefined()
    expect((await registry.store.read((reader) => reader.node('moving')))?.id).toBe(second.node)
  })

  test('is not made for a name that was withdrawn, and the node that had it is refused', async () => {
    const { registry } = gateway.gateway
    const service = await TestService.start(gateway, { name: 'ended', scopes, operations })
    const { client, operator } = await gateway.desk()
    const session = await opened(sessionOf(gateway, client, { service: 'ended', session: operator.session }))
    expect(await withdrawNode(registry, 'ended')).toBe('done')
    await until('the end', () => session.state().kind === 'ended')
    expect(await withdrawNode(registry, 'ended')).toBe('unchanged')
    expect(await withdrawNode(registry, 'nobody')).toBe('unknown')
    expect(await inviteNode(registry, { name: 'ended', scopes, tokenMs: 1000, validMs: 1000 })).toBeUndefined()
    await service.service.close()
    const again = await createService({
      broker: { url: gateway.gateway.brokerUrl },
      identityFile: join(service.folder, 'identity.json'),
      operations,
    })
    await until('the refusal', () => again.gateway().kind === 'refused')
    expect(again.gateway()).toEqual({ kind: 'refused', code: 'terminal-blocked' })
    await again.close()
  })
})

function digestOf(code: string): string {
  const invitation = parseInvitation(code)
  if (invitation === undefined) throw new Error('mistyped')
  return Buffer.from(invitationDigest(crypto, invitation)).toString('base64')
}

describe('the identity of a node', () => {
  test('passes neither for a terminal nor for the gateway, and a terminal passes for no node', async () => {
    const identity = await obtain(await invite('itself'))
    const { root } = gateway.gateway.registry.authority
    const trust = createTrust({ crypto, root, now: Date.now })
    const reference = (certificate: Uint8Array) =>
      parseIdCred(x5tCredential(crypto, certificate, identity.key.publicKey).idCred).reference
    expect(trust?.nodeCredential(reference(identity.certificate), identity.node, identity.certificate)).toBeDefined()
    // Under another node's name, by another reference, and by value as a gateway.
    expect(
      trust?.nodeCredential(reference(identity.certificate), toHex(crypto.randomBytes(16)), identity.certificate),
    ).toBeUndefined()
    const chain = { kind: 'x5chain', certificates: [identity.certificate] } as const
    expect(trust?.nodeCredential(chain, identity.node, identity.certificate)).toBeUndefined()
    expect(trust?.credentialOf(chain)).toBeUndefined()

    const client = await gateway.terminal()
    const terminal = (client.identity as ClientIdentity).certificate
    expect(trust?.nodeCredential(reference(terminal), client.terminal, terminal)).toBeUndefined()
  })

  test('opens no channel as a terminal', async () => {
    const identity = await obtain(await invite('posing'))
    const posing = { terminal: identity.node, key: identity.key, certificate: identity.certificate, site: '' }
    const client = await GatewayClient.connect(gateway.gateway.brokerUrl, posing)
    await expect(client.open()).rejects.toThrow('no message_4: refused')
    await client.close()
  })

  test('may not ask what terminals ask, nor a terminal what nodes ask', async () => {
    const client = await gateway.terminal()
    await expect(client.request('node.hello', { software: 'x' })).rejects.toMatchObject({ code: 'not-allowed' })
    const service = await TestService.start(gateway, { name: 'curious', scopes, operations })
    expect(service.service.gateway()).toEqual({ kind: 'online' })
    await service.close()
  })
})
