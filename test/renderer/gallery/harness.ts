/**
 * The window without a terminal behind it: the bundle that ships, in the Electron that the tests run on, under the content
 * security policy of the application, with a bridge that answers from a story.
 */
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { bundle } from '../../../build/bundle.ts'
import { root } from '../../../build/electron.ts'
import type { Intent, WindowIntent } from '../../../electron/contract/intents.ts'
import type { Snapshot } from '../../../electron/contract/snapshot.ts'
import { startDisplay } from '../../support/display.ts'
import { openEmptyWindow } from './empty-window.ts'
import { comeToRest, isShown } from './rest.ts'

/** At least as strict as what electron/main.ts sends: nothing from elsewhere, no inline script or style. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'"

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
}

export type Theme = 'light' | 'dark' | 'contrast' | 'forced'
export interface Look {
  readonly width: number
  readonly height: number
  readonly theme: Theme
  /** The desk's locale instead of the story's. */
  readonly locale?: string
  /** Animations stand still where absent. */
  readonly motion?: boolean
}

interface GalleryWindow {
  readonly gallery: { readonly intents: Intent[]; push(snapshot: Snapshot): void; refuse: boolean }
}

export interface Gallery {
  /** Another one after some `show`s. */
  readonly page: Page
  /** What the page complained about since the last `show`: console errors, blocked content, exceptions. */
  readonly complaints: string[]
  /** Opens the window anew; ends when the page stands there, has taken the focus and has said what to do. */
  show(snapshot: Snapshot, look: Look): Promise<void>
  /** Waits until nothing in the page is on its way, nor fades or slides; what moves on and on is left out. */
  settle(): Promise<void>
  /** A later snapshot of the same page; ends when it is shown and said. */
  push(snapshot: Snapshot): Promise<void>
  /** A later snapshot as main tells it, which waits for nothing. */
  tell(snapshot: Snapshot): Promise<void>
  /** The same page in a window of another size. */
  resize(width: number, height: number): Promise<void>
  /** The same page in another theme, with all that a person did there. */
  dress(theme: Theme): Promise<void>
  /** The same page in another language, with all that a person did there. */
  speak(locale: string): Promise<void>
  /** What the page asked of main since the last `show`. */
  intents(): Promise<Intent[]>
  /** Main refuses every intent from now on, until the next `show`. */
  refuse(): Promise<void>
  close(): Promise<void>
}

const mediaOf = (theme: Theme) =>
  ({
    colorScheme: theme === 'dark' ? 'dark' : 'light',
    forcedColors: theme === 'forced' ? 'active' : 'none',
    contrast: theme === 'contrast' ? 'more' : 'no-preference',
  }) as const

/**
 * What Electron 22 draws anew as a whole without a graphics processor costs its page's process some twenty memory mappings that it never
 * gives back, and Linux allows a process 65,530 (vm.max_map_count). After so many looks the window is opened in a new one.
 */
const MOST_LOOKS = 400

function serve(folder: string) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = path.join(folder, path.normalize(pathname === '/' ? '/index.html' : pathname))
    const type = TYPES[path.extname(file)]
    if (type === undefined || !existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY, 'cache-control': 'no-store' })
    createReadStream(file).pipe(response)
  })
  return new Promise<{ address: string; stop(): void }>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => server.close() })
    })
  })
}

export async function openGallery(): Promise<Gallery> {
  await bundle(['renderer'])
  const display = await startDisplay()
  const server = await serve(path.join(root, 'dist', 'renderer'))
  const complaints: string[] = []
  let current: Snapshot | undefined
  let looks = 0
  let { page, close } = await open()

  async function open() {
    const opened = await openEmptyWindow()
    await furnish(opened.page)
    return opened
  }

  async function openAnew(): Promise<void> {
    await close()
    ;({ page, close } = await open())
    looks = 0
  }

  /** The bridge that answers from a story, on every page that comes. */
  async function furnish(page: Page): Promise<void> {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))

    await page.exposeFunction('storyOfTheGallery', () => current)
    await page.addInitScript(() => {
      const listeners = new Set<(snapshot: Snapshot) => void>()
      const gallery = {
        intents: [] as Intent[],
        refuse: false,
        push: (snapshot: Snapshot) => {
          for (const listener of listeners) listener(snapshot)
        },
      }
      Object.assign(window, {
        gallery,
        tessera: {
          snapshot: () => (window as unknown as { storyOfTheGallery(): Promise<Snapshot> }).storyOfTheGallery(),
          intent: async (intent: WindowIntent) => {
            // What is said outside of the window is no deed of the person.
            if (intent.kind !== 'set-shell-texts') gallery.intents.push(intent)
            return gallery.refuse ? { accepted: false, reason: 'not-now' } : { accepted: true }
          },
          onChanged: (listener: (snapshot: Snapshot) => void) => {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        },
      })
    })
  }

  async function tell(snapshot: Snapshot): Promise<void> {
    current = snapshot
    await page.evaluate((next) => (window as unknown as GalleryWindow).gallery.push(next), snapshot)
  }

  /** Waits until the page shows the last snapshot, in a window of this size, and has said it. */
  async function shown(): Promise<void> {
    if (current === undefined) throw new Error('nothing is shown yet')
    const { desk, person = desk } = current.language
    await page.waitForFunction(isShown, { desk, person, ...(page.viewportSize() ?? { width: 0, height: 0 }) })
    await page.evaluate(comeToRest, false)
  }

  async function push(snapshot: Snapshot): Promise<void> {
    await tell(snapshot)
    await shown()
  }

  return {
    get page() {
      return page
    },
    complaints,
    async show(snapshot, look) {
      if (looks >= MOST_LOOKS) await openAnew()
      looks += 1
      current = look.locale === undefined ? snapshot : { ...snapshot, language: { ...snapshot.language, desk: look.locale } }
      complaints.length = 0
      await page.setViewportSize({ width: look.width, height: look.height })
      await page.emulateMedia({ ...mediaOf(look.theme), reducedMotion: look.motion ? 'no-preference' : 'reduce' })
      await page.goto(server.address)
      await shown()
    },
    settle: () => page.evaluate(comeToRest, true),
    push,
    tell,
    async resize(width, height) {
      looks += 1
      await page.setViewportSize({ width, height })
      await shown()
    },
    async dress(theme) {
      looks += 1
      await page.emulateMedia(mediaOf(theme))
      // The page hears of its theme with the next frame.
      await page.evaluate(comeToRest, false)
    },
    async speak(locale) {
      looks += 1
      if (current === undefined) throw new Error('nothing is shown yet')
      const { revision, language } = current
      await push({ ...current, revision: revision + 1, language: { ...language, desk: locale } })
    },
    intents: () => page.evaluate(() => (window as unknown as GalleryWindow).gallery.intents),
    refuse: () =>
      page.evaluate(() => {
        ;(window as unknown as GalleryWindow).gallery.refuse = true
      }),
    async close() {
      await close()
      server.stop()
      display.stop()
    },
  }
}
