import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { toHex } from '../../protocol/bytes.ts'
import { type Presence, sealPresence } from '../../protocol/messages/notices.ts'
import type { LoginResult, Place } from '../../protocol/messages/operations.ts'
import { TestGateway } from '../support/gateway.ts'
import type { GatewayClient, SoftwareCard } from '../support/gateway-client.ts'
import { NoticesClient } from '../support/notices-client.ts'

let gateway: TestGateway
let client: GatewayClient
let supervisor: SoftwareCard
let operator: LoginResult
beforeAll(async () => {
  gateway = await TestGateway.start()
  ;({ client, supervisor, operator } = await gateway.desk())
})
afterAll(() => gateway.close())

const presences = () => gateway.gateway.presences
const holding = (card: Uint8Array) => [...presences().holding(toHex(card))]
const store = () => gateway.gateway.registry.store
const newCard = () => gateway.card({ client, operator })
const where = async (card: Uint8Array): Promise<Place[]> =>
  (await client.request('locate', { session: operator.session, card })).places
const readers = async (reader: string): Promise<Place[]> =>
  (await client.request('locate', { session: operator.session, reader })).places
const readersOf = async (id: string) =>
  (await store().read((reader) => reader.readerPlaces({ terminal: id, reader: '' }, 100))).filter((one) => one.terminal === id)
let count = 0
async function terminal(site?: string): Promise<NoticesClient> {
  count += 1
  return NoticesClient.listen(await gateway.terminal(false, site ?? `Site ${count}`))
}
/** A broker keeps the order between two of its clients: once this is answered, what was published before has arrived. */
async function heard(from: NoticesClient): Promise<void> {
  await from.client.request('hello', { software: 'x' })
}

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length < 2) return [[...all]]
  return all.flatMap((one, i) => permutations(all.filter((_, j) => j !== i)).map((rest) => [one, ...rest]))
}

describe('a card', () => {
  test('is found where its terminal says it is, with site, reader and times', async () => {
    const [card, desk] = [await newCard(), await terminal('Main street')]
    expect(await where(card.guid)).toEqual([])
    await desk.holds(card.guid, 1234)
    await expect.poll(() => holding(card.guid)).toEqual([desk.client.terminal])
    const [place, ...more] = await where(card.guid)
    expect(more).toEqual([])
    expect(place).toMatchObject({
      terminal: desk.client.terminal,
      site: 'Main street',
      reader: 'Reader 1',
      simulated: true,
      state: 'card',
      since: 1234,
      online: true,
      present: true,
    })
    expect(Math.abs((place?.seenAt ?? 0) - Date.now())).toBeLessThan(60_000)
  })

  test('that was pulled stands with where it was last, and until when', async () => {
    const [card, desk] = [await newCard(), await terminal()]
    await desk.holds(card.guid)
    await expect.poll(() => holding(card.guid)).toHaveLength(1)
    const [before] = await where(card.guid)
    gateway.clock.offsetMs += 60_000
    await desk.holds(undefined)
    await expect.poll(() => holding(card.guid)).toEqual([])
    const [after] = await where(card.guid)
    expect(after).toMatchObject({ present: false, state: 'empty', terminal: desk.client.terminal })
    expect((after?.seenAt ?? 0) - (before?.seenAt ?? 0)).toBeGreaterThanOrEqual(60_000)
  })

  test('that was in for a moment, between two commits, is remembered', async () => {
    const [card, desk] = [await newCard(), await terminal()]
    await desk.holds(card.guid)
    await desk.holds(undefined)
    await expect.poll(async () => (await where(card.guid))[0]).toMatchObject({ terminal: desk.client.terminal, present: false })
  })

  test('at two terminals stands at both: neither word hides the other', async () => {
    const [card, one, two] = [await newCard(), await terminal(), await terminal()]
    for (const desk of [one, two]) await desk.holds(card.guid)
    await expect.poll(() => holding(card.guid)).toHaveLength(2)
    expect((await where(card.guid)).map((place) => place.terminal).sort()).toEqual(
      [one.client.terminal, two.client.terminal].sort(),
    )
    await one.holds(undefined)
    await expect.poll(() => holding(card.guid)).toEqual([two.client.terminal])
    expect((await where(card.guid)).map(({ terminal: id, present }) => [id, present])).toEqual([
      [two.client.terminal, true],
      [one.client.terminal, false],
    ])
  })

  test('that was never registered leaves no trace, whatever a terminal claims', async () => {
    const [claimed, desk] = [nodeCrypto.randomBytes(16), await terminal()]
    await desk.holds(claimed)
    await expect.poll(() => holding(claimed)).toHaveLength(1)
    expect(await where(claimed)).toEqual([])
    expect(await store().read((reader) => reader.cardPlaces(claimed))).toEqual([])
  })
})

