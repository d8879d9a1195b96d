/**
 * The window itself, in the Electron of the tests, from the bundle that ships: how it looks measured, how it is worked by
 * keyboard, touch and name. Main is a story here; test/e2e has the real one.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Prompt, Snapshot } from '../../electron/contract/snapshot.ts'
import { en } from '../../renderer/locales/en/index.ts'
import { createTexts } from '../../renderer/locales/texts.ts'
import { type Gallery, type Look, openGallery } from './gallery/harness.ts'
import { controls, faintTexts, focusOutline, overflowing, type Rectangle, spilling } from './gallery/measures.ts'
import { stories } from './gallery/stories.ts'
import type { Story } from './gallery/story.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await openGallery()
})
afterAll(async () => {
  await gallery?.close()
})

const SMALL: Look = { width: 900, height: 600, theme: 'light' }
const named = (name: string): Story => {
  const found = stories.find((story) => story.name === name)
  if (found === undefined) throw new Error(`no story ${name}`)
  return found
}
async function open(name: string, look = SMALL): Promise<void> {
  const { snapshot, act } = named(name)
  await gallery.show(snapshot, look)
  await act?.(gallery.page, createTexts(en, snapshot.language.desk))
  if (look.motion !== true) await gallery.settle()
}
const heading = (name: string) => gallery.page.getByRole('heading', { level: 1, name, exact: true })
const button = (name: string) => gallery.page.getByRole('button', { name, exact: true })
const focused = () =>
  gallery.page.evaluate(() => document.activeElement?.closest('button')?.textContent ?? document.activeElement?.tagName)

/** Everything that the page holds, with the values of its fields. */
const pageText = () =>
  gallery.page.evaluate(
    () => document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((input) => input.value),
  )

function prompted(name: string, prompt: Prompt, revision = 2): Snapshot {
  const { snapshot } = named(name)
  if (snapshot.page.kind !== 'ceremony') throw new Error(`${name} is no ceremony`)
  return { ...snapshot, revision, page: { kind: 'ceremony', ceremony: { ...snapshot.page.ceremony, prompt } } }
}

describe.each(stories.map(({ name }) => name))('%s', (name) => {
  test('is drawn without a complaint, fits the smallest window, and every control can be named and hit', async () => {
    await open(name)
    expect(gallery.complaints).toEqual([])
    expect(await gallery.page.evaluate(overflowing)).toEqual([])
    const found = await gallery.page.evaluate(controls)
    expect(found.filter(({ name: own }) => own === '')).toEqual([])
    const small = ({ width, height }: Rectangle) => width < 44 || height < 44
    expect(found.filter(({ box }) => small(box))).toEqual([])
    expect(await gallery.page.getByRole('heading', { level: 1 }).count()).toBe(1)
    expect(await gallery.page.getByRole('main').count()).toBe(1)
  })

  test.each(['light', 'dark', 'contrast'] as const)('has text with enough contrast in the theme %s', async (theme) => {
    await open(name, { ...SMALL, theme })
    expect(await gallery.page.evaluate(faintTexts, theme === 'contrast' ? 7 : 4.5)).toEqual([])
  })

  test('keeps to its places on a large screen', async () => {
    await open(name, { width: 3840, height: 2160, theme: 'light' })
    expect(await gallery.page.evaluate(overflowing)).toEqual([])
    expect(await gallery.page.evaluate(spilling)).toEqual([])
  })
})

