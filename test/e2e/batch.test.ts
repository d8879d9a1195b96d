/** A batch in the real program, with simulated cards: killed in the middle of a card, gone on with, printed, reported, forgotten. */
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { TerminalWindow } from '../support/window.ts'
import { SimulatedDesk } from './simulated-desk.ts'

const PIN = '735194'
const READER = 'Simulated reader 1'

let desk: SimulatedDesk
let terminal: TerminalWindow
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tessera-batch-'))
  desk = await SimulatedDesk.open({ home, site: 'Harbour Street' })
  terminal = desk.terminal
})
afterAll(async () => {
  await desk?.close()
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

/** The dialogs of the system belong to nobody who could be driven: the program is answered in their place. */
async function answerDialogs(open: string, save: string): Promise<void> {
  await terminal.app.evaluate(
    ({ dialog }, paths) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [paths.open] })
      dialog.showSaveDialog = async () => ({ canceled: false, filePath: paths.save })
    },
    { open, save },
  )
}

/** Chromium leaves the tree of the pages in clear. */
const pagesOf = (pdf: string): number => Number(/\/Type \/Pages[^>]*?\/Count (\d+)/s.exec(readFileSync(pdf, 'latin1'))?.[1])

async function insert(card: number): Promise<void> {
  // After a start the cards are there a moment later than the window.
  const { simulation } = await terminal.until(`card ${card}`, ({ simulation }) => simulation?.cards[card - 1] !== undefined)
  const id = simulation?.cards[card - 1]?.id ?? ''
  await terminal.intent({ kind: 'simulate-insert', card: id, reader: READER })
}
const pull = () => terminal.intent({ kind: 'simulate-remove', reader: READER })

/** Names are isolated in sentences, so that they do not turn what stands around them: the number tells whose turn it is. */
async function nextCard(number: number): Promise<void> {
  await terminal.until(`the turn of person ${number}`, ({ page }) => {
    if (page.kind !== 'batch' || page.batch.kind !== 'open') return false
    const { phase, current } = page.batch.batch
    return phase.kind === 'next-card' && current?.number === number
  })
}

async function signIn(): Promise<void> {
  await insert(1)
  await terminal.enterPin('Enter your PIN', PIN)
  await terminal.until('signed in', ({ operator }) => operator !== undefined)
  await pull()
}

test('the first operator is there, and blank cards', async () => {
  for (let count = 1; count <= 4; count += 1) {
    await terminal.reads('Register the first operator')
    await terminal.intent({ kind: 'simulate-new-card' })
    await terminal.until(`${count} cards`, ({ simulation }) => simulation?.cards.length === count)
  }
  await terminal.intent({
    kind: 'register',
    person: { givenName: 'Amara', familyName: 'Osei', reference: 'S-1' },
    role: 'supervisor',
  })
  await insert(1)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Amara Osei is registered')
  await pull()
  await terminal.press('Done')
  await signIn()
  await terminal.reads('Insert the person’s card')
})

test('a file is shown before anything is taken from it, its bad rows by line and reason', async () => {
  const file = join(home, 'people.csv')
  await writeFile(
    file,
    'Vorname;Nachname;Nummer;Sprache\r\nAda;Lovelace;P-1;en\r\nليلى;المنصوري;P-2;ar\r\nEva;;P-3\r\nहरि;शर्मा;P-4;hi\r\n',
  )
  await answerDialogs(file, join(home, 'slips.pdf'))
  await terminal.press('Batch')
  await terminal.reads('Make cards for many people')
  await terminal.press('Choose a file')
  await terminal.reads('3 people can be taken from this file')
  await terminal.says('Line 4')
  await terminal.says('“Family name” is missing.')
  expect(await terminal.page.getByRole('button', { name: 'Begin' }).isDisabled()).toBe(true)
  // Past the window: main decides the same.
  await terminal.intent({ kind: 'batch', action: { kind: 'begin', leaveOutBad: false } })
  await terminal.reads('3 people can be taken from this file')
  await terminal.page.getByText('Go without this row').click()
  await terminal.press('Begin')
  await terminal.reads('Insert a blank card for Ada Lovelace')
})

