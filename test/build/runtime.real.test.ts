import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { _electron } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findElectron, sandboxArguments } from '../../build/electron.ts'
import { type Display, startDisplay } from '../support/display.ts'

let display: Display
let app: string

const MAIN = `
const { app, BrowserWindow } = require('electron')
app.whenReady().then(() => {
  if (process.argv.includes('--report')) {
    const preloaded = globalThis.preloaded === true
    console.log(JSON.stringify({ name: app.name, version: app.getVersion(), path: app.getAppPath(), packaged: app.isPackaged, preloaded }))
    app.quit()
  } else new BrowserWindow({ show: true }).loadURL('data:text/html,<h1>ready</h1>')
})
`

beforeAll(async () => {
  display = await startDisplay()
  app = mkdtempSync(path.join(tmpdir(), 'runtime-'))
  writeFileSync(path.join(app, 'package.json'), JSON.stringify({ name: 'a-trial-app', version: '1.2.3', main: 'main.cjs' }))
  writeFileSync(path.join(app, 'main.cjs'), MAIN)
  writeFileSync(path.join(app, 'before.cjs'), 'globalThis.preloaded = true')
})

afterAll(() => {
  display.stop()
  rmSync(app, { recursive: true })
})

function electron(...args: string[]): { status: number | null; stdout: string } {
  const { executable } = findElectron()
  return spawnSync(executable, [...sandboxArguments(), ...args], { encoding: 'utf8', timeout: 100_000 })
}

describe('the Electron that the set-up brought', () => {
  test('is the version that it is recorded as', () => {
    const { status, stdout } = electron('--version')
    expect({ status, version: stdout.trim() }).toEqual({ status: 0, version: `v${findElectron().version}` })
  })

  test('runs the app that the command line names, as an app that is not packaged, after the modules named by -r', () => {
    const { status, stdout } = electron('-r', path.join(app, 'before.cjs'), app, '--report')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ name: 'a-trial-app', version: '1.2.3', path: app, packaged: false, preloaded: true })
  })

  test('is driven by Playwright', async () => {
    const { executable } = findElectron()
    const driven = await _electron.launch({ executablePath: executable, args: [...sandboxArguments(), app], timeout: 60_000 })
    try {
      const window = await driven.firstWindow()
      expect(await window.textContent('h1', { timeout: 60_000 })).toBe('ready')
    } finally {
      await driven.close()
    }
  })
})
