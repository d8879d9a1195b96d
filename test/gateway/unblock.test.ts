import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { APPROVAL_MS, type LoginResult } from '../../protocol/messages/operations.ts'
import { type TestCard, TestGateway } from '../support/gateway.ts'
import type { GatewayClient, SoftwareCard } from '../support/gateway-client.ts'

let gateway: TestGateway
let client: GatewayClient
let supervisor: SoftwareCard
let operator: LoginResult
beforeAll(async () => {
  gateway = await TestGateway.start()
  ;({ client, supervisor, operator } = await gateway.desk())
})
afterAll(() => gateway.close())

const refused = (code: string) => expect.objectContaining({ code })
const store = () => gateway.gateway.registry.store
const newCard = () => gateway.card({ client, operator })
const block = (card: TestCard) => client.request('card.block', { session: operator.session, guid: card.guid })
const standing = async (card: TestCard) =>
  (await client.request('card.status', { session: operator.session, guid: card.guid })).standing
async function blocked(): Promise<TestCard> {
  const card = await newCard()
  await block(card)
  return card
}
const approve = async (at: GatewayClient = client, by: SoftwareCard = supervisor) => (await at.login(by, 'approval')).session
async function begin(card: TestCard, at: GatewayClient = client) {
  return at.request('unblock.begin', { approval: await approve(at), guid: card.guid })
}
/** The 9B authentication with that key; undefined where it is not the card's. */
async function authenticate(card: TestCard, registration: Uint8Array, key: 'own' | 'fresh' | 'factory', at = client) {
  const { witness, encrypted } = card.newWitness()
  const answer = await at.request('register.witness', { registration, key, witness: encrypted })
  if (!equalConstantTime(answer.decryptedWitness, witness)) return undefined
  const response = nodeCrypto.encryptBlock(card.cipher, card.managementKey, answer.challenge)
  return at.request('register.authenticated', { registration, response })
}
async function unblock(card: TestCard): Promise<void> {
  const { registration, puk } = await begin(card)
  expect(puk).toEqual(card.puk)
  const secrets = await authenticate(card, registration, 'own')
  if (secrets === undefined) throw new Error("not the card's key")
  card.managementKey = secrets.managementKey
  Object.assign(card, { puk: secrets.puk })
  await client.login(card, 'registration')
}

describe('unblocking', () => {
  test('gives the PUK after a fresh approval, replaces PUK and management key, and ends with the proof', async () => {
    const card = await blocked()
    const { puk, managementKey } = card
    const { registration, puk: released, freshPuk } = await begin(card)
    expect(released).toEqual(puk)
    expect(freshPuk).toBeUndefined()
    expect(await standing(card)).toBe('unblocking')
    await expect(client.login(card)).rejects.toEqual(refused('card-blocked'))
    const secrets = await authenticate(card, registration, 'own')
    expect(secrets?.puk).not.toEqual(puk)
    expect(secrets?.managementKey).not.toEqual(managementKey)
    await expect(client.login(card)).rejects.toEqual(refused('card-blocked'))
    expect(await standing(card)).toBe('unblocking')
    await client.login(card, 'registration')
    expect(await standing(card)).toBe('active')
    await client.login(card)
    const changes = await client.request('blocks.fetch', { since: 0 })
    expect(changes.entries.filter(({ guid }) => equalConstantTime(guid, card.guid)).map(({ blocked }) => blocked)).toEqual([
      true,
      false,
    ])
  })

  test('can be done again and again, each time with the secrets of the time before', async () => {
    const card = await blocked()
    for (let i = 0; i < 3; i += 1) {
      await unblock(card)
      await client.login(card)
      await block(card)
    }
  })

  test('helps with a PIN that is blocked on a card which the gateway never blocked', async () => {
    const card = await newCard()
    await unblock(card)
    expect(await standing(card)).toBe('active')
    const { entries } = await client.request('blocks.fetch', { since: 0 })
    expect(entries.some(({ guid }) => equalConstantTime(guid, card.guid))).toBe(false)
  })

  test('is written down: who approved it, that the PUK was released, and how it ended', async () => {
    const card = await blocked()
    await unblock(card)
    const entries = await store().read((reader) => reader.audit(0, 10_000))
    const text = entries.slice(-14).map(({ entry }) => new TextDecoder().decode(entry))
    for (const event of ['card-blocked', 'unblocking-begun', 'card-secrets-released', 'card-unblocked', 'unblocking-done']) {
      expect(text.some((line) => line.includes(event))).toBe(true)
    }
  })
})

