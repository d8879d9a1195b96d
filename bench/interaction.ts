/**
 * The figure `interaction`: from a key press to the paint that shows what it did, on every page, with 10,000 rows in the desk's journal.
 *
 * The window is the bundle that ships, in Electron; behind it stands the terminal's own state machine and journal, in this process.
 * What crosses between them goes through Playwright instead of Electron's IPC: `transport` is that way there and back with a snapshot
 * that changes nothing. The other peer is a page with one field in the same window.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lineOf } from '../electron/activity/entry.ts'
import { createRecorder } from '../electron/activity/recorder.ts'
import { ACTIVITY_KINDS } from '../electron/contract/activity.ts'
import type { Intent } from '../electron/contract/intents.ts'
import { PAGE_NAMES, type PageName } from '../electron/contract/pages.ts'
import { CHART_HOURS } from '../electron/contract/snapshot.ts'
import type { LookAnswer, LookQuestion } from '../electron/terminal/overview.ts'
import type { Place } from '../protocol/messages/operations.ts'
import { createDesk, PARTS, settle } from '../test/electron/terminal-desk.ts'
import { type Gallery, openGallery } from '../test/renderer/gallery/harness.ts'
import { type Figure, figure } from './figure.ts'

const ROWS = 10_000
/** Where rows come with an answer, ten presses are too few to tell the slow ones. */
const ANSWERED_MORE = 4
const LOOK = { width: 1440, height: 900, theme: 'light' } as const
const BARE = 'data:text/html,<title>Bare</title><input autofocus>'

/** One page, and the keys that change what it shows. `answered`: what main's answer changes, which is waited for. */
interface Station {
  readonly name: string
  readonly keys: readonly string[]
  /** What has the focus first. */
  readonly focus?: string
  readonly answered?: string
  open(): Promise<void>
}

/** Needs the bundles of `npm run build`. */
export async function measureInteraction({ quick }: { readonly quick: boolean }): Promise<Readonly<Record<string, Figure>>> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-interaction-'))
  const gallery = await openGallery()
  try {
    const presses = quick ? 10 : 60
    const places = await prepare(gallery, folder)
    const samples: Record<string, number[]> = {}
    const bare: number[] = []
    for (const place of places) {
      await place.open()
      samples[place.name] = await measure(gallery, place, place.answered === undefined ? presses : presses * ANSWERED_MORE)
    }
    const transport = await measureTransport(gallery, presses)
    await gallery.page.goto(BARE)
    bare.push(...(await measure(gallery, { keys: ['a', 'Backspace'], focus: 'input' }, presses * 3)))
    const beside = { barePage: bare, transport }
    const each = Object.entries(samples).map(([name, found]) => [`interaction.${name}`, figure(found, beside)] as const)
    return { interaction: figure(Object.values(samples).flat(), beside), ...Object.fromEntries(each) }
  } finally {
    await gallery.close()
    await rm(folder, { recursive: true, force: true })
  }
}

type Keys = Pick<Station, 'keys' | 'focus' | 'answered'>

async function measure({ page }: Gallery, { keys, focus, answered }: Keys, presses: number): Promise<number[]> {
  if (focus !== undefined) await page.locator(focus).first().focus()
  const samples: number[] = []
  // The first presses find code that has never run; every later one is a person at work.
  for (let i = -2; i < presses; i += 1) {
    const key = keys[(i + keys.length * 2) % keys.length] ?? 'Tab'
    await page.evaluate(watchNextKey, answered)
    await page.keyboard.press(key)
    const ms = await page.evaluate(() => (window as unknown as { painted: Promise<number> }).painted)
    if (i >= 0) samples.push(ms)
  }
  return samples
}

/** An intent that main refuses, and the snapshot that follows all the same. */
async function measureTransport({ page }: Gallery, times: number): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < times; i += 1) {
    samples.push(
      await page.evaluate(async () => {
        const begin = performance.now()
        await (window as unknown as { benchIntent(intent: Intent): Promise<unknown> }).benchIntent({ kind: 'retry' })
        return performance.now() - begin
      }),
    )
  }
  return samples
}

/** Runs in the page: `painted` becomes the milliseconds from the next key press to the end of the frame that shows its effect. */
function watchNextKey(answered: string | undefined): void {
  const shown = () => (answered === undefined ? '' : (document.querySelector(answered)?.textContent ?? ''))
  const painted = new Promise<number>((resolve) => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key === 'Shift') return
      window.removeEventListener('keydown', pressed, { capture: true })
      const before = shown()
      const frame = () => {
        requestAnimationFrame(() => {
          if (answered !== undefined && shown() === before) return frame()
          // The message comes after this frame was painted.
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = () => resolve(performance.now() - event.timeStamp)
          port2.postMessage(undefined)
        })
      }
      frame()
    }
    window.addEventListener('keydown', pressed, { capture: true })
  })
  Object.assign(window, { painted })
}

