import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueCertificate } from '../../gateway/authority/x509.ts'
import { suspendHolder, withdrawCard } from '../../gateway/registry/administration.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { LoginResult, Person } from '../../protocol/messages/operations.ts'
import { parseCapabilityContainer, parseChuid } from '../../protocol/piv/objects.ts'
import { TestGateway } from '../support/gateway.ts'
import { type GatewayClient, SoftwareCard } from '../support/gateway-client.ts'

let gateway: TestGateway
let client: GatewayClient
let supervisor: SoftwareCard
let operator: LoginResult
beforeAll(async () => {
  gateway = await TestGateway.start()
  ;({ client, supervisor, operator } = await gateway.desk())
})
afterAll(() => gateway.close())

let count = 0
function person(): Person {
  count += 1
  return { givenName: 'Pat', familyName: `Number ${count}`, reference: `K-${count}` }
}
const refused = (code: string) => expect.objectContaining({ code })
const reader = <T>(work: Parameters<typeof gateway.gateway.registry.store.read<T>>[0]) =>
  gateway.gateway.registry.store.read(work)

describe('an invitation', () => {
  test('is spent once: the same key gets the same certificate again, another key a refusal', async () => {
    const code = await gateway.invite()
    const first = await gateway.connect()
    const result = await first.enrol(code)
    expect((await first.enrol(code)).certificate).toEqual(result.certificate)
    const second = await gateway.connect()
    await expect(second.enrol(code)).rejects.toThrow('no message_4: refused')
    expect(second.received.at(-1)).toMatchObject({ kind: 'error' })
    expect(new TextDecoder().decode((second.received.at(-1) as { message: Uint8Array }).message)).toContain('invitation-used')
  })

  test('that is unknown or too old enrols nobody', async () => {
    const late = await gateway.invite()
    const terminals = (await reader((r) => r.terminals())).length
    const stranger = await gateway.connect()
    const { formatInvitation } = await import('../../protocol/messages/enrolment.ts')
    const { rootFingerprint } = gateway.gateway.registry.authority
    await expect(stranger.enrol(formatInvitation({ secret: new Uint8Array(16).fill(9), rootFingerprint }))).rejects.toThrow(
      'no message_4: refused',
    )
    gateway.clock.offsetMs += 2 * 3_600_000
    await expect(stranger.enrol(late)).rejects.toThrow('no message_4: refused')
    gateway.clock.offsetMs -= 2 * 3_600_000
    expect(await reader((r) => r.terminals())).toHaveLength(terminals)
  })
})

describe('a terminal that is withdrawn', () => {
  test('is told so within the channel, at each request', async () => {
    const other = await gateway.terminal()
    const { withdrawTerminal } = await import('../../gateway/registry/administration.ts')
    expect(await withdrawTerminal(gateway.gateway.registry, other.terminal)).toBe('done')
    await expect(other.request('hello', { software: 'x' })).rejects.toEqual(refused('terminal-blocked'))
    await expect(other.open()).rejects.toEqual(refused('terminal-blocked'))
  })
})

