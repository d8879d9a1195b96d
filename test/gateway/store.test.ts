import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../gateway/store/sqlite.ts'
import { storeContract } from '../contracts/store.ts'
import { findingsContract } from '../contracts/store-findings.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-store-'))
const path = join(folder, 'store.sqlite')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const remove = () => {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

const adapter = { open: async () => openSqliteStore(path), reset: async () => remove() }
describe('the store on SQLite', () => storeContract(adapter))
describe('findings in the store on SQLite', () => findingsContract(adapter))

describe("the store's file", () => {
  test('can be read by its user only, and others read while one writes (WAL)', async () => {
    remove()
    const store = openSqliteStore(path)
    for (const end of ['', '-wal']) expect(statSync(path + end).mode & 0o077).toBe(0)
    await store.close()
    const database = new DatabaseSync(path)
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    database.close()
  })

  test('of a later version is refused, not touched', () => {
    remove()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 9999')
    database.close()
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ kind: 'newer-version' }))
  })

  test('that is no database is refused', () => {
    expect(() => openSqliteStore(folder)).toThrow(expect.objectContaining({ kind: 'unavailable' }))
  })

  test('that was damaged is called damaged, not believed', async () => {
    remove()
    const store = openSqliteStore(path)
    const holder = {
      id: new Uint8Array(16),
      givenName: 'A',
      familyName: 'B',
      reference: 'C',
      state: 'active',
      registeredAt: 1,
    } as const
    await store.transaction((tx) => tx.insertHolder(holder))
    await store.close()
    const database = new DatabaseSync(path)
    database.exec("PRAGMA ignore_check_constraints = ON; UPDATE holders SET state = 'emperor'")
    database.close()
    const again = openSqliteStore(path)
    await expect(again.read((reader) => reader.holders())).rejects.toMatchObject({ kind: 'damaged' })
    await again.close()
  })
})
