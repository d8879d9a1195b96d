/** The journal of the desk on disk: what is in it survives, what is damaged is left out, and it does not grow for ever. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ActivityEntry } from '../../electron/activity/entry.ts'
import { createJournal } from '../../electron/activity/journal.ts'

const NOW = Date.UTC(2026, 4, 12)
const DAY = 86_400_000

let folder: string
const failures: unknown[] = []
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'tessera-journal-')), 'activity')
  failures.length = 0
})
afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true, force: true, maxRetries: 5 })
})

const entry = (at: number): ActivityEntry => ({ at, kind: 'login', outcome: 'done', card: 'K7QM-2F4X', reader: 'R' })
const journal = (options: { rowsInFile?: number; files?: number } = {}) =>
  createJournal({ folder, now: () => NOW, onUnwritten: (error) => failures.push(error), ...options })
async function reopened() {
  const again = journal()
  await again.open()
  return again.entries().map(({ at }) => at - NOW)
}

test('what was written is there after the next start, in its order', async () => {
  const first = journal()
  for (let i = 0; i < 5; i += 1) await first.append(entry(NOW + i))
  expect(await reopened()).toEqual([0, 1, 2, 3, 4])
  expect(failures).toEqual([])
})

test('what is told before the journal was read comes after what is in it', async () => {
  await journal().append(entry(NOW))
  const second = journal()
  await Promise.all([second.append(entry(NOW + 1)), second.append(entry(NOW + 2))])
  expect(second.entries().map(({ at }) => at - NOW)).toEqual([0, 1, 2])
  expect(await reopened()).toEqual([0, 1, 2])
})

test('only the user of the terminal may read it', async () => {
  await journal().append(entry(NOW))
  const [name = ''] = await readdir(folder)
  if (process.platform !== 'win32') expect((await stat(join(folder, name))).mode & 0o077).toBe(0)
})

test('a last line that was cut off is left out, and the next one is whole', async () => {
  const first = journal()
  await first.append(entry(NOW))
  await first.append(entry(NOW + 1))
  const [name = ''] = await readdir(folder)
  const text = await readFile(join(folder, name), 'utf8')
  await writeFile(join(folder, name), text.slice(0, -9))
  const second = journal()
  await second.append(entry(NOW + 2))
  expect(second.entries().map(({ at }) => at - NOW)).toEqual([0, 2])
  expect(await reopened()).toEqual([0, 2])
})

test.each([
  ['no JSON', '{"at":'],
  ['a kind that there is not', JSON.stringify({ ...entry(NOW), kind: 'party' })],
  ['a name', JSON.stringify({ ...entry(NOW), name: 'Ada' })],
  ['no number', JSON.stringify({ ...entry(NOW), at: 'now' })],
])('a line that is %s is left out, and those around it stay', async (_, line) => {
  const first = journal()
  await first.append(entry(NOW))
  const [name = ''] = await readdir(folder)
  const text = await readFile(join(folder, name), 'utf8')
  await writeFile(join(folder, name), `${line}\n${text}${line}\n`)
  expect(await reopened()).toEqual([0])
})

describe('growing', () => {
  test('the oldest file goes when there would be one too many, on disk and in memory', async () => {
    const own = journal({ rowsInFile: 3, files: 2 })
    for (let i = 0; i < 10; i += 1) await own.append(entry(NOW + i))
    expect(own.entries().map(({ at }) => at - NOW)).toEqual([6, 7, 8, 9])
    expect(await readdir(folder)).toEqual(['00000003.jsonl', '00000004.jsonl'])
    expect(await reopened()).toEqual([6, 7, 8, 9])
  })

  test('keeps ten thousand rows and more', async () => {
    const line = `${JSON.stringify(entry(NOW))}\n`
    await journal().append(entry(NOW))
    for (let file = 1; file <= 4; file += 1) await writeFile(join(folder, `0000000${file}.jsonl`), line.repeat(4000))
    const own = journal()
    await own.append(entry(NOW + 1))
    expect(own.entries().length).toBe(12_001)
  })

  test('files whose last row is older than ninety days go at the start', async () => {
    await journal().append(entry(NOW))
    await writeFile(join(folder, '00000000.jsonl'), `${JSON.stringify(entry(NOW - 91 * DAY))}\n`)
    expect(await reopened()).toEqual([0])
    expect(await readdir(folder)).toEqual(['00000001.jsonl'])
  })
})

test('a journal that cannot be written is told once and keeps its rows while the program runs', async () => {
  const own = journal()
  await own.append(entry(NOW))
  await rm(folder, { recursive: true })
  // A file stands where the folder was.
  await writeFile(folder, '')
  await own.append(entry(NOW + 1))
  await own.append(entry(NOW + 2))
  expect(own.isFailing()).toBe(true)
  expect(failures).toHaveLength(1)
  expect(own.entries().map(({ at }) => at - NOW)).toEqual([0, 1, 2])
})

test('SIGKILL takes nothing that was told as written', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'activity-writer.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = 0
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line)
    if (told === 40) break
  }
  child.kill('SIGKILL')
  await new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kept = await reopened()
  expect(kept.length).toBeGreaterThanOrEqual(told)
  expect(kept).toEqual(kept.map((_, index) => index + 1))
})
