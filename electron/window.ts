/** The terminal's one window, locked to its own page: nothing navigates, opens, asks for a permission or embeds. */
import { join } from 'node:path'
import { app, BrowserWindow, type Session, session } from 'electron'
import { CHANNELS } from './contract/channels.ts'
import type { Snapshot } from './contract/snapshot.ts'
import { ORIGIN, PAGE } from './page-files.ts'
import { keepKiosk, kioskOptions, LEAST } from './window-mode.ts'

export interface TerminalWindow {
  readonly browser: BrowserWindow
  show(snapshot: Snapshot): void
}

export interface WindowOptions {
  /** The folder of the bundles. */
  readonly bundles: string
  /** The whole screen, and no way out. */
  readonly kiosk: boolean
  /** The page's process ended without being asked, or the page was left; the window loads it again. */
  readonly onPageLost: (reason: string) => void
}

/** A page that dies each time is loaded at most this often a minute. */
const MOST_RELOADS = 5

export function openWindow(options: WindowOptions): TerminalWindow {
  const browser = new BrowserWindow({
    width: 1100,
    height: 760,
    minWidth: LEAST.width,
    minHeight: LEAST.height,
    ...kioskOptions(options.kiosk),
    show: false,
    title: 'Tessera',
    autoHideMenuBar: true,
    webPreferences: {
      preload: join(options.bundles, 'preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      nodeIntegrationInWorker: false,
      webviewTag: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      navigateOnDragDrop: false,
      safeDialogs: true,
      // No dictionary is downloaded, and nothing typed here is compared with one.
      spellcheck: false,
      devTools: !app.isPackaged,
      // A session that ends while the window is hidden must be seen at once when it is shown.
      backgroundThrottling: false,
    },
  })
  browser.once('ready-to-show', () => browser.show())
  if (options.kiosk) keepKiosk(browser)

  const reloads: number[] = []
  function reload(reason: string): void {
    if (browser.isDestroyed()) return
    options.onPageLost(reason)
    const now = Date.now()
    reloads.push(now)
    if (reloads.filter((at) => now - at < 60_000).length <= MOST_RELOADS) void browser.loadURL(PAGE)
  }
  browser.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') reload(reason)
  })
  // about:blank reaches no will-navigate, because Chromium asks nobody for it.
  browser.webContents.on('did-navigate', (_event, url) => {
    if (!url.startsWith(ORIGIN)) reload('left')
  })
  void browser.loadURL(PAGE)

  return {
    browser,
    show(snapshot) {
      if (!browser.isDestroyed() && !browser.webContents.isCrashed()) browser.webContents.send(CHANNELS.changed, snapshot)
    },
  }
}

/** Holds for every page and frame of the application, whoever makes it. Must be called once the application is ready. */
export function lockDown(own: Session = session.defaultSession): void {
  own.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  own.setPermissionCheckHandler(() => false)
  own.setDevicePermissionHandler(() => false)
  own.on('will-download', (event) => event.preventDefault())
  // What the content security policy would refuse anyway does not even leave the process.
  own.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !(details.url.startsWith(ORIGIN) || details.url.startsWith('data:image/') || isDevTools(details.url)) })
  })
}

function isDevTools(url: string): boolean {
  return !app.isPackaged && url.startsWith('devtools://')
}

/** Registered before any page exists. */
export function denyLeaving(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault())
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}