describe('a terminal', () => {
  test('that goes is offline with what it told last, and back with its next connection', async () => {
    const [card, desk] = [await newCard(), await terminal()]
    await desk.holds(card.guid)
    await desk.gone()
    await expect.poll(async () => (await where(card.guid))[0]?.online).toBe(false)
    expect((await where(card.guid))[0]).toMatchObject({ present: true, online: false })
    desk.connectedAt += 1
    desk.revision = 0
    await desk.holds(card.guid)
    await expect.poll(async () => (await where(card.guid))[0]?.online).toBe(true)
  })

  test('is not taken back by old words that the broker delivers again', async () => {
    const [card, desk] = [await newCard(), await terminal()]
    const old = await desk.holds(card.guid)
    await desk.holds(undefined)
    await expect.poll(() => holding(card.guid)).toEqual([])
    await desk.republish(old)
    await heard(desk)
    expect(holding(card.guid)).toEqual([])
    expect((await where(card.guid))[0]).toMatchObject({ present: false })
  })

  test('that made a new connection is not taken off by the last will of the one before', async () => {
    const [card, desk] = [await newCard(), await terminal()]
    await desk.holds(card.guid)
    const will = await desk.gone()
    desk.connectedAt += 1000
    desk.revision = 0
    await desk.holds(card.guid)
    await expect.poll(async () => (await where(card.guid))[0]?.online).toBe(true)
    await desk.republish(will)
    await heard(desk)
    expect((await where(card.guid))[0]?.online).toBe(true)
  })

  test.each([
    ['after every word', true],
    ['at the end', false],
  ])('stands as its last word says in whatever order its words come, written down %s', async (_, savedBetween) => {
    const reader = { name: 'Reader 1', simulated: true, since: 1 }
    const guid = (await newCard()).guid
    const words = (connectedAt: number): Presence[] => [
      { kind: 'present', connectedAt, revision: 1, readers: [{ ...reader, state: 'card', card: guid }] },
      { kind: 'present', connectedAt, revision: 2, readers: [{ ...reader, state: 'empty' }] },
      { kind: 'gone', connectedAt },
    ]
    const back: Presence = { kind: 'present', connectedAt: 9, revision: 1, readers: [{ ...reader, state: 'card', card: guid }] }
    for (const [said, online, holds] of [
      [words(5), false, false],
      [[...words(5), back], true, true],
    ] as const) {
      for (const order of permutations(said)) {
        const { terminal: id, greeting } = (await terminal()).client
        const key = greeting?.presenceKey as Uint8Array
        for (const word of order) {
          expect(presences().receive(id, sealPresence(nodeCrypto, key, id, word))).toBe(true)
          if (savedBetween) await presences().save()
        }
        await presences().save()
        const stored = await store().read((from) => from.presence(id))
        const told = order.map(({ kind, connectedAt, ...rest }) => [kind, connectedAt, rest])
        expect([stored?.online, presences().holdsNow(id, toHex(guid))], JSON.stringify(told)).toEqual([online, holds])
      }
    }
  })

  test('hears at its greeting of the latest connection that it is known by', async () => {
    const desk = await terminal()
    expect(desk.client.greeting?.presenceAt).toBe(0)
    await desk.holds(undefined)
    await heard(desk)
    await presences().save()
    expect((await desk.client.request('hello', { software: 'x' })).presenceAt).toBe(desk.connectedAt)
  })

  test('is believed for itself only, and garbage is counted and ignored', async () => {
    const [card, honest, thief] = [await newCard(), await terminal(), await terminal()]
    await honest.holds(card.guid)
    await expect.poll(() => holding(card.guid)).toEqual([honest.client.terminal])
    const before = gateway.gateway.counters().forgedPresences
    const emptied: Presence = { kind: 'present', connectedAt: honest.connectedAt + 9, revision: 9, readers: [] }
    const key = thief.client.greeting?.presenceKey as Uint8Array
    for (const payload of [
      sealPresence(nodeCrypto, key, honest.client.terminal, emptied),
      sealPresence(nodeCrypto, key, thief.client.terminal, emptied),
      nodeCrypto.randomBytes(80),
      new Uint8Array(0),
    ]) {
      await honest.republish(payload)
    }
    await expect.poll(() => gateway.gateway.counters().forgedPresences).toBe(before + 4)
    expect(holding(card.guid)).toEqual([honest.client.terminal])
    expect((await where(card.guid))[0]?.present).toBe(true)
  })

  test('that was withdrawn is not shown', async () => {
    const [card, desk] = [await newCard(), await terminal()]
    await desk.holds(card.guid)
    await expect.poll(async () => (await where(card.guid)).length).toBe(1)
    await store().transaction((tx) => tx.updateTerminal(desk.client.terminal, { state: 'withdrawn' }))
    expect(await where(card.guid)).toEqual([])
  })
})

