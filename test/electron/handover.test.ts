/** The login behind the loopback interface: which one is handed over, when none is, and what the window shows of it. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { handoverProgramsSchema } from '../../electron/contract/handover.ts'
import { createHandover, type Handover, type HandoverOptions } from '../../electron/handover/handover.ts'
import { RefusedError } from '../../electron/session/link.ts'
import { transition } from '../../electron/terminal/machine.ts'
import { INITIAL_STATE, type State } from '../../electron/terminal/state.ts'
import { toSnapshot } from '../../electron/terminal/view.ts'
import { LinkError } from '../../native/conversation/link-error.ts'
import type { RefusalCode } from '../../protocol/messages/operations.ts'
import { loginResult } from './terminal-desk.ts'

const CLINIC = { audience: 'https://clinic.example', name: 'Clinic' }
const login = { session: new Uint8Array(16).fill(1), operator: new Uint8Array(16).fill(2) }

let folder: string
let handover: Handover
let shown: { readonly session: Uint8Array; readonly name: string }[]
let unexpected: unknown[]
let asked: unknown[]
let gateway: () => Promise<{ readonly token: string; readonly lifetimeMs: number }>

async function start(options: Partial<HandoverOptions> = {}): Promise<void> {
  handover = createHandover({
    programs: [CLINIC],
    port: 0,
    folder,
    link: () => ({
      request: async (operation: string, body: unknown) => {
        asked.push([operation, body])
        return (await gateway()) as never
      },
    }),
    onHandedOver: (session, name) => shown.push({ session, name }),
    onUnexpected: (error) => unexpected.push(error),
    ...options,
  })
  await handover.start()
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-handover-'))
  shown = []
  unexpected = []
  asked = []
  gateway = async () => ({ token: 'a.b.c', lifetimeMs: 120_000 })
})
afterEach(async () => {
  await handover.close()
  rmSync(folder, { recursive: true, force: true })
})

let count = 0
async function ask(): Promise<{ readonly token?: string; readonly error?: string }> {
  const { url } = JSON.parse(readFileSync(join(folder, 'handover.json'), 'utf8')) as { url: string }
  const answer = await fetch(`${url}/login-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: CLINIC.audience },
    body: JSON.stringify({ audience: CLINIC.audience, nonce: `nonce-of-the-clinic-${count++}` }),
  })
  return (await answer.json()) as { token?: string; error?: string }
}

describe('a login that stands', () => {
  test('is handed over with the operator who answers for it, and shown', async () => {
    await start()
    handover.began(login)
    expect(await ask()).toEqual({ token: 'a.b.c', expiresInSeconds: 120 })
    expect(asked).toMatchObject([['token.handover', { ...login, audience: CLINIC.audience }]])
    expect(shown).toEqual([{ session: login.session, name: 'Clinic' }])
  })

  test('is another one after the next login', async () => {
    await start()
    handover.began(login)
    const next = { session: new Uint8Array(16).fill(3) }
    handover.began(next)
    // The end of the one before is told late.
    handover.ended(login.session)
    expect(await ask()).toMatchObject({ token: 'a.b.c' })
    expect(asked).toMatchObject([['token.handover', next]])
  })

  test.each<[string, () => Error, string]>([
    ['has ended at the gateway', () => new RefusedError({ code: 'session-unknown' as RefusalCode }), 'no-login'],
    ['belongs to a card that is blocked', () => new RefusedError({ code: 'card-blocked' as RefusalCode }), 'gateway-refused'],
    ['has no gateway', () => new LinkError('offline'), 'gateway-unreachable'],
    ['has a gateway that keeps silent', () => new LinkError('silent'), 'gateway-unreachable'],
  ])('but %s: nothing is shown, and the program is told', async (_, error, told) => {
    await start()
    handover.began(login)
    gateway = () => Promise.reject(error())
    expect(await ask()).toEqual({ error: told })
    expect(shown).toEqual([])
    expect(unexpected).toEqual([])
  })

  test('an error that nobody has a name for is not lost', async () => {
    await start()
    handover.began(login)
    gateway = () => Promise.reject(new TypeError('oops'))
    expect(await ask()).toEqual({ error: 'gateway-unreachable' })
    expect(unexpected).toMatchObject([{ message: 'oops' }])
  })
})

describe('nothing is handed over', () => {
  test('before the first login, after its end, and while the terminal belongs to no gateway', async () => {
    await start()
    expect(await ask()).toEqual({ error: 'no-login' })
    handover.began(login)
    handover.ended(login.session)
    expect(await ask()).toEqual({ error: 'no-login' })
    await handover.close()
    await start({ link: () => undefined })
    handover.began(login)
    expect(await ask()).toEqual({ error: 'no-login' })
    expect(asked).toEqual([])
  })

  test('where the card is pulled while the gateway answers', async () => {
    await start()
    handover.began(login)
    gateway = async () => {
      handover.ended(login.session)
      return { token: 'a.b.c', lifetimeMs: 120_000 }
    }
    expect(await ask()).toEqual({ error: 'no-login' })
    expect(shown).toEqual([])
  })

  test('and nothing listens, where the settings name no program', async () => {
    await start({ programs: [] })
    expect(() => readFileSync(join(folder, 'handover.json'))).toThrow('ENOENT')
  })

  test('a port that is taken is told, not thrown at somebody who logs in', async () => {
    await start()
    const { url } = JSON.parse(readFileSync(join(folder, 'handover.json'), 'utf8')) as { url: string }
    const second = createHandover({
      programs: [CLINIC],
      port: Number(new URL(url).port),
      folder,
      link: () => undefined,
      onHandedOver: () => undefined,
      onUnexpected: () => undefined,
    })
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await second.close()
  })
})

describe('the settings', () => {
  const secretSha256 = createHash('sha256').update('secret').digest('hex')
  const app = { audience: 'app:ledger', name: 'Ledger', secretSha256 }

  test.each<[string, unknown, boolean]>([
    ['a page and a program', [CLINIC, app], true],
    ['none', [], true],
    ['a program without a secret', [{ audience: 'app:ledger', name: 'Ledger' }], false],
    ['a page with a secret', [{ ...CLINIC, secretSha256 }], false],
    ['a secret itself in the place of its hash', [{ ...app, secretSha256: 'secret' }], false],
    ['an audience twice', [CLINIC, { ...CLINIC, name: 'Other' }], false],
    ['a page without TLS', [{ ...CLINIC, audience: 'http://clinic.example' }], false],
    ['every page', [{ ...CLINIC, audience: '*' }], false],
    ['a name of two lines', [{ ...CLINIC, name: 'a\nb' }], false],
    ['something else', [{ ...CLINIC, trusted: true }], false],
  ])('take, or do not take: %s', (_, value, taken) => {
    expect(v.is(handoverProgramsSchema, value)).toBe(taken)
  })
})

describe('the window', () => {
  const card = { reader: 'R', insertions: 1 }
  const inSession: State = { ...INITIAL_STATE, session: { login: { result: loginResult(7), loginMs: 1 }, card } } as State
  const handedOver = (state: State, session: number, name: string, at: number) =>
    transition(state, { kind: 'handed-over', session: new Uint8Array(16).fill(session), name }, at).state
  const shownOf = (state: State) => {
    const { page } = toSnapshot(state, 1, { version: '1', electron: '1' })
    return page.kind === 'session' ? page.session.handovers : 'no session'
  }

  test('shows the latest use and how many there were', () => {
    expect(shownOf(inSession)).toBeUndefined()
    const once = handedOver(inSession, 7, 'Clinic', 10)
    expect(shownOf(once)).toEqual({ name: 'Clinic', at: 10, count: 1 })
    expect(shownOf(handedOver(once, 7, 'Ledger', 20))).toEqual({ name: 'Ledger', at: 20, count: 2 })
  })

  test('shows nothing of another person’s login', () => {
    expect(shownOf(handedOver(inSession, 8, 'Clinic', 10))).toBeUndefined()
  })
})
