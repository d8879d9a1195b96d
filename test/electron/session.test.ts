import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enrol } from '../../electron/session/enrolment.ts'
import { createGatewayLink } from '../../electron/session/gateway-link.ts'
import { createIdentityStore, IdentityError, type TerminalIdentity } from '../../electron/session/identity.ts'
import { LinkError, RefusedError } from '../../electron/session/link.ts'
import { issueCertificate } from '../../gateway/authority/x509.ts'
import { invite } from '../../gateway/registry/terminals.ts'
import { type Broker, connectBroker } from '../../native/broker.ts'
import { InvitationMistyped } from '../../native/conversation/enrolment-errors.ts'
import { certificateKey, createTrust, rootFingerprint } from '../../native/conversation/trust.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { concat } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import { formatInvitation, parseInvitation } from '../../protocol/messages/enrolment.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { until, World } from './ceremonies-world.ts'

const crypto = nodeCrypto
const HOUR_MS = 3_600_000

function certificate(options: {
  readonly root: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array }
  readonly key?: Uint8Array
  readonly kind: 'authority' | 'gateway' | 'terminal'
  readonly ageMs?: number
}): Uint8Array {
  const { root, kind, key = root.publicKey, ageMs = HOUR_MS } = options
  const now = Date.now()
  return issueCertificate({
    crypto,
    issuer: { subject: { CN: 'Root' }, key: { algorithm: 'ES256', ...root } },
    subject: { CN: kind === 'authority' ? 'Root' : kind },
    key: { algorithm: 'ES256', publicKey: key },
    notBefore: now - ageMs,
    notAfter: now - ageMs + 2 * HOUR_MS,
    use:
      kind === 'authority'
        ? { kind }
        : { kind: 'endpoint', purposes: [kind === 'gateway' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'] },
  })
}

describe('trust in the gateway', () => {
  const root = crypto.generateKeyPair('P-256')
  const other = crypto.generateKeyPair('P-256')
  const key = crypto.generateKeyPair('P-256').publicKey
  const rootCertificate = certificate({ root, kind: 'authority' })
  const trusted = () => {
    const trust = createTrust({ crypto, root: rootCertificate, now: Date.now })
    if (trust === undefined) throw new Error('not an authority')
    return trust
  }
  const byValue = (der: Uint8Array) => trusted().credentialOf({ kind: 'x5chain', certificates: [der] })

  it('takes a certificate that the root signed for a gateway, and knows it by x5t from then on', () => {
    const gateway = certificate({ root, key, kind: 'gateway' })
    const trust = trusted()
    const digest = crypto.hash('SHA-256', gateway)
    const x5t = { kind: 'x5t', algorithm: -16, digest } as const
    expect(trust.credentialOf(x5t)).toBeUndefined()
    const credential = trust.credentialOf({ kind: 'x5chain', certificates: [gateway, rootCertificate] })
    expect(credential).toEqual({ cred: encode(gateway), publicKey: key })
    expect(trust.credentialOf(x5t)).toEqual(credential)
    expect(trust.credentialOf({ kind: 'x5t', algorithm: -15, digest: digest.slice(0, 8) })).toEqual(credential)
  })

  it.each([
    ['of a terminal of the same root', certificate({ root, key, kind: 'terminal' })],
    ['of another root', certificate({ root: other, key, kind: 'gateway' })],
    ['of the root itself', rootCertificate],
    ['that ended two days ago', certificate({ root, key, kind: 'gateway', ageMs: 50 * HOUR_MS })],
    ['that begins in two days', certificate({ root, key, kind: 'gateway', ageMs: -48 * HOUR_MS })],
    ['with a byte behind it', concat(certificate({ root, key, kind: 'gateway' }), Uint8Array.of(0))],
    ['that is none', Uint8Array.of(0x30, 0x03, 1, 2, 3)],
  ])('refuses a certificate %s', (_, der) => {
    expect(byValue(der)).toBeUndefined()
  })

  it('takes a clock that is some hours wrong', () => {
    expect(byValue(certificate({ root, key, kind: 'gateway', ageMs: 12 * HOUR_MS }))).toBeDefined()
  })

  it('takes no key by kid or by value', () => {
    expect(trusted().credentialOf({ kind: 'kid', kid: Uint8Array.of(1) })).toBeUndefined()
    expect(trusted().credentialOf({ kind: 'kccs', cred: new Uint8Array(), claims: new Map() })).toBeUndefined()
  })

  it('pins no certificate that is not a self-signed authority', () => {
    expect(createTrust({ crypto, root: certificate({ root, key, kind: 'gateway' }), now: Date.now })).toBeUndefined()
    expect(createTrust({ crypto, root: Uint8Array.of(1), now: Date.now })).toBeUndefined()
  })

  it('tells own certificates from others, whatever they are for', () => {
    expect(trusted().isOurs(certificate({ root, key, kind: 'terminal', ageMs: 50 * HOUR_MS }))).toBe(true)
    expect(trusted().isOurs(certificate({ root: other, key, kind: 'terminal' }))).toBe(false)
    expect(certificateKey(rootCertificate)?.publicKey).toEqual(root.publicKey)
    expect(rootFingerprint(crypto, Uint8Array.of(1))).toBeUndefined()
  })
})

describe('the identity on disk', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-identity-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const identity: TerminalIdentity = {
    terminal: '00112233445566778899aabbccddeeff',
    key: crypto.generateKeyPair('P-256'),
    certificate: Uint8Array.of(1, 2, 3),
    root: Uint8Array.of(4),
    gateway: Uint8Array.of(5),
    site: 'Desk 1',
  }
  const mask = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0x55)

  it('comes back as it was, in a file of the user alone', async () => {
    const store = createIdentityStore({ path: join(folder, 'a', 'identity.json') })
    expect(await store.load()).toBeUndefined()
    await store.save(identity)
    expect(await store.load()).toEqual(identity)
    expect((await stat(join(folder, 'a', 'identity.json'))).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'a'))).toEqual(['identity.json'])
  })

  it('keeps the private key wrapped where there is a key store, and says so where that is missing', async () => {
    const path = join(folder, 'b.json')
    await createIdentityStore({ path, protection: { protect: mask, unprotect: mask } }).save(identity)
    expect(await readFile(path, 'utf8')).not.toContain(Buffer.from(identity.key.privateKey).toString('base64'))
    expect(await createIdentityStore({ path, protection: { protect: mask, unprotect: mask } }).load()).toEqual(identity)
    const foreign = () => {
      throw new Error('another user')
    }
    for (const store of [
      createIdentityStore({ path }),
      createIdentityStore({ path, protection: { protect: mask, unprotect: foreign } }),
    ]) {
      await expect(store.load()).rejects.toMatchObject({ name: 'IdentityError', kind: 'locked' })
    }
  })

  it.each(['', '{', '{"version":2}', 'null', '\u0000'])('refuses a damaged file: %j', async (content) => {
    const path = join(folder, 'damaged.json')
    await writeFile(path, content)
    await expect(createIdentityStore({ path }).load()).rejects.toBeInstanceOf(IdentityError)
  })
})

