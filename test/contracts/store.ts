/** What every adapter of the store port must do (gateway/store/store.ts). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Registration, type Store, StoreConflict, type StoreTransaction } from '../../gateway/store/store.ts'
import { blocksContract } from './store-blocks.ts'
import { nodesContract } from './store-nodes.ts'
import { card, certificate, furnished, holder, id, invitation, login, terminal, type Write } from './store-records.ts'

/** `open` opens the same data again at each call; `reset` begins anew. */
export function storeContract(adapter: { open(): Promise<Store>; reset(): Promise<void> }): void {
  let store: Store
  beforeEach(async () => {
    await adapter.reset()
    store = await adapter.open()
  })
  afterEach(() => store.close())

  const write: Write = (work) => store.transaction(work)

  describe('records', () => {
    test('come back as they were put in, also after the store was opened again', async () => {
      const made = await furnished(write)
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
      const { someone, theirs, code, desk } = await furnished(write)
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
      const { theirs } = await furnished(write)
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
      const made = await furnished(write)
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

  blocksContract({ read: (work) => store.read(work), write })
  nodesContract({ read: (work) => store.read(work), write })

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
      const made = await furnished(write)
      await expect(write((tx) => work(made, tx))).rejects.toBeInstanceOf(StoreConflict)
      expect(await store.read((reader) => reader.cards())).toEqual([made.theirs])
    })

    test('valid certificate, which makes room when it is withdrawn, and may come back', async () => {
      const { theirs } = await furnished(write)
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
      const { desk } = await furnished(write)
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