describe('readers', () => {
  test('of one name are found at every terminal, also unplugged ones', async () => {
    const [one, two] = [await terminal(), await terminal()]
    const name = 'ACME PIN pad 00 00'
    await one.present([{ name, simulated: false, state: 'in-use', since: 5 }])
    await two.present([{ name, simulated: false, state: 'mute', since: 6 }])
    await expect.poll(async () => (await readers(name)).length).toBe(2)
    await two.present([])
    await expect.poll(async () => (await readers(name)).filter(({ present }) => present).length).toBe(1)
    const found = await readers(name)
    expect(found.find(({ terminal: id }) => id === two.client.terminal)).toMatchObject({ present: false, state: 'mute' })
    expect(found.find(({ terminal: id }) => id === one.client.terminal)).toMatchObject({ present: true, state: 'in-use' })
    expect(await readers('no such reader')).toEqual([])
  })

  test('are listed page by page, each once', async () => {
    const desks = [await terminal(), await terminal(), await terminal(), await terminal()]
    for (const desk of desks) {
      await desk.present(
        Array.from({ length: 30 }, (_, i) => ({
          name: `Row ${desk.client.terminal} / ${i}`,
          simulated: true,
          state: 'empty',
          since: i,
        })),
      )
    }
    await expect.poll(() => readersOf(desks.at(-1)?.client.terminal ?? '').then(({ length }) => length)).toBe(30)
    await presences().save()
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await client.request('readers.list', { session: operator.session, ...(after === undefined ? {} : { after }) })
      expect(page.places.length).toBeLessThanOrEqual(100)
      seen.push(...page.places.map(({ terminal: id, reader }) => `${id} ${reader}`))
      if (page.next === undefined) break
      after = page.next
    }
    expect(new Set(seen).size).toBe(seen.length)
    for (const desk of desks) expect(seen.filter((name) => name.startsWith(desk.client.terminal))).toHaveLength(30)
    await expect(client.request('readers.list', { session: operator.session, after: 'garbage' })).rejects.toMatchObject({
      code: 'bad-request',
    })
  })

  test('that come and go under ever new names do not fill the store', async () => {
    const desk = await terminal()
    for (let i = 0; i < 50; i += 1) {
      await desk.present([{ name: `Name ${i}`, simulated: true, state: 'empty', since: i }])
      await heard(desk)
      await presences().save()
    }
    const kept = () => readersOf(desk.client.terminal)
    await expect.poll(async () => (await kept()).some(({ reader }) => reader === 'Name 49')).toBe(true)
    expect(await kept()).toHaveLength(33)
  })
})

describe('after a restart of the gateway', () => {
  test('it knows where everything was, and old words do not change that', async () => {
    const [card, desk] = [await newCard(), await terminal('Harbour')]
    const old = await desk.holds(card.guid)
    await desk.holds(undefined)
    await expect.poll(async () => (await where(card.guid))[0]?.present).toBe(false)
    const before = await where(card.guid)
    await gateway.gateway.close()
    await gateway.run()
    client = await gateway.connect(client.identity)
    await client.open()
    operator = await client.login(supervisor, 'operator')
    expect(await where(card.guid)).toEqual(before)

    const again = await NoticesClient.listen(await reconnected(desk))
    await again.republish(old)
    await heard(again)
    expect(await where(card.guid)).toEqual(before)
    expect(holding(card.guid)).toEqual([])
  })

  async function reconnected(desk: NoticesClient): Promise<GatewayClient> {
    const back = await gateway.connect(desk.client.identity)
    await back.open()
    return back
  }
})

test('memory and store bear a thousand terminals that come at once', async () => {
  const { registry, presences: present } = gateway.gateway
  const [model] = await store().read((reader) => reader.terminals())
  if (model === undefined) throw new Error('no terminal')
  const ids = Array.from({ length: 1000 }, () => toHex(nodeCrypto.randomBytes(16)))
  await store().transaction(async (tx) => {
    for (const id of ids)
      await tx.insertTerminal({ ...model, id, fingerprint: nodeCrypto.randomBytes(32), connection: undefined })
  })
  const before = present.sizes().terminals
  for (const id of ids) {
    const readersOf = [{ name: 'Storm 0', simulated: true, state: 'empty' as const, since: 1 }]
    const presence: Presence = { kind: 'present', connectedAt: 1, revision: 1, readers: readersOf }
    expect(present.receive(id, sealPresence(nodeCrypto, registry.terminalKeys.presence(id), id, presence))).toBe(true)
  }
  expect(present.sizes().terminals).toBe(before + 1000)
  await expect.poll(() => present.sizes().unsaved).toBe(0)
  const { places, more } = await client.request('locate', { session: operator.session, reader: 'Storm 0' })
  expect(places).toHaveLength(100)
  expect(more).toBe(true)
})