describe('an approval', () => {
  test('is good once', async () => {
    const [card, other] = [await blocked(), await blocked()]
    const approval = await approve()
    await client.request('unblock.begin', { approval, guid: card.guid })
    for (const { guid } of [card, other]) {
      await expect(client.request('unblock.begin', { approval, guid })).rejects.toEqual(refused('session-unknown'))
    }
  })

  test('is good for two minutes', async () => {
    const card = await blocked()
    const letRun = gateway.stopClock()
    try {
      const approval = await approve()
      gateway.clock.offsetMs += APPROVAL_MS
      await expect(client.request('unblock.begin', { approval, guid: card.guid })).rejects.toEqual(refused('session-unknown'))
      gateway.clock.offsetMs -= 1000
      await client.request('unblock.begin', { approval, guid: card.guid })
    } finally {
      letRun()
    }
  })

  test('is good at the terminal where it was given, and nowhere else', async () => {
    const card = await blocked()
    const other = await gateway.terminal()
    const approval = await approve()
    await expect(other.request('unblock.begin', { approval, guid: card.guid })).rejects.toEqual(refused('session-unknown'))
  })

  test('is given by a supervisor, with a login for just that', async () => {
    const card = await blocked()
    const registrar = await gateway.card({ client, operator }, 'registrar')
    await expect(approve(client, registrar)).rejects.toEqual(refused('role-missing'))
    await expect(approve(client, await newCard())).rejects.toEqual(refused('not-an-operator'))
    const holder = (await client.login(supervisor)).session
    for (const session of [operator.session, holder, nodeCrypto.randomBytes(16)]) {
      await expect(client.request('unblock.begin', { approval: session, guid: card.guid })).rejects.toEqual(
        refused('session-unknown'),
      )
    }
  })

  test('opens no session: nothing else is done with it', async () => {
    const card = await newCard()
    const approval = await approve()
    await expect(client.request('card.block', { session: approval, guid: card.guid })).rejects.toEqual(refused('session-unknown'))
  })

  test("is void once its supervisor's card is blocked", async () => {
    const card = await blocked()
    const colleague = await gateway.card({ client, operator }, 'supervisor')
    const approval = await approve(client, colleague)
    await block(colleague)
    await expect(client.request('unblock.begin', { approval, guid: card.guid })).rejects.toEqual(refused('session-unknown'))
  })
})

