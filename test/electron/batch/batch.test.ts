/** What must hold for a batch whatever happens to it: on the real gateway, ceremonies and disk. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BatchFile } from '../../../electron/batch/batch-file.ts'
import { newCard, READER, somebody, until } from '../ceremonies-world.ts'
import { BatchWorld, csvOf } from './batch-world.ts'

let desk: BatchWorld
beforeEach(async () => {
  desk = await BatchWorld.create()
  await desk.signIn()
})
afterEach(async () => {
  await desk?.close()
})

const done = (count: number) => new Map(Array.from({ length: count }, (_, at) => [`B-${at + 1}`, ['active']]))
const onDisk = async () => JSON.parse(await readFile(desk.path, 'utf8')) as { members: { pin?: unknown }[] }

/** The program ends for good when it comes to write that for the n-th time: before it is written, or right after. */
function dyingAt(number: number, when: 'before' | 'after', died: () => void) {
  let saves = 0
  return (disk: BatchFile): BatchFile => ({
    load: () => disk.load(),
    remove: () => disk.remove(),
    async save(batch) {
      saves += 1
      if (saves > number) return new Promise(() => undefined)
      if (saves < number || when === 'after') await disk.save(batch)
      if (saves < number) return
      died()
      return new Promise(() => undefined)
    },
  })
}

describe('killed at whatever step of a card', () => {
  // The file's four writes of one card: the batch itself, the person's turn, the registration, the end.
  test.each(
    [2, 3, 4].flatMap((number) =>
      (['before', 'after'] as const).flatMap((when) => [true, false].map((same) => ({ number, when, same }))),
    ),
  )('write $number, $when it: the batch goes on (the same card: $same), and the person gets one certificate', async (way) => {
    desk.kill()
    let dead = false
    await desk.start(dyingAt(way.number, way.when, () => (dead = true)))
    await desk.signIn()
    await desk.begin(csvOf(2))
    const card = newCard()
    desk.world.insert(card)
    await until(() => dead, 20_000, 'it was not killed')
    desk.kill()

    await desk.start()
    await desk.signIn()
    desk.show()
    expect(desk.phase().kind).toBe('paused')
    desk.act({ kind: 'resume' })
    await desk.until('next-card')
    desk.world.insert(way.same ? card : newCard())
    await until(() => ['remove-card', 'trouble'].includes(desk.phase().kind), 20_000, 'nothing came of the card')
    const { phase, left } = desk.open()
    // It is known by then that the card was ready, and it is named as somebody's; or it was a blank one, and became the next person's.
    const isKnown = way.number === 4 && way.when === 'after'
    expect(phase).toMatchObject(
      isKnown && way.same ? { kind: 'trouble', problem: { code: 'card-already-registered' } } : { kind: 'remove-card' },
    )
    desk.world.readers.remove(READER)
    if (left > 0) await desk.make()
    await desk.until('finished')
    expect(await desk.certificates()).toEqual(done(2))
    expect(desk.unexpected).toEqual([])
  })
})

describe('the initial PIN', () => {
  test('is the one on the slip, on the card, in the holder’s language, and nowhere else', async () => {
    await desk.begin('given name,family name,reference,language\nAda,Lovelace,B-1,fr\nEva,Zwei,B-2,')
    const card = newCard()
    await desk.make(card)
    desk.act({ kind: 'pause' })
    desk.act({ kind: 'save-slips', format: 'a4' })
    await until(() => desk.open().slips === 0, 20_000, 'no slip was saved')
    const [slip] = desk.dialogs.slips.flat()
    expect(slip).toMatchObject({ givenName: 'Ada', familyName: 'Lovelace', site: 'Desk 1', locale: 'fr-AT', pin: /^\d{8}$/ })
    expect(JSON.stringify(desk.views)).not.toContain(slip?.pin)
    expect((await onDisk()).members.filter(({ pin }) => pin !== undefined)).toEqual([])
    desk.kill()
    const login = await desk.world.login(desk.world.insert(card), { pins: [slip?.pin ?? ''] })
    expect(login.result.holder).toMatchObject({ givenName: 'Ada', reference: 'B-1' })
  })

  test('stays until a file with the slip has been written', async () => {
    await desk.begin(csvOf(1))
    await desk.make()
    await desk.until('finished')
    desk.dialogs.failing = true
    desk.act({ kind: 'save-slips', format: 'label' })
    await until(() => desk.open().saving?.state === 'failed', 20_000, 'it did not fail')
    expect(desk.open().slips).toBe(1)
    expect((await stat(desk.path)).mode & 0o777).toBe(0o600)
    desk.dialogs.failing = false
    desk.act({ kind: 'save-slips', format: 'label' })
    await until(() => desk.open().slips === 0, 20_000, 'no slip was saved')
    desk.unexpected.length = 0
  })
})

describe('a card that somebody uses', () => {
  test('is named and left alone, and the person waits for another', async () => {
    desk.show()
    const taken = newCard()
    await desk.registerApart(taken, somebody(1))
    await desk.begin(csvOf(1))
    desk.world.insert(taken)
    const { phase } = await desk.until('trouble')
    expect(phase).toEqual({ kind: 'trouble', problem: { code: 'card-already-registered' }, canRetry: false })
    desk.world.readers.remove(READER)
    await desk.make()
    await desk.until('finished')
    desk.kill()
    expect((await desk.world.login(desk.world.insert(taken), { pins: ['271828'] })).result.holder.reference).toBe('C-1')
  })

  test('is not made into a second one for the same batch', async () => {
    await desk.begin(csvOf(2))
    const first = newCard()
    await desk.make(first)
    await desk.until('next-card')
    desk.world.insert(first)
    expect((await desk.until('trouble')).phase).toMatchObject({ problem: { code: 'card-already-registered' } })
    desk.world.readers.remove(READER)
    await desk.make()
    await desk.until('finished')
    expect(await desk.certificates()).toEqual(done(2))
  })
})

