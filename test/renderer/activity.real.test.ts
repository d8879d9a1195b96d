/** The Activity page, in the window that ships: what it asks of main, and that its chart can be read without colours and without eyes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gallery, openGallery } from './gallery/harness.ts'
import { stories } from './gallery/stories.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

async function open(name: string, locale?: string): Promise<void> {
  const found = stories.find((story) => story.name === name)
  if (found === undefined) throw new Error(`no story ${name}`)
  await gallery.show(found.snapshot, { width: 900, height: 600, theme: 'light', ...(locale === undefined ? {} : { locale }) })
}
const button = (name: string) => gallery.page.getByRole('button', { name, exact: true })

test('a choice and each letter of a search ask at once, from the first row on', async () => {
  await open('activity')
  await gallery.page.getByLabel('What', { exact: true }).selectOption({ label: 'Login' })
  await gallery.page.getByLabel('Outcome', { exact: true }).selectOption({ label: 'Failed' })
  await gallery.page.getByLabel('Card reference or card number').pressSequentially('K7')
  expect(await gallery.intents()).toEqual([
    { kind: 'show-activity', only: 'login' },
    { kind: 'show-activity', outcome: 'failed' },
    { kind: 'show-activity', search: 'K' },
    { kind: 'show-activity', search: 'K7' },
  ])
})

test('pages lead to older rows and back, with what is filtered, and end at both ends', async () => {
  await open('activity')
  expect(await button('Newer').isDisabled()).toBe(true)
  await button('Older').click()
  expect(await gallery.intents()).toEqual([{ kind: 'show-activity', from: 25 }])
  await open('activity-filtered')
  expect(await button('Older').isDisabled()).toBe(true)
  await gallery.page.getByText('26 to 28 of 28').first().waitFor()
  await button('Newer').click()
  expect(await gallery.intents()).toEqual([{ kind: 'show-activity', only: 'login', outcome: 'failed', search: 'K7QM' }])
})

test('a row says in words what happened, how it ended and why', async () => {
  await open('activity')
  const rows = await gallery.page.locator('table.activity tbody tr').allInnerTexts()
  expect(rows).toHaveLength(25)
  expect(rows[2]).toMatch(/Login.*The card was taken out too early.*Jon Björnsson XN3E-81RA.*Identiv uTrust 2700 R.*3\.1 s/s)
  expect(rows[9]).not.toContain('Jon')
})

test('the chart has a name, a sentence, patterns that differ and the same as a table', async () => {
  await open('activity')
  const { page } = gallery
  const chart = page.getByRole('img', { name: 'The last 24 logins' })
  expect(await chart.evaluate((svg) => svg.querySelector('desc')?.textContent)).toContain('352 ms')
  const patterns = await page.locator('.times pattern path').evaluateAll((paths) => paths.map((path) => path.getAttribute('d')))
  expect(new Set(patterns).size).toBe(6)
  expect(await page.locator('.times-parts li').allInnerTexts()).toContainEqual(expect.stringMatching(/Card signs\s+142 ms/))
  await page.getByText('As a table').click()
  expect(await page.locator('.times table tbody tr').count()).toBe(24)
})

test('a desk where nothing happened yet says so', async () => {
  await open('activity-empty')
  await gallery.page.getByText('Nothing has happened here yet.').waitFor()
  await gallery.page.getByText('No login has been timed yet.').waitFor()
})
