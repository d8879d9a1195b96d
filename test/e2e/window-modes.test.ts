/** How much of the screen the real window takes: small and in front, as large as before, or everything with no way out. */
import { afterEach, expect, test } from 'vitest'
import { TerminalWindow } from '../support/window.ts'

let window: TerminalWindow | undefined
afterEach(async () => {
  await window?.close()
  window = undefined
})

async function open(environment: Readonly<Record<string, string>> = {}): Promise<TerminalWindow> {
  window = await TerminalWindow.open({
    environment: { TESSERA_BROKER_URL: 'mqtt://127.0.0.1:1', TESSERA_SIMULATION: 'only', ...environment },
  })
  await window.reads('Enter the code that your administrator gave you')
  return window
}
const stateOf = (own: TerminalWindow) =>
  own.app.evaluate(({ BrowserWindow }) => {
    const [browser] = BrowserWindow.getAllWindows()
    if (browser === undefined) throw new Error('no window')
    const { width, height } = browser.getBounds()
    return { width, height, onTop: browser.isAlwaysOnTop(), kiosk: browser.isKiosk(), closable: browser.isClosable() }
  })

test('the small window stands in front of others, and the large one has its size again', async () => {
  const own = await open()
  const before = await stateOf(own)
  await own.press('Make the window small and keep it in front')
  await expect.poll(() => stateOf(own)).toMatchObject({ width: 400, onTop: true })
  await own.press('Make the window large again')
  await expect.poll(() => stateOf(own)).toEqual(before)
})

test('a window that was small when the program ended is small again', async () => {
  const own = await open({ TESSERA_COMPACT: 'true' })
  await expect.poll(() => stateOf(own)).toMatchObject({ width: 400, onTop: true })
  // The environment decides, so there is nothing to press.
  expect((await own.snapshot()).resizing).toBeUndefined()
})

test('a kiosk has no menu, is not closed, and no key leads out of it', async () => {
  const own = await open({ TESSERA_KIOSK: 'true' })
  expect(await stateOf(own)).toMatchObject({ kiosk: true, onTop: expect.any(Boolean) })
  expect((await own.snapshot()).resizing).toBeUndefined()
  const left = await own.app.evaluate(({ BrowserWindow, Menu }) => {
    for (const browser of BrowserWindow.getAllWindows()) browser.close()
    return { windows: BrowserWindow.getAllWindows().length, menu: Menu.getApplicationMenu() === null }
  })
  expect(left).toEqual({ windows: 1, menu: true })
  for (const keys of ['Control+w', 'Control+q', 'F11', 'Control+r', 'Control+Shift+i']) await own.page.keyboard.press(keys)
  expect(await stateOf(own)).toMatchObject({ kiosk: true })
  await own.reads('Enter the code that your administrator gave you')
})
