/** Settings, diagnostics, the report for support, and what stands outside of the window, in the real program. */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findElectron, root, sandboxArguments } from '../../build/electron.ts'
import { CHECKS } from '../../electron/contract/diagnostics.ts'
import { TerminalWindow } from '../support/window.ts'
import { SimulatedDesk } from './simulated-desk.ts'

let home: string
let config: string
let window: TerminalWindow | undefined
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'tessera-upkeep-'))
  config = path.join(home, 'config')
})
afterEach(async () => {
  await window?.close()
  window = undefined
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})

async function open(environment: Readonly<Record<string, string>> = {}): Promise<TerminalWindow> {
  window = await TerminalWindow.open({
    home,
    environment: {
      TESSERA_BROKER_URL: 'mqtt://127.0.0.1:1',
      TESSERA_SIMULATION: 'only',
      XDG_CONFIG_HOME: config,
      ...environment,
    },
  })
  await window.reads('Enter the code that your administrator gave you')
  return window
}
const settingsFile = () => JSON.parse(readFileSync(path.join(home, 'terminal', 'settings.json'), 'utf8'))

test('a setting is changed by the keyboard, counts at once, is kept, and starts the program by itself', async () => {
  const own = await open()
  await own.turnTo('Settings')
  await own.reads('Settings')
  const autostart = own.page.getByRole('switch', { name: 'Start by itself' })
  await autostart.focus()
  await own.page.keyboard.press('Space')
  const entry = path.join(config, 'autostart', 'tessera.desktop')
  await expect.poll(() => existsSync(entry) && readFileSync(entry, 'utf8')).toContain('Exec="')
  await expect.poll(() => autostart.getAttribute('aria-checked')).toBe('true')
  await own.page.keyboard.press('Space')
  await expect.poll(() => existsSync(entry)).toBe(false)

  await own.page.getByRole('combobox', { name: 'Appearance' }).selectOption('contrast')
  await expect.poll(() => own.page.evaluate(() => document.documentElement.dataset.contrast)).toBe('more')
  await own.page.getByRole('combobox', { name: 'Appearance' }).selectOption('dark')
  // Playwright fixes what the page prefers, so main is asked.
  await expect.poll(() => own.app.evaluate(({ nativeTheme }) => nativeTheme.shouldUseDarkColors)).toBe(true)
  await expect.poll(() => own.page.evaluate(() => document.documentElement.dataset.contrast)).toBeUndefined()

  const minutes = own.page.getByRole('textbox', { name: 'Minutes until the desk locks' })
  await minutes.fill('0')
  await minutes.press('Enter')
  await own.says('Enter a whole number from 1 to 1,440.')
  await minutes.fill('45')
  await minutes.press('Enter')
  await own.until(
    'kept',
    ({ page }) =>
      page.kind === 'settings' && page.page.settings.some(({ source, key }) => key === 'idleMinutes' && source === 'file'),
  )
  expect(settingsFile()).toEqual({ autostart: false, theme: 'dark', idleMinutes: 45 })
})

test('what a policy or the environment fixes is shown as locked, and main refuses to change it', async () => {
  mkdirSync(path.join(home, 'terminal'))
  const policy = path.join(home, 'policy.json')
  writeFileSync(policy, JSON.stringify({ theme: 'dark', brokerCa: path.join(home, 'ca.pem') }), { mode: 0o600 })
  writeFileSync(path.join(home, 'ca.pem'), '')
  const own = await open({ TESSERA_POLICY: policy, TESSERA_SOUNDS: 'false' })
  await own.turnTo('Settings')
  await own.says('Fixed by your administrator for this computer')
  await own.says('Given at the start of the program; it cannot be changed here')
  expect(await own.page.getByRole('combobox', { name: 'Appearance' }).count()).toBe(0)
  expect(await own.intent({ kind: 'set-setting', change: { key: 'theme', value: 'light' } })).toBe(false)
  expect(await own.intent({ kind: 'set-setting', change: { key: 'sounds', value: true } })).toBe(false)
  expect(await own.page.content()).not.toContain(home)
})

test('a policy that others can write ends the program with its name: the desk must not run ungoverned', async () => {
  const policy = path.join(home, 'policy.json')
  writeFileSync(policy, JSON.stringify({ theme: 'dark' }))
  chmodSync(policy, 0o666)
  const { code, said } = await new Promise<{ readonly code: unknown; readonly said: string }>((resolve) => {
    const env = { ...process.env, TESSERA_HOME: home, TESSERA_POLICY: policy }
    execFile(findElectron().executable, [...sandboxArguments(), root], { env, timeout: 90_000 }, (error, _, stderr) => {
      resolve({ code: error?.code, said: stderr })
    })
  })
  expect(code).toBe(78)
  expect(said).toContain(policy)
  expect(said).toContain('must not be writable by others')
  expect(existsSync(path.join(home, 'terminal', 'log'))).toBe(false)
})

test('diagnostics run without operator, gateway and broker, and the report is saved as it was shown', async () => {
  const own = await open()
  await own.turnTo('Diagnostics')
  await own.reads('Diagnostics')
  const { page } = await own.until(
    'checked',
    (snapshot) => snapshot.page.kind === 'diagnostics' && !snapshot.page.diagnostics.running,
  )
  if (page.kind !== 'diagnostics') throw new Error('no diagnostics')
  expect(page.diagnostics.checks.map(({ id }) => id)).toEqual(CHECKS)
  const state = Object.fromEntries(page.diagnostics.checks.map((check) => [check.id, check.state]))
  expect(state).toMatchObject({ broker: 'failed', gateway: 'unknown', storage: 'passed', program: 'passed', clock: 'unknown' })
  await own.says('The broker cannot be reached.')
  await own.says('Code: broker-unreachable')

  await own.press('Support report')
  await own.reads('Support report')
  const shown = await own.page.locator('.report pre').textContent()
  const file = path.join(home, 'report.json')
  await own.app.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath })
  }, file)
  await own.press('Save')
  await own.says('The report is saved')
  expect(readFileSync(file, 'utf8')).toBe(shown)
  expect(JSON.parse(shown ?? '')).toMatchObject({ format: 'tessera-support-report/1', gateway: { kind: 'not-enrolled' } })
  expect(shown).not.toContain(home)
  if (userInfo().username.length > 4) expect(shown).not.toContain(userInfo().username)

  await own.press('Back to the checks')
  await own.reads('Diagnostics')
  await own.page.keyboard.press('Escape')
  await own.reads('Enter the code that your administrator gave you')
})

