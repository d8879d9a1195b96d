/** What every adapter of the store port must do with blocks, sessions of blocked cards, and places. Part of store.ts. */
import { describe, expect, test } from 'vitest'
import type { ReaderPlace, SeenReader, TerminalPresence } from '../../gateway/store/places.ts'
import type { BlockChange } from '../../gateway/store/store.ts'
import { card, furnished, id, login, type Read, terminal, type Write } from './store-records.ts'

export function blocksContract({ read, write }: { readonly read: Read; readonly write: Write }): void {
  describe('the block list', () => {
    test('keeps every change in order, finds it by version, notice and card, and lists who is blocked', async () => {
      const { someone, theirs } = await furnished(write)
      const other = card(someone, { state: 'blocked' })
      const notice = id()
      const changes: BlockChange[] = [
        { version: 1, guid: theirs.guid, blocked: true, at: 5, notice, cause: 'finding', finding: 'clone' },
        { version: 2, guid: other.guid, blocked: true, at: 6, notice: id(), cause: 'administrator' },
        { version: 3, guid: theirs.guid, blocked: false, at: 7 },
      ]
      expect(await read((reader) => reader.blockListVersion())).toBe(0)
      await write(async (tx) => {
        await tx.insertCard(other)
        for (const change of changes) await tx.insertBlockChange(change)
      })
      await read(async (reader) => {
        expect(await reader.blockListVersion()).toBe(3)
        expect(await reader.blockChanges(0, 10)).toEqual(changes)
        expect(await reader.blockChanges(1, 1)).toEqual([changes[1]])
        expect(await reader.blockChanges(3, 10)).toEqual([])
        expect(await reader.blockChangeOfNotice(notice)).toEqual(changes[0])
        expect(await reader.blockChangeOfNotice(id())).toBeUndefined()
        expect(await reader.lastBlockChange(theirs.guid)).toEqual(changes[2])
        expect(await reader.blockedCards(new Uint8Array(0), 10)).toEqual([other])
        expect(await reader.blockedCards(other.guid, 10)).toEqual([])
      })
    })

    test('says of a session who holds it and how the card stands', async () => {
      const made = await furnished(write)
      const [open, over] = [login(made), login(made, { purpose: 'operator', endedAt: 9, ended: 'blocked' })]
      await write(async (tx) => {
        for (const each of [open, over]) await tx.insertLogin(each)
        await tx.updateCard(made.theirs.guid, { state: 'blocked' })
      })
      const { id: holder, role, state } = made.someone
      const facts = {
        terminal: made.desk.id,
        purpose: 'holder',
        at: 5,
        holder: { id: holder, role, state },
        cardState: 'blocked',
      }
      await read(async (reader) => {
        expect(await reader.session(open.session)).toEqual(facts)
        expect(await reader.session(over.session)).toEqual({ ...facts, purpose: 'operator', endedAt: 9 })
        expect(await reader.session(id())).toBeUndefined()
      })
    })

    test('finds the open sessions of a card at every terminal', async () => {
      const made = await furnished(write)
      const [open, ended, approval] = [login(made), login(made), login(made, { purpose: 'approval' })]
      await write(async (tx) => {
        for (const each of [open, ended, approval]) await tx.insertLogin(each)
        await tx.endLogin(ended.session, 6, 'used')
      })
      expect(await read((reader) => reader.openSessionsOfCard(made.theirs.guid))).toEqual([open, approval])
    })

    test("makes a card's fresh secrets its own, where there are some", async () => {
      const { theirs } = await furnished(write)
      const [own, fresh] = [id(60), id(61)]
      await write((tx) => tx.updateCard(theirs.guid, { sealedSecrets: own, presenceKey: id(64).fill(7) }))
      await write((tx) => tx.promoteFreshSecrets(theirs.guid))
      expect(await read((reader) => reader.card(theirs.guid))).toMatchObject({ sealedSecrets: own })
      await write((tx) => tx.updateCard(theirs.guid, { freshSecrets: fresh }))
      expect(await read((reader) => reader.card(theirs.guid))).toMatchObject({ sealedSecrets: own, freshSecrets: fresh })
      await write((tx) => tx.promoteFreshSecrets(theirs.guid))
      expect(await read((reader) => reader.card(theirs.guid))).toEqual({
        ...theirs,
        sealedSecrets: fresh,
        presenceKey: new Uint8Array(64).fill(7),
      })
    })
  })

  describe('places', () => {
    const presence = (terminal: string, more: Partial<TerminalPresence> = {}): TerminalPresence => ({
      terminal,
      connectedAt: 10,
      revision: 1,
      online: true,
      seenAt: 100,
      ...more,
    })
    const FIRST = { terminal: '', reader: '' }
    const seen = (at: ReaderPlace, more: Partial<SeenReader> = {}): SeenReader => ({
      ...at,
      site: 'Desk',
      online: true,
      terminalSeenAt: 100,
      ...more,
    })
    const place = (terminal: string, reader: string, more: Partial<ReaderPlace> = {}): ReaderPlace => ({
      terminal,
      reader,
      simulated: false,
      state: 'empty',
      since: 50,
      seenAt: 100,
      attached: true,
      ...more,
    })

    test('of readers come back; one that is not told of any more is detached, the others are as told', async () => {
      const { desk } = await furnished(write)
      const [a, b] = [place(desk.id, 'A'), place(desk.id, 'B', { state: 'mute', simulated: true })]
      await write((tx) => tx.keepPresence(presence(desk.id), [a, b], []))
      const later = presence(desk.id, { revision: 2, seenAt: 200 })
      const again = { ...a, state: 'in-use', since: 150, seenAt: 200 } as const
      await write((tx) => tx.keepPresence(later, [again], []))
      await read(async (reader) => {
        expect(await reader.presence(desk.id)).toEqual(later)
        const detached = seen({ ...b, attached: false, seenAt: 200 }, { terminalSeenAt: 200 })
        expect(await reader.readerPlaces(FIRST, 10)).toEqual([seen(again, { terminalSeenAt: 200 }), detached])
        expect(await reader.readersNamed('B', 10)).toEqual([detached])
      })
      const gone = presence(desk.id, { revision: 2, online: false, seenAt: 300 })
      await write((tx) => tx.keepAbsence(gone))
      await read(async (reader) => {
        expect(await reader.presence(desk.id)).toEqual(gone)
        expect((await reader.readerPlaces(FIRST, 1))[0]).toEqual(seen(again, { terminalSeenAt: 300, online: false }))
      })
    })

    test('of a terminal that was withdrawn are left out', async () => {
      const { desk, theirs } = await furnished(write)
      const found = { guid: theirs.guid, terminal: desk.id, reader: 'A', since: 1, seenAt: 1 }
      await write((tx) => tx.keepPresence(presence(desk.id), [place(desk.id, 'A')], [found]))
      await write((tx) => tx.updateTerminal(desk.id, { state: 'withdrawn' }))
      await read(async (reader) => {
        expect(await reader.readerPlaces(FIRST, 10)).toEqual([])
        expect(await reader.readersNamed('A', 10)).toEqual([])
        expect(await reader.cardPlaces(theirs.guid)).toEqual([])
      })
    })

    test('of all readers come in the order of terminal and name, after any of them', async () => {
      const { code } = await furnished(write)
      const desks = [terminal(code), terminal(code)].sort((x, y) => (x.id < y.id ? -1 : 1))
      const all = desks.flatMap((desk) => ['A', 'B', 'C'].map((reader) => place(desk.id, reader)))
      await write(async (tx) => {
        for (const desk of desks) {
          await tx.insertTerminal(desk)
          const own = all.filter((one) => one.terminal === desk.id)
          await tx.keepPresence(presence(desk.id), [...own].reverse(), [])
        }
      })
      await read(async (reader) => {
        const expected = all.map((one) => seen(one))
        expect(await reader.readerPlaces(FIRST, 10)).toEqual(expected)
        const [, , third] = all
        expect(await reader.readerPlaces(third as ReaderPlace, 2)).toEqual(expected.slice(3, 5))
        expect(await reader.readersNamed('A', 1)).toEqual([expected[0]])
      })
    })

    test('of a card: the latest first, seen until its terminal told of its readers without it, eight at most', async () => {
      const { theirs, code } = await furnished(write)
      const desks = Array.from({ length: 10 }, () => terminal(code))
      for (const [i, desk] of desks.entries()) {
        const seenAt = 100 + i
        await write(async (tx) => {
          await tx.insertTerminal(desk)
          const seen = { guid: theirs.guid, terminal: desk.id, reader: 'A', since: 1, seenAt }
          await tx.keepPresence(presence(desk.id, { seenAt }), [place(desk.id, 'A', { card: theirs.guid, seenAt })], [seen])
        })
      }
      const last = desks.at(-1)?.id ?? ''
      await write((tx) => tx.keepPresence(presence(last, { seenAt: 500, revision: 2 }), [place(last, 'A', { seenAt: 500 })], []))
      const found = await read((reader) => reader.cardPlaces(theirs.guid))
      expect(found.map(({ terminal: at }) => at)).toEqual(
        desks
          .slice(2)
          .map((desk) => desk.id)
          .reverse(),
      )
      expect(found[0]).toMatchObject({ seenAt: 500, present: false, state: 'empty', terminalSeenAt: 500 })
      expect(found[1]).toMatchObject({ seenAt: 108, present: true, online: true, site: 'Desk', reader: 'A', since: 1 })
    })

    test('of a card that does not exist are not kept', async () => {
      const { desk } = await furnished(write)
      const guid = id()
      const seen = { guid, terminal: desk.id, reader: 'A', since: 1, seenAt: 1 }
      await write((tx) => tx.keepPresence(presence(desk.id), [place(desk.id, 'A', { card: guid })], [seen]))
      expect(await read((reader) => reader.cardPlaces(guid))).toEqual([])
      expect((await read((reader) => reader.readerPlaces(FIRST, 1)))[0]?.card).toEqual(guid)
    })
  })
}
