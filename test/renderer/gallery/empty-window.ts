/** An Electron with one empty window, which nothing of the tester's own desktop changes. */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { _electron, type Page } from 'playwright-core'
import { findElectron, sandboxArguments } from '../../../build/electron.ts'

/** Longer than an Electron takes to start where four other programs want the processor. */
const START_TIMEOUT_MS = 90_000

/** An application with one empty window; Playwright leads it on. */
const APPLICATION = `
const { app, BrowserWindow } = require('electron')
app.whenReady().then(() => {
  const window = new BrowserWindow({ width: 900, height: 600, useContentSize: true, show: true, frame: false, enableLargerThanScreen: true })
  window.loadURL('about:blank')
})
`

/** How letters are drawn, whatever the tester's desktop prefers: the system's fonts, smoothed in grey and hinted slightly. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>/usr/share/fonts</dir>
  <match target="font">
    <edit name="antialias" mode="assign"><bool>true</bool></edit>
    <edit name="hinting" mode="assign"><bool>true</bool></edit>
    <edit name="autohint" mode="assign"><bool>false</bool></edit>
    <edit name="hintstyle" mode="assign"><const>hintslight</const></edit>
    <edit name="rgba" mode="assign"><const>none</const></edit>
  </match>
</fontconfig>`

export interface EmptyWindow {
  readonly page: Page
  close(): Promise<void>
}

/** On the display that DISPLAY names. */
export async function openEmptyWindow(): Promise<EmptyWindow> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tessera-gallery-'))
  const main = path.join(folder, 'main.cjs')
  writeFileSync(main, APPLICATION)
  const fonts = path.join(folder, 'fonts.conf')
  writeFileSync(fonts, FONTS)
  const application = await _electron.launch({
    executablePath: findElectron().executable,
    args: [
      ...sandboxArguments(),
      main,
      `--user-data-dir=${path.join(folder, 'profile')}`,
      '--force-device-scale-factor=1',
      '--force-color-profile=srgb',
      '--lang=en-GB',
    ],
    // What is drawn and said depends on nothing that the tester has set.
    env: { ...process.env, TZ: 'UTC', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', LANGUAGE: '', FONTCONFIG_FILE: fonts } as Record<
      string,
      string
    >,
    timeout: START_TIMEOUT_MS,
  })
  const page = await application.firstWindow({ timeout: START_TIMEOUT_MS })
  // The empty page must not come after the first one that is asked for.
  await page.waitForLoadState('load')
  return {
    page,
    async close() {
      await application.close()
      // What Electron started may write a last file into its profile.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}
