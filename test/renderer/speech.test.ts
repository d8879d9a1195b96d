import { expect, test } from 'vitest'
import type { TesseraBridge } from '../../electron/contract/channels.ts'
import type { LanguageView } from '../../electron/contract/languages.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { en } from '../../renderer/locales/en/index.ts'
import { createTexts, type Texts } from '../../renderer/locales/texts.ts'
import { followLanguage, type Speech } from '../../renderer/store/speech.ts'
import { createTerminalStore } from '../../renderer/store/terminal-store.ts'

const view = (desk: string, person?: string): LanguageView => ({
  desk,
  choosesFor: 'person',
  setting: 'system',
  locked: false,
  ...(person === undefined ? {} : { person }),
})

/** Of a snapshot only the language matters here, and what the store looks at. */
function snapshot(revision: number, language: LanguageView): Snapshot {
  const parts: Pick<Snapshot, 'revision' | 'language' | 'page'> = { revision, language, page: { kind: 'starting' } }
  return parts as Snapshot
}

/** A window whose tables come when the test says so. */
function open(first: Promise<Snapshot>) {
  let tell: ((snapshot: Snapshot) => void) | undefined
  const bridge: TesseraBridge = {
    snapshot: () => first,
    intent: async () => ({ accepted: true }),
    onChanged: (listener) => {
      tell = listener
      return () => undefined
    },
  }
  const asked: string[] = []
  const waiting = new Map<string, (texts: Texts) => void>()
  const spoken: string[] = []
  const store = createTerminalStore(bridge)
  followLanguage(
    store,
    ['pt-BR', 'fr-CH'],
    ({ desk, person }: Speech) => spoken.push(desk === person ? desk.locale : `${desk.locale} ${person.locale}`),
    (locale) => {
      asked.push(locale)
      return new Promise((resolve) => waiting.set(locale, resolve))
    },
  )
  store.getState().start()
  return {
    asked,
    spoken,
    tell: (next: Snapshot) => tell?.(next),
    async arrive(locale: string) {
      waiting.get(locale)?.(createTexts(en, locale))
      await settle()
    },
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('nothing is loaded before main has said which language, and one table is enough for desk and person', async () => {
  let answer: (snapshot: Snapshot) => void = () => undefined
  const window = open(
    new Promise((resolve) => {
      answer = resolve
    }),
  )
  await settle()
  expect(window.asked).toEqual([])
  answer(snapshot(1, view('de-AT')))
  await settle()
  expect(window.asked).toEqual(['de-AT'])
  await window.arrive('de-AT')
  expect(window.spoken).toEqual(['de-AT'])
})

test('a main process that does not answer is told in a language that the system prefers', async () => {
  const window = open(Promise.reject(new Error('gone')))
  await settle()
  expect(window.asked).toEqual(['fr-CH'])
})

test('the person’s language is shown once its table is here; the one before stays until then', async () => {
  const window = open(Promise.resolve(snapshot(1, view('de'))))
  await settle()
  await window.arrive('de')
  window.tell(snapshot(2, view('de', 'ar')))
  await window.arrive('de')
  expect(window.spoken).toEqual(['de'])
  await window.arrive('ar')
  expect(window.spoken).toEqual(['de', 'de ar'])
  window.tell(snapshot(3, view('de')))
  await window.arrive('de')
  expect(window.spoken).toEqual(['de', 'de ar', 'de'])
})

test('of two choices in a row the later one holds, whichever table comes first', async () => {
  const window = open(Promise.resolve(snapshot(1, view('es'))))
  await settle()
  window.tell(snapshot(2, view('hi')))
  await window.arrive('hi')
  await window.arrive('es')
  expect(window.spoken).toEqual(['hi'])
})

test('a snapshot about something else says nothing anew', async () => {
  const window = open(Promise.resolve(snapshot(1, view('es'))))
  await settle()
  await window.arrive('es')
  window.tell(snapshot(2, view('es')))
  await settle()
  expect(window.asked).toEqual(['es'])
  expect(window.spoken).toEqual(['es'])
})