describe('a person', () => {
  test('who is skipped is told of with the reason, and may be taken up again', async () => {
    await desk.begin(csvOf(2))
    desk.world.readers.arm(READER, { kind: 'pull-before', apdu: 12 })
    desk.world.insert(newCard())
    await desk.until('trouble')
    desk.act({ kind: 'skip' })
    await desk.until('next-card')
    await desk.make()
    const { report, skipped } = await desk.until('finished')
    expect(skipped).toBe(1)
    expect(report?.rows[0]?.outcome).toEqual({ kind: 'skipped', code: 'registration-interrupted' })
    expect(await desk.certificates()).toEqual(new Map([['B-2', ['active']]]))
    desk.act({ kind: 'take-up-skipped' })
    await desk.until('next-card')
    await desk.make()
    await desk.until('finished')
    expect(await desk.certificates()).toEqual(new Map([...done(2)]))
  })

  test('is tried again with the card that is still in', async () => {
    await desk.begin(csvOf(1))
    desk.failRegistrations(1)
    desk.world.insert(newCard())
    await desk.until('trouble')
    desk.act({ kind: 'retry' })
    await desk.until('remove-card')
    expect(await desk.certificates()).toEqual(done(1))
  })
})

test('people who come later join the batch, and who is in it already is named', async () => {
  await desk.begin(csvOf(1))
  await desk.make()
  await desk.until('finished')
  desk.dialogs.csv = csvOf(2)
  desk.act({ kind: 'choose-file' })
  await until(() => desk.view().kind === 'preview', 20_000, 'there is no preview')
  expect(desk.view()).toMatchObject({ preview: { good: 1, joins: 1, faults: [{ line: 2, why: 'in-batch', reference: 'B-1' }] } })
  desk.act({ kind: 'begin', leaveOutBad: false })
  expect(desk.view().kind).toBe('preview')
  desk.act({ kind: 'begin', leaveOutBad: true })
  await desk.until('next-card')
  expect(desk.open()).toMatchObject({ total: 2, done: 1, left: 1 })
})

test('a pause asked for while a card is made comes after it, and nothing is begun then', async () => {
  await desk.begin(csvOf(2))
  desk.world.readers.setDelay(READER, 5)
  desk.world.insert(newCard())
  await desk.until('working')
  desk.act({ kind: 'pause' })
  expect(desk.phase()).toMatchObject({ kind: 'working', pausing: true })
  await desk.until('remove-card')
  desk.world.readers.remove(READER)
  await desk.until('paused')
  desk.world.insert(newCard())
  expect(desk.phase().kind).toBe('paused')
})

test('whoever turns to something else has the batch paused', async () => {
  await desk.begin(csvOf(1))
  desk.terminal.intent({ kind: 'show', page: 'desk' })
  desk.show()
  await desk.until('paused')
})

test('an operator whose session the gateway has forgotten signs in again, and the batch goes on', async () => {
  await desk.begin(csvOf(1))
  await desk.endSession()
  const card = newCard()
  desk.world.insert(card)
  await until(() => desk.terminal.snapshot().operator === undefined, 10_000, 'the operator is still signed in')
  expect(desk.terminal.snapshot().page).toMatchObject({ kind: 'sign-in', problem: { code: 'session-unknown' } })
  desk.world.readers.remove(READER)
  await desk.signIn()
  expect(desk.phase().kind).toBe('trouble')
  await desk.make(card)
  await desk.until('finished')
  expect(await desk.certificates()).toEqual(done(1))
})

test('a disk that is full stops the batch before a card is begun', async () => {
  desk.kill()
  let full = false
  await desk.start((disk) => ({
    load: () => disk.load(),
    remove: () => disk.remove(),
    save: (batch) => (full ? Promise.reject(new Error('ENOSPC')) : disk.save(batch)),
  }))
  await desk.signIn()
  await desk.begin(csvOf(1))
  full = true
  desk.world.insert(newCard())
  expect((await desk.until('trouble')).phase).toMatchObject({ problem: { code: 'batch-unwritten' } })
  expect((await desk.certificates()).size).toBe(0)
  full = false
  desk.act({ kind: 'retry' })
  await desk.until('remove-card')
  expect(await desk.certificates()).toEqual(done(1))
})

test('a file on disk that is no batch is told, and a new one takes its place', async () => {
  desk.kill()
  await writeFile(desk.path, '{"version":1,"members":[{}]}')
  await desk.start()
  await desk.signIn()
  desk.show()
  expect(desk.view()).toEqual({ kind: 'none', problem: { code: 'batch-damaged' } })
  await desk.begin(csvOf(1))
  desk.unexpected.length = 0
})

test('a batch that is closed is forgotten, on the disk too; not while it runs', async () => {
  await desk.begin(csvOf(2))
  desk.act({ kind: 'close' })
  expect(desk.open().total).toBe(2)
  desk.act({ kind: 'pause' })
  await desk.until('paused')
  desk.act({ kind: 'close' })
  await until(() => desk.view().kind === 'none', 20_000, 'the batch is still there')
  await expect(stat(desk.path)).rejects.toMatchObject({ code: 'ENOENT' })
})
