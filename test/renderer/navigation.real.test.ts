/** The way to the pages, in the window that ships: what it says of itself, and how it is worked. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gallery, openGallery } from './gallery/harness.ts'
import { overflowing } from './gallery/measures.ts'
import { stories } from './gallery/stories.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

async function open(name: string, width = 900): Promise<void> {
  const found = stories.find((story) => story.name === name)
  if (found === undefined) throw new Error(`no story ${name}`)
  await gallery.show(found.snapshot, { width, height: 600, theme: 'light' })
}
const navigation = () => gallery.page.getByRole('navigation', { name: 'Pages' })
const item = (name: string) => navigation().getByRole('button', { name, exact: true })

test('the page that is open is the current one, and no other', async () => {
  await open('readers-desk')
  expect(await item('Readers').getAttribute('aria-current')).toBe('page')
  expect(await navigation().locator('[aria-current]').count()).toBe(1)
})

test('a page is opened by keyboard alone', async () => {
  await open('idle-supervisor')
  await item('Readers').focus()
  await gallery.page.keyboard.press('Enter')
  await gallery.page.keyboard.press('Tab')
  await gallery.page.keyboard.press('Space')
  expect(await gallery.intents()).toEqual([
    { kind: 'show', page: 'readers' },
    { kind: 'show', page: 'activity' },
  ])
})

test('a locked page is found by keyboard, says why it is locked, and does nothing', async () => {
  await open('idle-desk-role')
  await item('Findings').focus()
  expect(await item('Findings').getAttribute('aria-disabled')).toBe('true')
  const described = await item('Findings').evaluate(
    (button) => document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent,
  )
  expect(described).toBe('Needs a supervisor')
  await gallery.page.keyboard.press('Enter')
  expect(await gallery.intents()).toEqual([])
})

test('new findings are counted where they are looked at', async () => {
  await open('idle-supervisor')
  await navigation()
    .getByRole('button', { name: /Findings\s+3 new/ })
    .waitFor()
})

test('nothing leads away from somebody who is being served', async () => {
  for (const name of ['login-pin', 'session', 'blocked-pin']) {
    await open(name)
    expect(await navigation().count()).toBe(0)
  }
})

test('it stands beside the page where there is room, above it where there is not, and never outside', async () => {
  const place = () => Promise.all([navigation().boundingBox(), gallery.page.getByRole('main').boundingBox()])
  await open('idle', 1440)
  const [rail, beside] = await place()
  expect((rail?.x ?? 0) + (rail?.width ?? 0)).toBeLessThanOrEqual((beside?.x ?? 0) + 1)
  await open('idle', 480)
  const [row, under] = await place()
  expect((row?.y ?? 0) + (row?.height ?? 0)).toBeLessThanOrEqual((under?.y ?? 0) + 1)
  expect(await gallery.page.evaluate(overflowing)).toEqual([])
})
