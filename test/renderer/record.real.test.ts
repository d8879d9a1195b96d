/** The record in the window, worked by keyboard and by name. Main is a story here; test/e2e/records.test.ts has the real one. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NOTE_MAX_LENGTH, type NoteView, type RecordView } from '../../electron/contract/record.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { type Gallery, type Look, openGallery } from './gallery/harness.ts'
import { stories } from './gallery/stories.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

const SMALL: Look = { width: 900, height: 600, theme: 'light' }
function storyOf(name: string): Snapshot {
  const found = stories.find((story) => story.name === name)
  if (found === undefined) throw new Error(`no story ${name}`)
  return found.snapshot
}
const open = (name: string) => gallery.show(storyOf(name), SMALL)

let revision = 1
async function push(change: Partial<RecordView>): Promise<void> {
  const { page, ...rest } = storyOf('record-open')
  if (page.kind !== 'session' || page.session.record === undefined) throw new Error('no record')
  revision += 1
  const record = { ...page.session.record, ...change }
  await gallery.push({ ...rest, revision, page: { kind: 'session', session: { ...page.session, record } } })
}
const noteIs = (note: NoteView) => push({ note })

const field = () => gallery.page.getByLabel('Add a note', { exact: true })
const save = () => gallery.page.getByRole('button', { name: 'Save the note', exact: true })
const said = (role: 'status' | 'alert', words: string) => gallery.page.getByRole(role).filter({ hasText: words }).waitFor()
const focusedLabel = () =>
  gallery.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName)

test('the record stands beside the login: a region with a name, its entries a list, each with who and when', async () => {
  await open('record-open')
  const region = gallery.page.getByRole('region', { name: 'Record', exact: true })
  const entries = region.getByRole('list', { name: 'Entries, the newest first' })
  expect(await entries.getByRole('listitem').count()).toBe(4)
  await entries.getByRole('listitem').filter({ hasText: 'Moved to Quay 7' }).filter({ hasText: 'Amara Osei' }).waitFor()
  await entries.getByRole('listitem').filter({ hasText: '11 May 2026 at 12:04' }).waitFor()
  // The login keeps the focus: what it is told of first.
  await said('status', 'Jon Björnsson is logged in')
})

test('keys alone reach the entries, the field and the button, and save a note', async () => {
  await open('record-open')
  const { keyboard } = gallery.page
  for (let tabs = 0; tabs < 12 && (await focusedLabel()) !== 'Entries, the newest first'; tabs += 1) await keyboard.press('Tab')
  expect(await focusedLabel()).toBe('Entries, the newest first')
  await keyboard.press('Tab')
  await keyboard.type('  Came by.')
  await keyboard.press('Enter')
  await keyboard.type('Wants a letter.')
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  expect(await gallery.intents()).toEqual([{ kind: 'add-note', text: 'Came by.\nWants a letter.' }])
})

test('what becomes of a note is said; the field is empty once it is saved, and keeps the words where it failed', async () => {
  await open('record-open')
  await field().fill('Came by.')
  await save().click()
  await noteIs({ kind: 'sending' })
  await said('status', 'Saving the note')
  expect(await save().isDisabled()).toBe(true)
  expect(await field().inputValue()).toBe('Came by.')
  await noteIs({ kind: 'failed', problem: { code: 'note-unconfirmed' } })
  await said('alert', 'It is not certain whether the note was saved')
  expect(await field().inputValue()).toBe('Came by.')
  await save().click()
  await noteIs({ kind: 'sending' })
  await noteIs({ kind: 'added' })
  await said('status', 'The note is in the record')
  expect(await field().inputValue()).toBe('')
  expect(await gallery.intents()).toHaveLength(2)
})

test('the next note that is being written stays while main tells the same of the last one', async () => {
  await open('record-open')
  await noteIs({ kind: 'added' })
  await field().fill('And again')
  await noteIs({ kind: 'added' })
  expect(await field().inputValue()).toBe('And again')
})

test('nothing empty is saved, and nothing that is too long can be written', async () => {
  await open('record-open')
  expect(await save().isDisabled()).toBe(true)
  await field().fill('   ')
  expect(await save().isDisabled()).toBe(true)
  await field().fill('')
  await field().pressSequentially('x')
  expect(await save().isDisabled()).toBe(false)
  expect(await field().getAttribute('maxlength')).toBe(String(NOTE_MAX_LENGTH))
})

test('while the session is made again the entries stay, the words too, and nothing can be saved', async () => {
  await open('record-open')
  await field().fill('Came by.')
  await push({ link: { kind: 'connecting' } })
  await gallery.page.getByText('Connecting to the record again').waitFor()
  expect(await save().isDisabled()).toBe(true)
  await push({ link: { kind: 'unavailable', problem: { code: 'service-silent' } } })
  await said('alert', 'The records service does not answer')
  expect(await gallery.page.getByRole('listitem').filter({ hasText: 'Moved to Quay 7' }).count()).toBe(1)
  await push({ link: { kind: 'open' } })
  await gallery.page.getByText('Encrypted from this desk to the records service').waitFor()
  expect(await field().inputValue()).toBe('Came by.')
  expect(await save().isDisabled()).toBe(false)
})

test('a scope without notes offers no field and says why; a refusal says what to do', async () => {
  await open('record-read-only')
  await gallery.page.getByText('Notes need another role.').waitFor()
  expect(await field().count()).toBe(0)
  await open('record-refused')
  await said('alert', 'The records service said no')
  expect(await gallery.page.getByRole('list', { name: 'Entries, the newest first' }).count()).toBe(0)
})