describe('who may register', () => {
  test('nobody without a session, once there is an operator', async () => {
    await expect(client.register(new SoftwareCard(), { person: person() })).rejects.toEqual(refused('not-allowed'))
  })

  test('nobody with a session of another terminal, of a person, ended, expired or invented', async () => {
    const other = await gateway.terminal()
    const register = (session: Uint8Array, by = client) =>
      by.register(new SoftwareCard(), { person: person(), session, until: 'begin' })
    await expect(register(operator.session, other)).rejects.toEqual(refused('session-unknown'))
    await expect(register(new Uint8Array(16))).rejects.toEqual(refused('session-unknown'))
    const asHolder = await client.login(supervisor, 'holder')
    await expect(register(asHolder.session)).rejects.toEqual(refused('session-unknown'))
    const ended = await client.login(supervisor, 'operator')
    await client.request('session.end', { session: ended.session, reason: 'card-removed' })
    await client.request('session.end', { session: ended.session, reason: 'card-removed' })
    await expect(register(ended.session)).rejects.toEqual(refused('session-unknown'))
    gateway.clock.offsetMs += 12 * 3_600_000
    await expect(register(operator.session)).rejects.toEqual(refused('session-unknown'))
    gateway.clock.offsetMs -= 12 * 3_600_000
    await register(operator.session)
  })

  test('a desk operator may not, and a registrar gives away no more than they hold', async () => {
    const [desk, registrar] = [new SoftwareCard(), new SoftwareCard()]
    const session = operator.session
    expect(await client.register(desk, { person: person(), session, role: 'desk' })).toMatchObject({ role: 'desk' })
    await client.register(registrar, { person: person(), session, role: 'registrar' })
    const byDesk = (await client.login(desk, 'operator')).session
    await expect(client.register(new SoftwareCard(), { person: person(), session: byDesk })).rejects.toEqual(
      refused('role-missing'),
    )
    const byRegistrar = (await client.login(registrar, 'operator')).session
    await expect(
      client.register(new SoftwareCard(), { person: person(), session: byRegistrar, role: 'supervisor' }),
    ).rejects.toEqual(refused('role-missing'))
    expect(await client.register(new SoftwareCard(), { person: person(), session: byRegistrar })).toBeDefined()
  })

  test('after the last operator is withdrawn a desk of before makes no new one: it takes a new invitation', async () => {
    const fresh = await TestGateway.start()
    try {
      const old = await fresh.invite(true)
      const { client: desk, supervisor: only } = await fresh.desk()
      expect(await withdrawCard(fresh.gateway.registry, toHex(only.guid as Uint8Array))).toBe('done')
      await expect(desk.register(new SoftwareCard(), { person: person() })).rejects.toEqual(refused('not-allowed'))
      const late = await fresh.connect()
      await late.enrol(old)
      expect(await late.open()).toMatchObject({ mayRegisterFirstOperator: false })
      const anew = await fresh.terminal(true)
      expect(await anew.register(new SoftwareCard(), { person: person() })).toMatchObject({ role: 'supervisor' })
    } finally {
      await fresh.close()
    }
  })

  test('of two first operators that were begun side by side, the first proof wins', async () => {
    const fresh = await TestGateway.start()
    try {
      const [one, two] = [await fresh.terminal(true), await fresh.terminal(true)]
      const [first, second] = [new SoftwareCard(), new SoftwareCard()]
      await one.register(first, { person: person(), until: 'certify' })
      await two.register(second, { person: person(), until: 'certify' })
      expect(await two.login(second, 'registration')).toMatchObject({ role: 'supervisor' })
      await expect(one.login(first, 'registration')).rejects.toEqual(refused('not-allowed'))
      await expect(one.login(first, 'operator')).rejects.toEqual(refused('card-pending'))
    } finally {
      await fresh.close()
    }
  })
})

