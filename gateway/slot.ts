/**
 * One gateway for each slot of a data folder: two with one name would take each other's messages and connection to the broker.
 * The claim is SQLite's own lock on a file of its own, which the system lets go of however the process ends.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5

/** Undefined where a running gateway has the slot. The function that comes back gives it up. */
export function claimSlot(dataDirectory: string, slot: number): (() => void) | undefined {
  const folder = join(dataDirectory, 'run')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = new DatabaseSync(join(folder, `worker-${slot}.lock`), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { readonly errcode?: unknown }).errcode === SQLITE_BUSY) return undefined
    throw error
  }
  return () => lock.close()
}
