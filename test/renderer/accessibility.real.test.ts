/**
 * Every state of the window before axe, the checker of accessibility that the world uses: by the rules of WCAG 2.0, 2.1 and 2.2,
 * A and AA. What a rule looks at decides how often it is asked: what the page is made of once in English and once in Arabic,
 * its colours in each theme. In forced colours the system's own colours are drawn, which axe does not judge.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTexts } from '../../renderer/locales/languages.ts'
import { type Gallery, type Look, openGallery, type Theme } from './gallery/harness.ts'
import { stories } from './gallery/stories.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const LEVELS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const EVERYTHING: RunOptions = { runOnly: LEVELS }
const STRUCTURE: RunOptions = { runOnly: LEVELS, rules: { 'color-contrast': { enabled: false } } }
const COLOURS: RunOptions = { runOnly: { type: 'rule', values: ['color-contrast'] } }
/** Light is what each story is shown in first. */
const OTHER_THEMES: readonly Theme[] = ['dark', 'contrast']
const SMALL: Look = { width: 900, height: 600, theme: 'light' }

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

/** A line for each element that breaks a rule; what axe cannot judge is left to the other tests. */
async function violations(options: RunOptions): Promise<string[]> {
  const { violations: found } = await gallery.page.evaluate(
    (run) => (window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(run),
    { ...options, resultTypes: ['violations'] } satisfies RunOptions,
  )
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`))
}

test('axe sees what is wrong', async () => {
  const [story] = stories
  await gallery.show((story as (typeof stories)[number]).snapshot, SMALL)
  await gallery.page.evaluate(AXE)
  await gallery.page.evaluate(() => {
    const button = document.createElement('button')
    const faint = document.createElement('p')
    faint.textContent = 'Hardly to be read'
    faint.style.color = '#eee'
    faint.style.backgroundColor = '#fff'
    document.querySelector('main')?.append(button, faint)
  })
  const found = await violations(EVERYTHING)
  expect(found.filter((line) => line.startsWith('button-name'))).toHaveLength(1)
  expect(found.filter((line) => line.startsWith('color-contrast'))).toHaveLength(1)
})

describe.each(stories.map((story) => [story.name, story] as const))('%s', (_, { snapshot, act }) => {
  test('keeps every rule in each theme, and in Arabic', async () => {
    await gallery.show(snapshot, SMALL)
    await act?.(gallery.page, await loadTexts(snapshot.language.desk))
    await gallery.settle()
    await gallery.page.evaluate(AXE)
    expect(await violations(EVERYTHING)).toEqual([])
    for (const theme of OTHER_THEMES) {
      await gallery.dress(theme)
      expect(await violations(COLOURS), theme).toEqual([])
    }
    await gallery.speak('ar')
    expect(await violations(STRUCTURE), 'ar').toEqual([])
  })
})