describe('a registration', () => {
  test('writes what PIV software accepts: CHUID, CCC, and a certificate without a name', async () => {
    const card = new SoftwareCard()
    const whose = person()
    const begun = await client.request('register.begin', {
      session: operator.session,
      person: whose,
      card: { managementKeyAlgorithm: 'AES-192', simulated: true },
    })
    expect(parseChuid(begun.chuid)).toEqual({ guid: begun.guid, expires: expect.stringMatching(/^20\d{6}$/) })
    expect(parseCapabilityContainer(begun.ccc)).toHaveLength(14)
    expect((begun.guid[6] ?? 0) >> 4).toBe(4)
    await client.request('register.abandon', { registration: begun.registration })
    await client.register(card, { person: whose, session: operator.session })
    const certificate = new X509Certificate(card.certificate as Uint8Array)
    const root = new X509Certificate(gateway.gateway.registry.authority.root)
    expect(certificate.verify(root.publicKey) && certificate.checkIssued(root) && !certificate.ca).toBe(true)
    expect(certificate.subject).not.toContain(whose.familyName)
    expect(certificate.subject).toContain(toHex(card.guid as Uint8Array))
    expect(certificate.subjectAltName).toContain('urn:uuid:')
  })

  for (const until of ['begin', 'authenticate', 'certify'] as const) {
    test(`that stops after "${until}" leaves a card that cannot log in, and goes on to one certificate`, async () => {
      const card = new SoftwareCard()
      const whose = person()
      const session = operator.session
      await client.register(card, { person: whose, session, until })
      if (until === 'certify') await expect(client.login(card)).rejects.toEqual(refused('card-pending'))
      const { managementKey, puk, certificate } = card
      if (until === 'begin') card.guid = undefined
      expect(await client.register(card, { person: whose, session })).toMatchObject({ holder: whose })
      if (until !== 'begin') expect([card.managementKey, card.puk]).toEqual([managementKey, puk])
      if (until === 'certify') expect(card.certificate).toEqual(certificate)
      await client.login(card)
      await expect(client.register(card, { person: whose, session })).rejects.toEqual(refused('already-registered'))
    })
  }

  test('goes on at another terminal, and no longer at the first', async () => {
    const other = await gateway.terminal()
    const there = await other.login(supervisor, 'operator')
    const [card, whose] = [new SoftwareCard(), person()]
    await client.register(card, { person: whose, session: operator.session, until: 'certify' })
    const first = card.registration as Uint8Array
    await other.register(card, { person: whose, session: there.session, until: 'certify' })
    await expect(client.request('register.abandon', { registration: first })).rejects.toEqual(refused('registration-unknown'))
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('registration-unknown'))
    expect(await other.login(card, 'registration')).toMatchObject({ holder: whose })
  })

  test('is not given up once the card is ready: who has not seen its end is told so', async () => {
    const card = new SoftwareCard()
    await client.register(card, { person: person(), session: operator.session })
    const registration = card.registration as Uint8Array
    await expect(client.request('register.abandon', { registration })).rejects.toEqual(refused('already-registered'))
    const elsewhere = await gateway.terminal()
    await expect(elsewhere.request('register.abandon', { registration })).rejects.toEqual(refused('registration-unknown'))
    await client.login(card)
  })

  test('begun again for somebody else voids the first certificate', async () => {
    const card = new SoftwareCard()
    await client.register(card, { person: person(), session: operator.session, until: 'certify' })
    const first = card.certificate
    const whose = person()
    await client.register(card, { person: whose, session: operator.session })
    expect(card.certificate).not.toEqual(first)
    expect(await client.login(card)).toMatchObject({ holder: whose })
    await expect(client.login(Object.assign(card, { certificate: first }))).rejects.toEqual(refused('card-withdrawn'))
  })

  test('given up leaves no valid certificate, may be given up twice, and begun again', async () => {
    const [card, whose] = [new SoftwareCard(), person()]
    await client.register(card, { person: whose, session: operator.session, until: 'certify' })
    const registration = card.registration as Uint8Array
    await client.request('register.abandon', { registration })
    await client.request('register.abandon', { registration })
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('card-withdrawn'))
    await expect(
      client.request('register.certify', { registration, certificateRequest: card.certificateRequest('x') }),
    ).rejects.toEqual(refused('registration-unknown'))
    expect(await client.register(card, { person: whose, session: operator.session })).toMatchObject({ holder: whose })
  })

  test('certifies only a key that signed its request, of an authenticated card, of no other card', async () => {
    const session = operator.session
    const unauthenticated = new SoftwareCard()
    await client.register(unauthenticated, { person: person(), session, until: 'begin' })
    const certify = (card: SoftwareCard, certificateRequest: Uint8Array) =>
      client.request('register.certify', { registration: card.registration as Uint8Array, certificateRequest })
    await expect(certify(unauthenticated, unauthenticated.certificateRequest('x'))).rejects.toEqual(refused('not-allowed'))

    const card = new SoftwareCard()
    await client.register(card, { person: person(), session, until: 'authenticate' })
    const request = card.certificateRequest('x')
    const flipped = request.slice()
    flipped[flipped.length - 5] = (flipped.at(-5) ?? 0) ^ 1
    await expect(certify(card, flipped)).rejects.toEqual(refused('proof-failed'))
    await expect(certify(card, request.slice(0, -1))).rejects.toEqual(refused('bad-request'))
    await expect(certify(card, Uint8Array.of(...request, 0))).rejects.toEqual(refused('bad-request'))
    await certify(card, request)

    const clone = new SoftwareCard()
    await client.register(clone, { person: person(), session, until: 'authenticate' })
    clone.key = card.key
    await expect(certify(clone, clone.certificateRequest('x'))).rejects.toEqual(refused('registration-conflict'))
  })

  test('withdraws the certificate of the first key when the card made another one', async () => {
    const card = new SoftwareCard()
    await client.register(card, { person: person(), session: operator.session, until: 'certify' })
    const first = card.certificate
    card.key = nodeCrypto.generateKeyPair('P-256')
    const { certificate } = await client.request('register.certify', {
      registration: card.registration as Uint8Array,
      certificateRequest: card.certificateRequest('x'),
    })
    expect(certificate).not.toEqual(first)
    const valid = await reader((r) => r.validCertificate(card.guid as Uint8Array))
    expect(valid?.certificate).toEqual(certificate)
  })

  test('takes no wrong answer for the management key, and does not let the terminal choose', async () => {
    const card = new SoftwareCard()
    await client.register(card, { person: person(), session: operator.session, until: 'begin' })
    const registration = card.registration as Uint8Array
    const response = new Uint8Array(16)
    await expect(client.request('register.authenticated', { registration, response })).rejects.toEqual(refused('proof-failed'))
    await expect(client.request('register.witness', { registration, key: 'own', witness: new Uint8Array(16) })).rejects.toEqual(
      refused('management-key-unknown'),
    )
    await expect(
      client.request('register.witness', { registration, key: 'factory', witness: new Uint8Array(8) }),
    ).rejects.toEqual(refused('bad-request'))
    await client.request('register.witness', { registration, key: 'factory', witness: new Uint8Array(16) })
    await expect(client.request('register.authenticated', { registration, response })).rejects.toEqual(refused('proof-failed'))
    // That attempt is over: even the right answer comes too late.
    await expect(client.request('register.authenticated', { registration, response })).rejects.toEqual(refused('proof-failed'))
  })

  test('keeps one number for one person: a further card under the same name, a refusal under another', async () => {
    const whose = person()
    const session = operator.session
    const [one, two] = [new SoftwareCard(), new SoftwareCard()]
    const first = await client.register(one, { person: whose, session })
    const second = await client.register(two, { person: whose, session })
    expect(second?.holder.id).toEqual(first?.holder.id)
    await expect(client.register(new SoftwareCard(), { person: { ...whose, givenName: 'Else' }, session })).rejects.toEqual(
      refused('registration-conflict'),
    )
  })

  test('keeps card secrets sealed in the store', async () => {
    const card = new SoftwareCard()
    await client.register(card, { person: person(), session: operator.session })
    const { sealedSecrets } = (await reader((r) => r.card(card.guid as Uint8Array))) ?? {}
    const { sealer } = gateway.gateway.registry
    expect(sealer.open(card.guid as Uint8Array, sealedSecrets as Uint8Array)).toEqual({
      puk: card.puk,
      managementKey: card.managementKey,
    })
    expect(sealer.open(new Uint8Array(16), sealedSecrets as Uint8Array)).toBeUndefined()
    expect(Buffer.from(sealedSecrets as Uint8Array).includes(Buffer.from(card.managementKey))).toBe(false)
  })
})

