/** The language of the desk, from the operating system to the settings and back, in the real program. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TerminalWindow } from '../support/window.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'tessera-language-'))
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})

const open = (environment: Readonly<Record<string, string>> = {}) =>
  TerminalWindow.open({
    home,
    environment: {
      TESSERA_BROKER_URL: 'mqtt://127.0.0.1:1',
      TESSERA_SIMULATION: 'only',
      TESSERA_LANGUAGE: '',
      // What a Linux desktop says of its user's language (gettext, "The LANGUAGE variable").
      LC_ALL: 'fr_FR.UTF-8',
      LANGUAGE: 'fr_CH:fr:de',
      ...environment,
    },
  })

test('is the system’s at first; what is chosen at the desk speaks at once and after the next start', async () => {
  const first = await open()
  try {
    await first.reads('Saisissez le code que votre administrateur vous a donné')
    await first.page.getByLabel('Langue de ce poste').selectOption('ar')
    await first.reads('أدخل الرمز الذي أعطاك إياه مسؤول النظام')
    expect(await first.page.evaluate(() => document.documentElement.dir)).toBe('rtl')
    // The file is written before anybody can close the window by hand.
    await expect
      .poll(() => JSON.parse(readFileSync(path.join(home, 'terminal', 'settings.json'), 'utf8')))
      .toEqual({ language: 'ar' })
  } finally {
    await first.close()
  }
  const second = await open()
  try {
    await second.reads('أدخل الرمز الذي أعطاك إياه مسؤول النظام')
    await second.page.getByLabel('لغة هذا المكتب').selectOption('system')
    await second.reads('Saisissez le code que votre administrateur vous a donné')
    expect((await second.snapshot()).language).toEqual({ desk: 'fr-CH', choosesFor: 'desk', setting: 'system', locked: false })
  } finally {
    await second.close()
  }
})

test('cannot be chosen where the environment fixes it', async () => {
  const window = await open({ TESSERA_LANGUAGE: 'hi' })
  try {
    await window.reads('अपने व्यवस्थापक से मिला कोड डालें')
    expect(await window.page.getByLabel('इस डेस्क की भाषा').isDisabled()).toBe(true)
    expect(await window.intent({ kind: 'set-language', language: 'de' })).toBe(false)
  } finally {
    await window.close()
  }
})