describe('an unblocking that was interrupted', () => {
  test('before the fresh secrets goes on with the PUK that the card has', async () => {
    const card = await blocked()
    const first = await begin(card)
    const again = await begin(card)
    expect(again).toEqual({ registration: first.registration, puk: card.puk })
    await unblock(card)
  })

  test('after them says both PUKs, and takes whichever management key the card has', async () => {
    for (const changed of [false, true]) {
      const card = await blocked()
      const first = await begin(card)
      const secrets = await authenticate(card, first.registration, 'own')
      if (secrets === undefined) throw new Error('no secrets')
      if (changed) card.managementKey = secrets.managementKey
      const again = await begin(card)
      expect(again).toMatchObject({ puk: card.puk, freshPuk: secrets.puk })
      expect(await authenticate(card, again.registration, changed ? 'own' : 'fresh')).toBeUndefined()
      expect(await authenticate(card, again.registration, changed ? 'fresh' : 'own')).toMatchObject({ puk: secrets.puk })
      await client.login(card, 'registration')
      await client.login(card)
    }
  })

  test('goes on at another terminal, and not at the first one any more', async () => {
    const card = await blocked()
    const first = await begin(card)
    const other = await gateway.terminal()
    const { registration } = await begin(card, other)
    await expect(authenticate(card, first.registration, 'own')).rejects.toEqual(refused('registration-unknown'))
    expect(await authenticate(card, registration, 'own', other)).toBeDefined()
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('card-blocked'))
    await other.login(card, 'registration')
    expect(await standing(card)).toBe('active')
  })

  test('and given up leaves the card blocked, its certificate valid, and can be begun again', async () => {
    const card = await blocked()
    const { registration } = await begin(card)
    await authenticate(card, registration, 'own')
    await client.request('register.abandon', { registration })
    expect(await standing(card)).toBe('blocked')
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('card-blocked'))
    const again = await begin(card)
    expect(again.freshPuk).toBeDefined()
    expect(await authenticate(card, again.registration, 'own')).toBeDefined()
    await client.login(card, 'registration')
    await client.login(card)
  })

  test('is not forgotten over a restart of the gateway', async () => {
    const card = await blocked()
    await begin(card)
    await gateway.gateway.close()
    await gateway.run()
    // The embedded broker has another port now: the same terminal, connected anew.
    client = await gateway.connect(client.identity)
    await client.open()
    operator = await client.login(supervisor, 'operator')
    expect(await standing(card)).toBe('unblocking')
    await unblock(card)
  })
})

describe('a card stays blocked', () => {
  test('when the released PUK was not replaced', async () => {
    const card = await blocked()
    await begin(card)
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('not-allowed'))
    expect(await standing(card)).toBe('unblocking')
  })

  test('when it is blocked again meanwhile: that unblocking is over', async () => {
    const card = await blocked()
    const { registration } = await begin(card)
    await authenticate(card, registration, 'own')
    await block(card)
    expect(await standing(card)).toBe('blocked')
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('card-blocked'))
  })

  test('without a proof by its own key', async () => {
    const card = await blocked()
    const { registration } = await begin(card)
    await authenticate(card, registration, 'own')
    const key = card.key
    card.key = nodeCrypto.generateKeyPair('P-256')
    await expect(client.login(card, 'registration')).rejects.toEqual(refused('login-failed'))
    card.key = key
    expect(await standing(card)).toBe('unblocking')
  })

  test('and gets no other certificate on the way', async () => {
    const card = await blocked()
    const { registration } = await begin(card)
    await authenticate(card, registration, 'own')
    card.key = nodeCrypto.generateKeyPair('P-256')
    const certificateRequest = card.certificateRequest('x')
    await expect(client.request('register.certify', { registration, certificateRequest })).rejects.toEqual(refused('not-allowed'))
  })
})

describe('there is nothing to unblock', () => {
  test('of a card that is unknown, pending, withdrawn or expired: no PUK leaves', async () => {
    const begun = async (guid: Uint8Array) => client.request('unblock.begin', { approval: await approve(), guid })
    await expect(begun(new Uint8Array(16))).rejects.toEqual(refused('unknown-card'))
    const withdrawn = await newCard()
    await store().transaction((tx) => tx.updateCard(withdrawn.guid, { state: 'withdrawn' }))
    await expect(begun(withdrawn.guid)).rejects.toEqual(refused('card-withdrawn'))
    const pending = await newCard()
    await store().transaction((tx) => tx.updateCard(pending.guid, { state: 'pending' }))
    await expect(begun(pending.guid)).rejects.toEqual(refused('card-pending'))
    const expired = await blocked()
    await store().transaction((tx) => tx.updateCard(expired.guid, { expiresAt: 1 }))
    await expect(begun(expired.guid)).rejects.toEqual(refused('card-expired'))
  })
})
