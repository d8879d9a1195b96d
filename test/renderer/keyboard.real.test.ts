/**
 * Every state of the window by keyboard alone, and as screen readers hear it: each control is reached by Tab in reading order, the
 * focus is seen, nothing holds it but a dialog; a page that comes takes the focus along and says what to do.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadTexts } from '../../renderer/locales/languages.ts'
import { type Gallery, type Look, openGallery } from './gallery/harness.ts'
import { expectedStops, focusStop, type Stop, spoken } from './gallery/keyboard-measures.ts'
import { stories } from './gallery/stories.ts'
import type { Story } from './gallery/story.ts'

const SMALL: Look = { width: 900, height: 600, theme: 'light' }
/** More controls than any page has. */
const MOST = 150

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

const press = (key: string) => gallery.page.keyboard.press(key)
/** From the last control Electron leads the focus to the first one, by way of a process of its own: nothing has it meanwhile. */
async function stop(): Promise<Stop> {
  const { page } = gallery
  return (await page.evaluate(focusStop)) ?? ((await (await page.waitForFunction(focusStop)).jsonValue()) as Stop)
}
const title = () => gallery.page.locator('h1').innerText()

async function open({ snapshot, act }: Story): Promise<void> {
  await gallery.show(snapshot, SMALL)
  await act?.(gallery.page, await loadTexts(snapshot.language.desk))
  await gallery.settle()
}

/** Every stop of one way round through the page, from wherever the focus was. */
async function wayRound(): Promise<Stop[]> {
  const stops: Stop[] = []
  while (stops.length < MOST) {
    await press('Tab')
    const next = await stop()
    if (next.place === stops[0]?.place) return stops
    stops.push(next)
  }
  throw new Error(`the focus does not come back: ${stops.slice(-6).map(({ name }) => name)}`)
}

/** From the first in the page. */
const fromTheTop = (stops: readonly Stop[]): Stop[] => {
  const first = stops.findIndex(({ place }) => place === Math.min(...stops.map((each) => each.place)))
  return [...stops.slice(first), ...stops.slice(0, first)]
}

describe.each(stories.map((story) => [story.name, story] as const))('%s', (_, story) => {
  test('says what to do, and is worked by Tab: everything is reached, in reading order, and the focus is seen', async () => {
    await open(story)
    const first = await stop()
    expect(first.region).toMatch(/MAIN|DIALOG/)
    const dialog = gallery.page.locator('dialog[open] h2')
    const heading = (await dialog.count()) > 0 ? await dialog.innerText() : await title()
    const said = await gallery.page.evaluate(spoken)
    expect(said).not.toBe('')
    // A heading that has the focus is read from there, and what is said may be the news alone.
    const { page } = story.snapshot
    const isNews = story.act !== undefined || (page.kind === 'enrol' && page.busy)
    if (!isNews) expect(`${said} ${first.name}`).toContain(heading)

    const expected = await gallery.page.evaluate(expectedStops)
    if (expected.length === 0) return
    const round = await wayRound()
    const stops = fromTheTop(round)
    expect(stops.map(({ place }) => place)).toEqual(expected)
    expect(stops.filter(({ outline }) => outline === 'none').map(({ name }) => name)).toEqual([])
    // A column beside begins above, further on in the line.
    const back = stops.flatMap((next, index) => {
      const before = stops[index - 1]
      return before !== undefined && before.region === next.region && next.box[3] <= before.box[1] && next.box[0] < before.box[2]
        ? [`${next.name} stands above ${before.name}`]
        : []
    })
    expect(back).toEqual([])

    await press('Shift+Tab')
    expect((await stop()).place).toBe(round.at(-1)?.place)
  })
})

test('a page that comes takes the focus along, and is said', async () => {
  const still = stories.filter(({ act }) => act === undefined)
  const [first, ...others] = still
  if (first === undefined) throw new Error('no stories')
  await open(first)
  const lost: string[] = []
  for (const [index, { name, snapshot }] of others.entries()) {
    const before = { heading: await title(), said: await gallery.page.evaluate(spoken) }
    await gallery.push({ ...snapshot, revision: index + 10 })
    await gallery.settle()
    const heading = await title()
    const at = await gallery.page.evaluate(focusStop)
    const said = await gallery.page.evaluate(spoken)
    if (at?.region !== 'MAIN') lost.push(`${name}, after "${before.heading}": the focus is in ${at?.region ?? 'nothing'}`)
    if (heading !== before.heading && said === before.said) lost.push(`${name}, after "${before.heading}": nothing was said`)
  }
  expect(lost).toEqual([])
})

describe('a dialog', () => {
  test('keeps the focus in, gives it back, and goes with Escape', async () => {
    const story = stories.find(({ name }) => name === 'block-number')
    if (story === undefined) throw new Error('no story block-number')
    await open(story)
    const opener = gallery.page.getByRole('button', { name: 'Block a card', exact: true, includeHidden: true })
    const inside = (await wayRound()).map(({ region }) => region)
    expect(new Set(inside)).toEqual(new Set(['DIALOG']))
    await press('Escape')
    await gallery.page.locator('dialog[open]').waitFor({ state: 'detached' })
    await expect.poll(() => opener.evaluate((element) => element === document.activeElement)).toBe(true)
  })
})

describe('the accessibility tree', () => {
  const tree = () => gallery.page.locator('body').ariaSnapshot()
  const of = async (name: string): Promise<string> => {
    const story = stories.find((each) => each.name === name)
    if (story === undefined) throw new Error(`no story ${name}`)
    await open(story)
    return tree()
  }

  test('of the desk: one main part, one heading, its actions with what they do, what is said', async () => {
    const idle = await of('idle')
    expect(idle).toContain('- main "')
    expect(idle.match(/heading .*\[level=1\]/g)).toEqual(['heading "Insert the person’s card" [level=1]'])
    expect(idle).toContain('- button "Register a person"')
    expect(idle).toContain('- status: Insert the person’s card. The login starts by itself.')
    const action = gallery.page.getByRole('button', { name: 'Register a person', exact: true })
    expect(
      await action.evaluate((button) => document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent),
    ).toBe('Gives a new person a card')
  })

  test('of a PIN: its field with the rules, the tries before it, the keypad a group; never a digit', async () => {
    const pin = await of('login-pin')
    expect(pin).toContain('- textbox "PIN"')
    expect(pin).toContain('group "')
    expect(pin).toContain('- status: Enter the PIN. 3 tries left')
    await gallery.page.keyboard.type('2749')
    await expect.poll(tree).toContain('4 digits entered')
    expect(await tree()).not.toContain('2749')
  })

  test('of a problem: it is an alert, and the step that failed says so', async () => {
    expect(await of('login-pin-wrong')).toMatch(/- alert: .*That PIN was wrong/)
    expect(await of('register-interrupted')).toMatch(/listitem: .*\(failed\)/)
  })

  test('of the steps: how far it is, in words', async () => {
    const working = await of('register-working')
    expect(working).toMatch(/progressbar "Step \d+ of \d+"/)
    expect(working).toMatch(/listitem: .*\(done\)/)
  })
})
