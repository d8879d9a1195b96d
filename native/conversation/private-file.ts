/** Files that only the terminal's user may read, replaced whole or not at all. */
import { constants } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Undefined where there is no such file. Every other failure rejects as node:fs does. */
export async function readPrivateFile(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Writes beside the file, flushes, renames: after a power cut either the old or the new content is there. The folder is flushed
 * too where the platform can, because the rename itself is an entry of the folder.
 */
export async function writePrivateFile(path: string, content: Uint8Array): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await open(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncFolder(folder)
}

export async function removePrivateFile(path: string): Promise<void> {
  await rm(path, { force: true })
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder as a file; its rename is journalled by the file system.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
