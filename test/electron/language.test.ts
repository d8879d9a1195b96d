import { describe, expect, test } from 'vitest'
import { chooseLocale, LANGUAGES, languageOf } from '../../electron/contract/languages.ts'
import { createDesk, passOn, settle } from './terminal-desk.ts'

type Desk = ReturnType<typeof createDesk>

const language = (desk: Desk) => desk.terminal.snapshot().language

async function serving(): Promise<Desk> {
  const desk = createDesk()
  desk.online()
  await desk.signIn('registrar')
  await desk.logIn()
  return desk
}

describe('which language', () => {
  test.each([
    ['system', ['fr-CH', 'de-CH'], 'fr-CH'],
    ['system', ['pt-BR', 'es-419', 'en'], 'es-419'],
    ['system', ['pt-BR', 'ja'], 'en'],
    ['system', [], 'en'],
    // What the system also prefers is more exact than a language alone.
    ['de', ['fr-CH', 'de-CH'], 'de-CH'],
    // Dates as the region writes them.
    ['en', ['fr-CH'], 'en-CH'],
    ['ar', ['zh-Hant-TW'], 'ar-TW'],
    ['es', ['en-419'], 'es-419'],
    ['hi', ['eo'], 'hi'],
    ['hi', [], 'hi'],
  ] as const)('%s where the system prefers %j is %s', (setting, system, locale) => {
    expect(chooseLocale(setting, system)).toBe(locale)
    // It is a locale that Intl takes, too.
    expect(new Intl.DateTimeFormat(locale).resolvedOptions().locale).toMatch(new RegExp(`^${languageOf(locale)}`))
  })

  test('a tag is read by its primary language, not by how it begins', () => {
    for (const code of LANGUAGES) expect(languageOf(`${code}-XX`)).toBe(code)
    expect(languageOf('DE-at')).toBe('de')
    expect(languageOf('den')).toBeUndefined()
    expect(languageOf('')).toBeUndefined()
  })
})

describe('the language of the desk', () => {
  test('is the system’s until somebody chooses, and what was chosen is kept', () => {
    const desk = createDesk()
    expect(language(desk)).toEqual({ desk: 'fr-CH', choosesFor: 'desk', setting: 'system', locked: false })
    expect(desk.intent({ kind: 'set-language', language: 'ar' })).toBe(true)
    expect(language(desk)).toEqual({ desk: 'ar-CH', choosesFor: 'desk', setting: 'ar', locked: false })
    desk.intent({ kind: 'set-language', language: 'system' })
    expect(language(desk)).toMatchObject({ desk: 'fr-CH', setting: 'system' })
    expect(desk.keptLanguages).toEqual(['ar', 'system'])
  })

  test('cannot be chosen where it is fixed from outside', () => {
    const desk = createDesk({ languageLocked: true })
    expect(desk.intent({ kind: 'set-language', language: 'ar' })).toBe(false)
    expect(language(desk)).toEqual({ desk: 'fr-CH', choosesFor: 'desk', setting: 'system', locked: true })
    expect(desk.keptLanguages).toEqual([])
  })
})

describe('the language of the person', () => {
  test('is for somebody who is there', async () => {
    const desk = createDesk()
    desk.online()
    expect(desk.intent({ kind: 'set-person-language', language: 'ar' })).toBe(false)
    await desk.signIn()
    expect(desk.intent({ kind: 'set-person-language', language: 'ar' })).toBe(false)
    expect(language(desk)).not.toHaveProperty('person')
  })

  test('lasts from the PIN to the end of the session, and is kept nowhere', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    desk.insert()
    expect(desk.intent({ kind: 'set-person-language', language: 'ar' })).toBe(true)
    expect(language(desk)).toMatchObject({ desk: 'fr-CH', person: 'ar-CH', choosesFor: 'person' })
    desk.pull()
    const asked = desk.run().guide.askPin({ retriesLeft: 3 })
    await passOn(desk.run(), asked)
    await settle()
    // The failure is still this person's to read.
    expect(desk.prompt()?.kind).toBe('failed')
    expect(language(desk).person).toBe('ar-CH')
    desk.intent({ kind: 'dismiss' })
    expect(language(desk)).not.toHaveProperty('person')
    expect(desk.keptLanguages).toEqual([])
  })

  test.each([
    ['the card is pulled', (desk: Desk) => desk.pull()],
    ['the session is ended', (desk: Desk) => desk.intent({ kind: 'end-session' })],
    ['the operator leaves', (desk: Desk) => desk.intent({ kind: 'sign-out' })],
  ])('is gone when %s', async (_, leave) => {
    const desk = await serving()
    expect(desk.intent({ kind: 'set-person-language', language: 'hi' })).toBe(true)
    expect(language(desk).person).toBe('hi-CH')
    leave(desk)
    expect(language(desk)).not.toHaveProperty('person')
  })

  test('stays through a change of the PIN in the session', async () => {
    const desk = await serving()
    desk.intent({ kind: 'set-person-language', language: 'es' })
    desk.intent({ kind: 'change-pin' })
    desk.run().resolve({ kind: 'finished', result: { kind: 'pin-changed' } })
    await settle()
    expect(desk.prompt()?.kind).toBe('done')
    desk.intent({ kind: 'dismiss' })
    expect(desk.page().kind).toBe('session')
    expect(language(desk).person).toBe('es-CH')
  })

  test('does not meet the next person, whose card ends the page of the one before', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    desk.intent({ kind: 'change-pin' })
    desk.insert()
    desk.intent({ kind: 'set-person-language', language: 'ar' })
    desk.run().resolve({ kind: 'finished', result: { kind: 'pin-changed' } })
    await settle()
    desk.pull()
    expect(language(desk).person).toBe('ar-CH')
    desk.insert()
    expect(desk.run().request).toEqual({ kind: 'login' })
    expect(language(desk)).not.toHaveProperty('person')
  })
})
