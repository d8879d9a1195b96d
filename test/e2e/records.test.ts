/**
 * The record beside a login, on real parts: window, PC/SC service, MQTT broker over TLS, gateway and records service in processes of
 * their own. The tests go one after the other.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../../build/electron.ts'
import type { RecordView } from '../../electron/contract/record.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { SCOPES } from '../../examples/records/records.ts'
import type { TerminalWindow } from '../support/window.ts'
import { Desk, newCard } from './desk.ts'

const OPERATOR_PIN = '271828'
const PIN = '314159'
const NOTE = 'Asked for letters in larger print.'

/** One line of the service's own audit. */
interface AuditLine {
  readonly event: string
  readonly at: string
  readonly reason?: string
  readonly outcome?: string
  readonly operation?: string
}

/** The example as its programmer runs it, with what it writes down. */
class RecordsService {
  readonly lines: AuditLine[] = []
  #child: ChildProcess | undefined

  async start(words: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [join(root, 'examples', 'records', 'main.ts'), ...words, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.startsWith('{')) this.lines.push(JSON.parse(line))
    })
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the service ended with code ${code}: ${JSON.stringify(this.lines)}`)))
      createInterface({ input: child.stdout }).once('line', () => resolve())
    })
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await exited
  }

  of(event: string): readonly AuditLine[] {
    return this.lines.filter((line) => line.event === event)
  }
}

const operatorCard = newCard(1)
const personCard = newCard(2)
const service = new RecordsService()
let desk: Desk
let terminal: TerminalWindow
let folder: string
let words: string[]

const recordOf = ({ page }: Snapshot): RecordView | undefined => (page.kind === 'session' ? page.session.record : undefined)
const isOpen = (snapshot: Snapshot) => recordOf(snapshot)?.link.kind === 'open'

async function register(givenName: string, reference: string): Promise<void> {
  await terminal.fill('Given name', givenName)
  await terminal.fill('Family name', 'Lovelace')
  await terminal.fill('Customer, patient or staff number', reference)
  await terminal.press('Continue with a blank card')
  await terminal.reads('Insert a blank card')
}

beforeAll(async () => {
  desk = await Desk.start()
  folder = await mkdtemp(join(tmpdir(), 'tessera-records-'))
  const { tls, url } = desk.mosquitto
  if (tls === undefined) throw new Error('the broker of this desk speaks TLS')
  const files = ['--ca', tls.caFile, '--cert', tls.clientCertificateFile, '--key', tls.clientKeyFile]
  words = ['--broker', url, ...files, '--data', folder]
  await service.start([...words, '--invitation', await desk.invite('--node', 'records', '--scopes', SCOPES)])

  terminal = await desk.openWindow(await desk.invite('--first-operator'))
  await terminal.reads('Register the first operator')
  await register('Ada', 'S-1')
  await desk.reader.insert(operatorCard)
  await terminal.chooseNewPin(OPERATOR_PIN)
  await terminal.reads('Ada Lovelace is registered')
  await terminal.press('Done')
  await terminal.enterPin('Enter your PIN', OPERATOR_PIN)
  await terminal.reads('Insert the person’s card')
  await desk.reader.pull()
  await terminal.press('Register a person')
  await register('Grace', 'C-7')
  await desk.reader.insert(personCard)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Grace Lovelace is registered')
  await terminal.press('Done')
  await desk.reader.pull()
  await terminal.reads('Insert the person’s card')
})
afterAll(async () => {
  await service.stop('SIGTERM')
  await desk?.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function logIn(): Promise<void> {
  await desk.reader.insert(personCard)
  await terminal.enterPin('Enter the PIN', PIN)
  await terminal.reads('Grace Lovelace is logged in')
}

test('after the login the person’s record opens by itself, and a note is added to it', async () => {
  await logIn()
  await terminal.says('Nothing has been written yet.')
  // The service's words come over a pipe of their own.
  await expect.poll(() => service.of('session-started').length).toBe(1)
  await terminal.fill('Add a note', NOTE)
  await terminal.press('Save the note')
  await terminal.says('The note is in the record')
  const record = recordOf(await terminal.snapshot())
  expect(record).toMatchObject({ link: { kind: 'open' }, note: { kind: 'added' } })
  expect(record?.entries).toMatchObject([{ number: 1, author: 'Ada Lovelace', text: NOTE }])
  await terminal.page.getByRole('listitem').filter({ hasText: NOTE }).filter({ hasText: 'Ada Lovelace' }).waitFor()
  // The field is free for the next one.
  expect(await terminal.page.getByLabel('Add a note').inputValue()).toBe('')
})

test('pulling the card ends the session on both sides at once', async () => {
  // When the window has it, which is after the service was told.
  await terminal.page.evaluate(() => {
    window.tessera.onChanged(({ page }) => {
      if (page.kind !== 'session') document.documentElement.dataset.overAt ??= String(Date.now())
    })
  })
  await desk.reader.pull()
  await terminal.reads('Insert the person’s card')
  await expect.poll(() => service.of('session-ended').length).toBe(1)
  const overAt = Number(await terminal.page.evaluate(() => document.documentElement.dataset.overAt))
  const [ended] = service.of('session-ended')
  expect(ended?.reason).toBe('card-removed')
  const laterMs = Date.parse(ended?.at ?? '') - overAt
  console.log(`The session was over at the service ${laterMs} ms after the window had it.`)
  // Far more than it takes: a machine with other work to do is no failure, a session that waits to be forgotten is.
  expect(Math.abs(laterMs)).toBeLessThan(5000)
  expect(JSON.stringify(await terminal.snapshot())).not.toContain(NOTE)
  expect(await terminal.page.content()).not.toContain(NOTE)
})

test('a service that was killed and comes back is found again without a PIN, while the card is in', async () => {
  await logIn()
  await terminal.says(NOTE)
  await expect.poll(() => service.of('session-started').length).toBe(2)
  await service.stop('SIGKILL')
  // A note tells that nobody is there: it is not sent again by itself.
  await terminal.fill('Add a note', 'Second note')
  await terminal.press('Save the note')
  await terminal.says('It is not certain whether the note was saved')
  await terminal.until('without the service', (now) => !isOpen(now))
  expect(recordOf(await terminal.snapshot())?.entries).toHaveLength(1)

  await service.start(words)
  const { page } = await terminal.until('open again', isOpen)
  expect(page.kind).toBe('session')
  await expect.poll(() => service.of('session-started').length).toBe(3)
  const record = recordOf(await terminal.snapshot())
  expect(record?.entries?.map(({ text }) => text)).toEqual([NOTE])
  // What was written is still in the field: it is the operator's to save it once more.
  expect(await terminal.page.getByLabel('Add a note').inputValue()).toBe('Second note')
  await terminal.press('Save the note')
  await terminal.until('saved', (now) => recordOf(now)?.entries?.length === 2)
})

test('the gateway’s block ends the record at once on both sides', async () => {
  const before = service.of('session-ended').length
  const { page } = await terminal.snapshot()
  const number = page.kind === 'session' ? page.session.cardNumber.replaceAll(' ', '').toLowerCase() : ''
  await desk.command('block', number)
  await terminal.reads('This card is blocked')
  await expect.poll(() => service.of('session-ended').length).toBe(before + 1)
  expect(await terminal.page.content()).not.toContain(NOTE)
})

test('a service that comes back after the card has gone is not spoken to', async () => {
  await service.stop('SIGKILL')
  await desk.reader.pull()
  const started = service.of('session-started').length
  await service.start(words)
  // Longer than the terminal waits between two attempts at first.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(service.of('session-started')).toHaveLength(started)
})