describe('enrolment', () => {
  let world: World
  beforeAll(async () => {
    world = await World.create()
  })
  afterAll(() => world.close())

  const store = (name: string) => createIdentityStore({ path: join(world.folder, name, 'identity.json') })
  const connect = (terminal: string) =>
    connectBroker({ url: world.broker.url, clientId: terminal, session: 'clean', backoffMs: { first: 20, most: 100 } })
  async function code(): Promise<string> {
    if (world.gateway === undefined) throw new Error('the gateway is away')
    const options = { site: 'Desk 2', validMs: 60_000, mayRegisterFirstOperator: false }
    return (await invite(world.gateway.registry, options)).code
  }

  it('says which code is mistyped without sending anything', async () => {
    const typed = (await code()).replace(/^./, (first) => (first === '0' ? '1' : '0'))
    const connects = () => {
      throw new Error('connected')
    }
    await expect(enrol({ code: typed, store: store('x'), crypto, connect: connects })).rejects.toBeInstanceOf(InvitationMistyped)
  })

  it('tells nothing to a gateway whose root is not the code’s', async () => {
    const invitation = parseInvitation(await code())
    if (invitation === undefined) throw new Error('not a code')
    const forged = formatInvitation({ ...invitation, rootFingerprint: new Uint8Array(16) })
    await expect(enrol({ code: forged, store: store('y'), crypto, connect })).rejects.toMatchObject({ kind: 'untrusted' })
    // The secret did not leave the terminal: the true code is still good.
    await expect(enrol({ code: formatInvitation(invitation), store: store('y'), crypto, connect })).resolves.toBeDefined()
  })

  it('gets the same certificate again where the answer was lost, and no other terminal gets one', async () => {
    const invitation = await code()
    const losing = store('lost')
    const full = { ...losing, save: () => Promise.reject(new Error('disk full')) }
    await expect(enrol({ code: invitation, store: full, crypto, connect })).rejects.toThrow('disk full')
    const identity = await enrol({ code: invitation, store: losing, crypto, connect })
    expect(await losing.load()).toEqual(identity)
    expect(identity.site).toBe('Desk 2')
    expect(await losing.loadPending()).toBeUndefined()
    await expect(enrol({ code: invitation, store: store('other'), crypto, connect })).rejects.toMatchObject({
      name: 'InvitationRefused',
      code: 'invitation-used',
    })
  })

  it('is offline where there is no broker', async () => {
    const away = (terminal: string) => connectBroker({ url: 'mqtt://127.0.0.1:9', clientId: terminal, session: 'clean' })
    const attempt = enrol({ code: await code(), store: store('z'), crypto, connect: away, timeoutMs: 200 })
    await expect(attempt).rejects.toMatchObject({ name: 'LinkError', kind: 'offline' })
  })
})