test('with a gateway every part of the way to it is found well', async () => {
  const desk = await SimulatedDesk.open({ home, environment: { XDG_CONFIG_HOME: config } })
  try {
    window = desk.terminal
    await window.reads('Register the first operator')
    await window.turnTo('Diagnostics')
    const own = window
    const round = () => own.until('checked', ({ page }) => page.kind === 'diagnostics' && !page.diagnostics.running)
    let { page } = await round()
    // A machine with other work to do makes the gateway slow, which is told as a warning: then it is looked at once more.
    for (let again = 0; again < 5 && JSON.stringify(page).includes('gateway-slow'); again += 1) {
      await own.intent({ kind: 'run-checks' })
      page = (await round()).page
    }
    if (page.kind !== 'diagnostics') throw new Error('no diagnostics')
    for (const check of page.diagnostics.checks) {
      expect(check, check.id).toMatchObject({ state: check.id === 'cards' ? 'unknown' : 'passed' })
    }
    // A greeting with no session named would have ended them all: the terminal's own are named.
    await window.until('online', (snapshot) => snapshot.gateway.kind === 'online')
    // Nobody is signed in, and there is a gateway with supervisors of its own.
    expect(await window.intent({ kind: 'set-setting', change: { key: 'simulation', value: 'off' } })).toBe(false)
    expect(await window.intent({ kind: 'set-setting', change: { key: 'theme', value: 'dark' } })).toBe(true)
  } finally {
    window = undefined
    await desk.close()
  }
})

test('simulated readers that stand in for a service that does not run do not hide it', async () => {
  // PCSC-Lite's own variable for the socket of its service.
  const own = await open({ TESSERA_SIMULATION: 'on', PCSCLITE_CSOCK_NAME: path.join(home, 'nobody-listens') })
  await own.press('Diagnostics')
  const { page } = await own.until(
    'checked',
    (snapshot) => snapshot.page.kind === 'diagnostics' && !snapshot.page.diagnostics.running,
  )
  if (page.kind !== 'diagnostics') throw new Error('no diagnostics')
  expect(page.diagnostics.checks[0]).toMatchObject({
    id: 'reader-service',
    state: 'failed',
    problems: [{ code: 'reader-service-down' }],
  })
})

test('the tray is there while the setting wants it, says how the desk stands, and is gone after that', async () => {
  const own = await open()
  await own.app.evaluate(({ Tray }) => {
    // Electron gives every tray methods of its own; what it inherits is `on`, by which it is caught when it is made.
    const on = Tray.prototype.on
    Tray.prototype.on = function caught(this: Electron.Tray, ...rest: unknown[]) {
      Object.assign(globalThis, { tray: this })
      const { setToolTip } = this
      this.setToolTip = (words) => {
        Object.assign(globalThis, { words })
        setToolTip.call(this, words)
      }
      return Reflect.apply(on, this, rest)
    }
  })
  const seen = () =>
    own.app.evaluate(() => {
      const { tray, words } = globalThis as unknown as { tray?: Electron.Tray; words?: string }
      return [tray?.isDestroyed(), words]
    })
  expect(await own.intent({ kind: 'set-setting', change: { key: 'tray', value: true } })).toBe(true)
  await expect.poll(seen).toEqual([false, 'Tessera: gateway not reachable'])
  await own.page.getByLabel('Language of this desk').waitFor({ state: 'attached' })
  expect(await own.intent({ kind: 'set-setting', change: { key: 'tray', value: false } })).toBe(true)
  await expect.poll(async () => (await seen())[0]).toBe(true)
})

test('a block is told by the system while nobody looks, and names nobody', async () => {
  const desk = await SimulatedDesk.open({ home, environment: { XDG_CONFIG_HOME: config } })
  try {
    window = desk.terminal
    const own = window
    await own.app.evaluate(({ Notification, BrowserWindow }) => {
      const told: string[] = []
      Object.assign(globalThis, { told })
      // This desktop shows none, so they are caught where Tessera listens to a click on them.
      Notification.isSupported = () => true
      Notification.prototype.on = function caught(this: Electron.Notification) {
        told.push(`${this.title}: ${this.body}`)
        return this
      }
      // There is no window manager, so nothing but the test says which window is in front.
      for (const one of BrowserWindow.getAllWindows()) one.isFocused = () => false
    })
    await desk.registerFirstOperator('271828')
    // Three wrong PINs block the card's own PIN.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await own.enterPin('Enter your PIN', '135790')
      await own.says(attempt === 0 ? '2 tries left' : 'Only one try is left')
    }
    await own.press('Use the last try')
    await own.enterPin('Enter your PIN', '135790')
    await own.until('blocked', ({ page }) => page.kind === 'blocked')
    const told = () => own.app.evaluate(() => (globalThis as unknown as { told: string[] }).told)
    await expect.poll(told).toEqual(['A card was blocked: Tessera says what still works and who can help.'])
  } finally {
    window = undefined
    await desk.close()
  }
})
