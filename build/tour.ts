/**
 * `npm run tour`: drives the real window through the whole story, with simulated cards, the gateway in a process of its own and
 * everything in a folder that is thrown away. Prints each step with its time and saves a picture of it; exits with 1 where
 * a step fails.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { keepSetting } from '../electron/settings/settings.ts'
import { startDisplay } from '../test/support/display.ts'
import { TerminalWindow } from '../test/support/window.ts'
import { readArguments } from './arguments.ts'
import { bundle } from './bundle.ts'
import { findElectron, root } from './electron.ts'
import { startRecordsProcess } from './records.ts'

const HELP = `Drives the real window through the whole story, with simulated cards.

  npm run tour -- [options]

  --pictures DIR  where the pictures go; dist/tour unless told otherwise
  --guide         tells each date as the same one, and on success renews the pictures of the guides in docs/pictures
  --json          prints {"steps":[{"name","ok","ms"}...],"ok":true} alone
  --help`

const OPERATOR_PIN = '271828'
const PIN = '314159'
const NEW_PIN = '16180339'
const NOTE = 'Asked for letters in larger print.'
const GATEWAY_LIMIT_MS = 20_000

/** The pictures of README.md and of the guides in docs/, by the step that they show. */
const GUIDE: Readonly<Record<string, string>> = {
  'sign in the operator': 'ready',
  'register a person on a blank card': 'registered',
  'log in': 'session',
  'speak the language of the person': 'language',
  'enter a wrong pin': 'pin',
  'look at the readers': 'readers',
  'see how long logins take': 'activity',
  'check the desk': 'diagnostics',
  'look at the settings': 'settings',
  'train with simulated cards': 'training',
}
const SIZE = { width: 1180, height: 760 }
/** Smaller than drawn, as pages show them: everyone who clones fetches these. */
const GUIDE_WIDTH = 885
/** What today and every time of day is in the pictures of the guides, so that a new picture shows what is new. */
const GUIDE_DATE = Date.UTC(2026, 4, 12, 9, 41)

interface Step {
  readonly name: string
  readonly ok: boolean
  readonly ms: number
}

interface Gateway {
  readonly process: ChildProcess
  readonly brokerUrl: string
  readonly invitation?: string
}

async function startGateway(home: string, port?: string): Promise<Gateway> {
  const words = ['start', '--desk', '--json', '--site', 'Harbour Street', ...(port === undefined ? [] : ['--port', port])]
  const child = spawn(process.execPath, [path.join(root, 'gateway', 'cli.ts'), ...words], {
    env: { ...process.env, TESSERA_HOME: home },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), GATEWAY_LIMIT_MS)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { brokerUrl, invitation } = JSON.parse(line) as { brokerUrl: string; invitation?: string }
      return { process: child, brokerUrl, ...(invitation === undefined ? {} : { invitation }) }
    }
    throw new Error('the gateway ended without a word')
  } finally {
    clearTimeout(timer)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

/** The file of a step's picture, counted from 1. */
function pictureOf(number: number, name: string): string {
  return `${String(number).padStart(2, '0')}-${name.replaceAll(/[^a-z0-9]+/g, '-')}.png`
}

function renewGuide(): void {
  for (const picture of Object.values(GUIDE))
    copyFileSync(path.join(pictures, `${picture}.png`), path.join(root, 'docs', 'pictures', `${picture}.png`))
}

/** Every date that the page tells from now on is as many days from GUIDE_DATE as it is from today, at the same time of day. */
function holdDates(window: TerminalWindow): Promise<void> {
  return window.page.evaluate((today) => {
    const dayMs = 86_400_000
    const now = Date.now()
    const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format') ?? {}
    Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
      get(this: Intl.DateTimeFormat) {
        const format = get?.call(this) as (date: number) => string
        return (date: Date | number = now) => format(today + Math.round((Number(date) - now) / dayMs) * dayMs)
      },
    })
  }, GUIDE_DATE)
}

/** The story, step by step; each ends when the window shows what it promises. */
class Story {
  readonly steps: Step[] = []
  readonly #home: string
  readonly #pictures: string
  readonly #say: (step: Step, why: string) => void
  #window: TerminalWindow | undefined
  #gateway: Gateway | undefined
  #records: ChildProcess | undefined

  constructor(home: string, pictures: string, say: (step: Step, why: string) => void) {
    this.#home = home
    this.#pictures = pictures
    this.#say = say
  }

  get #open(): TerminalWindow {
    if (this.#window === undefined) throw new Error('the window is not open')
    return this.#window
  }

