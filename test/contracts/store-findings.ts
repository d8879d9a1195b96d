/** What every adapter of the store port must do with findings and with what their rules look up (gateway/store/findings.ts). */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FindingRecord } from '../../gateway/store/findings.ts'
import { type Holder, type Login, type Store, StoreConflict, type StoreTransaction } from '../../gateway/store/store.ts'

const HOUR_MS = 3_600_000
const id = (length = 16): Uint8Array => new Uint8Array(randomBytes(length))

function finding(more: Partial<FindingRecord> = {}): FindingRecord {
  return {
    id: id(),
    at: 5,
    lastAt: 5,
    occurrences: 1,
    kind: 'replay',
    layer: 'perception',
    severity: 'medium',
    response: 'notify',
    own: false,
    terminal: '0123456789abcdef',
    site: "Desk '; --",
    evidence: { verdict: 'replay', events: 3, proven: true },
    ...more,
  }
}

/** `open` opens the same data again at each call; `reset` begins anew. */
export function findingsContract(adapter: { open(): Promise<Store>; reset(): Promise<void> }): void {
  let store: Store
  beforeEach(async () => {
    await adapter.reset()
    store = await adapter.open()
  })
  afterEach(() => store.close())
  const write = <T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> => store.transaction(work)
  const insert = (...records: FindingRecord[]) =>
    write(async (tx) => {
      for (const record of records) await tx.insertFinding(record)
    })

  /** A person with a card, and terminals to log in at. */
  async function furnished(role?: Holder['role']) {
    const holder = id()
    const guid = id()
    const invitation = id(32)
    const terminals = [1, 2].map(() => randomBytes(16).toString('hex'))
    await write(async (tx) => {
      await tx.insertHolder({
        id: holder,
        givenName: 'A',
        familyName: 'B',
        reference: randomBytes(8).toString('hex'),
        state: 'active',
        registeredAt: 1,
        ...(role === undefined ? {} : { role }),
      })
      await tx.insertCard({
        guid,
        holder,
        state: 'active',
        linked: false,
        simulated: true,
        registeredAt: 1,
        expiresAt: 2,
        managementKeyAlgorithm: 'AES-192',
      })
      await tx.insertInvitation({ id: invitation, site: 'S', mayRegisterFirstOperator: false, createdAt: 1, expiresAt: 2 })
      for (const terminal of terminals) {
        const certificate = { fingerprint: id(32), publicKey: id(64), certificate: id(99) }
        const more = { site: 'S', state: 'active', enrolledAt: 1, mayRegisterFirstOperator: false } as const
        await tx.insertTerminal({ id: terminal, invitation, ...certificate, ...more })
      }
    })
    const login = (at: number, more: Partial<Login> = {}): Login => ({
      session: id(),
      holder,
      guid,
      terminal: terminals[0] as string,
      site: 'S',
      purpose: 'holder',
      begunAt: at - 1,
      at,
      ...more,
    })
    return { guid, terminals: terminals as [string, string], login }
  }

  describe('findings', () => {
    test('come back as they were put in, the latest first, by pages and by kind', async () => {
      const [a, b, c] = [finding(), finding({ kind: 'clone', card: id(), own: true }), finding({ at: 9, lastAt: 9 })]
      await insert(a, b, c)
      await store.read(async (reader) => {
        const all = await reader.findings({ limit: 10 })
        expect(all.map(({ sequence: _sequence, ...rest }) => rest)).toEqual([c, b, a])
        const [first] = await reader.findings({ limit: 1 })
        expect(await reader.findings({ limit: 10, before: first?.sequence })).toEqual(all.slice(1))
        expect(await reader.findings({ limit: 10, kind: 'clone' })).toEqual([all[1]])
        expect(await reader.findings({ limit: 10, kind: 'clone', before: all[1]?.sequence })).toEqual([])
      })
    })

    test('that are found again are counted', async () => {
      const [a, b] = [finding(), finding()]
      await insert(a, b)
      await write((tx) => tx.repeatFinding(a.id, 77, 12))
      const [second, first] = await store.read((reader) => reader.findings({ limit: 10 }))
      expect(first).toMatchObject({ lastAt: 77, occurrences: 12, at: 5 })
      expect(second).toMatchObject({ lastAt: 5, occurrences: 1 })
    })

    test('are known by their identifier, each once', async () => {
      const a = finding()
      await insert(a)
      await expect(insert(a)).rejects.toBeInstanceOf(StoreConflict)
    })

    test('are forgotten, the oldest first, and no number is given twice', async () => {
      await insert(...Array.from({ length: 9 }, (_, at) => finding({ at })))
      await write((tx) => tx.forgetFindings(3))
      const left = await store.read((reader) => reader.findings({ limit: 10 }))
      expect(left.map(({ at }) => at)).toEqual([8, 7, 6])
      await write((tx) => tx.forgetFindings(0))
      await insert(finding({ at: 99 }))
      const [next] = await store.read((reader) => reader.findings({ limit: 10 }))
      expect(next?.sequence).toBeGreaterThan(left[0]?.sequence ?? Number.POSITIVE_INFINITY)
    })

    test('are counted by the hour', async () => {
      const at = (hour: number) => hour * HOUR_MS + 17
      await insert(finding({ at: at(3) }), finding({ at: at(3) }), finding({ at: at(3), kind: 'clone' }), finding({ at: at(5) }))
      await store.read(async (reader) => {
        expect(await reader.findingsByHour(0, 6 * HOUR_MS)).toEqual([
          { at: 3 * HOUR_MS, kind: 'clone', count: 1 },
          { at: 3 * HOUR_MS, kind: 'replay', count: 2 },
          { at: 5 * HOUR_MS, kind: 'replay', count: 1 },
        ])
        expect(await reader.findingsByHour(4 * HOUR_MS, 5 * HOUR_MS)).toEqual([])
      })
    })
  })

  describe('what the rules look up', () => {
    test("is the same card's login before that one, whatever its purpose", async () => {
      const [one, other] = [await furnished(), await furnished()]
      const first = one.login(5, { purpose: 'registration', endedAt: 5, ended: 'proof' })
      const second = one.login(6)
      await write(async (tx) => {
        await tx.insertLogin(first)
        await tx.insertLogin(other.login(6))
        await tx.insertLogin(second)
      })
      await store.read(async (reader) => {
        expect(await reader.loginBefore(second.session)).toEqual(first)
        expect(await reader.loginBefore(first.session)).toBeUndefined()
        expect(await reader.loginBefore(id())).toBeUndefined()
      })
    })

    test("are the card's open sessions at other terminals", async () => {
      const { guid, terminals, login } = await furnished()
      const there = [1, 2, 3].map((at) => login(at, { terminal: terminals[1] }))
      await write(async (tx) => {
        for (const each of [login(9), ...there]) await tx.insertLogin(each)
        await tx.endLogin((there[0] as Login).session, 4, 'quit')
      })
      await store.read(async (reader) => {
        expect(await reader.openSessionsElsewhere(guid, terminals[0], 8)).toEqual([there[2], there[1]])
        expect(await reader.openSessionsElsewhere(guid, terminals[0], 1)).toEqual([there[2]])
      })
    })

    test('are the terminals where a supervisor is signed in', async () => {
      const [supervisor, desk] = [await furnished('supervisor'), await furnished('desk')]
      const ended = supervisor.login(12, { purpose: 'operator', terminal: supervisor.terminals[1] })
      await write(async (tx) => {
        await tx.insertLogin(supervisor.login(11, { purpose: 'operator' }))
        await tx.insertLogin(supervisor.login(12, { purpose: 'operator' }))
        await tx.insertLogin(supervisor.login(12, { purpose: 'holder', terminal: supervisor.terminals[1] }))
        await tx.insertLogin(ended)
        await tx.endLogin(ended.session, 13, 'operator')
        await tx.insertLogin(desk.login(12, { purpose: 'operator' }))
      })
      await store.read(async (reader) => {
        expect(await reader.supervisorTerminals(5, 10)).toEqual([supervisor.terminals[0]])
        expect(await reader.supervisorTerminals(12, 10)).toEqual([])
      })
    })

    test('are answer times, replaced as they grow', async () => {
      const [before, after] = [id(40), id(56)]
      await write((tx) => tx.saveTimings('card x', before))
      await write((tx) => tx.saveTimings('card x', after))
      await store.read(async (reader) => {
        expect(await reader.timings('card x')).toEqual(after)
        expect(await reader.timings('card y')).toBeUndefined()
      })
    })
  })
}
