/** Where a virtual card keeps its state. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type CardState, stateFromText, stateToText } from './state.ts'

export interface CardStorage {
  load(): CardState
  /** Returns once the state would survive a kill or a power cut; throws where it would not. */
  save(state: CardState): void
}

/** For cards that live as long as the process. */
export function memoryStorage(initial: CardState): CardStorage {
  let state = initial
  return {
    load: () => state,
    save: (next) => {
      state = next
    },
  }
}

/**
 * A file that always holds one whole state: the new one is written beside it, flushed, and takes its name.
 * Where there is no file yet, `initial` is written. Throws where the file is not a card's state.
 */
export function fileStorage(path: string, initial: () => CardState): CardStorage {
  const save = (state: CardState): void => {
    const beside = `${path}.new`
    // Readable by the owner only: the file holds private keys.
    const file = openSync(beside, 'w', 0o600)
    try {
      writeFileSync(file, stateToText(state))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, path)
    flushDirectory(dirname(path))
  }
  if (!existsSync(path)) save(initial())
  return { load: () => stateFromText(readFileSync(path, 'utf8')), save }
}

/** Makes the rename itself last. Windows has no such call and needs none: its rename is written through the journal. */
function flushDirectory(path: string): void {
  if (process.platform === 'win32') return
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
