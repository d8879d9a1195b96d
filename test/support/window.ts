/** The terminal's real window, driven as a person drives it: by what is written on it, by keys and by the mouse. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { findElectron, root, sandboxArguments } from '../../build/electron.ts'
import type { TesseraBridge } from '../../electron/contract/channels.ts'
import type { Intent } from '../../electron/contract/intents.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'

/** Longer than anything that the window promises. */
const PATIENCE_MS = 30_000

export interface TerminalWindowOptions {
  /** TESSERA_...: settings of the terminal. */
  readonly environment?: Readonly<Record<string, string>>
  /** TESSERA_HOME; a temporary folder, removed at the end, where absent. */
  readonly home?: string
  readonly arguments?: readonly string[]
}

declare global {
  interface Window {
    readonly tessera: TesseraBridge
  }
}

export class TerminalWindow {
  readonly app: ElectronApplication
  readonly page: Page
  readonly home: string
  readonly #temporary: boolean

  private constructor(app: ElectronApplication, page: Page, home: string, temporary: boolean) {
    this.app = app
    this.page = page
    this.home = home
    this.#temporary = temporary
  }

  /** The bundle must be current and there must be a display (test/support/window-setup.ts). */
  static async open(options: TerminalWindowOptions = {}): Promise<TerminalWindow> {
    const home = options.home ?? (await mkdtemp(join(tmpdir(), 'tessera-window-')))
    // What the tester's own environment says of Tessera is not what the test means.
    const inherited = Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('TESSERA_'),
    )
    const app = await _electron.launch({
      executablePath: findElectron().executable,
      args: [...sandboxArguments(), root, ...(options.arguments ?? [])],
      // What a test reads is English, whatever the tester's system speaks.
      env: { ...Object.fromEntries(inherited), TESSERA_LANGUAGE: 'en', ...options.environment, TESSERA_HOME: home },
      timeout: 60_000,
    })
    const page = await app.firstWindow()
    page.setDefaultTimeout(PATIENCE_MS)
    // The window begins with an empty page, which counts as loaded too: the terminal's own has the bridge.
    await page.waitForFunction(() => 'tessera' in window && document.readyState === 'complete', undefined, { polling: 50 })
    return new TerminalWindow(app, page, home, options.home === undefined)
  }

  snapshot(): Promise<Snapshot> {
    return this.page.evaluate(() => window.tessera.snapshot())
  }

  /** Past the window's own controls, for what they do not offer. */
  async intent(intent: Intent): Promise<boolean> {
    return (await this.page.evaluate((value) => window.tessera.intent(value), intent)).accepted
  }

  /** Waits until main's snapshot is so, and returns it. */
  async until(what: string, condition: (snapshot: Snapshot) => boolean, limitMs: number = PATIENCE_MS): Promise<Snapshot> {
    const deadline = performance.now() + limitMs
    for (;;) {
      const snapshot = await this.snapshot()
      if (condition(snapshot)) return snapshot
      if (performance.now() > deadline) throw new Error(`not ${what} within ${limitMs} ms: ${JSON.stringify(snapshot, null, 1)}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /**
   * Notes from now on what the window is told to show: what passes by too quickly to be looked at, and whether what stands there is
   * still the same. Answers with the kinds of page and prompt, a word for each change, parted by spaces.
   */
  async promptsFromNow(): Promise<() => Promise<string>> {
    const list = await this.page.evaluateHandle(() => {
      const kinds: string[] = []
      window.tessera.onChanged(({ page }) => {
        const kind = page.kind === 'ceremony' ? page.ceremony.prompt.kind : page.kind
        if (kind !== kinds[kinds.length - 1]) kinds.push(kind)
      })
      return kinds
    })
    return () => list.evaluate((kinds) => kinds.join(' '))
  }

  /** Waits for the sentence that says what to do now. */
  async reads(heading: string): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
  }

  /** Waits for a text, which may also be told to screen readers in a place of its own. */
  async says(text: string): Promise<void> {
    await this.page.getByText(text).first().waitFor()
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button }).click()
  }

  /** Opens a page by the navigation, whatever else bears its name. */
  async turnTo(page: string): Promise<void> {
    await this.page.getByRole('navigation').getByRole('button', { name: page }).click()
  }

  async fill(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text)
  }

  /** Waits for the question, types the digits and presses Enter. */
  async enterPin(question: string, pin: string): Promise<void> {
    await this.reads(question)
    await this.page.keyboard.type(pin)
    await this.page.keyboard.press('Enter')
  }

  async chooseNewPin(pin: string): Promise<void> {
    await this.enterPin('Choose a new PIN', pin)
    await this.enterPin('Enter the new PIN once more', pin)
  }

  async close(): Promise<void> {
    await this.app.close()
    if (this.#temporary) await rm(this.home, { recursive: true, force: true, maxRetries: 5 })
  }
}
