/** A virtual card in the second reader of vpcd, and other people's programs that use it through pcscd. */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeCrypto } from '../../native/crypto.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { type BlankCardOptions, blankCard } from '../../native/virtual-card/state.ts'
import { fileStorage } from '../../native/virtual-card/storage.ts'
import { type InsertedCard, insertIntoVpcd, VPCD_PORT } from '../../native/virtual-card/vpcd.ts'
import { ensurePcscd, reserveVirtualReaders } from '../support/pcscd.ts'

// A window under test would take this card for one that a person has put in.
await reserveVirtualReaders()

/** The first reader is left to other tests. */
export const READER = 'Virtual PCD 00 01'
const PORT = VPCD_PORT + 1
const LIMIT_MS = 60_000
/** After this long a card that was put in and is not seen is pulled, and put in again. */
const UNSEEN_MS = 5000

export interface Run {
  readonly code: number
  readonly output: string
}

export interface CardAndPrograms {
  readonly card: VirtualCard
  /** For the files that programs read and write; gone at the end. */
  readonly folder: string
  /** Runs a program to its end; whatever it prints is in `output`. The card answers meanwhile, from this process. */
  run(program: string, ...args: readonly string[]): Promise<Run>
}

export interface CardInReader extends CardAndPrograms {
  close(): Promise<void>
}

/**
 * `prepare` has the card to itself: once it is in the reader, the service may reset it at any moment, and takes its power away where
 * nobody uses it for some seconds.
 */
export async function putCardIntoReader(
  options: BlankCardOptions = {},
  prepare: (card: CardAndPrograms) => Promise<void> = async () => undefined,
): Promise<CardInReader> {
  await ensurePcscd()
  const folder = mkdtempSync(join(tmpdir(), 'tessera-card-'))
  const storage = fileStorage(join(folder, 'card.json'), () => blankCard(options))
  const card = new VirtualCard({ crypto: nodeCrypto, storage })
  const run = (program: string, ...args: readonly string[]): Promise<Run> =>
    new Promise((resolve, reject) => {
      execFile(program, args, { cwd: folder }, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error)
        else resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
      })
    })
  await prepare({ card, folder, run })
  const shows = async (what: 'Yes' | 'No') =>
    new RegExp(`${what} +${READER}`).test((await run('opensc-tool', '--list-readers')).output)

  // vpcd listens a moment after pcscd answers, and a card that went in while the service started may not be seen.
  let inserted: InsertedCard | undefined
  let insertedAt = 0
  await within(async () => {
    if (inserted === undefined) {
      inserted = await insertIntoVpcd({ card, port: PORT }).catch(() => undefined)
      insertedAt = performance.now()
      inserted?.out.then(() => {
        inserted = undefined
      })
    }
    if (inserted === undefined) return false
    if (await shows('Yes')) return true
    if (performance.now() - insertedAt > UNSEEN_MS) await inserted?.pull()
    return false
  })
  return {
    card,
    folder,
    run,
    async close() {
      await inserted?.pull()
      await within(() => shows('No'))
      rmSync(folder, { recursive: true })
    },
  }
}

async function within(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so after ${LIMIT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
