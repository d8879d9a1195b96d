/**
 * Every state of the window in every language: nothing sticks out, overlaps, is cut off or turned the wrong way; and the language
 * is chosen as a person chooses it, for the desk and for whoever stands in front of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LANGUAGES, type LanguageView } from '../../electron/contract/languages.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { loadTexts } from '../../renderer/locales/languages.ts'
import { type Gallery, type Look, openGallery } from './gallery/harness.ts'
import { overflowing } from './gallery/measures.ts'
import { stories } from './gallery/stories.ts'
import { crowdedTexts } from './gallery/text-measures.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

const SMALL: Look = { width: 900, height: 600, theme: 'light' }

const SIZES = [SMALL, { width: 1440, height: 900 }] as const
const [FIRST] = LANGUAGES

describe.each(stories.map((story) => [story.name, story] as const))('%s', (_, { snapshot, act }) => {
  // What a person did stays when the language changes, so that a page is opened once for all of them.
  test('has room for every text in every language', async () => {
    await gallery.show(snapshot, { ...SMALL, locale: FIRST })
    await act?.(gallery.page, await loadTexts(FIRST))
    await gallery.settle()
    const found: Record<string, string[]> = {}
    // The size changes once: each change is drawn anew as a whole, and the page's process of Electron 22 never gives that memory back.
    for (const { width, height } of SIZES) {
      await gallery.resize(width, height)
      for (const language of LANGUAGES) {
        await gallery.speak(language)
        const faults = [...(await gallery.page.evaluate(overflowing)), ...(await gallery.page.evaluate(crowdedTexts))]
        if (faults.length > 0) found[`${language}, ${width} wide`] = faults
      }
    }
    expect(found).toEqual({})
    expect(gallery.complaints).toEqual([])
  })
})

const story = (name: string): Snapshot => {
  const found = stories.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no story ${name}`)
  return found.snapshot
}
const speaking = (snapshot: Snapshot, revision: number, language: Partial<LanguageView>): Snapshot => ({
  ...snapshot,
  revision,
  language: { ...snapshot.language, ...language },
})
const heading = (name: string) => gallery.page.getByRole('heading', { level: 1, name, exact: true })
const choice = (name: string) => gallery.page.getByRole('combobox', { name, exact: true })
const directionOf = (selector: string) =>
  gallery.page
    .locator(selector)
    .first()
    .evaluate((element) => getComputedStyle(element).direction)
const places = (selector: string) =>
  gallery.page.locator(selector).evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().left))

describe('the direction', () => {
  test('runs from right to left in Arabic, with the keypad, the PIN and codes as they are', async () => {
    await gallery.show(story('login-pin'), { ...SMALL, locale: 'ar' })
    expect(await gallery.page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual([
      'ar',
      'rtl',
    ])
    expect(await directionOf('.status-bar')).toBe('rtl')
    expect(await directionOf('.keypad')).toBe('ltr')
    expect(await directionOf('.pin-box')).toBe('ltr')
    const keys = await places('.key-1, .key-2, .key-3')
    expect(keys).toEqual(keys.toSorted((a, b) => a - b))
    await gallery.page.keyboard.type('27')
    const tiles = await gallery.page
      .locator('.pin-tile')
      .evaluateAll((elements) =>
        elements.map((element) => [element.getBoundingClientRect().left, element.classList.contains('pin-tile-full')] as const),
      )
    expect(tiles.toSorted(([a], [b]) => a - b).map(([, full]) => full)).toEqual([true, true, ...Array(6).fill(false)])

    await gallery.show(story('enrol'), { ...SMALL, locale: 'ar' })
    expect(await directionOf('.field-code input')).toBe('ltr')
  })

  test('turns what points on, and leaves what does not', async () => {
    const scale = async (selector: string) =>
      gallery.page
        .locator(selector)
        .evaluateAll((icons) => icons.map((icon) => new DOMMatrix(getComputedStyle(icon).transform).a))
    await gallery.show(story('session'), { ...SMALL, locale: 'ar' })
    expect(await scale('.button-primary svg')).toEqual([-1])
    expect(await scale('.button-secondary svg')).toEqual([1])
    await gallery.show(story('session'), { ...SMALL, locale: 'de' })
    expect(await scale('.button-primary svg')).toEqual([1])
  })

  test('is the person’s in the page and the desk’s around it', async () => {
    await gallery.show(story('login-pin'), SMALL)
    await gallery.push(speaking(story('login-pin'), 2, { person: 'ar', choosesFor: 'person' }))
    await heading('أدخل الرقم السري').waitFor()
    expect(await directionOf('.main h1')).toBe('rtl')
    expect(await directionOf('.status-bar')).toBe('ltr')
    await gallery.page.getByText('Connected · Harbour Street').waitFor()
    expect(await gallery.page.locator('main').getAttribute('lang')).toBe('ar')
    // What is said aloud is said in the language that it is written in.
    const said = gallery.page.locator('.only-heard[role="status"]')
    expect(await said.getAttribute('lang')).toBe('ar')
    await expect.poll(() => said.textContent()).toContain('بقيت 3 محاولات')
    expect(await gallery.page.evaluate(crowdedTexts)).toEqual([])
    const arrow = gallery.page.locator('.button-primary svg')
    expect(await arrow.evaluate((icon) => new DOMMatrix(getComputedStyle(icon).transform).a)).toBe(-1)
    await gallery.push(speaking(story('idle'), 3, {}))
    await heading('Insert the person’s card').waitFor()
    expect(await directionOf('.main h1')).toBe('ltr')
  })
})

describe('choosing', () => {
  test('the desk’s language, by keyboard alone; each is called what its speakers call it', async () => {
    await gallery.show(story('idle'), SMALL)
    await gallery.page.keyboard.press('Shift+Tab')
    for (let i = 0; i < 20 && !(await choice('Language of this desk').evaluate((e) => e === document.activeElement)); i += 1) {
      await gallery.page.keyboard.press('Shift+Tab')
    }
    expect(await choice('Language of this desk').locator('option').allTextContents()).toEqual([
      'As the system',
      'English',
      'Deutsch',
      'Français',
      'Español',
      'हिन्दी',
      'العربية',
    ])
    await gallery.page.keyboard.press('D')
    await expect.poll(() => gallery.intents()).toEqual([{ kind: 'set-language', language: 'de' }])
    await gallery.push(speaking(story('idle'), 2, { desk: 'de', setting: 'de' }))
    await heading('Stecken Sie die Karte der Person ein').waitFor()
    expect(await choice('Sprache dieses Platzes').inputValue()).toBe('de')
    await choice('Sprache dieses Platzes').selectOption('system')
    expect((await gallery.intents()).at(-1)).toEqual({ kind: 'set-language', language: 'system' })
  })

  test('is not offered where the administrator has fixed it, and says so', async () => {
    await gallery.show(speaking(story('idle'), 1, { locked: true }), SMALL)
    expect(await choice('Language of this desk').isDisabled()).toBe(true)
    await gallery.page.getByTitle('Your administrator has fixed the language of this desk.').waitFor()
  })

  test('the person’s language keeps what is half typed; no key of the choice sends or counts as a digit', async () => {
    const pin = story('login-pin')
    await gallery.show(speaking(pin, 1, { choosesFor: 'person' }), SMALL)
    await gallery.page.keyboard.type('271828')
    await choice('Language of the person at the desk').selectOption('ar')
    expect(await gallery.intents()).toEqual([{ kind: 'set-person-language', language: 'ar' }])
    await gallery.push(speaking(pin, 2, { person: 'ar', choosesFor: 'person' }))
    await heading('أدخل الرقم السري').waitFor()
    expect(await gallery.page.getByLabel('الرقم السري', { exact: true }).inputValue()).toBe('••••••')
    await choice('Language of the person at the desk').focus()
    await gallery.page.keyboard.press('Enter')
    expect((await gallery.intents()).filter(({ kind }) => kind === 'submit-pin')).toEqual([])
    await gallery.page.keyboard.press('Escape')
  })
})

test.each([
  ['ar', ['Noto Sans Arabic Variable']],
  ['hi', ['Noto Sans Devanagari Variable']],
  ['fr', []],
])('letters come from the bundle, whatever the system has, and only those that are drawn: %s', async (locale, families) => {
  await gallery.show(story('idle'), { ...SMALL, locale })
  const loaded = await gallery.page.evaluate(() =>
    [...document.fonts].filter(({ status }) => status === 'loaded').map(({ family }) => family.replaceAll('"', '')),
  )
  expect(loaded).toContain('Atkinson Hyperlegible Next Variable')
  expect(loaded.filter((family) => family.startsWith('Noto'))).toEqual(families)
})