/** A desk at work behind the window, and every page that can be opened there. */
async function prepare(gallery: Gallery, folder: string): Promise<readonly Station[]> {
  await fillJournal(folder)
  const recorder = createRecorder({
    folder,
    now: Date.now,
    monotonic: () => performance.now(),
    cardIn: () => undefined,
    onUnwritten: (error) => {
      throw error
    },
  })
  await recorder.open()
  const desk = createDesk()
  desk.online()
  desk.terminal.simulationChanged({ readers: [{ name: 'A' }], cards: [] })
  await desk.signIn('supervisor')
  const { page } = gallery

  async function answerLooks(): Promise<void> {
    for (const { question, resolve } of desk.looks.splice(0)) {
      resolve(
        question.of === 'activity'
          ? await recorder
              .find(question.filter, question.from)
              .then(({ failing, ...found }) => ({ of: 'activity', found, failing }))
          : answerTo(question),
      )
    }
    await settle()
  }
  await page.exposeFunction('benchIntent', async (intent: Intent) => {
    const reply = desk.terminal.intent(intent)
    await answerLooks()
    await gallery.tell(desk.terminal.snapshot())
    return reply
  })
  await page.exposeFunction('benchSnapshot', () => desk.terminal.snapshot())
  await page.addInitScript(() => {
    const bench = window as unknown as Record<'benchIntent' | 'benchSnapshot', (...args: unknown[]) => unknown> & {
      tessera: object
    }
    // Looked up at each call: Playwright puts them there in its own time.
    Object.assign(bench.tessera, {
      intent: (intent: unknown) => bench.benchIntent(intent),
      snapshot: () => bench.benchSnapshot(),
    })
  })
  async function open(name: PageName): Promise<void> {
    if (!desk.intent({ kind: 'show', page: name })) throw new Error(`${name} did not open`)
    await answerLooks()
    await gallery.show(desk.terminal.snapshot(), LOOK)
  }
  const KEYS: { readonly [Page in PageName]?: Keys } = {
    readers: { keys: ['h', 'Backspace'], focus: '.search input', answered: 'tbody' },
    activity: { keys: ['k', 'Backspace'], focus: '.search input', answered: '.pager' },
  }
  const open1 = PAGE_NAMES.map((name): Station => ({ name, keys: ['Tab', 'Shift+Tab'], ...KEYS[name], open: () => open(name) }))
  const older: Station = {
    ...{ name: 'activityOlder', keys: ['Enter'], focus: '.pager button:last-child', answered: '.pager' },
    open: () => open('activity'),
  }
  const pin: Station = {
    ...{ name: 'pin', keys: ['2', 'Backspace'] },
    async open() {
      desk.intent({ kind: 'show', page: 'desk' })
      desk.insert('A')
      desk.run().guide.begin('login', ['read-card', 'enter-pin', 'verify'])
      void desk.run().guide.askPin({ retriesLeft: 3 })
      await gallery.show(desk.terminal.snapshot(), LOOK)
    },
  }
  return [...open1, older, pin]
}

async function fillJournal(folder: string): Promise<void> {
  const start = Date.now() - ROWS * 60_000
  const letters = 'K7QMHTXN'
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const kind = ACTIVITY_KINDS[i % ACTIVITY_KINDS.length] ?? 'login'
    const card = `${letters[i % 8]}${letters[(i >> 3) % 8]}QM-2F4X`
    const login = kind === 'login' ? { loginMs: 214, parts: { ...PARTS, sign: 100 + (i % 50) } } : {}
    const outcome = i % 9 === 0 ? 'failed' : 'done'
    return lineOf({ at: start + i * 60_000, kind, outcome, card, reader: 'Reader A', tookMs: 4200, ...login })
  })
  await writeFile(join(folder, '00000001.jsonl'), lines.join(''))
}

function answerTo(question: Exclude<LookQuestion, { of: 'activity' }>): LookAnswer {
  const now = Date.now()
  if (question.of === 'findings') {
    const hours = Array.from({ length: CHART_HOURS }, (_, hour) => ({
      at: question.since + hour * 3_600_000,
      kind: 'clone' as const,
      count: hour % 7,
    }))
    return { of: 'findings', findings: [], hours }
  }
  const places = Array.from(
    { length: 100 },
    (_, i): Place => ({
      terminal: `${i}`.padStart(32, '0'),
      site: i % 2 === 0 ? 'Harbour Street' : 'Market Square',
      reader: 'Identiv uTrust 2700 R',
      simulated: false,
      state: 'empty',
      since: now,
      seenAt: now,
      online: true,
      present: true,
    }),
  )
  return { of: 'readers', places }
}
