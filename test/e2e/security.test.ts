/** What a page could try that was taken over by someone: in the real window, with the real page and its policy. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../build/electron.ts'
import { ORIGIN, PAGE } from '../../electron/page-files.ts'
import { TerminalWindow } from '../support/window.ts'

let terminal: TerminalWindow

beforeAll(async () => {
  terminal = await TerminalWindow.open({ environment: { TESSERA_SIMULATION: 'only', TESSERA_LOG_LEVEL: 'debug' } })
  await terminal.reads('Enter the code that your administrator gave you')
})
afterAll(async () => {
  await terminal?.close()
})

const windows = () => terminal.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)

describe('the page', () => {
  test('has the bridge and nothing of Node or Electron', async () => {
    const found = await terminal.page.evaluate(() => ({
      bridge: Object.keys(window.tessera).sort(),
      node: ['require', 'process', 'module', 'global', 'Buffer', 'electron', 'ipcRenderer', '__dirname'].filter(
        (name) => name in window,
      ),
      secure: window.isSecureContext,
      address: location.href,
    }))
    expect(found).toEqual({ bridge: ['intent', 'onChanged', 'snapshot'], node: [], secure: true, address: PAGE })
  })

  test('is sandboxed and isolated by its window’s own settings', async () => {
    const preferences = await terminal.app.evaluate(({ BrowserWindow }) => {
      const [browser] = BrowserWindow.getAllWindows()
      if (browser === undefined) throw new Error('no window')
      return (browser.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }).getLastWebPreferences()
    })
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
    })
  })

  test('cannot exchange the bridge', async () => {
    const kept = await terminal.page.evaluate(() => {
      const { intent } = window.tessera
      try {
        Object.assign(window, { tessera: { intent: () => 'mine' } })
        Object.assign(window.tessera, { intent: () => 'mine' })
      } catch {
        // Refused aloud, which is as good.
      }
      return window.tessera.intent === intent
    })
    expect(kept).toBe(true)
  })
})

describe('the content security policy', () => {
  test('runs no script that is not a file of the application', async () => {
    const ran = await terminal.page.evaluate(async () => {
      const flags = window as unknown as Record<string, unknown>
      const script = document.createElement('script')
      script.textContent = 'window.inlineRan = true'
      document.head.append(script)
      const data = document.createElement('script')
      data.src = 'data:text/javascript,window.dataRan = true'
      document.head.append(data)
      document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.handlerRan = true">')
      // Later and by the page itself: what a test evaluates directly is exempt from the policy.
      const code = await new Promise((resolve) => {
        setTimeout(() => {
          try {
            resolve(new Function('return "ran"')())
          } catch (error) {
            resolve((error as Error).name)
          }
        }, 200)
      })
      return { inline: flags.inlineRan, data: flags.dataRan, handler: flags.handlerRan, code }
    })
    expect(ran).toEqual({ code: 'EvalError' })
  })

  test('connects to nowhere, not even to itself, and shows nothing from elsewhere', async () => {
    const tried = await terminal.page.evaluate(async (own) => {
      const outcome = async (attempt: () => Promise<unknown>) =>
        attempt().then(
          () => 'done',
          () => 'refused',
        )
      const refusedLoad = (tag: 'img' | 'iframe' | 'object', address: string, directive: string) => {
        const element = document.createElement(tag)
        const violation = new Promise<string>((resolve) => {
          // What was said of others above may come in between.
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
            if (effectiveDirective === directive) resolve(effectiveDirective)
          })
          setTimeout(() => resolve('nothing was refused'), 15_000)
        })
        if (element instanceof HTMLObjectElement) element.data = address
        else element.src = address
        document.body.append(element)
        return violation.finally(() => element.remove())
      }
      return {
        fetchElsewhere: await outcome(() => fetch('https://example.org/')),
        fetchHere: await outcome(() => fetch(`${own}main.js`)),
        socket: await outcome(async () => new WebSocket('wss://example.org/')),
        beacon: navigator.sendBeacon('https://example.org/', 'x') ? 'queued' : 'refused',
        image: await refusedLoad('img', 'https://example.org/x.png', 'img-src'),
        frame: await refusedLoad('iframe', 'https://example.org/', 'frame-src'),
        ownFrame: await refusedLoad('iframe', `${own}index.html`, 'frame-src'),
        object: await refusedLoad('object', `${own}main.js`, 'object-src'),
      }
    }, ORIGIN)
    expect(tried).toMatchObject({
      fetchElsewhere: 'refused',
      fetchHere: 'refused',
      image: 'img-src',
      frame: 'frame-src',
      ownFrame: 'frame-src',
      object: 'object-src',
    })
    expect(['refused', 'done']).toContain(tried.socket)
  })
})

describe('leaving the page', () => {
  // The address and the sentence as main sees them: the driver itself waits for ever for a navigation that was refused.
  const shown = () =>
    terminal.app.evaluate(async ({ BrowserWindow }) => {
      const [browser] = BrowserWindow.getAllWindows()
      const heading = await browser?.webContents.executeJavaScript('document.querySelector("h1")?.textContent')
      return { address: browser?.webContents.getURL(), heading }
    })

  test.each([
    'https://example.org/',
    'file:///etc/passwd',
    'data:text/html,x',
    'tessera://other/index.html',
    'javascript:void(document.body.textContent="x")',
    'about:blank',
  ])('it does not stay at %s', async (address) => {
    await terminal.page.evaluate((to) => {
      setTimeout(() => {
        location.href = to
      }, 0)
    }, address)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const expected = { address: PAGE, heading: 'Enter the code that your administrator gave you' }
    await expect.poll(shown).toEqual(expected)
  })

  test('it opens no window', async () => {
    const opened = await terminal.page.evaluate(
      (own) => [window.open(own), window.open('https://example.org/'), window.open('')],
      PAGE,
    )
    expect(opened).toEqual([null, null, null])
    expect(await windows()).toBe(1)
  })

  test('it gets no permission', async () => {
    const answers = await terminal.page.evaluate(async () => {
      const outcome = (attempt: Promise<unknown>) => attempt.then(String, (error: Error) => error.name)
      return {
        notification: await Notification.requestPermission(),
        camera: await outcome(navigator.mediaDevices.getUserMedia({ video: true })),
        position: await new Promise((resolve) =>
          navigator.geolocation.getCurrentPosition(
            () => resolve('told'),
            ({ code }) => resolve(code),
          ),
        ),
        clipboard: await outcome(navigator.clipboard.readText()),
        midi: (await navigator.permissions.query({ name: 'midi' as PermissionName })).state,
      }
    })
    expect(answers).toEqual({
      notification: 'denied',
      camera: expect.stringMatching(/^Not(Allowed|Found)Error$/),
      position: 1,
      clipboard: 'NotAllowedError',
      midi: 'denied',
    })
  })
})

describe('messages to main', () => {
  test('an intent outside the schema is refused and changes nothing', async () => {
    const shown = async () => ({ ...(await terminal.snapshot()), revision: 0 })
    const before = await shown()
    const replies = await terminal.page.evaluate(async () => {
      const say = (value: unknown) => window.tessera.intent(value as never)
      return [
        await say(undefined),
        await say({ kind: 'erase-everything' }),
        await say({ kind: 'submit-pin', pin: '12345' }),
        await say({ kind: 'simulate-new-card', extra: true }),
        await say({ kind: 'enrol', code: 'x'.repeat(201) }),
        await say(new Map([['kind', 'cancel']])),
        await say([{ kind: 'cancel' }]),
      ]
    })
    expect(replies).toEqual(replies.map(() => ({ accepted: false, reason: 'malformed' })))
    expect(await shown()).toEqual(before)
    expect(await terminal.intent({ kind: 'cancel' })).toBe(false)
  })

  test('another window with the same bridge and the same page is refused', async () => {
    const preload = join(root, 'dist', 'preload.cjs')
    const answer = await terminal.app.evaluate(
      async ({ BrowserWindow }, { page, preload }) => {
        const other = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } })
        try {
          await other.loadURL(page)
          return await other.webContents.executeJavaScript(
            `Promise.all([window.tessera.snapshot(), window.tessera.intent({ kind: 'cancel' })].map((said) => said.then(() => 'heard', (error) => String(error))))`,
          )
        } finally {
          other.destroy()
        }
      },
      { page: PAGE, preload },
    )
    expect(answer).toEqual([expect.stringContaining('refused'), expect.stringContaining('refused')])
  })

  test('other channels have nobody who listens', async () => {
    const channels = await terminal.app.evaluate(({ ipcMain }) => {
      const handlers = (ipcMain as unknown as { _invokeHandlers: Map<string, unknown> })._invokeHandlers
      // 'error' is Electron's own.
      return { handlers: [...handlers.keys()].sort(), events: ipcMain.eventNames().filter((name) => name !== 'error') }
    })
    expect(channels).toEqual({ handlers: ['tessera:intent', 'tessera:snapshot'], events: [] })
  })

  test('the log tells of the refusals and of no PIN', async () => {
    await terminal.intent({ kind: 'submit-pin', pin: '27182818' })
    const log = readFileSync(join(terminal.home, 'terminal', 'log', 'terminal.log'), 'utf8')
    expect(log).toContain('"event":"ipc-refused","kind":"malformed"')
    expect(log).toContain('"event":"ipc-refused","kind":"foreign"')
    expect(log).not.toMatch(/27182818|12345/)
  })
})
