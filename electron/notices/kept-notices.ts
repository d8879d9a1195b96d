/**
 * Signed notices on disk, from the moment that they are acted upon until the gateway has confirmed what they announce: after a
 * crash of either side they are the proof that the block was announced. One file each, written whole or not at all.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readPrivateFile, removePrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'
import { toHex } from '../../protocol/bytes.ts'

export interface KeptNotices {
  /** Resolves when the notice is on disk. `id` is its own, 16 bytes. */
  keep(id: Uint8Array, signed: Uint8Array): Promise<void>
  /** What is kept, in no particular order. */
  all(): Promise<readonly KeptNotice[]>
  forget(id: string): Promise<void>
}

export interface KeptNotice {
  /** Hexadecimal. */
  readonly id: string
  readonly signed: Uint8Array
}

const NAME = /^([0-9a-f]{32})\.cose$/

export function createKeptNotices(folder: string): KeptNotices {
  const file = (id: string) => join(folder, `${id}.cose`)
  return {
    keep: (id, signed) => writePrivateFile(file(toHex(id)), signed),
    async all() {
      const kept: KeptNotice[] = []
      for (const name of await namesIn(folder)) {
        const id = NAME.exec(name)?.[1]
        const signed = id === undefined ? undefined : await readPrivateFile(join(folder, name))
        if (id !== undefined && signed !== undefined) kept.push({ id, signed })
      }
      return kept
    },
    forget: (id) => removePrivateFile(file(id)),
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