describe('the session with the gateway', () => {
  let world: World
  let stranger: Broker
  let topic: string
  beforeAll(async () => {
    world = await World.create({ requestMs: 2500, probeMs: 1000, handshakeMs: 2500, backoffMs: { first: 20, most: 100 } })
    await world.online()
    stranger = connectBroker({
      url: world.broker.url,
      clientId: 'stranger',
      session: 'clean',
      backoffMs: { first: 20, most: 100 },
    })
    await stranger.connected(10_000)
    topic = buildTopic({ kind: 'terminal-in', terminal: world.identity.terminal })
  })
  afterAll(async () => {
    await stranger.close()
    await world.close()
  })

  async function openSessions(): Promise<readonly Uint8Array[] | undefined> {
    const open = await world.gateway?.registry.store.read((reader) => reader.openSessions(world.identity.terminal))
    return open?.map(({ session }) => session)
  }
  const hello = () => world.link.request('hello', { software: 'test' })

  it('is online with the site that the gateway names', async () => {
    expect(world.link.state()).toMatchObject({ kind: 'online', site: 'Desk 1' })
    expect(world.link.greeting()?.mayRegisterFirstOperator).toBe(true)
  })

  it('keeps answers apart that are asked for at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, hello))
    expect(answers.every(({ site }) => site === 'Desk 1')).toBe(true)
  })

  it('tells a refusal from a failure', async () => {
    const request = world.link.request('session.end', { session: new Uint8Array(16), reason: 'operator' })
    await expect(request).rejects.toBeInstanceOf(RefusedError)
  })

  it('is not ended by garbage, errors, replays and false news from the broker', async () => {
    const seen: Frame[] = []
    const payloads: Uint8Array[] = []
    stranger.onMessage((_, payload) => {
      payloads.push(payload)
      const frame = decodeFrame(payload)
      if (frame !== undefined) seen.push(frame)
    })
    const worker = buildTopic({ kind: 'worker-in', worker: world.gateway?.worker ?? '' })
    await stranger.subscribe(topic, 0)
    await stranger.subscribe(worker, 0)
    await hello()
    await until(() => seen.filter(({ kind }) => kind === 'sealed').length === 2, 10_000, 'nothing was overheard')
    const [cR, cI] = [seen[0], seen[1]].map((frame) => (frame as Extract<Frame, { kind: 'sealed' }>).connection)
    if (cR === undefined || cI === undefined) throw new Error('nothing was overheard')
    const sealed = seen[1] as Extract<Frame, { kind: 'sealed' }>
    const forged = { ...sealed, message: sealed.message.map((byte, at) => (at === sealed.message.length - 1 ? byte ^ 1 : byte)) }
    const states: string[] = []
    const stop = world.link.subscribe(({ kind }) => states.push(kind))
    const handshakes = world.gateway?.counters().completedHandshakes
    const before = world.link.counters()
    for (const payload of [
      Uint8Array.of(0xff),
      new Uint8Array(0),
      payloads[1] ?? new Uint8Array(),
      ...[
        forged,
        { kind: 'error', connection: cI, message: encode(1) },
        { kind: 'message_2', worker: 'ffffffffffffffff', connection: cI, message: encode(cI) },
        { kind: 'message_4', connection: cI, message: encode(cI) },
        { kind: 'unknown-connection', connection: cR },
        { kind: 'unknown-connection', connection: cI },
      ].map((frame) => encodeFrame(frame as Frame)),
    ]) {
      await stranger.publish(topic, payload, { qos: 1 })
    }
    await expect(hello()).resolves.toMatchObject({ site: 'Desk 1' })
    await until(() => world.link.counters().unexpectedFrames >= before.unexpectedFrames + 4, 10_000, 'not counted')
    const after = world.link.counters()
    expect(after.malformedFrames - before.malformedFrames).toBe(2)
    expect(after.refusedMessages - before.refusedMessages).toBe(2)
    expect(states).toEqual([])
    expect(world.gateway?.counters().completedHandshakes).toBe(handshakes)
    stop()
  })

  it('comes back by itself when the worker was restarted, and keeps the sessions that it holds', async () => {
    const handshakes = () => world.gateway?.counters().completedHandshakes ?? 0
    await world.signInOperator()
    await world.stopGateway()
    await expect(hello()).rejects.toMatchObject({ name: 'LinkError', kind: 'silent' })
    await until(() => world.link.state().kind === 'offline', 10_000, 'silence was not noticed')
    expect(world.link.state()).toMatchObject({ problem: { code: 'gateway-silent' } })
    await world.startGateway()
    await world.online()
    expect(handshakes()).toBe(1)
    expect(await openSessions()).toEqual([world.session])
  })

  it('greets again for its time, and no session ends by it', async () => {
    const { time, site } = await world.link.greet(5000)
    expect(site).toBe('Desk 1')
    expect(Math.abs(time - Date.now())).toBeLessThan(60_000)
    expect(await openSessions()).toEqual([world.session])
  })

  it('says at once that the broker is gone, and comes back with it, still signed in', async () => {
    await world.stopBroker()
    await until(() => world.link.state().kind === 'offline', 10_000, 'the loss was not noticed')
    await expect(hello()).rejects.toMatchObject({ name: 'LinkError', kind: 'offline' })
    await world.startBroker()
    await world.online()
    expect(await openSessions()).toEqual([world.session])
  })

  it('does not talk to a gateway of another root', async () => {
    const foreign = certificate({ root: crypto.generateKeyPair('P-256'), kind: 'authority' })
    const trust = createTrust({ crypto, root: foreign, now: Date.now })
    if (trust === undefined) throw new Error('not an authority')
    const { identity } = world
    const broker = connectBroker({ url: world.broker.url, clientId: 'second', session: 'clean' })
    const link = createGatewayLink({ broker, identity, trust, crypto, software: 'test' })
    // A handshake that came late would be another problem, and is made again.
    await expect.poll(() => link.state()).toMatchObject({ kind: 'offline', problem: { code: 'gateway-untrusted' } })
    await expect(link.request('hello', { software: 'test' })).rejects.toMatchObject({ kind: 'untrusted' })
    await link.close()
    await expect(link.request('hello', { software: 'test' })).rejects.toBeInstanceOf(LinkError)
  })
})
