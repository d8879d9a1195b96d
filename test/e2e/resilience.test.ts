/** What breaks around the window: it stays, says what is wrong, and use comes back by itself. How soon is written down by each test. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findElectron, root, sandboxArguments } from '../../build/electron.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { ensurePcscd, killPcscd } from '../support/pcscd.ts'
import type { TerminalWindow } from '../support/window.ts'
import { Desk, newCard, READER } from './desk.ts'

/** Far more than it takes: a machine with other work to do is no failure, a desk that does not come back is. */
const BACK_MS = 30_000
const PIN = '271828'

const card = newCard(3)
let desk: Desk
let terminal: TerminalWindow

beforeAll(async () => {
  desk = await Desk.start()
  terminal = await desk.openWindow(await desk.invite('--first-operator'))
  await terminal.reads('Register the first operator')
  await terminal.fill('Given name', 'Ada')
  await terminal.fill('Family name', 'Lovelace')
  await terminal.fill('Customer, patient or staff number', 'S-1')
  await terminal.press('Continue with a blank card')
  await desk.reader.insert(card)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Ada Lovelace is registered')
  await terminal.press('Done')
  await terminal.enterPin('Enter your PIN', PIN)
  await terminal.reads('Insert the person’s card')
})
afterAll(async () => {
  await ensurePcscd()
  await desk?.close()
})

const stateOf = ({ readers }: Snapshot) => readers.readers.find(({ name }) => name === READER)?.state

function readerProcess(): Promise<number> {
  return terminal.app.evaluate(({ app }) => {
    const found = app.getAppMetrics().find(({ name }) => name === 'Tessera card readers')
    if (found === undefined) throw new Error('there is no process for the readers')
    return found.pid
  })
}

function tellTime(what: string, startedAt: number): void {
  console.log(`${what} after ${Math.round(performance.now() - startedAt)} ms.`)
}

async function logsIn(): Promise<void> {
  await desk.reader.insert(card)
  await terminal.enterPin('Enter the PIN', PIN)
  await terminal.reads('Ada Lovelace is logged in')
  await desk.reader.pull()
  await terminal.reads('Insert the person’s card')
}

async function leaveFailure(): Promise<void> {
  const { page } = await terminal.snapshot()
  if (page.kind === 'ceremony' && page.ceremony.prompt.kind === 'failed') await terminal.intent({ kind: 'dismiss' })
  await terminal.reads('Insert the person’s card')
}

describe('the PC/SC service', () => {
  test('killed while the PIN is asked: said at once, and back by itself when it runs again', async () => {
    await desk.reader.insert(card)
    await terminal.reads('Enter the PIN')
    const killedAt = performance.now()
    await killPcscd()
    await terminal.until('told', ({ readers }) => readers.problem?.code === 'reader-service-down')
    const told = await terminal.until('ended', ({ page }) => page.kind === 'ceremony' && page.ceremony.prompt.kind === 'failed')
    tellTime('The end of the service was told', killedAt)
    expect(told.page).toMatchObject({ ceremony: { prompt: { problem: { code: expect.stringMatching(/^(reader|card)-/) } } } })
    await desk.reader.pull()
    const startedAt = performance.now()
    await ensurePcscd()
    await terminal.until('a reader again', (snapshot) => stateOf(snapshot) !== undefined, BACK_MS)
    tellTime('A reader was there again', startedAt)
    await leaveFailure()
    await logsIn()
  })
})

describe('the process of the readers', () => {
  test.each(['SIGKILL', 'SIGSEGV', 'SIGSTOP'] as const)('ends by %s: the window stays, another one serves', async (signal) => {
    await desk.reader.insert(card)
    await terminal.reads('Enter the PIN')
    const pid = await readerProcess()
    const prompts = await terminal.promptsFromNow()
    const startedAt = performance.now()
    process.kill(pid, signal)
    // The card never left, so that the login begins anew by itself as soon as a reader serves again.
    await expect.poll(prompts, { timeout: BACK_MS }).toMatch(/(?<!enter-pin) enter-pin$/)
    tellTime(`After ${signal} the PIN was asked for again`, startedAt)
    await expect.poll(readerProcess).not.toBe(pid)
    await terminal.enterPin('Enter the PIN', PIN)
    await terminal.reads('Ada Lovelace is logged in')
    await desk.reader.pull()
    await terminal.reads('Insert the person’s card')
  })

  test('ends while a person is logged in: nobody can say whether the card stayed, so the session ends', async () => {
    await desk.reader.insert(card)
    await terminal.enterPin('Enter the PIN', PIN)
    await terminal.reads('Ada Lovelace is logged in')
    process.kill(await readerProcess(), 'SIGKILL')
    await terminal.until('ended', ({ page }) => page.kind !== 'session')
    await terminal.reads('Enter the PIN')
    await terminal.page.keyboard.press('Escape')
    await terminal.reads('Insert the person’s card')
    await desk.reader.pull()
  })
})

describe('the page', () => {
  test('crashes: the window shows the same again, from main’s snapshot', async () => {
    const before = await terminal.snapshot()
    const after = await terminal.app.evaluate(async ({ BrowserWindow }) => {
      const [browser] = BrowserWindow.getAllWindows()
      if (browser === undefined) throw new Error('no window')
      const again = new Promise<void>((resolve) => browser.webContents.once('did-finish-load', () => resolve()))
      browser.webContents.forcefullyCrashRenderer()
      await again
      // React draws a moment after the load.
      for (let turn = 0; turn < 400; turn += 1) {
        const heading = await browser.webContents.executeJavaScript('document.querySelector("h1")?.textContent')
        const { operator } = await browser.webContents.executeJavaScript('window.tessera.snapshot()')
        if (typeof heading === 'string' && heading.startsWith('Insert')) return { heading, operator }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error('the page did not come back')
    })
    expect(after).toEqual({ heading: 'Insert the person’s card', operator: before.operator })
  })
})

describe('starting', () => {
  /** Runs the program to its end, without a driver. */
  function start(environment: Readonly<Record<string, string>>): Promise<{ readonly code: number; readonly said: string }> {
    return new Promise((resolve) => {
      const options = { env: { ...process.env, ...environment }, timeout: 90_000 }
      const program = findElectron().executable
      execFile(program, [...sandboxArguments(), root], options, (error, _stdout, stderr) => {
        // One that had to be stopped has no code.
        resolve({ code: error === null ? 0 : Number(error.code ?? Number.NaN), said: stderr })
      })
    })
  }

  test('a wrong setting ends the program with its name', async () => {
    const { code, said } = await start({ TESSERA_HOME: join(terminal.home, 'wrong'), TESSERA_SIMULATION: 'perhaps' })
    expect(code).toBe(78)
    expect(said).toContain('TESSERA_SIMULATION')
    expect(existsSync(join(terminal.home, 'wrong', 'terminal', 'log'))).toBe(false)
  })

  test('a second start in the same home ends by itself and leaves the first one alone', async () => {
    const { code } = await start({ TESSERA_HOME: terminal.home, TESSERA_SIMULATION: 'off' })
    expect(code).toBe(0)
    expect(await terminal.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
  })
})