  /** Runs one step, and takes its picture also where it fails. */
  async #step(name: string, work: () => Promise<void>): Promise<void> {
    const begin = performance.now()
    let failure: unknown
    try {
      await work()
    } catch (error) {
      failure = error
    }
    const step = { name, ok: failure === undefined, ms: Math.round(performance.now() - begin) }
    this.steps.push(step)
    this.#say(step, failure instanceof Error ? failure.message : '')
    await this.#picture(name)
    if (failure !== undefined) throw failure
  }

  async #picture(name: string): Promise<void> {
    if (this.#window === undefined) return
    const { page } = this.#window
    await page.mouse.move(0, 0)
    // What moves comes to rest first, so that a picture looks as the page does.
    await page.evaluate(async () => {
      const passing = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
      await Promise.all(passing.map(({ finished }) => finished.catch(() => undefined)))
    })
    await page.waitForTimeout(350)
    const file = path.join(this.#pictures, pictureOf(this.steps.length, name))
    await page.screenshot({ path: file })
    const guide = GUIDE[name]
    if (guide === undefined) return
    const session = await page.context().newCDPSession(page)
    const clip = { x: 0, y: 0, ...SIZE, scale: GUIDE_WIDTH / SIZE.width }
    const { data } = await session.send('Page.captureScreenshot', { format: 'png', clip })
    await session.detach()
    writeFileSync(path.join(this.#pictures, `${guide}.png`), data, 'base64')
  }

  async #person(givenName: string, familyName: string, reference: string): Promise<void> {
    const window = this.#open
    await window.fill('Given name', givenName)
    await window.fill('Family name', familyName)
    await window.fill('Customer, patient or staff number', reference)
    await window.press('Continue with a blank card')
    await window.reads('Insert a blank card')
  }

  async #insert(card: string): Promise<void> {
    const { simulation } = await this.#open.snapshot()
    const found = simulation?.cards.find(({ label }) => label === card)
    const reader = simulation?.readers[0]
    if (found === undefined || reader === undefined) throw new Error(`there is no simulated ${card}`)
    if (!(await this.#open.intent({ kind: 'simulate-insert', card: found.id, reader: reader.name }))) throw new Error('refused')
  }

  async #pull(): Promise<void> {
    const reader = (await this.#open.snapshot()).simulation?.readers[0]
    if (reader === undefined) throw new Error('there is no simulated reader')
    if (!(await this.#open.intent({ kind: 'simulate-remove', reader: reader.name }))) throw new Error('refused')
  }

  async #newCard(): Promise<string> {
    const before = (await this.#open.snapshot()).simulation?.cards.length ?? 0
    await this.#open.press('New blank card')
    const { simulation } = await this.#open.until('a new card', (now) => (now.simulation?.cards.length ?? 0) > before)
    const card = simulation?.cards.at(-1)
    if (card === undefined) throw new Error('no new card')
    return card.label
  }

  async run(): Promise<void> {
    let operatorCard = ''
    let personCard = ''
    await this.#step('enrol the terminal', async () => {
      const gateway = await startGateway(this.#home)
      this.#gateway = gateway
      this.#records = await startRecordsProcess({ home: this.#home, brokerUrl: gateway.brokerUrl, stderr: 'ignore' })
      this.#window = await TerminalWindow.open({
        home: this.#home,
        environment: {
          TESSERA_BROKER_URL: gateway.brokerUrl,
          TESSERA_INVITATION: gateway.invitation ?? '',
          // A person's own card may be in a reader: the story must not be told on that one.
          TESSERA_SIMULATION: 'only',
          // The language can be chosen; it begins with the texts that the tour looks for.
          TESSERA_LANGUAGE: '',
        },
      })
      await this.#open.page.setViewportSize(SIZE)
      if (values.guide) await holdDates(this.#open)
      await this.#open.reads('Register the first operator')
      operatorCard = (await this.#open.snapshot()).simulation?.cards[0]?.label ?? (await this.#newCard())
    })
    await this.#step('register the first operator', async () => {
      await this.#person('Amara', 'Osei', 'S-1')
      await this.#insert(operatorCard)
      await this.#open.chooseNewPin(OPERATOR_PIN)
      await this.#open.reads('Amara Osei is registered')
    })
    await this.#step('sign in the operator', async () => {
      await this.#open.press('Done')
      await this.#open.enterPin('Enter your PIN', OPERATOR_PIN)
      await this.#open.reads('Insert the person’s card')
    })
    await this.#step('register a person on a blank card', async () => {
      await this.#pull()
      personCard = await this.#newCard()
      await this.#open.press('Register a person')
      await this.#person('Jon', 'Björnsson', 'C-4711')
      await this.#insert(personCard)
      await this.#open.chooseNewPin(PIN)
      await this.#open.reads('Jon Björnsson is registered')
    })
    await this.#step('log in', async () => {
      await this.#open.press('Done')
      await this.#pull()
      await this.#open.reads('Insert the person’s card')
      await this.#insert(personCard)
      await this.#open.enterPin('Enter the PIN', PIN)
      await this.#open.reads('Jon Björnsson is logged in')
    })
    await this.#step('open the record', async () => {
      await this.#open.says('Encrypted from this desk to the records service')
      await this.#open.says('Nothing has been written yet.')
    })
    await this.#step('add a note', async () => {
      await this.#open.fill('Add a note', NOTE)
      await this.#open.press('Save the note')
      await this.#open.says('The note is in the record')
      await this.#open.page.getByRole('listitem').filter({ hasText: NOTE }).filter({ hasText: 'Amara Osei' }).waitFor()
    })
    await this.#step('speak the language of the person', async () => {
      await this.#open.page.getByLabel('Language of the person at the desk').selectOption('ar')
      await this.#open.says('تم تسجيل دخول')
      // Around the page it is still the desk's language.
      await this.#open.says('Connected · Harbour Street')
    })
    await this.#step('enter a wrong pin', async () => {
      await this.#pull()
      await this.#open.reads('Insert the person’s card')
      await this.#insert(personCard)
      await this.#open.enterPin('Enter the PIN', '999999')
      await this.#open.says('2 tries left')
    })
    await this.#step('change the pin with the gateway stopped', async () => {
      await this.#pull()
      await this.#open.reads('The card was taken out too early')
      await this.#open.press('Close')
      await this.#open.reads('Insert the person’s card')
      if (this.#gateway !== undefined) await stop(this.#gateway.process)
      await this.#open.until('offline', ({ gateway }) => gateway.kind === 'offline')
      await this.#open.press('Change a PIN')
      await this.#open.reads('Insert the card whose PIN is to change')
      await this.#insert(personCard)
      await this.#open.enterPin('Enter the present PIN', PIN)
      await this.#open.chooseNewPin(NEW_PIN)
      await this.#open.reads('The PIN is changed')
    })
    await this.#step('log in again with the new pin', async () => {
      await this.#open.press('Done')
      await this.#pull()
      this.#gateway = await startGateway(this.#home, new URL(this.#gateway?.brokerUrl ?? '').port)
      await this.#open.until('online', ({ gateway }) => gateway.kind === 'online')
      await this.#insert(personCard)
      await this.#open.enterPin('Enter the PIN', NEW_PIN)
      await this.#open.reads('Jon Björnsson is logged in')
      await this.#open.says(NOTE)
    })
    await this.#step('pull the card', async () => {
      await this.#pull()
      await this.#open.reads('Insert the person’s card')
    })
    await this.#step('look at the readers', async () => {
      await this.#open.turnTo('Readers')
      await this.#open.reads('Readers')
      await this.#open.says('At every desk')
    })
    await this.#step('see how long logins take', async () => {
      await this.#open.turnTo('Activity')
      await this.#open.reads('Activity')
      await this.#open.says('How long logins take')
    })
    await this.#step('see what was found', async () => {
      await this.#open.turnTo('Findings')
      await this.#open.reads('Findings')
      await this.#open.says('in the last seven days')
    })
    await this.#step('check the desk', async () => {
      await this.#open.turnTo('Diagnostics')
      await this.#open.reads('Diagnostics')
      await this.#open.page.getByRole('button', { name: 'Support report' }).waitFor()
      await this.#open.says('Checked ')
    })
    await this.#step('look at the settings', async () => {
      await this.#open.turnTo('Settings')
      await this.#open.reads('Settings')
    })
    await this.#step('train with simulated cards', async () => {
      await this.#open.turnTo('Training')
      await this.#open.reads('Training')
      await this.#open.says('Exercises with simulated cards')
    })
  }

  async close(): Promise<void> {
    await this.#window?.close()
    if (this.#records !== undefined) await stop(this.#records)
    if (this.#gateway !== undefined) await stop(this.#gateway.process)
  }
}

const { values } = readArguments(HELP, { pictures: { type: 'string' }, guide: { type: 'boolean' }, json: { type: 'boolean' } })
const pictures = path.resolve(values.pictures ?? path.join(root, 'dist', 'tour'))
rmSync(pictures, { recursive: true, force: true })
mkdirSync(pictures, { recursive: true })
await bundle()
const display = await startDisplay()
const home = await mkdtemp(path.join(tmpdir(), 'tessera-tour-'))
await keepSetting(path.join(home, 'terminal'), 'language', 'en')
const say = values.json ? printFailure : print
if (!values.json) console.log(`The tour, on Electron ${findElectron().version}:`)
const story = new Story(home, pictures, say)
let ok = true
try {
  await story.run()
} catch {
  // The step that failed has said why.
  ok = false
} finally {
  await story.close()
  display.stop()
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
}
if (ok && values.guide) renewGuide()
if (values.json) console.log(JSON.stringify({ steps: story.steps, ok }))
else
  console.log(ok ? `All ${story.steps.length} steps went well. Pictures: ${pictures}` : `The tour failed. Pictures: ${pictures}`)
process.exit(ok ? 0 : 1)

function print({ name, ok: went, ms }: Step, why: string): void {
  console.log(
    `  ${went ? 'ok    ' : 'FAILED'} ${name.padEnd(42)} ${String(ms).padStart(6)} ms${why === '' ? '' : `\n         ${why}`}`,
  )
}

/** Standard output is the JSON's alone. */
function printFailure({ name, ok: went }: Step, why: string): void {
  if (!went) console.error(`FAILED ${name}\n${why}`)
}