describe('a PIN', () => {
  test('is typed without touching anything, and Enter sends it; nowhere in the page stand its digits', async () => {
    await open('login-pin')
    await gallery.page.keyboard.type('2718281')
    await gallery.page.keyboard.press('Backspace')
    expect(await gallery.page.getByLabel('PIN', { exact: true }).inputValue()).toBe('••••••')
    expect(await pageText()).not.toContain('271828')
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([{ kind: 'submit-pin', pin: '271828' }])
    expect(await gallery.page.getByLabel('PIN', { exact: true }).inputValue()).toBe('')
    // A second Enter sends nothing: no try is lost to a key pressed twice.
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toHaveLength(1)
  })

  test('is touched on the keypad, which leaves the focus with the field', async () => {
    await open('login-pin')
    for (const digit of '3141590') await button(`Digit ${digit}`).click()
    await button('Delete the last digit').click()
    await expect.poll(focused).toBe('INPUT')
    await button('Continue').click()
    expect(await gallery.intents()).toEqual([{ kind: 'submit-pin', pin: '314159' }])
  })

  test('may be pasted, or come from a keyboard of the system', async () => {
    await open('login-pin')
    await gallery.page.getByLabel('PIN', { exact: true }).fill('27 18-28')
    expect(await gallery.page.getByLabel('PIN', { exact: true }).inputValue()).toBe('••••••')
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([{ kind: 'submit-pin', pin: '271828' }])
  })

  test('of fewer than 6 digits is not sent, and the reason is said; more than 8 are not taken', async () => {
    await open('login-pin')
    await gallery.page.keyboard.type('12345')
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([])
    await gallery.page.getByRole('status').filter({ hasText: 'The PIN has 6 to 8 digits.' }).waitFor()
    await gallery.page.keyboard.type('6789')
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([{ kind: 'submit-pin', pin: '12345678' }])
  })

  test('that is half typed outlives a snapshot about something else', async () => {
    await open('login-pin')
    await gallery.page.keyboard.type('271')
    await gallery.push({ ...named('login-pin').snapshot, revision: 2, gateway: { kind: 'connecting' } })
    await gallery.page.getByText('Connecting to the gateway').waitFor()
    expect(await gallery.page.getByLabel('PIN', { exact: true }).inputValue()).toBe('•••')
  })

  test('that is half typed is gone when another question comes in between', async () => {
    await open('login-pin')
    await gallery.page.keyboard.type('271')
    await gallery.push(prompted('login-pin', { kind: 'insert-card' }, 2))
    await heading('Insert the person’s card').waitFor()
    await gallery.push(prompted('login-pin', { kind: 'enter-pin', retriesLeft: 3 }, 3))
    await heading('Enter the PIN').waitFor()
    expect(await gallery.page.getByLabel('PIN', { exact: true }).inputValue()).toBe('')
  })

  test('is not asked for before the tries are told: they stand there and are said', async () => {
    await open('login-pin-wrong')
    await gallery.page
      .getByRole('alert')
      .filter({ hasText: 'That PIN was wrong' })
      .filter({ hasText: '2 tries are left.' })
      .waitFor()
    await gallery.page.getByRole('status').filter({ hasText: '2 tries left' }).waitFor()
    expect(await gallery.page.locator('.tries').isVisible()).toBe(true)
  })

  test('gives way to Escape', async () => {
    await open('login-pin')
    await gallery.page.keyboard.type('271')
    await gallery.page.keyboard.press('Escape')
    expect(await gallery.intents()).toEqual([{ kind: 'cancel' }])
  })

  test('is not sent by Enter on Cancel', async () => {
    await open('login-pin')
    await gallery.page.keyboard.type('271828')
    await button('Cancel').focus()
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([{ kind: 'cancel' }])
  })
})

describe('a new PIN', () => {
  const enter = async (title: string, pin: string) => {
    await heading(title).waitFor()
    await expect.poll(focused).toBe('INPUT')
    await gallery.page.keyboard.type(pin)
    await gallery.page.keyboard.press('Enter')
  }

  test('is asked for after the present one, and twice', async () => {
    await open('change-current')
    await enter('Enter the present PIN', '314159')
    await enter('Choose a new PIN', '27182818')
    await enter('Enter the new PIN once more', '27182818')
    expect(await gallery.intents()).toEqual([{ kind: 'submit-new-pin', current: '314159', pin: '27182818' }])
    expect(await pageText()).not.toMatch(/27182818|314159/)
  })

  test('that was not repeated alike is not sent: it is said, and chosen anew', async () => {
    await open('register-choose-pin-mismatch')
    expect(await gallery.intents()).toEqual([])
    await gallery.page.getByRole('alert').filter({ hasText: 'The two entries were not the same.' }).waitFor()
    await enter('Choose a new PIN', '27182818')
    await enter('Enter the new PIN once more', '27182818')
    expect(await gallery.intents()).toEqual([{ kind: 'submit-new-pin', pin: '27182818' }])
  })

  test('that main refuses is chosen anew, with the reason', async () => {
    await open('register-choose-pin')
    await enter('Choose a new PIN', '11111111')
    await enter('Enter the new PIN once more', '11111111')
    await gallery.push(prompted('register-choose-pin', { kind: 'choose-pin', current: false, problem: { code: 'pin-weak' } }))
    await heading('Choose a new PIN').waitFor()
    await gallery.page.getByRole('alert').filter({ hasText: 'That PIN is too easy to guess' }).waitFor()
  })
})

describe('the keyboard', () => {
  test('the last try asks first, and the key that comes by itself stops', async () => {
    await open('login-last-try')
    expect(await focused()).toBe('Stop here')
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([{ kind: 'cancel' }])
    await button('Use the last try').click()
    expect((await gallery.intents()).at(-1)).toEqual({ kind: 'confirm-last-try' })
  })

  test('leads from step to step: what is to be done next has the focus', async () => {
    await open('login-pin')
    expect(await focused()).toBe('INPUT')
    await gallery.push(prompted('login-pin', { kind: 'working' }, 2))
    await heading('Logging in').waitFor()
    await expect.poll(focused).toBe('H1')
    await gallery.push(prompted('login-pin', { kind: 'failed', problem: { code: 'gateway-silent' }, canRetry: true }, 3))
    await button('Try again').waitFor()
    await expect.poll(focused).toBe('Try again')
    await gallery.page.keyboard.press('Enter')
    await gallery.page.keyboard.press('Escape')
    expect(await gallery.intents()).toEqual([{ kind: 'retry' }, { kind: 'dismiss' }])
  })

  test('alone is enough to register a person', async () => {
    await open('idle')
    const { page } = gallery
    await page.keyboard.press('Tab')
    expect(await focused()).toContain('Register a person')
    await page.keyboard.press('Enter')
    await heading('Who is being registered?').waitFor()
    await expect.poll(focused).toBe('INPUT')
    await page.keyboard.type('Grace')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Hopper')
    await page.keyboard.press('Tab')
    await page.keyboard.type(' C-7 ')
    await page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([
      { kind: 'register', person: { givenName: 'Grace', familyName: 'Hopper', reference: 'C-7' } },
    ])
  })

  test('shows where the focus is', async () => {
    await open('idle')
    await gallery.page.keyboard.press('Tab')
    expect(await gallery.page.evaluate(focusOutline)).toMatch(/solid 3px|3px solid/)
  })
})

