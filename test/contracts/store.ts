/** What every adapter of the store port must do (gateway/store/store.ts). */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReaderPlace, SeenReader, TerminalPresence } from '../../gateway/store/places.ts'
import {
  type BlockChange,
  type Card,
  type CardCertificate,
  type Holder,
  type Invitation,
  type Login,
  type Registration,
  type Store,
  StoreConflict,
  type StoreTransaction,
  type Terminal,
} from '../../gateway/store/store.ts'

const id = (length = 16): Uint8Array => new Uint8Array(randomBytes(length))

function holder(more: Partial<Holder> = {}): Holder {
  return {
    id: id(),
    givenName: 'Zoë',
    familyName: "O'Neil; --",
    reference: `R-${randomBytes(4).toString('hex')}`,
    state: 'active',
    registeredAt: 1,
    ...more,
  }
}
function card(of: Holder, more: Partial<Card> = {}): Card {
  return {
    guid: id(),
    holder: of.id,
    state: 'pending',
    linked: false,
    simulated: true,
    registeredAt: 2,
    expiresAt: 3,
    managementKeyAlgorithm: 'AES-192',
    ...more,
  }
}
function certificate(of: Card, more: Partial<CardCertificate> = {}): CardCertificate {
  return { fingerprint: id(32), guid: of.guid, algorithm: 'ES256', publicKey: id(64), certificate: id(400), valid: true, ...more }
}
function invitation(more: Partial<Invitation> = {}): Invitation {
  return { id: id(32), site: 'Desk', mayRegisterFirstOperator: false, createdAt: 1, expiresAt: 2, ...more }
}
function terminal(by: Invitation, more: Partial<Terminal> = {}): Terminal {
  return {
    id: randomBytes(16).toString('hex'),
    site: 'Desk',
    state: 'active',
    enrolledAt: 1,
    fingerprint: id(32),
    publicKey: id(64),
    certificate: id(400),
    invitation: by.id,
    mayRegisterFirstOperator: false,
    ...more,
  }
}

