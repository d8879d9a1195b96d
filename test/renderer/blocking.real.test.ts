/** Blocks, readers and findings in the window: what is said, what is asked of main, by keyboard and by name. Main is a story here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { en } from '../../renderer/locales/en/index.ts'
import { createTexts } from '../../renderer/locales/texts.ts'
import { type Gallery, type Look, openGallery } from './gallery/harness.ts'
import { stories } from './gallery/stories.ts'

const SMALL: Look = { width: 900, height: 600, theme: 'light' }
const NUMBER = '6F1C 42A9 07DE 4B35 9C80 51E2 D47A B31F'
const DIGITS = '6f1c42a907de4b359c8051e2d47ab31f'

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

function storyNamed(name: string) {
  const found = stories.find((story) => story.name === name)
  if (found === undefined) throw new Error(`no story ${name}`)
  return found
}
async function open(name: string, change: Partial<Snapshot> = {}): Promise<Snapshot> {
  const { snapshot } = storyNamed(name)
  const shown = { ...snapshot, ...change }
  await gallery.show(shown, SMALL)
  return shown
}
const button = (name: string) => gallery.page.getByRole('button', { name, exact: true })
const dialog = () => gallery.page.getByRole('dialog')
const focused = () => gallery.page.evaluate(() => document.activeElement?.textContent ?? '')

describe('the block page', () => {
  test.each([
    ['blocked-pin', 'The card’s PIN is blocked', true],
    ['blocked-puk', 'This card cannot be unblocked any more', false],
    ['blocked-card-finding', 'This card is blocked', true],
    ['blocked-finding', 'The session was stopped', false],
  ])('%s says what happened, what still works, who can undo it and how', async (name, title, canUnblock) => {
    await open(name)
    await gallery.page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
    const terms = await gallery.page.getByRole('term').allTextContents()
    expect(terms).toEqual(['What still works', 'Who can undo it', 'How'])
    for (const answer of await gallery.page.getByRole('definition').allTextContents()) expect(answer).toMatch(/\.$/)
    await gallery.page.getByRole('alert').filter({ hasText: title }).waitFor()
    await gallery.page.getByText(/Code: [a-z-]+$/).waitFor()
    expect(await button('Unblock with a supervisor').count()).toBe(canUnblock ? 1 : 0)
  })

  test('begins the unblocking, and is left by Escape', async () => {
    await open('blocked-pin')
    await button('Unblock with a supervisor').click()
    await gallery.page.keyboard.press('Escape')
    expect(await gallery.intents()).toEqual([{ kind: 'unblock' }, { kind: 'dismiss' }])
  })

  test('stands with the safe way out in focus', async () => {
    await open('blocked-card-finding')
    expect(await focused()).toBe('Close')
  })
})

describe('a supervisor who blocks', () => {
  async function inSession(): Promise<Snapshot> {
    const supervisor = storyNamed('idle-supervisor').snapshot.operator
    return open('session', supervisor === undefined ? {} : { operator: supervisor })
  }

  test('the card of the person who is logged in is asked once more, and may take it back', async () => {
    await inSession()
    await button('Block this card').click()
    await dialog().getByText('Block the card of Jon Björnsson?').waitFor()
    await expect.poll(focused).toBe('Cancel')
    await gallery.page.keyboard.press('Escape')
    await expect.poll(() => dialog().count()).toBe(0)
    expect(await gallery.intents()).toEqual([])
    await expect.poll(focused).toBe('Block this card')
  })

  test('is told how it went, and goes back', async () => {
    const snapshot = await inSession()
    await button('Block this card').click()
    await button('Block the card').click()
    await gallery.push({ ...snapshot, revision: 2, blocking: { cardNumber: NUMBER, state: 'working' } })
    await dialog().getByText('The card is being blocked.').waitFor()
    await gallery.push({
      ...snapshot,
      revision: 3,
      blocking: { cardNumber: NUMBER, state: 'failed', problem: { code: 'gateway-offline' } },
    })
    await dialog().getByText('The gateway cannot be reached').waitFor()
    await button('Block the card').click()
    await gallery.push({ ...snapshot, revision: 4, blocking: { cardNumber: NUMBER, state: 'done' } })
    await dialog().getByText('The card is blocked.').waitFor()
    await button('Close').click()
    expect(await gallery.intents()).toEqual([{ kind: 'block-card' }, { kind: 'block-card' }, { kind: 'block-seen' }])
  })

  test('a card by its number, as people write it', async () => {
    await open('idle-supervisor')
    await button('Block a card').click()
    await gallery.page.getByLabel('Card number').fill('6F1C')
    await button('Block the card').click()
    await gallery.page.getByRole('alert').filter({ hasText: 'A card number has 32 digits' }).waitFor()
    await gallery.page.getByLabel('Card number').fill(NUMBER)
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([{ kind: 'block-card', card: DIGITS }])
  })

  test('sees the actions that other roles do not', async () => {
    await open('idle-supervisor')
    const actions = ['Unblock a card', 'Block a card']
    const shown = await gallery.page.locator('.desk-more').getByRole('button').allInnerTexts()
    expect(shown.map((text) => text.replace(/\s+/g, ' ').trim())).toEqual(actions)
    await open('idle')
    expect(await gallery.page.locator('.desk-more').count()).toBe(0)
    await open('session')
    expect(await button('Block this card').count()).toBe(0)
  })
})

describe('readers', () => {
  test('of this desk each say whether they can be used, and what to do where not', async () => {
    await open('readers-desk')
    const items = await gallery.page.locator('.desk-reader').allInnerTexts()
    expect(items.map((text) => text.split('\n').filter(Boolean).slice(0, 2).join(': '))).toEqual([
      'Identiv uTrust 2700 R: ready',
      'ACS ACR39U ICC Reader 01 00: ready, no card',
      'Gemalto PC Twin Reader: used by another program',
      'HID Global OMNIKEY 3x21: card not usable',
      'REINER SCT cyberJack RFID: not usable: no driver',
    ])
    expect(items[4]).toContain('Install its driver')
    expect(await gallery.page.getByRole('table').count()).toBe(0)
  })

  test('of every desk are narrowed down while one types, and asked of the gateway by Enter', async () => {
    await open('readers-everywhere')
    const rows = gallery.page.getByRole('row')
    expect(await rows.count()).toBe(15)
    await gallery.page.getByLabel('Site, reader or card number').fill('central')
    await expect.poll(() => rows.count()).toBe(5)
    await gallery.page.getByLabel('Site, reader or card number').fill(DIGITS.toUpperCase())
    await expect.poll(() => rows.count()).toBe(5)
    await gallery.page.keyboard.press('Enter')
    await button('Show more').click()
    await button('Back').click()
    expect(await gallery.intents()).toEqual([
      { kind: 'show-readers', search: DIGITS.toUpperCase() },
      { kind: 'show-more' },
      { kind: 'dismiss' },
    ])
  })

  test('that do not match are said to be none, and all come back', async () => {
    await open('readers-nothing-found')
    await gallery.page.getByText('No reader matches.').waitFor()
    await button('Show all').click()
    expect(await gallery.intents()).toEqual([{ kind: 'show-readers' }])
  })

  test('that are gone or whose desk is away say so in words', async () => {
    await open('readers-everywhere')
    await gallery.page.getByRole('cell', { name: 'desk not connected' }).waitFor()
    await gallery.page.getByRole('cell', { name: 'unplugged' }).waitFor()
    await gallery.page.getByText('simulated', { exact: true }).waitFor()
  })
})

describe('findings', () => {
  test('are drawn over time, and told in words and as a table', async () => {
    await open('findings')
    const chart = gallery.page.getByRole('img', { name: '54 findings in the last seven days' })
    await chart.waitFor()
    const described = await chart.evaluate(
      (svg) => document.getElementById(svg.getAttribute('aria-describedby') ?? '')?.textContent,
    )
    expect(described).toMatch(/^The most in six hours: \d+, from /)
    await gallery.page.getByText('As a table').click()
    const counts = await gallery.page.locator('.chart-table td').allInnerTexts()
    expect(counts.map(Number).reduce((sum, count) => sum + count, 0)).toBe(54)
  })

  test('each say what, how grave, where, what was done, and why', async () => {
    await open('findings')
    const [clone, , replay, stranger] = await gallery.page.locator('.finding').allInnerTexts()
    for (const words of ['One card in two places', 'Critical', 'Device', '3 times', 'Central Station', 'The card was blocked.']) {
      expect(clone).toContain(words)
    }
    expect(clone).toContain('Time between: 41 s')
    expect(replay).toContain('In the name of Market Square, perhaps by somebody else.')
    expect(stranger).toContain('the broker, by a stranger')
  })

  test('are shown of one kind', async () => {
    await open('findings')
    await gallery.page.getByLabel('Show', { exact: true }).selectOption({ label: 'Many wrong PINs' })
    await gallery.page.getByLabel('Show', { exact: true }).selectOption({ label: 'All kinds' })
    const intents = await gallery.intents()
    expect(intents[0]).toEqual({ kind: 'show-findings', only: 'brute-force-pin' })
  })

  test('lead to the block of the card that took part', async () => {
    await open('findings')
    await button('Block this card').first().click()
    await dialog().getByText(NUMBER).waitFor()
    await button('Block the card').click()
    expect(await gallery.intents()).toEqual([{ kind: 'block-card', card: DIGITS }])
  })

  test('are none on a good day, which the chart says too', async () => {
    await open('findings-none')
    await gallery.page.getByText('Nothing was found.').waitFor()
    await gallery.page.getByRole('img', { name: '0 findings in the last seven days' }).waitFor()
  })
})

describe('the texts of an unblocking', () => {
  test('tell whose card is meant at each step', async () => {
    const { text } = createTexts(en, 'en-GB')
    for (const [name, key] of [
      ['unblock-approval', 'insert.approver'],
      ['unblock-approval-pin', 'pin.title-operator'],
      ['unblock-insert', 'insert.unblock'],
    ] as const) {
      await open(name)
      await gallery.page.getByRole('heading', { level: 1, name: text(key), exact: true }).waitFor()
    }
  })
})