describe('what may be done', () => {
  test('the first operator is registered as a supervisor', async () => {
    await open('first-operator')
    await gallery.page.getByLabel('Given name').fill('Ada')
    await gallery.page.getByLabel('Family name').fill('Lovelace')
    await gallery.page.getByLabel('Customer, patient or staff number').fill('S-1')
    await button('Continue with a blank card').click()
    expect(await gallery.intents()).toEqual([
      { kind: 'register', person: { givenName: 'Ada', familyName: 'Lovelace', reference: 'S-1' }, role: 'supervisor' },
    ])
  })

  test('an operator gives no role above their own', async () => {
    await open('registration-form')
    const roles = await gallery.page.getByRole('radio').all()
    expect(await Promise.all(roles.map((role) => role.evaluate((input) => input.closest('label')?.textContent)))).toEqual([
      'None',
      'Desk',
      'Registrar',
    ])
  })

  test('a role that may not register sees so', async () => {
    await open('idle-desk-role')
    expect(await button('Register a person').isDisabled()).toBe(true)
    await gallery.page.getByText('Needs the role Registrar').waitFor()
  })

  test('a form with a gap is not sent, and says where', async () => {
    await open('registration-form-missing')
    expect(await gallery.intents()).toEqual([])
    await expect.poll(() => gallery.page.getByText('Please fill in this field.').count()).toBe(3)
  })

  test('a code is sent as it was typed, without the spaces around it', async () => {
    await open('enrol')
    await gallery.page.getByLabel('Invitation code').fill(' TES1-8K4Q ')
    await gallery.page.keyboard.press('Enter')
    expect(await gallery.intents()).toEqual([{ kind: 'enrol', code: 'TES1-8K4Q' }])
  })

  test('simulated cards say what they are, and go in and out', async () => {
    await open('idle-simulated')
    await gallery.page.getByText('Simulated cards — not for real people').waitFor()
    await button('Remove Card 1 from Simulated reader 1').click()
    await button('Insert Card 3 into Simulated reader 2').click()
    await button('New blank card').click()
    expect(await gallery.intents()).toEqual([
      { kind: 'simulate-remove', reader: 'Simulated reader 1' },
      { kind: 'simulate-insert', card: 'card-3', reader: 'Simulated reader 2' },
      { kind: 'simulate-new-card' },
    ])
    await button('Hide simulated cards').click()
    await button('Show simulated cards').waitFor()
    // The banner stays, whatever is hidden.
    expect(await gallery.page.getByText('Simulated cards — not for real people').isVisible()).toBe(true)
  })

  test('what main refuses is told', async () => {
    await open('idle')
    await gallery.refuse()
    await button('Sign out').click()
    await gallery.page.getByRole('status').filter({ hasText: 'That is not possible just now.' }).waitFor()
  })

  test('a session is ended, or its PIN changed', async () => {
    await open('session')
    await button('Change the PIN').click()
    await button('End the session').click()
    expect(await gallery.intents()).toEqual([{ kind: 'change-pin' }, { kind: 'end-session' }])
    for (const words of ['Jon Björnsson is logged in', 'C-204 881', '9 May 2026 at 12:04, Central Station', '7 April 2025']) {
      await gallery.page.getByText(words).first().waitFor()
    }
    await gallery.page.getByText('214 ms from the last digit').waitFor()
  })
})

describe('motion', () => {
  /** When each of what moves comes to rest, in milliseconds: as the styles have it, because what is at rest already moves no more. */
  const ends = () =>
    gallery.page.evaluate(() =>
      [...document.querySelectorAll('*')].flatMap((element) => {
        const { animationName, animationDelay, animationDuration, animationIterationCount } = getComputedStyle(element)
        const [delay, duration] = [animationDelay, animationDuration].map((time) => Number.parseFloat(time) * 1000)
        const times = animationIterationCount === 'infinite' ? Infinity : Number(animationIterationCount)
        return animationName === 'none' ? [] : [(delay ?? 0) + (duration ?? 0) * times]
      }),
    )

  test('the drawing moves where motion is welcome, for less than five seconds; it stands still with an arrow where not', async () => {
    await open('idle', { ...SMALL, motion: true })
    const moving = await ends()
    expect(moving.length).toBeGreaterThan(0)
    expect(Math.max(...moving)).toBeLessThan(5000)
    await open('idle')
    expect(await ends()).toEqual([])
    expect(await gallery.page.locator('.drawn-arrow').isVisible()).toBe(true)
  })
})