describe("another authority's card", () => {
  function foreign(notAfter = Date.now() + 1e9): SoftwareCard {
    const issuer = { algorithm: 'ES256' as const, ...nodeCrypto.generateKeyPair('P-256') }
    const card = new SoftwareCard('P-384')
    card.certificate = issueCertificate({
      crypto: nodeCrypto,
      issuer: { subject: { CN: 'elsewhere' }, key: issuer },
      subject: { CN: 'Pat' },
      key: { algorithm: 'ES384', publicKey: card.key.publicKey },
      notBefore: Date.now() - 1e6,
      notAfter,
      use: { kind: 'endpoint' },
    })
    return card
  }

  test('is linked: its first login proves the key, and no step may change the card', async () => {
    const [card, whose] = [foreign(), person()]
    const session = operator.session
    await client.register(card, { person: whose, session, link: true, until: 'begin' })
    const registration = card.registration as Uint8Array
    await expect(
      client.request('register.witness', { registration, key: 'factory', witness: new Uint8Array(16) }),
    ).rejects.toEqual(refused('not-allowed'))
    await expect(client.login(card)).rejects.toEqual(refused('card-pending'))
    await client.request('register.abandon', { registration })
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('card-withdrawn'))
    expect(await client.register(card, { person: whose, session, link: true })).toMatchObject({ holder: whose })
    expect(await client.login(card)).toMatchObject({ holder: whose })
    await expect(client.register(card, { person: whose, session, link: true })).rejects.toEqual(refused('already-registered'))
  })

  test('that holds another key than its certificate is not linked', async () => {
    const card = foreign()
    card.key = { ...card.key, privateKey: nodeCrypto.generateKeyPair('P-384').privateKey }
    await expect(client.register(card, { person: person(), session: operator.session, link: true })).rejects.toEqual(
      refused('login-failed'),
    )
  })

  test('that has expired, is no certificate, or is one of our own is refused', async () => {
    const session = operator.session
    const link = (card: SoftwareCard) => client.register(card, { person: person(), session, link: true })
    await expect(link(foreign(Date.now() - 1000))).rejects.toEqual(refused('card-expired'))
    await expect(link(Object.assign(foreign(), { certificate: new Uint8Array(99) }))).rejects.toEqual(refused('bad-request'))
    await expect(link(supervisor)).rejects.toEqual(refused('already-registered'))
  })
})

describe('what an administrator withdraws', () => {
  test('a card that is withdrawn, or whose holder is suspended, logs nobody in and is not registered again', async () => {
    const { registry } = gateway.gateway
    const [card, whose] = [new SoftwareCard(), person()]
    await client.register(card, { person: whose, session: operator.session })
    expect(await suspendHolder(registry, whose.reference)).toBe('done')
    await expect(client.login(card)).rejects.toEqual(refused('holder-suspended'))
    expect(await withdrawCard(registry, toHex(card.guid as Uint8Array))).toBe('done')
    expect(await withdrawCard(registry, toHex(card.guid as Uint8Array))).toBe('unchanged')
    await expect(client.login(card)).rejects.toEqual(refused('card-withdrawn'))
    await expect(client.register(card, { person: person(), session: operator.session })).rejects.toEqual(
      refused('card-withdrawn'),
    )
    expect(await withdrawCard(registry, 'nonsense')).toBe('unknown')
  })
})
