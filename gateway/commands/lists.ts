import { toHex } from '../../protocol/bytes.ts'
import type { Registry } from '../registry/context.ts'
import type { Output } from './common.ts'
import { table, when } from './table.ts'

export async function listHolders({ store }: Registry, output: Output): Promise<number> {
  const holders = await store.read((reader) => reader.holders())
  output(
    table(
      ['NUMBER', 'NAME', 'ROLE', 'STATE', 'REGISTERED', 'ID'],
      holders.map((h) => [
        h.reference,
        `${h.givenName} ${h.familyName}`,
        h.role ?? '-',
        h.state,
        when(h.registeredAt),
        toHex(h.id),
      ]),
    ),
    holders.map(({ id, ...rest }) => ({ id: toHex(id), ...rest })),
  )
  return 0
}

export async function listCards({ store }: Registry, output: Output): Promise<number> {
  const [cards, holders] = await store.read(async (reader) => [await reader.cards(), await reader.holders()] as const)
  const reference = new Map(holders.map((holder) => [toHex(holder.id), holder.reference]))
  const rows = cards.map((card) => ({ ...card, owner: reference.get(toHex(card.holder)) ?? '-' }))
  output(
    table(
      ['GUID', 'STATE', 'HOLDER', 'REGISTERED', 'EXPIRES', 'KIND'],
      rows.map((c) => [
        toHex(c.guid),
        c.state,
        c.owner,
        when(c.registeredAt),
        when(c.expiresAt),
        [c.linked ? 'linked' : 'own', c.simulated ? 'simulated' : ''].filter(Boolean).join(', '),
      ]),
    ),
    rows.map(({ guid, holder, sealedSecrets: _own, freshSecrets: _fresh, presenceKey: _key, ...rest }) => ({
      guid: toHex(guid),
      holder: toHex(holder),
      ...rest,
    })),
  )
  return 0
}

export async function listTerminals({ store }: Registry, output: Output): Promise<number> {
  const terminals = await store.read((reader) => reader.terminals())
  output(
    table(
      ['ID', 'SITE', 'STATE', 'ENROLLED', 'SEEN'],
      terminals.map((t) => [t.id, t.site, t.state, when(t.enrolledAt), when(t.seenAt)]),
    ),
    terminals.map(({ id, site, state, enrolledAt, seenAt }) => ({ id, site, state, enrolledAt, seenAt })),
  )
  return 0
}

export async function auditVerify({ store, audit }: Registry, output: Output): Promise<number> {
  const verdict = await store.read((reader) => audit.verify(reader))
  switch (verdict.kind) {
    case 'intact': {
      const hash = toHex(verdict.hash)
      output(`intact, entries: ${verdict.entries}\nhash ${hash}`, { intact: true, entries: verdict.entries, hash })
      return 0
    }
    case 'broken':
      output(`BROKEN: entry ${verdict.sequence} is ${verdict.reason}; all before it are intact`, { intact: false, ...verdict })
      return 1
    case 'head-mismatch':
      output(`BROKEN: after entry ${verdict.entries} entries were cut off, or all were rewritten`, { intact: false, ...verdict })
      return 1
    default:
      return verdict satisfies never
  }
}
