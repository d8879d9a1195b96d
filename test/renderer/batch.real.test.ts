/** The page of the batch, in the window that ships: worked by keyboard, heard, and deciding nothing by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BatchPhase } from '../../electron/contract/batch.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { type Gallery, openGallery } from './gallery/harness.ts'
import { stories } from './gallery/stories.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

const named = (name: string): Snapshot => {
  const found = stories.find((story) => story.name === name)
  if (found === undefined) throw new Error(`no story ${name}`)
  return found.snapshot
}
const open = (name: string) => gallery.show(named(name), { width: 900, height: 600, theme: 'light' })
const button = (name: string) => gallery.page.getByRole('button', { name, exact: true })
const focused = () => gallery.page.evaluate(() => document.activeElement?.textContent ?? '')
const actions = async () => (await gallery.intents()).map((intent) => (intent.kind === 'batch' ? intent.action : intent))

let revision = 1
function phased(phase: BatchPhase, rest: { readonly done?: number; readonly sound?: boolean } = {}): Snapshot {
  const snapshot = named('batch-next-card')
  if (snapshot.page.kind !== 'batch' || snapshot.page.batch.kind !== 'open') throw new Error('no open batch')
  const { batch } = snapshot.page.batch
  revision += 1
  return { ...snapshot, revision, page: { kind: 'batch', batch: { kind: 'open', batch: { ...batch, ...rest, phase } } } }
}
const ADA = { givenName: 'Ada', familyName: 'Lovelace', reference: 'P-1042' }

/** What would be heard: every tone's frequencies, instead of a loudspeaker. */
async function listen(): Promise<() => Promise<number[]>> {
  await gallery.page.evaluate(() => {
    const heard: number[] = []
    Object.assign(window, { heard })
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (when) {
      heard.push(this.frequency.value)
      start.call(this, when)
    }
  })
  return () => gallery.page.evaluate(() => (window as unknown as { heard: number[] }).heard)
}

describe('the keyboard', () => {
  test('chooses a file, and begins only where nothing is left to decide', async () => {
    await open('batch-none')
    await button('Choose a file').focus()
    await gallery.page.keyboard.press('Enter')
    expect(await actions()).toEqual([{ kind: 'choose-file' }])
    await open('batch-preview-bad-rows')
    expect(await button('Begin').isDisabled()).toBe(true)
    await gallery.page.getByRole('checkbox', { name: 'Go without these 107 rows' }).focus()
    await gallery.page.keyboard.press('Space')
    await button('Begin').focus()
    await gallery.page.keyboard.press('Enter')
    expect(await actions()).toEqual([{ kind: 'begin', leaveOutBad: true }])
    await open('batch-preview-nobody')
    expect(await button('Begin').isDisabled()).toBe(true)
    expect(await gallery.page.getByRole('checkbox').count()).toBe(0)
  })

  test('pauses, skips, tries again and silences, and keeps its place from card to card', async () => {
    await open('batch-next-card')
    await button('Pause').focus()
    await gallery.push(phased({ kind: 'working', step: 'make-key', part: 7, parts: 12, pausing: false }))
    await gallery.push(phased({ kind: 'remove-card', number: 12, person: ADA }))
    await gallery.page.getByRole('heading', { name: 'Card 12 of 200 done. Take the card out' }).waitFor()
    await expect.poll(focused).toBe('Pause')
    await gallery.push(phased({ kind: 'trouble', problem: { code: 'card-slow' }, canRetry: true }))
    await button('Try again').waitFor()
    await expect.poll(focused).toBe('Pause')
    await gallery.page.keyboard.press('Enter')
    await gallery.page.keyboard.press('Shift+Tab')
    await gallery.page.keyboard.press('Enter')
    await button('Skip this person').focus()
    await gallery.page.keyboard.press('Enter')
    await button('Sound').focus()
    await gallery.page.keyboard.press('Enter')
    expect(await actions()).toEqual([{ kind: 'pause' }, { kind: 'retry' }, { kind: 'skip' }, { kind: 'set-sound', on: false }])
  })

  test('goes on from a pause with the first key, and closes a batch only when asked twice', async () => {
    await open('batch-paused')
    await gallery.page.keyboard.press('Enter')
    await button('Close the batch').focus()
    await gallery.page.keyboard.press('Enter')
    await gallery.page.getByRole('dialog', { name: 'Close the batch?' }).waitFor()
    await expect.poll(focused).toBe('Keep the batch')
    await gallery.page.getByText('11 slips have not been printed. Their PINs would be lost.').waitFor()
    await gallery.page.keyboard.press('Enter')
    expect(await actions()).toEqual([{ kind: 'resume' }])
    await button('Close the batch').click()
    await button('Close and forget').click()
    expect((await actions()).at(-1)).toEqual({ kind: 'close' })
  })

  test('saves slips and the report', async () => {
    await open('batch-finished')
    await button('Save as sheets (A4)').click()
    await button('Save as labels').click()
    await button('Save the report').click()
    await button('Take up 2 skipped people again').click()
    expect(await actions()).toEqual([
      { kind: 'save-slips', format: 'a4' },
      { kind: 'save-slips', format: 'label' },
      { kind: 'save-report' },
      { kind: 'take-up-skipped' },
    ])
  })
})

test('each card’s end is announced, and a problem interrupts', async () => {
  await open('batch-next-card')
  await gallery.push(phased({ kind: 'remove-card', number: 12, person: ADA }))
  await gallery.page.getByRole('status').filter({ hasText: 'Card 12 of 200 done. Take the card out' }).waitFor()
  await gallery.push(phased({ kind: 'trouble', problem: { code: 'card-not-blank' }, canRetry: false }))
  await gallery.page.getByRole('alert').filter({ hasText: 'This card is not blank' }).waitFor()
  expect(await button('Try again').count()).toBe(0)
})

test('a tone tells of each card that is ready and another of trouble, unless it is switched off', async () => {
  await open('batch-next-card')
  const heard = await listen()
  await gallery.push(phased({ kind: 'working', part: 1, parts: 12, pausing: false }, { done: 11 }))
  await gallery.push(phased({ kind: 'remove-card', number: 12, person: ADA }, { done: 12 }))
  await expect.poll(heard).toEqual([659, 880])
  await gallery.push(phased({ kind: 'offline', problem: { code: 'gateway-offline' } }, { done: 12 }))
  await expect.poll(heard).toEqual([659, 880, 392, 330])
  await gallery.push(phased({ kind: 'next-card' }, { done: 12, sound: false }))
  await gallery.push(phased({ kind: 'remove-card', number: 13, person: ADA }, { done: 13, sound: false }))
  await gallery.page.getByRole('heading', { name: 'Card 13 of 200 done. Take the card out' }).waitFor()
  expect(await heard()).toHaveLength(4)
})