/** `open` opens the same data again at each call; `reset` begins anew. */
export function storeContract(adapter: { open(): Promise<Store>; reset(): Promise<void> }): void {
  let store: Store
  beforeEach(async () => {
    await adapter.reset()
    store = await adapter.open()
  })
  afterEach(() => store.close())

  const write = <T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> => store.transaction(work)

  async function furnished() {
    const someone = holder()
    const theirs = card(someone)
    const code = invitation()
    const desk = terminal(code)
    await write(async (tx) => {
      await tx.insertHolder(someone)
      await tx.insertCard(theirs)
      await tx.insertInvitation(code)
      await tx.insertTerminal(desk)
    })
    return { someone, theirs, code, desk }
  }
  const login = (of: { someone: Holder; theirs: Card; desk: Terminal }, more: Partial<Login> = {}): Login => ({
    session: id(),
    holder: of.someone.id,
    guid: of.theirs.guid,
    terminal: of.desk.id,
    site: 'Desk',
    purpose: 'holder',
    at: 5,
    ...more,
  })

  describe('records', () => {
    test('come back as they were put in, also after the store was opened again', async () => {
      const made = await furnished()
      const full = card(made.someone, {
        serial: 4_294_967_295,
        sealedSecrets: id(60),
        freshSecrets: id(60),
        presenceKey: id(64),
        linked: true,
        state: 'blocked',
        simulated: false,
      })
      const issued = certificate(made.theirs)
      const registration: Registration = {
        id: id(),
        kind: 'registration',
        guid: made.theirs.guid,
        holder: made.someone.id,
        terminal: made.desk.id,
        registrar: made.someone.id,
        role: 'registrar',
        state: 'open',
        startedAt: 9,
      }
      await write(async (tx) => {
        await tx.insertCard(full)
        await tx.insertCertificate(issued)
        await tx.insertRegistration(registration)
      })
      await store.close()
      store = await adapter.open()
      await store.read(async (reader) => {
        expect(await reader.holder(made.someone.id)).toEqual(made.someone)
        expect(await reader.holderByReference(made.someone.reference)).toEqual(made.someone)
        expect(await reader.card(made.theirs.guid)).toEqual(made.theirs)
        expect(await reader.card(full.guid)).toEqual(full)
        expect(await reader.terminal(made.desk.id)).toEqual(made.desk)
        expect(await reader.invitation(made.code.id)).toEqual(made.code)
        expect(await reader.registration(registration.id)).toEqual(registration)
        expect(await reader.openRegistration(made.theirs.guid)).toEqual(registration)
        expect(await reader.validCertificate(made.theirs.guid)).toEqual(issued)
        expect(await reader.validCertificateOfKey(issued.publicKey)).toEqual(issued)
      })
    })

    test('that are not there are undefined, lists are empty', async () => {
      await store.read(async (reader) => {
        expect(await reader.holder(id())).toBeUndefined()
        expect(await reader.card(id())).toBeUndefined()
        expect(await reader.login(id())).toBeUndefined()
        expect(await reader.auditHead()).toBeUndefined()
        expect(await reader.certificates(id(8))).toEqual([])
        expect(await reader.holders()).toEqual([])
        expect(await reader.audit(0, 10)).toEqual([])
        expect(await reader.hasOperator()).toBe(false)
      })
    })

    test('change in what was named and in nothing else', async () => {
      const { someone, theirs, code, desk } = await furnished()
      const sealedSecrets = id(60)
      await write(async (tx) => {
        await tx.updateHolder(someone.id, { role: 'desk' })
        await tx.updateCard(theirs.guid, { state: 'active', sealedSecrets })
        await tx.updateTerminal(desk.id, { connection: id(8).fill(7), seenAt: 77 })
        await tx.useInvitation(code.id, desk.id)
      })
      await store.read(async (reader) => {
        expect(await reader.holder(someone.id)).toEqual({ ...someone, role: 'desk' })
        expect(await reader.card(theirs.guid)).toEqual({ ...theirs, state: 'active', sealedSecrets })
        const seen = await reader.terminalByConnection(new Uint8Array(8).fill(7))
        expect(seen).toEqual({ ...desk, connection: new Uint8Array(8).fill(7), seenAt: 77 })
        expect((await reader.invitation(code.id))?.terminal).toBe(desk.id)
        expect(await reader.hasOperator()).toBe(true)
      })
    })

    test('of terminals and invitations lose the right to a first operator all at once', async () => {
      const code = invitation({ mayRegisterFirstOperator: true })
      const desk = terminal(code, { mayRegisterFirstOperator: true })
      await write(async (tx) => {
        await tx.insertInvitation(code)
        await tx.insertTerminal(desk)
        await tx.spendFirstOperatorRights()
      })
      await store.read(async (reader) => {
        expect(await reader.terminals()).toEqual([{ ...desk, mayRegisterFirstOperator: false }])
        expect(await reader.invitation(code.id)).toEqual({ ...code, mayRegisterFirstOperator: false })
      })
    })

    test('of certificates are found by the beginning of their fingerprint, also ff and 00', async () => {
      const { theirs } = await furnished()
      const prefix = id(8)
      const ff = certificate(theirs, { fingerprint: new Uint8Array(32).fill(0xff), valid: false })
      const one = certificate(theirs, { fingerprint: Uint8Array.of(...prefix, ...id(24)), valid: false })
      const two = certificate(theirs, { fingerprint: Uint8Array.of(...prefix, ...id(24)) })
      const carry = certificate(theirs, {
        fingerprint: Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...id(24)),
        valid: false,
      })
      await write(async (tx) => {
        for (const each of [ff, one, two, carry]) await tx.insertCertificate(each)
      })
      await store.read(async (reader) => {
        expect(await reader.certificates(new Uint8Array(8).fill(0xff))).toEqual([ff])
        expect(new Set(await reader.certificates(prefix))).toEqual(new Set([one, two]))
        expect(await reader.certificates(two.fingerprint)).toEqual([two])
        expect(await reader.certificates(carry.fingerprint.slice(0, 8))).toEqual([carry])
        expect(await reader.certificates(new Uint8Array(8))).toEqual([])
      })
    })

    test('of logins: the latest that is no proof, and the sessions that are open', async () => {
      const made = await furnished()
      const [first, second, proof] = [
        login(made),
        login(made, { at: 6 }),
        login(made, { purpose: 'registration', at: 7, endedAt: 7, ended: 'proof' }),
      ]
      await write(async (tx) => {
        for (const each of [first, second, proof]) await tx.insertLogin(each)
        await tx.endLogin(first.session, 8, 'card-removed')
        await tx.endLogin(first.session, 9, 'quit')
      })
      await store.read(async (reader) => {
        expect(await reader.lastLogin(made.someone.id)).toEqual(second)
        expect(await reader.openSessions(made.desk.id)).toEqual([second])
        expect(await reader.login(first.session)).toEqual({ ...first, endedAt: 8, ended: 'card-removed' })
      })
    })
  })

  describe('the block list', () => {
    test('keeps every change in order, finds it by version, notice and card, and lists who is blocked', async () => {
      const { someone, theirs } = await furnished()
      const other = card(someone, { state: 'blocked' })
      const notice = id()
      const changes: BlockChange[] = [
        { version: 1, guid: theirs.guid, blocked: true, at: 5, notice, cause: 'finding', finding: 'clone' },
        { version: 2, guid: other.guid, blocked: true, at: 6, notice: id(), cause: 'administrator' },
        { version: 3, guid: theirs.guid, blocked: false, at: 7 },
      ]
      expect(await store.read((reader) => reader.blockListVersion())).toBe(0)
      await write(async (tx) => {
        await tx.insertCard(other)
        for (const change of changes) await tx.insertBlockChange(change)
      })
      await store.read(async (reader) => {
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
      const made = await furnished()
      const [open, over] = [login(made), login(made, { purpose: 'operator', endedAt: 9, ended: 'blocked' })]
      await write(async (tx) => {
        for (const each of [open, over]) await tx.insertLogin(each)
        await tx.updateCard(made.theirs.guid, { state: 'blocked' })
      })
      const facts = { terminal: made.desk.id, purpose: 'holder', at: 5, holder: made.someone, cardState: 'blocked' }
      await store.read(async (reader) => {
        expect(await reader.session(open.session)).toEqual(facts)
        expect(await reader.session(over.session)).toEqual({ ...facts, purpose: 'operator', endedAt: 9 })
        expect(await reader.session(id())).toBeUndefined()
      })
    })

    test('finds the open sessions of a card at every terminal', async () => {
      const made = await furnished()
      const [open, ended, approval] = [login(made), login(made), login(made, { purpose: 'approval' })]
      await write(async (tx) => {
        for (const each of [open, ended, approval]) await tx.insertLogin(each)
        await tx.endLogin(ended.session, 6, 'used')
      })
      expect(await store.read((reader) => reader.openSessionsOfCard(made.theirs.guid))).toEqual([open, approval])
    })

    test("makes a card's fresh secrets its own, where there are some", async () => {
      const { theirs } = await furnished()
      const [own, fresh] = [id(60), id(61)]
      await write((tx) => tx.updateCard(theirs.guid, { sealedSecrets: own, presenceKey: id(64).fill(7) }))
      await write((tx) => tx.promoteFreshSecrets(theirs.guid))
      expect(await store.read((reader) => reader.card(theirs.guid))).toMatchObject({ sealedSecrets: own })
      await write((tx) => tx.updateCard(theirs.guid, { freshSecrets: fresh }))
      expect(await store.read((reader) => reader.card(theirs.guid))).toMatchObject({ sealedSecrets: own, freshSecrets: fresh })
      await write((tx) => tx.promoteFreshSecrets(theirs.guid))
      expect(await store.read((reader) => reader.card(theirs.guid))).toEqual({
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
      const { desk } = await furnished()
      const [a, b] = [place(desk.id, 'A'), place(desk.id, 'B', { state: 'mute', simulated: true })]
      await write((tx) => tx.keepPresence(presence(desk.id), [a, b], []))
      const later = presence(desk.id, { revision: 2, seenAt: 200 })
      const again = { ...a, state: 'in-use', since: 150, seenAt: 200 } as const
      await write((tx) => tx.keepPresence(later, [again], []))
      await store.read(async (reader) => {
        expect(await reader.presence(desk.id)).toEqual(later)
        const detached = seen({ ...b, attached: false, seenAt: 200 }, { terminalSeenAt: 200 })
        expect(await reader.readerPlaces(FIRST, 10)).toEqual([seen(again, { terminalSeenAt: 200 }), detached])
        expect(await reader.readersNamed('B', 10)).toEqual([detached])
      })
      const gone = presence(desk.id, { revision: 2, online: false, seenAt: 300 })
      await write((tx) => tx.keepAbsence(gone))
      await store.read(async (reader) => {
        expect(await reader.presence(desk.id)).toEqual(gone)
        expect((await reader.readerPlaces(FIRST, 1))[0]).toEqual(seen(again, { terminalSeenAt: 300, online: false }))
      })
    })

    test('of a terminal that was withdrawn are left out', async () => {
      const { desk, theirs } = await furnished()
      const found = { guid: theirs.guid, terminal: desk.id, reader: 'A', since: 1, seenAt: 1 }
      await write((tx) => tx.keepPresence(presence(desk.id), [place(desk.id, 'A')], [found]))
      await write((tx) => tx.updateTerminal(desk.id, { state: 'withdrawn' }))
      await store.read(async (reader) => {
        expect(await reader.readerPlaces(FIRST, 10)).toEqual([])
        expect(await reader.readersNamed('A', 10)).toEqual([])
        expect(await reader.cardPlaces(theirs.guid)).toEqual([])
      })
    })

    test('of all readers come in the order of terminal and name, after any of them', async () => {
      const { code } = await furnished()
      const desks = [terminal(code), terminal(code)].sort((x, y) => (x.id < y.id ? -1 : 1))
      const all = desks.flatMap((desk) => ['A', 'B', 'C'].map((reader) => place(desk.id, reader)))
      await write(async (tx) => {
        for (const desk of desks) {
          await tx.insertTerminal(desk)
          const own = all.filter((one) => one.terminal === desk.id)
          await tx.keepPresence(presence(desk.id), [...own].reverse(), [])
        }
      })
      await store.read(async (reader) => {
        const expected = all.map((one) => seen(one))
        expect(await reader.readerPlaces(FIRST, 10)).toEqual(expected)
        const [, , third] = all
        expect(await reader.readerPlaces(third as ReaderPlace, 2)).toEqual(expected.slice(3, 5))
        expect(await reader.readersNamed('A', 1)).toEqual([expected[0]])
      })
    })

    test('of a card: the latest first, seen until its terminal told of its readers without it, eight at most', async () => {
      const { theirs, code } = await furnished()
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
      const found = await store.read((reader) => reader.cardPlaces(theirs.guid))
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
      const { desk } = await furnished()
      const guid = id()
      const seen = { guid, terminal: desk.id, reader: 'A', since: 1, seenAt: 1 }
      await write((tx) => tx.keepPresence(presence(desk.id), [place(desk.id, 'A', { card: guid })], [seen]))
      expect(await store.read((reader) => reader.cardPlaces(guid))).toEqual([])
      expect((await store.read((reader) => reader.readerPlaces(FIRST, 1)))[0]?.card).toEqual(guid)
    })
  })

  describe('there is at most one', () => {
    test.each<[string, (made: Awaited<ReturnType<typeof furnished>>, tx: StoreTransaction) => Promise<void>]>([
      ['holder with a number', (made, tx) => tx.insertHolder(holder({ reference: made.someone.reference }))],
      ['card with a GUID', (made, tx) => tx.insertCard(card(made.someone, { guid: made.theirs.guid }))],
      ['terminal with an identifier', (made, tx) => tx.insertTerminal(terminal(made.code, { id: made.desk.id }))],
      ['invitation with a secret', (made, tx) => tx.insertInvitation(made.code)],
      [
        'block with a notice',
        async (made, tx) => {
          const change = { guid: made.theirs.guid, blocked: true, at: 1, notice: id(), cause: 'supervisor' } as const
          await tx.insertBlockChange({ version: 1, ...change })
          await tx.insertBlockChange({ version: 2, ...change })
        },
      ],
      [
        'change with a version',
        async (made, tx) => {
          await tx.insertBlockChange({ version: 1, guid: made.theirs.guid, blocked: false, at: 1 })
          await tx.insertBlockChange({ version: 1, guid: made.theirs.guid, blocked: false, at: 1 })
        },
      ],
      [
        'valid certificate of a card',
        async (made, tx) => {
          await tx.insertCertificate(certificate(made.theirs))
          await tx.insertCertificate(certificate(made.theirs))
        },
      ],
      [
        'valid certificate of a key',
        async (made, tx) => {
          const other = card(made.someone)
          const first = certificate(made.theirs)
          await tx.insertCard(other)
          await tx.insertCertificate(first)
          await tx.insertCertificate(certificate(other, { publicKey: first.publicKey }))
        },
      ],
      [
        'open registration of a card',
        async (made, tx) => {
          const one = {
            kind: 'registration',
            guid: made.theirs.guid,
            holder: made.someone.id,
            terminal: made.desk.id,
            state: 'open',
            startedAt: 1,
          } as const
          await tx.insertRegistration({ id: id(), ...one })
          await tx.insertRegistration({ id: id(), ...one })
        },
      ],
    ])('%s', async (_name, work) => {
      const made = await furnished()
      await expect(write((tx) => work(made, tx))).rejects.toBeInstanceOf(StoreConflict)
      expect(await store.read((reader) => reader.cards())).toEqual([made.theirs])
    })

    test('valid certificate, which makes room when it is withdrawn, and may come back', async () => {
      const { theirs } = await furnished()
      const [first, second] = [certificate(theirs), certificate(theirs)]
      await write(async (tx) => {
        await tx.insertCertificate(first)
        await tx.withdrawCertificates(theirs.guid)
        await tx.insertCertificate(second)
      })
      expect(await store.read((reader) => reader.validCertificate(theirs.guid))).toEqual(second)
      await write(async (tx) => {
        await tx.withdrawCertificates(theirs.guid)
        await tx.restoreCertificate(first.fingerprint)
      })
      expect(await store.read((reader) => reader.validCertificate(theirs.guid))).toEqual(first)
      await expect(write((tx) => tx.restoreCertificate(second.fingerprint))).rejects.toBeInstanceOf(StoreConflict)
    })

    test('and nothing belongs to what does not exist', async () => {
      await expect(write((tx) => tx.insertCard(card(holder())))).rejects.toThrow()
      await expect(write((tx) => tx.insertTerminal(terminal(invitation())))).rejects.toThrow()
      expect(await store.read((reader) => reader.cards())).toEqual([])
    })
  })

  describe('a transaction', () => {
    test('that fails leaves nothing behind, and the next one works', async () => {
      const [a, b] = [holder(), holder()]
      const failure = new Error('no')
      await expect(
        write(async (tx) => {
          await tx.insertHolder(a)
          throw failure
        }),
      ).rejects.toBe(failure)
      await write((tx) => tx.insertHolder(b))
      expect(await store.read((reader) => reader.holders())).toEqual([b])
    })

    test('is alone: what many do side by side adds up', async () => {
      const { desk } = await furnished()
      await write((tx) => tx.updateTerminal(desk.id, { seenAt: 0 }))
      await Promise.all(
        Array.from({ length: 50 }, () =>
          write(async (tx) => {
            const { seenAt = 0 } = (await tx.terminal(desk.id)) ?? {}
            await Promise.resolve()
            await tx.updateTerminal(desk.id, { seenAt: seenAt + 1 })
          }),
        ),
      )
      expect((await store.read((reader) => reader.terminal(desk.id)))?.seenAt).toBe(50)
    })

    test('is seen by another opening of the same data once it is over', async () => {
      const other = await adapter.open()
      const someone = holder()
      await write((tx) => tx.insertHolder(someone))
      expect(await other.read((reader) => reader.holders())).toEqual([someone])
      const second = holder({ registeredAt: 9 })
      await Promise.all([other.transaction((tx) => tx.insertHolder(second)), store.read((reader) => reader.holders())])
      expect(await store.read((reader) => reader.holders())).toHaveLength(2)
      await other.close()
    })

    test('appends to the audit log together with its head', async () => {
      const hash = id(32)
      const head = { sequence: 1, hash, mac: id(32) }
      const entry = { sequence: 1, entry: id(40), hash }
      await write((tx) => tx.appendAudit(entry, head))
      const second = { sequence: 2, entry: id(40), hash: id(32) }
      await write((tx) => tx.appendAudit(second, { sequence: 2, hash: second.hash, mac: head.mac }))
      await store.read(async (reader) => {
        expect(await reader.audit(0, 10)).toEqual([entry, second])
        expect(await reader.audit(1, 10)).toEqual([second])
        expect(await reader.audit(0, 1)).toEqual([entry])
        expect(await reader.auditHead()).toEqual({ sequence: 2, hash: second.hash, mac: head.mac })
      })
      await expect(write((tx) => tx.appendAudit(second, head))).rejects.toBeInstanceOf(StoreConflict)
    })
  })
}
