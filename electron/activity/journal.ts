/**
 * The desk's journal on disk: JSON lines in a few files, of which the oldest goes when a new one begins. A line is flushed before
 * the next one is written, so that neither SIGKILL nor a power cut takes more than the last; a line that was cut off is skipped.
 */
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ActivityEntry, lineOf, parseLine } from './entry.ts'

export interface JournalOptions {
  readonly folder: string
  /** Milliseconds since 1970. */
  now(): number
  /** Told once, until writing works again; the desk goes on. */
  onUnwritten(error: unknown): void
  /** Default 4000 rows in each of 4 files: at least 12,000 once they are full. */
  readonly rowsInFile?: number
  readonly files?: number
}

export interface Journal {
  /** Reads what there is. Never rejects: what cannot be read is as if it were not there. */
  open(): Promise<void>
  /** Adds one. Resolves when it is on the disk, or cannot be. */
  append(entry: ActivityEntry): Promise<void>
  /** The oldest first. */
  entries(): readonly ActivityEntry[]
  /** What was written last did not reach the disk. */
  isFailing(): boolean
}

/** What is older goes at the next start. */
const KEPT_MS = 90 * 86_400_000
const NAME = /^(\d{8})\.jsonl$/
const nameOf = (number: number): string => `${String(number).padStart(8, '0')}.jsonl`

interface Part {
  readonly number: number
  rows: number
  /** It ends within a line, which the next one must not continue. */
  torn: boolean
}

export function createJournal(options: JournalOptions): Journal {
  const { folder, rowsInFile = 4000, files = 4 } = options
  const parts: Part[] = []
  let entries: ActivityEntry[] = []
  let failing = false
  let opened: Promise<void> | undefined
  let writing: Promise<void> = Promise.resolve()

  async function read(): Promise<void> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const numbers = (await readdir(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number)
      numbers.sort((a, b) => a - b)
      const oldest = options.now() - KEPT_MS
      for (const number of numbers) {
        const text = await readFile(join(folder, nameOf(number)), 'utf8')
        const found = text.split('\n').flatMap((line) => parseLine(line) ?? [])
        const last = found[found.length - 1]
        if (last === undefined || last.at < oldest) {
          await rm(join(folder, nameOf(number)), { force: true })
          continue
        }
        parts.push({ number, rows: found.length, torn: !text.endsWith('\n') })
        entries = entries.concat(found)
      }
      await dropOldest()
    } catch (error) {
      failed(error)
    }
  }

  async function dropOldest(): Promise<void> {
    while (parts.length > files) {
      const [first] = parts.splice(0, 1)
      if (first === undefined) return
      entries = entries.slice(first.rows)
      await rm(join(folder, nameOf(first.number)), { force: true })
    }
  }

  function failed(error: unknown): void {
    if (!failing) options.onUnwritten(error)
    failing = true
  }

  async function write(entry: ActivityEntry): Promise<void> {
    let part = parts[parts.length - 1]
    if (part === undefined || part.rows >= rowsInFile) {
      part = { number: (part?.number ?? 0) + 1, rows: 0, torn: false }
      parts.push(part)
      await dropOldest().catch(failed)
    }
    entries.push(entry)
    part.rows += 1
    try {
      const file = await open(join(folder, nameOf(part.number)), 'a', 0o600)
      try {
        await file.writeFile(part.torn ? `\n${lineOf(entry)}` : lineOf(entry))
        part.torn = false
        await file.datasync()
      } catch (error) {
        // How much of it was written is not known.
        part.torn = true
        throw error
      } finally {
        await file.close()
      }
      failing = false
    } catch (error) {
      failed(error)
    }
  }

  return {
    open() {
      opened ??= read()
      return opened
    },
    append(entry) {
      opened ??= read()
      const ready = opened
      writing = writing.then(() => ready).then(() => write(entry))
      return writing
    },
    entries: () => entries,
    isFailing: () => failing,
  }
}
