/** A program on the same computer takes over the login that stands in the window: the real program, with simulated cards. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../../build/electron.ts'
import { handoverKeysCommand } from '../../gateway/commands/handover.ts'
import type { TestGateway } from '../support/gateway.ts'
import type { TerminalWindow } from '../support/window.ts'
import { SimulatedDesk } from './simulated-desk.ts'

const OPERATOR_PIN = '271828'
const PIN = '314159'
const ORIGIN = 'https://clinic.example'
const secret = randomBytes(24).toString('hex')

let desk: SimulatedDesk
let gateway: TestGateway
let terminal: TerminalWindow
let folder: string
let keysFile: string

beforeAll(async () => {
  desk = await SimulatedDesk.open({
    environment: {
      TESSERA_HANDOVER: JSON.stringify([
        { audience: 'app:ledger', name: 'Ledger', secretSha256: createHash('sha256').update(secret).digest('hex') },
        { audience: ORIGIN, name: 'Clinic records' },
      ]),
    },
  })
  ;({ gateway, terminal } = desk)
  folder = join(terminal.home, 'terminal')
  keysFile = join(terminal.home, 'handover-keys.json')
  handoverKeysCommand(gateway.gateway.registry, (words) => writeFileSync(keysFile, words))
})
afterAll(() => desk?.close())

/** The example, as a program of this desk runs it. */
function program(given = secret): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const words = ['--desk', folder, '--keys', keysFile, '--audience', 'app:ledger']
    const child = spawn(process.execPath, [join(root, 'examples', 'handover', 'main.ts'), ...words], {
      env: { ...process.env, HANDOVER_SECRET: given },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (part) => {
      output += String(part)
    })
    child.once('error', reject)
    // Not 'exit': what it said may still be on its way then.
    child.once('close', () => {
      try {
        resolve(JSON.parse(output))
      } catch (cause) {
        reject(new Error(`the program said: ${output}`, { cause }))
      }
    })
  })
}

const urlOf = () => (JSON.parse(readFileSync(join(folder, 'handover.json'), 'utf8')) as { url: string }).url

async function asPage(nonce: string): Promise<{ status: number; body: { token?: string; error?: string } }> {
  const answer = await fetch(`${urlOf()}/login-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: ORIGIN },
    body: JSON.stringify({ audience: ORIGIN, nonce }),
  })
  return { status: answer.status, body: (await answer.json()) as { token?: string; error?: string } }
}

test('before anybody has logged in, nothing is handed over: an operator’s own session is none', async () => {
  await desk.registerFirstOperator(OPERATOR_PIN)
  await desk.signIn(OPERATOR_PIN)
  expect(await program()).toEqual({ error: 'no-login' })
  expect((await asPage('before-any-login-1')).body).toEqual({ error: 'no-login' })
})

test('a program takes over the login, verifies it by itself, and the operator sees it', async () => {
  await desk.remove(1)
  await terminal.press('Register a person')
  await desk.fillPerson('Grace', 'Hopper', 'C-1')
  await terminal.press('New blank card')
  await desk.insert(2)
  await terminal.chooseNewPin(PIN)
  await terminal.reads('Grace Hopper is registered')
  await terminal.press('Done')
  await desk.remove(2)
  await desk.insert(2)
  await desk.logIn(PIN, 'Grace Hopper')
  const claims = await program()
  expect(claims).toMatchObject({ aud: 'app:ledger', amr: ['pin', 'swk'] })
  expect(JSON.stringify(claims)).not.toMatch(/Grace|Hopper|C-1/)
  const { page } = await terminal.until('shown', (s) => s.page.kind === 'session' && s.page.session.handovers !== undefined)
  expect(page.kind === 'session' && page.session.handovers).toMatchObject({ name: 'Ledger', count: 1 })
  await terminal.page
    .getByText(/The login was handed to Ledger at/)
    .first()
    .waitFor()
})

test('a page of a clinic gets its own token, once for each nonce, under another pseudonym', async () => {
  const first = await asPage('a-nonce-of-the-clinic')
  expect(first.status).toBe(200)
  await terminal.page
    .getByText(/The login was handed to Clinic records at .* · 2 times in this login/)
    .first()
    .waitFor()
  const [, payload = ''] = (first.body.token ?? '').split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  expect(claims).toMatchObject({ aud: ORIGIN, nonce: 'a-nonce-of-the-clinic' })
  expect(claims.sub).not.toBe((await program()).sub)
  expect(await asPage('a-nonce-of-the-clinic')).toEqual({ status: 409, body: { error: 'nonce-used' } })
})

test('who has no right gets nothing, and the operator sees nothing of it', async () => {
  const { page } = await terminal.snapshot()
  expect(await program('x'.repeat(48))).toEqual({ error: 'not-allowed' })
  expect((await terminal.snapshot()).page).toEqual(page)
})

test('where the port stands is for this user alone', () => {
  expect(statSync(join(folder, 'handover.json')).mode & 0o777).toBe(0o600)
  expect(urlOf()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
})

test('once the card is pulled, nothing is handed over any more', async () => {
  await desk.remove(2)
  await terminal.reads('Insert the person’s card')
  expect(await program()).toEqual({ error: 'no-login' })
})

test('a card that is blocked while it is in ends it as well', async () => {
  await desk.insert(2)
  await desk.logIn(PIN, 'Grace Hopper')
  expect(await program()).toMatchObject({ aud: 'app:ledger' })
  const { registry, blocks } = gateway.gateway
  const cards = await registry.store.read((reader) => reader.cards())
  const last = cards.reduce((a, b) => (a.registeredAt > b.registeredAt ? a : b))
  await blocks.block({ guid: last.guid, cause: 'administrator', blockPin: false })
  await terminal.until('blocked', ({ page }) => page.kind === 'blocked')
  expect(await program()).toEqual({ error: 'no-login' })
})
