/**
 * How much of the screen the window takes: its usual size, small and in front of other programs, or everything (kiosk). A kiosk
 * is set up with the machine and holds until the program ends; the small window comes and goes.
 */
import { app, type BrowserWindow, type BrowserWindowConstructorOptions, Menu, type Rectangle, screen } from 'electron'

/** What fits beside another program, and what the smallest page still needs. */
export const LEAST = { width: 360, height: 480 } as const
const COMPACT = { width: 400, height: 680 } as const

/** Of the window that is about to be made. */
export function kioskOptions(kiosk: boolean): BrowserWindowConstructorOptions {
  return kiosk ? { kiosk: true, fullscreen: true, frame: false, minimizable: false, closable: false } : {}
}

/**
 * Keeps the window on the screen: no menu, whose keys would close or reload it, and no closing but by the operating system, which
 * ends the program as a whole.
 */
export function keepKiosk(browser: BrowserWindow): void {
  Menu.setApplicationMenu(null)
  let ending = false
  app.on('before-quit', () => {
    ending = true
  })
  browser.on('close', (event) => {
    if (!ending) event.preventDefault()
  })
  browser.on('leave-full-screen', () => browser.setFullScreen(true))
  browser.on('minimize', () => browser.restore())
}

/** The small window's place: at the right edge of the screen that the window is on, in the middle of its height. */
function compactPlace(area: Rectangle): Rectangle {
  const width = Math.min(COMPACT.width, area.width)
  const height = Math.min(COMPACT.height, area.height)
  return { x: area.x + area.width - width, y: area.y + Math.round((area.height - height) / 2), width, height }
}

/** Makes the window small or gives it back the place that it had. Does nothing where it is so already. */
export function createCompactMode(browser: BrowserWindow): (compact: boolean) => void {
  let before: Rectangle | undefined
  let isCompact = false
  return (compact) => {
    if (compact === isCompact || browser.isDestroyed()) return
    isCompact = compact
    if (compact) {
      if (browser.isMaximized()) browser.unmaximize()
      before = browser.getBounds()
      browser.setBounds(compactPlace(screen.getDisplayMatching(before).workArea))
    } else if (before !== undefined) browser.setBounds(before)
    browser.setAlwaysOnTop(compact)
  }
}
