/**
 * The terminal's main process: plain wiring. What the first picture does not need (cryptography, MQTT, card readers) is loaded
 * after the window has been asked for.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { app, dialog, ipcMain, nativeTheme } from 'electron'
import { listenToWindow } from './ipc.ts'
import { ORIGIN } from './page-files.ts'
import { declareScheme, servePage } from './page-protocol.ts'
import type { Services } from './services.ts'
import { SettingsError } from './settings/errors.ts'
import { tesseraHome } from './settings/home.ts'
import { createLog, errorFields, type Log, logFileOf } from './settings/log.ts'
import { policyPlaces, readPolicy } from './settings/policy.ts'
import { openSettings, type SettingsStore } from './settings/store.ts'
import { saveReport } from './shell/save-report.ts'
import { createShell, showWindow } from './shell/shell.ts'
import { createTerminal, type Terminal } from './terminal/terminal.ts'
import { createUpkeep } from './upkeep.ts'
import { denyLeaving, lockDown, openWindow, type TerminalWindow } from './window.ts'
import { createCompactMode } from './window-mode.ts'

/** How long the gateway is waited for when the program ends. */
const CLOSE_MS = 2000

/** A page that does not come up must not keep the sessions and readers waiting. */
const LATEST_BEGIN_MS = 3000

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIGURATION = 78

const bundles = import.meta.dirname
const folder = join(tesseraHome(process.env), 'terminal')

// Root cannot have Chromium's sandbox and says so on the command line; asking for it anyway would end every child process.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
app.setPath('userData', join(folder, 'browser'))
declareScheme()
denyLeaving()

const settings = settingsOrTell()
if (settings === undefined) app.exit(EXIT_CONFIGURATION)
// One desk, one window: a second start shows the first one.
else if (app.requestSingleInstanceLock()) void run(settings)
else app.quit()

function settingsOrTell(): SettingsStore | undefined {
  try {
    return openSettings({ folder, environment: process.env, policy: readPolicy(policyPlaces(process.env)) })
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    // On Linux this goes to stderr, because there is no window yet.
    dialog.showErrorBox('Tessera', error.message)
    return undefined
  }
}

async function run(settings: SettingsStore): Promise<void> {
  const log = createLog({ file: logFileOf(folder), level: () => settings.values().logLevel, now: Date.now })
  await app.whenReady()
  lockDown()
  servePage(join(bundles, 'renderer'))

  let loaded: Promise<Services> | undefined
  let ready: Services | undefined
  /** Whoever needs the services first waits until they are loaded. */
  const services = (): Promise<Services> => {
    loaded ??= import('./services.ts').then(({ createServices }) => {
      ready = createServices({ settings, folder, bundles, log, terminal })
      return ready
    })
    return loaded
  }
  const terminal: Terminal = createTerminal({
    application: { version: versionOf(bundles), electron: process.versions.electron ?? '' },
    language: {
      setting: settings.values().language,
      locked: settings.isFixed('language'),
      system: app.getPreferredSystemLanguages(),
      keep: (setting) => settings.change({ key: 'language', value: setting }),
    },
    idleMs: idleMs(settings),
    operatorCard: settings.values().operatorCard,
    now: Date.now,
    onUnexpected: (where, error) => log.error('unexpected', { where, ...errorFields(error) }),
    drivers: {
      run: async (request, card, guide) => (await services()).run(request, card, guide),
      enrol: async (code) => (await services()).enrol(code),
      endSession: async (session, reason) => (await services()).endSession(session, reason),
      simulate: async (command, operator) => (await services()).simulate(command, operator),
      look: async (question) => (await services()).look(question),
      block: async (session, guid) => (await services()).block(session, guid),
      openRecord: (login, show) => ready?.openRecord(login, show),
      addNote: async (session, note) => (await services()).addNote(session, note),
      batch: async (command) => (await services()).batch(command),
      watch: (before, after, outcome) => ready?.watch(before, after, outcome),
      cardIn: (card) => ready?.cardIn(card),
      upkeep: (effect, tell) => upkeep(effect, tell),
    },
  })

  const window: TerminalWindow = openWindow({
    bundles,
    kiosk: settings.values().kiosk,
    onPageLost: (reason) => log.error('page-lost', { code: reason }),
  })
  const upkeep = createUpkeep({
    settings,
    diagnostics: async () => (await services()).diagnostics,
    save: (text) => saveReport(window.browser, text),
    onFailure: (where, error) => log.error(where, errorFields(error)),
  })
  const compactMode = createCompactMode(window.browser)
  const settingsChanged = (): void => {
    const { kiosk, compact } = settings.values()
    if (!kiosk) compactMode(compact)
    nativeTheme.themeSource = themeSource(settings)
    terminal.settingsChanged(settings.views(), idleMs(settings))
  }
  const shell = createShell({
    settings,
    terminal,
    window: window.browser,
    onFailure: (where, error) => log.error(where, errorFields(error)),
  })
  settings.subscribe(settingsChanged)
  settingsChanged()
  listenToWindow({
    ipcMain,
    terminal: {
      snapshot: () => terminal.snapshot(),
      intent(intent) {
        if (intent.kind !== 'set-shell-texts') return terminal.intent(intent)
        shell.speak(intent.texts)
        return { accepted: true }
      },
    },
    origin: ORIGIN,
    contents: () => (window.browser.isDestroyed() ? undefined : window.browser.webContents),
    onRefused: (why) => log.error('ipc-refused', { kind: why }),
  })
  terminal.subscribe((snapshot) => window.show(snapshot))
  log.info('start', { version: versionOf(bundles), kind: `electron ${process.versions.electron}` })

  app.on('second-instance', () => {
    showWindow(window.browser)
  })
  app.on('window-all-closed', () => app.quit())
  let closing = false
  app.on('will-quit', (event) => {
    if (closing) return
    closing = true
    event.preventDefault()
    shell.close()
    void close(terminal, loaded, log).then(() => app.exit(0))
  })

  // Everything else waits for the first picture, because it would take this process's time away from it; but not for ever.
  let begun = false
  const begin = (): void => {
    if (begun) return
    begun = true
    services()
      .then((ready) => ready.start())
      .catch((error) => {
        log.error('start', errorFields(error))
        dialog.showErrorBox('Tessera', error instanceof Error ? error.message : String(error))
        app.exit(EXIT_CONFIGURATION)
      })
  }
  window.browser.once('ready-to-show', () => setImmediate(begin))
  setTimeout(begin, LATEST_BEGIN_MS)
}

const idleMs = (settings: SettingsStore): number => settings.values().idleMinutes * 60_000

/** What Chromium draws as; high contrast is the page's own, light or dark as the system. */
function themeSource(settings: SettingsStore): 'system' | 'light' | 'dark' {
  const { theme } = settings.values()
  return theme === 'contrast' ? 'system' : theme
}

/** The sessions at the gateway end before the way to it does. */
async function close(terminal: Terminal, services: Promise<Services> | undefined, log: Log): Promise<void> {
  const done = terminal.close().then(async () => (await services)?.close())
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]).catch((error) => {
    log.error('close', errorFields(error))
  })
}

function versionOf(folder: string): string {
  const { version }: { version?: unknown } = JSON.parse(readFileSync(join(folder, '..', 'package.json'), 'utf8'))
  return typeof version === 'string' ? version : ''
}