test('each card is made by itself, and its end is said', async () => {
  await insert(2)
  await terminal.reads('Card 1 of 3 done. Take the card out')
  await terminal.page.getByRole('status').filter({ hasText: 'Card 1 of 3 done. Take the card out' }).first().waitFor()
  await pull()
  await nextCard(2)
})

test('killed in the middle of a card, it goes on with the same person, and nobody gets two certificates', async () => {
  const killed = new Promise((resolve) => terminal.app.process().once('exit', resolve))
  // Not before the gateway knows of the registration, not after the end of it: main itself, when it comes to tell the window so.
  await terminal.app.evaluate(({ BrowserWindow }) => {
    const [browser] = BrowserWindow.getAllWindows()
    if (browser === undefined) throw new Error('no window')
    const { webContents } = browser
    const send = webContents.send.bind(webContents)
    webContents.send = (channel: string, ...told: unknown[]) => {
      const { page } = told[0] as Snapshot
      const phase = page.kind === 'batch' && page.batch.kind === 'open' ? page.batch.batch.phase : undefined
      if (phase?.kind === 'working' && phase.part >= 4) process.kill(process.pid, 'SIGKILL')
      send(channel, ...told)
    }
  })
  // Its answer may die with the program.
  await insert(3).catch(() => undefined)
  await killed
  await desk.reopen()
  terminal = desk.terminal
  await answerDialogs(join(home, 'people.csv'), join(home, 'slips.pdf'))
  await signIn()
  await terminal.press('Batch')
  await terminal.reads('The batch is paused')
  // The PIN of the card before has outlived the program.
  await terminal.press('Save as labels')
  await terminal.says('1 slip is in the file')
  expect(pagesOf(join(home, 'slips.pdf'))).toBe(1)
  await terminal.press('Go on')
  await nextCard(2)
  await insert(3)
  await terminal.reads('Card 2 of 3 done. Take the card out')
  await pull()
  await insert(4)
  await terminal.reads('Card 3 of 3 done. Take the card out')
  await pull()
  await terminal.reads('The batch is finished')

  const { store } = desk.gateway.gateway.registry
  const certified = await store.read(async (reader) => {
    const cards = await reader.cards()
    const valid = await Promise.all(
      cards.map(async (card) => ((await reader.validCertificate(card.guid)) ? toHex(card.holder) : '')),
    )
    return valid.filter((holder) => holder !== '')
  })
  expect(certified).toHaveLength(4)
  expect(new Set(certified).size).toBe(4)
})

test('the slips that are left are drawn, two on a sheet, and their PINs are forgotten', async () => {
  const kept = async () => {
    const { members } = JSON.parse(await readFile(join(home, 'terminal', 'batch.json'), 'utf8')) as { members: object[] }
    return members.filter((member) => 'pin' in member).length
  }
  expect(await kept()).toBe(2)
  await terminal.press('Save as sheets (A4)')
  await terminal.says('2 slips are in the file')
  const pdf = join(home, 'slips.pdf')
  expect((await stat(pdf)).mode & 0o777).toBe(0o600)
  expect((await readFile(pdf)).subarray(0, 5).toString()).toBe('%PDF-')
  expect(pagesOf(pdf)).toBe(1)
  expect(await kept()).toBe(0)
  // The window that drew them is gone.
  expect(await terminal.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
})

test('the report is saved, and the batch forgets everybody', async () => {
  const report = join(home, 'report.csv')
  await answerDialogs('', report)
  await terminal.press('Save the report')
  await terminal.says('The report is in the file')
  expect((await readFile(report, 'utf8')).split('\r\n')).toHaveLength(5)
  await terminal.press('Close the batch')
  await terminal.press('Close and forget')
  await terminal.reads('Make cards for many people')
  expect(await readdir(join(home, 'terminal'))).not.toContain('batch.json')
  const log = await readFile(join(home, 'terminal', 'log', 'terminal.log'), 'utf8')
  expect(log).not.toMatch(/Lovelace|P-1|شर्मा|\d{8}"/)
})
