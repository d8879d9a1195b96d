/** What every adapter of the store port must do with service nodes and tokens. Part of store.ts. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ServiceNode, Token, TokensOf } from '../../gateway/store/nodes.ts'
import { StoreConflict } from '../../gateway/store/store.ts'
import { furnished, id, type Read, type Write } from './store-records.ts'

function node(more: Partial<ServiceNode> = {}): ServiceNode {
  return {
    name: `node-${randomBytes(4).toString('hex')}`,
    state: 'invited',
    scopes: [{ scope: 'record:read' }, { scope: 'record:note', role: 'desk' }],
    tokenMs: 300_000,
    invitation: id(32),
    invitedAt: 1,
    invitationExpiresAt: 2,
    invitationUsed: false,
    ...more,
  }
}

function enrolled(more: Partial<ServiceNode> = {}): ServiceNode & { readonly id: string } {
  return {
    ...node({ state: 'active', invitationUsed: true, ...more }),
    id: randomBytes(16).toString('hex'),
    fingerprint: id(32),
    publicKey: id(64),
    certificate: id(400),
    enrolledAt: 3,
  }
}

export function nodesContract({ read, write }: { readonly read: Read; readonly write: Write }): void {
  describe('service nodes', () => {
    test('come back as they were put in, and are found by each of their names', async () => {
      const invited = node({ name: 'b' })
      const active = { ...enrolled({ name: 'a' }), connection: id(8), seenAt: 4 }
      await write(async (tx) => {
        await tx.insertNode(invited)
        await tx.insertNode(active)
      })
      await read(async (reader) => {
        expect(await reader.nodes()).toEqual([active, invited])
        expect(await reader.node('b')).toEqual(invited)
        expect(await reader.node('c')).toBeUndefined()
        expect(await reader.nodeById(active.id)).toEqual(active)
        expect(await reader.nodeByInvitation(invited.invitation)).toEqual(invited)
        expect(await reader.nodeByConnection(active.connection)).toEqual(active)
        expect(await reader.nodeByConnection(id(8))).toBeUndefined()
      })
    })

    test('change, and no two have the same name, identifier or invitation', async () => {
      const first = enrolled()
      await write((tx) => tx.insertNode(first))
      const invitation = id(32)
      await write((tx) => tx.updateNode(first.name, { scopes: [{ scope: 'other' }], invitation, invitationUsed: false }))
      expect(await read((reader) => reader.node(first.name))).toEqual({
        ...first,
        scopes: [{ scope: 'other' }],
        invitation,
        invitationUsed: false,
      })
      for (const same of [
        { name: first.name },
        { id: first.id },
        { invitation },
        { fingerprint: first.fingerprint as Uint8Array },
      ]) {
        await expect(write((tx) => tx.insertNode({ ...enrolled(), ...same }))).rejects.toBeInstanceOf(StoreConflict)
      }
    })
  })

  describe('tokens', () => {
    async function issued() {
      const made = await furnished(write)
      const [here, there] = [enrolled(), enrolled()]
      const operator = id()
      const token = (at: ServiceNode & { readonly id: string }, more: Partial<Token> = {}): Token => ({
        id: id(),
        node: at.name,
        audience: at.id,
        session: id(),
        guid: made.theirs.guid,
        holder: made.someone.id,
        terminal: made.desk.id,
        expiresAt: 1000,
        ...more,
      })
      const tokens = [token(here), token(here, { operator }), token(there), token(here, { expiresAt: 100 })] as const
      await write(async (tx) => {
        for (const each of [here, there]) await tx.insertNode(each)
        for (const each of tokens) await tx.insertToken(each)
      })
      return { ...made, here, there, operator, tokens }
    }
    const revoked = (audience: string, now = 500) => read((reader) => reader.revokedTokens(audience, now, 10))

    test('are counted while they live, and forgotten when they are long over', async () => {
      const { tokens } = await issued()
      const live = (session: Uint8Array, now: number) => read((reader) => reader.liveTokens(session, now))
      expect(await live(tokens[0].session, 500)).toBe(1)
      expect(await live(tokens[0].session, 1000)).toBe(0)
      expect(await live(tokens[3].session, 500)).toBe(0)
      await write((tx) => tx.forgetTokens(101))
      await expect(write((tx) => tx.insertToken(tokens[3]))).resolves.toBeUndefined()
      await expect(write((tx) => tx.insertToken(tokens[0]))).rejects.toBeInstanceOf(StoreConflict)
    })

    test('are revoked by whatever they follow from, once, and only while they live', async () => {
      type Made = Awaited<ReturnType<typeof issued>>
      const cases: ((made: Made) => [TokensOf, number[]])[] = [
        ({ tokens }) => [{ session: tokens[0].session }, [0]],
        ({ operator }) => [{ session: operator }, [1]],
        ({ theirs }) => [{ guid: theirs.guid }, [0, 1, 2]],
        ({ someone }) => [{ holder: someone.id }, [0, 1, 2]],
        ({ desk }) => [{ terminal: desk.id }, [0, 1, 2]],
        ({ here }) => [{ node: here.name }, [0, 1]],
      ]
      for (const which of cases) {
        const made = await issued()
        const [of, expected] = which(made)
        expect(await write((tx) => tx.revokeTokens(of, 500))).toBe(expected.length)
        expect(await write((tx) => tx.revokeTokens(of, 501))).toBe(0)
        const found = [...(await revoked(made.here.id)), ...(await revoked(made.there.id))].map((token) =>
          Buffer.from(token).toString('hex'),
        )
        const due = expected.map((i) => Buffer.from((made.tokens[i] as Token).id).toString('hex'))
        expect(found.sort()).toEqual(due.sort())
      }
    })

    test('that are revoked wait to be announced, until they are or it is too late', async () => {
      const { tokens, theirs, here, there } = await issued()
      const waiting = (now = 500, limit = 10) => read((reader) => reader.unannouncedTokens(now, limit))
      expect(await waiting()).toEqual([])
      await write((tx) => tx.revokeTokens({ guid: theirs.guid }, 500))
      expect(await waiting()).toHaveLength(3)
      expect(await waiting(500, 2)).toHaveLength(2)
      expect(await waiting(1000)).toEqual([])
      await write((tx) => tx.tokensAnnounced([tokens[0].id, tokens[1].id], 501))
      expect(await waiting()).toEqual([{ id: tokens[2].id, audience: there.id }])
      // Announced or not, a node that asks is told.
      expect(await revoked(here.id)).toHaveLength(2)
      expect(await revoked(here.id, 1000)).toEqual([])
    })
  })
}
