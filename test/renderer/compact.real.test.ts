/** The window beside other programs: every state of it fits into 360 px, and the way in and out is one button. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { en } from '../../renderer/locales/en/index.ts'
import { createTexts } from '../../renderer/locales/texts.ts'
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

test.each(stories.map((story) => [story.name, story] as const))('%s sticks out nowhere', async (_, { snapshot, act }) => {
  await gallery.show(snapshot, { width: 360, height: 640, theme: 'light' })
  await act?.(gallery.page, createTexts(en, snapshot.language.desk))
  await gallery.settle()
  expect(await gallery.page.evaluate(overflowing)).toEqual([])
})

test.each([
  ['record-open', '.record'],
  ['exercise-running', '.exercise-words'],
  ['roles', '.dialog .table-frame'],
])('%s gives its words most of the width', async (name, selector) => {
  const story = stories.find((one) => one.name === name)
  if (story === undefined) throw new Error(`no story ${name}`)
  await gallery.show(story.snapshot, { width: 360, height: 640, theme: 'light' })
  await story.act?.(gallery.page, createTexts(en, story.snapshot.language.desk))
  expect((await gallery.page.locator(selector).boundingBox())?.width).toBeGreaterThan(240)
})

test('a dialog is scrolled in one direction at most', async () => {
  const story = stories.find(({ name }) => name === 'roles')
  if (story === undefined) throw new Error('no story roles')
  await gallery.show(story.snapshot, { width: 360, height: 640, theme: 'light' })
  await story.act?.(gallery.page, createTexts(en, story.snapshot.language.desk))
  const room = await gallery.page.locator('.dialog').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
  expect(room).toBe(0)
})

const idle = stories.find(({ name }) => name === 'idle')?.snapshot
if (idle === undefined) throw new Error('no story idle')
const button = (name: string) => gallery.page.getByRole('button', { name, exact: true })
const look = { width: 900, height: 600, theme: 'light' } as const

test('the button says which way it goes', async () => {
  await gallery.show(idle, look)
  await button('Make the window small and keep it in front').click()
  await gallery.push({ ...idle, revision: 2, resizing: { compact: true } })
  await button('Make the window large again').click()
  expect(await gallery.intents()).toEqual([
    { kind: 'set-setting', change: { key: 'compact', value: true } },
    { kind: 'set-setting', change: { key: 'compact', value: false } },
  ])
})

test('there is none where the size is fixed', async () => {
  const { resizing: _, ...fixed } = idle
  await gallery.show(fixed, look)
  expect(await button('Make the window small and keep it in front').count()).toBe(0)
})
