/**
 * Every state of the window beside the picture of it that is kept (test/renderer/pictures/): what has moved, changed its colour
 * or is gone fails. `npm run pictures -- --update` keeps new ones; what differs is shown in dist/pictures/.
 */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gallery, openGallery } from './gallery/harness.ts'
import { type Difference, differenceOf } from './gallery/picture-measures.ts'
import { DIFFERENCES, keptMajors, leftovers, looksOf, majorOfElectron, Pictures, wordsOf } from './gallery/pictures.ts'
import { stories } from './gallery/stories.ts'

const major = majorOfElectron()
let gallery: Gallery
let pictures: Pictures
beforeAll(async () => {
  rmSync(DIFFERENCES, { recursive: true, force: true })
  gallery = await openGallery()
  pictures = new Pictures(gallery)
})
afterAll(async () => {
  await gallery?.close()
})

if (keptMajors().includes(major)) {
  test.each([...looksOf(stories)].map(([story, shots]) => [story.name, story, shots] as const))(
    '%s looks as it is kept',
    async (_, story, shots) => {
      const found = await pictures.look(story, shots, { keep: false })
      const others = found.filter(({ kind }) => kind !== 'same')
      expect(others.map(wordsOf), 'keep them: npm run pictures -- --update').toEqual([])
    },
  )

  test('no picture is kept of what is not drawn any more', () => {
    expect(leftovers(major, stories)).toEqual([])
  })
} else {
  test(`nothing is compared: no picture was made on Electron ${major}, which draws in its own way`, () => {
    console.warn(
      `Pictures are kept of Electron ${keptMajors().join(', ')} only; npm run pictures -- --update makes those of ${major}.`,
    )
    expect(keptMajors().length).toBeGreaterThan(0)
  })
}

describe('the comparison', () => {
  async function open(): Promise<void> {
    const idle = stories.find(({ name }) => name === 'idle')
    if (idle === undefined) throw new Error('no story idle')
    await gallery.show(idle.snapshot, { width: 900, height: 600, theme: 'light' })
    await gallery.settle()
  }

  /** The idle page as it is, and after a change of it. */
  async function afterwards(change: () => void): Promise<Difference | undefined> {
    await open()
    const session = await gallery.page.context().newCDPSession(gallery.page)
    const take = async () => (await session.send('Page.captureScreenshot', { format: 'webp', quality: 70 })).data
    const kept = await take()
    await gallery.page.evaluate(change)
    await gallery.settle()
    const taken = await take()
    await session.detach()
    return gallery.page.evaluate(differenceOf, { kept, taken, cell: 6, limit: 20 })
  }

  test('finds nothing where nothing changed, nor where letters stand a fraction of a point elsewhere', async () => {
    expect(await afterwards(() => {})).toBeUndefined()
    const nudge = () => {
      for (const element of document.querySelectorAll<HTMLElement>('h1, .hint, .action-label'))
        element.style.translate = '0.2px 0'
    }
    expect(await afterwards(nudge)).toBeUndefined()
  })

  test('finds a title that has moved, and says where', async () => {
    const found = await afterwards(() => {
      const [title] = document.querySelectorAll<HTMLElement>('h1')
      if (title) title.style.translate = '4px 0'
    })
    expect(found?.cells).toBeGreaterThan(5)
    expect(found?.points).toBeGreaterThan(found?.cells ?? 0)
    const box = await gallery.page.locator('h1').boundingBox()
    const [left = 0, top = 0, right = 0, bottom = 0] = found?.box ?? []
    expect(left).toBeGreaterThan((box?.x ?? 0) - 12)
    expect(top).toBeGreaterThan((box?.y ?? 0) - 6)
    expect(right).toBeLessThan((box?.x ?? 0) + (box?.width ?? 0) + 6)
    expect(bottom).toBeLessThan((box?.y ?? 0) + (box?.height ?? 0) + 6)
  })

  test.each([
    ['an icon that is gone', () => document.querySelector('.action-icon')?.remove()],
    ['a word that is another', () => document.querySelector('.action-label')?.replaceChildren('Register a card')],
    ['a text in a paler colour', () => document.querySelector<HTMLElement>('.hint')?.style.setProperty('color', '#8f99a8')],
  ])('finds %s', async (_, change) => {
    expect((await afterwards(change))?.cells).toBeGreaterThan(0)
  })

  test('finds a picture of another size', async () => {
    await open()
    const session = await gallery.page.context().newCDPSession(gallery.page)
    const take = async () => (await session.send('Page.captureScreenshot', { format: 'webp' })).data
    const kept = await take()
    await gallery.resize(900, 606)
    const found = await gallery.page.evaluate(differenceOf, { kept, taken: await take(), cell: 6, limit: 20 })
    await session.detach()
    expect(found).toMatchObject({ cells: 150 * 101, points: 900 * 606 })
  })
})
