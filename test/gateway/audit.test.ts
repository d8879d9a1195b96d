import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRegistry } from '../../gateway/main.ts'
import type { Registry } from '../../gateway/registry/context.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { concat } from '../../protocol/bytes.ts'
import { decode, encode } from '../../protocol/cbor.ts'

let folder: string
let registry: Registry
const ENTRIES = 12
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-audit-'))
  registry = openRegistry(folder).registry
  for (let i = 0; i < ENTRIES; i += 1) {
    await registry.store.transaction((tx) =>
      registry.audit.append(tx, 1000 + i, { event: 'terminal-withdrawn', terminal: `t${i}` }),
    )
  }
})
afterEach(async () => {
  await registry.store.close()
  rmSync(folder, { recursive: true, force: true })
})

const verify = () => registry.store.read((reader) => registry.audit.verify(reader))

/** What someone does who can write the file but has not the gateway's key. */
function tamper(sql: string, ...values: (number | Uint8Array)[]): void {
  const database = new DatabaseSync(join(folder, 'store.sqlite'))
  database.prepare(sql).run(...values)
  database.close()
}

test('an untouched log is intact', async () => {
  expect(await verify()).toMatchObject({ kind: 'intact', entries: ENTRIES })
})

test('every bit of every entry counts', async () => {
  for (let sequence = 1; sequence <= ENTRIES; sequence += 4) {
    const [record] = await registry.store.read((reader) => reader.audit(sequence - 1, 1))
    const entry = record?.entry as Uint8Array
    for (let bit = 0; bit < entry.length * 8; bit += 7) {
      const changed = entry.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      tamper('UPDATE audit SET entry = ? WHERE sequence = ?', changed, sequence)
      expect(await verify()).toEqual({ kind: 'broken', sequence, reason: 'changed' })
    }
    tamper('UPDATE audit SET entry = ? WHERE sequence = ?', entry, sequence)
  }
  expect(await verify()).toMatchObject({ kind: 'intact' })
})

test.each([1, 5, ENTRIES - 1])('entry %i that was removed is missed', async (sequence) => {
  tamper('DELETE FROM audit WHERE sequence = ?', sequence)
  expect(await verify()).toEqual({ kind: 'broken', sequence, reason: 'missing' })
})

test('an entry that was removed, with the rest moved up, is found', async () => {
  tamper('DELETE FROM audit WHERE sequence = 5')
  tamper('UPDATE audit SET sequence = -(sequence - 1) WHERE sequence > 5')
  tamper('UPDATE audit SET sequence = -sequence WHERE sequence < 0')
  expect(await verify()).toEqual({ kind: 'broken', sequence: 5, reason: 'changed' })
})

test('two entries that changed places are found', async () => {
  tamper('UPDATE audit SET sequence = -4 WHERE sequence = 4')
  tamper('UPDATE audit SET sequence = 4 WHERE sequence = 5')
  tamper('UPDATE audit SET sequence = 5 WHERE sequence = -4')
  expect(await verify()).toEqual({ kind: 'broken', sequence: 4, reason: 'changed' })
})

test('an end that was cut off is found, and so is a log that was emptied', async () => {
  tamper('DELETE FROM audit WHERE sequence > 9')
  expect(await verify()).toEqual({ kind: 'head-mismatch', entries: 9 })
  tamper('DELETE FROM audit')
  expect(await verify()).toEqual({ kind: 'head-mismatch', entries: 0 })
})

test('a log that was rewritten with hashes that fit is found: the head needs the key', async () => {
  let hash: Uint8Array = new Uint8Array(32)
  for (const { sequence, entry } of await registry.store.read((reader) => reader.audit(0, 100))) {
    const [, at, event] = decode(entry) as [number, number, string]
    const rewritten = encode([sequence, at, event, { terminal: 'nobody' }])
    hash = nodeCrypto.hash('SHA-256', concat(hash, rewritten))
    tamper('UPDATE audit SET entry = ?, hash = ? WHERE sequence = ?', rewritten, hash, sequence)
  }
  tamper('UPDATE audit_head SET hash = ?', hash)
  expect(await verify()).toEqual({ kind: 'head-mismatch', entries: ENTRIES })
})

test('an entry is undone with the transaction that it tells of', async () => {
  const failure = new Error('no')
  const work = registry.store.transaction(async (tx) => {
    await registry.audit.append(tx, 1, { event: 'terminal-withdrawn', terminal: 'x' })
    throw failure
  })
  await expect(work).rejects.toBe(failure)
  expect(await verify()).toMatchObject({ kind: 'intact', entries: ENTRIES })
})
