/** What a block does to the desk: which session it ends, which page is shown, and how it is undone. */
import { describe, expect, test } from 'vitest'
import { CeremonyCancelled, CeremonyFailed } from '../../electron/ceremonies/guide.ts'
import type { Intent } from '../../electron/contract/intents.ts'
import type { ProblemCode } from '../../electron/contract/problems.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { Notice } from '../../protocol/messages/notices.ts'
import { createDesk, loginResult, PARTS, passOn, settle } from './terminal-desk.ts'

const GUID = loginResult(2).card.guid
const OPERATOR = new Uint8Array(16).fill(0xaa)
const OTHER = new Uint8Array(16).fill(0xee)
const NUMBER = '0001 0203 0405 0607 0809 0A0B 0C0D 0E0F'

const block = (over: Partial<Extract<Notice, { kind: 'block' }>> = {}): Notice => ({
  kind: 'block',
  notice: new Uint8Array(16),
  guid: GUID,
  at: 5,
  cause: 'administrator',
  blockPin: false,
  ...over,
})
const stopped: Notice = { kind: 'end-session', notice: new Uint8Array(16), guid: GUID, at: 5, finding: 'delay' }

async function workingDesk() {
  const desk = createDesk()
  desk.online()
  desk.insert()
  const result = { ...loginResult(1, 'supervisor'), card: { guid: OPERATOR, expiresAt: 1 } }
  desk.run().resolve({ kind: 'logged-in', login: { result, loginMs: 1, parts: PARTS } })
  await settle()
  desk.pull()
  return desk
}

async function failedWith(code: ProblemCode, start: Intent | undefined = undefined) {
  const desk = await workingDesk()
  if (start !== undefined) desk.intent(start)
  desk.insert()
  desk.knownCards.set('A 2', GUID)
  desk.run().reject(new CeremonyFailed({ code }))
  await settle()
  return desk
}

describe('a block', () => {
  test('ends the session of that card before anything else, and shows who blocked it', async () => {
    const desk = await workingDesk()
    await desk.logIn()
    desk.terminal.noticed(block(), { reader: 'A', insertions: 2 })
    expect(desk.endedSessions).toEqual([{ session: 2, reason: 'blocked' }])
    expect(desk.page()).toEqual({
      kind: 'blocked',
      block: {
        cause: 'card',
        code: 'card-blocked',
        canUnblock: true,
        person: { givenName: 'Ada', familyName: 'Lovelace' },
        cardNumber: NUMBER,
        reader: 'A',
        at: 5,
        by: 'administrator',
      },
    })
  })

  test('of another card leaves the session alone', async () => {
    const desk = await workingDesk()
    await desk.logIn()
    desk.terminal.noticed(block({ guid: OTHER }), undefined)
    desk.terminal.noticed(block({ guid: OTHER }), { reader: 'B', insertions: 1 })
    expect(desk.page().kind).toBe('session')
  })

  test('that is older than the login was lifted since: a broker has delivered it again', async () => {
    const desk = await workingDesk()
    desk.insert()
    const result = { ...loginResult(2), at: 10_000_000 }
    desk.run().resolve({ kind: 'logged-in', login: { result, loginMs: 1, parts: PARTS } })
    await settle()
    desk.terminal.noticed(block({ at: 10_000_000 - 60_001 }), { reader: 'A', insertions: 2 })
    expect(desk.page().kind).toBe('session')
    desk.terminal.noticed(block({ at: 10_000_000 - 59_000 }), { reader: 'A', insertions: 2 })
    expect(desk.page().kind).toBe('blocked')
  })

  test('calls off the question for the PIN of that card, and shows the page when the ceremony has let go', async () => {
    const desk = await workingDesk()
    desk.insert()
    const run = desk.run()
    const asked = run.guide.askPin({ retriesLeft: 3 })
    desk.terminal.noticed(block({ cause: 'finding', finding: 'clone' }), { reader: 'A', insertions: 2 })
    await expect(asked).rejects.toBeInstanceOf(CeremonyCancelled)
    expect(desk.prompt()).toEqual({ kind: 'working' })
    await passOn(run, asked)
    expect(desk.page()).toMatchObject({ kind: 'blocked', block: { cause: 'card', by: 'finding', finding: 'clone' } })
  })

  test('that comes while the gateway answers a login ends the session that this opened', async () => {
    const desk = await workingDesk()
    desk.insert()
    desk.terminal.noticed(block(), { reader: 'A', insertions: 2 })
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(2), loginMs: 1, parts: PARTS } })
    await settle()
    expect(desk.endedSessions).toContainEqual({ session: 2, reason: 'blocked' })
    expect(desk.page().kind).toBe('blocked')
  })

  test('of the operator’s card signs the operator out, and ends the person’s session with it', async () => {
    const desk = await workingDesk()
    desk.insert()
    const result = { ...loginResult(3), card: { guid: OTHER, expiresAt: 1 } }
    desk.run().resolve({ kind: 'logged-in', login: { result, loginMs: 1, parts: PARTS } })
    await settle()
    desk.terminal.noticed(block({ guid: OPERATOR }), undefined)
    expect(desk.endedSessions).toEqual([
      { session: 3, reason: 'operator' },
      { session: 1, reason: 'blocked' },
    ])
    expect(desk.terminal.snapshot().operator).toBeUndefined()
    expect(desk.page().kind).toBe('blocked')
  })

  test('of a card that just sticks in a reader shows the page; the next card ends it', async () => {
    const desk = await workingDesk()
    await desk.logIn()
    desk.intent({ kind: 'end-session' })
    desk.terminal.noticed(block(), { reader: 'A', insertions: 2 })
    expect(desk.page().kind).toBe('blocked')
    desk.pull()
    expect(desk.page().kind).toBe('blocked')
    desk.insert('B')
    expect(desk.page()).toMatchObject({ kind: 'ceremony', ceremony: { kind: 'login' } })
  })

  test('tells what became of the PIN on the card', async () => {
    const desk = await workingDesk()
    await desk.logIn()
    desk.terminal.noticed(block({ blockPin: true }), { reader: 'A', insertions: 2 })
    expect(desk.page()).toMatchObject({ block: { onCard: 'working' } })
    desk.terminal.pinBlockedOnCard(OTHER, true)
    expect(desk.page()).toMatchObject({ block: { onCard: 'working' } })
    desk.terminal.pinBlockedOnCard(GUID, false)
    expect(desk.page()).toMatchObject({ block: { onCard: 'not-blocked' } })
    desk.terminal.pinBlockedOnCard(GUID, true)
    expect(desk.page()).toMatchObject({ block: { onCard: 'blocked' } })
  })

  test('of a session alone says what was found, and that there is nothing to undo', async () => {
    const desk = await workingDesk()
    await desk.logIn()
    desk.terminal.noticed(stopped, { reader: 'A', insertions: 2 })
    expect(desk.page()).toMatchObject({
      kind: 'blocked',
      block: { cause: 'finding', code: 'session-stopped', finding: 'delay', canUnblock: false },
    })
    expect(desk.intent({ kind: 'unblock' })).toBe(false)
    expect(desk.intent({ kind: 'dismiss' })).toBe(true)
    expect(desk.page().kind).toBe('idle')
  })
})

describe('a ceremony that finds the card blocked', () => {
  test.each([
    ['pin-blocked', 'pin', true],
    ['puk-blocked', 'puk', false],
    ['card-blocked', 'card', true],
  ] as const)('%s leads to the one page for all causes', async (code, cause, canUnblock) => {
    const desk = await failedWith(code)
    expect(desk.page()).toEqual({
      kind: 'blocked',
      block: { cause, code, canUnblock, reader: 'A', cardNumber: NUMBER },
    })
  })

  test('so does a change of PIN; a card that is to be registered is somebody else’s instead', async () => {
    expect((await failedWith('pin-blocked', { kind: 'change-pin' })).page().kind).toBe('blocked')
    const person = { givenName: 'Emmy', familyName: 'Noether', reference: '1' }
    const desk = await failedWith('pin-blocked', { kind: 'register', person })
    expect(desk.prompt()).toMatchObject({ kind: 'failed', problem: { code: 'pin-blocked' } })
  })

  test('cannot be unblocked while the gateway is away', async () => {
    const desk = await failedWith('pin-blocked')
    desk.terminal.gatewayChanged({ kind: 'offline', since: 1, problem: { code: 'gateway-offline' } })
    expect(desk.page()).toMatchObject({ block: { canUnblock: false } })
    expect(desk.intent({ kind: 'unblock' })).toBe(false)
  })
})

describe('unblocking', () => {
  test('asks for a supervisor’s card, then for the blocked one, and hands the approval over', async () => {
    const desk = await failedWith('pin-blocked')
    expect(desk.intent({ kind: 'unblock' })).toBe(true)
    expect(desk.page()).toMatchObject({ ceremony: { kind: 'unblock', part: 'approval', prompt: { kind: 'insert-card' } } })
    desk.pull()
    desk.insert()
    const approval = desk.run()
    expect(approval.request).toMatchObject({ kind: 'unblock', target: { guid: GUID } })
    approval.guide.begin('unblock', ['approve', 'insert-blocked', 'prove'])
    approval.guide.step('approve')
    approval.resolve({ kind: 'approved', session: new Uint8Array(16).fill(9) })
    await settle()
    expect(desk.page()).toMatchObject({
      ceremony: {
        part: 'card',
        prompt: { kind: 'insert-card' },
        steps: [
          { id: 'approve', state: 'done' },
          { id: 'insert-blocked', state: 'active' },
          { id: 'prove', state: 'todo' },
        ],
      },
    })
    desk.pull()
    desk.insert()
    const { request, resolve } = desk.run()
    expect(request).toMatchObject({ kind: 'unblock', target: { guid: GUID }, approved: { session: new Uint8Array(16).fill(9) } })
    resolve({ kind: 'finished', result: { kind: 'unblocked', givenName: 'Ada', familyName: 'Lovelace' } })
    await settle()
    expect(desk.prompt()).toMatchObject({ kind: 'done', result: { kind: 'unblocked' } })
  })

  test('with two readers takes the cards that are in: the operator’s own to approve, the blocked one after it', async () => {
    const desk = createDesk()
    desk.online()
    desk.insert('B')
    desk.run().resolve({ kind: 'logged-in', login: { result: loginResult(1, 'supervisor'), loginMs: 1, parts: PARTS } })
    await settle()
    desk.insert('A')
    desk.run().reject(new CeremonyFailed({ code: 'card-blocked' }))
    await settle()
    desk.intent({ kind: 'unblock' })
    expect(desk.run().card.reader).toBe('B')
    desk.run().resolve({ kind: 'approved', session: new Uint8Array(16) })
    await settle()
    expect(desk.run().card.reader).toBe('A')
    expect(desk.run().request).toMatchObject({ approved: { card: { reader: 'B' } } })
  })

  test('with the blocked card instead of a supervisor’s says so, and asks for another one on retry', async () => {
    const desk = await failedWith('pin-blocked')
    desk.intent({ kind: 'unblock' })
    desk.pull()
    desk.insert()
    desk.run().reject(new CeremonyFailed({ code: 'approver-needed' }))
    await settle()
    expect(desk.prompt()).toMatchObject({ kind: 'failed', canRetry: true })
    desk.intent({ kind: 'retry' })
    expect(desk.prompt()).toEqual({ kind: 'insert-card' })
  })

  test('that was interrupted needs another approval', async () => {
    const desk = await failedWith('pin-blocked')
    desk.intent({ kind: 'unblock' })
    desk.pull()
    desk.insert()
    desk.run().resolve({ kind: 'approved', session: new Uint8Array(16) })
    await settle()
    desk.pull()
    desk.insert()
    desk.run().reject(new CeremonyFailed({ code: 'unblock-interrupted' }))
    await settle()
    desk.intent({ kind: 'retry' })
    expect(desk.page()).toMatchObject({ ceremony: { part: 'approval', prompt: { kind: 'insert-card' } } })
  })

  test('is not interrupted by a notice about the very card', async () => {
    const desk = await failedWith('pin-blocked')
    desk.intent({ kind: 'unblock' })
    desk.pull()
    desk.insert()
    desk.run().resolve({ kind: 'approved', session: new Uint8Array(16) })
    await settle()
    desk.pull()
    desk.insert()
    desk.terminal.noticed(block(), { reader: 'A', insertions: 4 })
    expect(desk.prompt()).toEqual({ kind: 'working' })
  })
})

describe('a supervisor', () => {
  test('blocks the card of the person who is logged in', async () => {
    const desk = await workingDesk()
    await desk.logIn()
    expect(desk.intent({ kind: 'block-card' })).toBe(true)
    expect(desk.blocks[0]).toMatchObject({ session: 1, guid: toHex(GUID) })
    expect(desk.terminal.snapshot().blocking).toEqual({ cardNumber: NUMBER, state: 'working' })
    expect(desk.intent({ kind: 'block-card' })).toBe(false)
    expect(desk.intent({ kind: 'block-seen' })).toBe(false)
    desk.blocks[0]?.resolve()
    await settle()
    expect(desk.terminal.snapshot().blocking).toEqual({ cardNumber: NUMBER, state: 'done' })
    expect(desk.intent({ kind: 'block-seen' })).toBe(true)
    expect(desk.terminal.snapshot().blocking).toBeUndefined()
  })

  test('blocks a card by its number, and is told where that failed', async () => {
    const desk = await workingDesk()
    desk.intent({ kind: 'block-card', card: toHex(OTHER) })
    desk.blocks[0]?.reject(new CeremonyFailed({ code: 'unknown-card' }))
    await settle()
    expect(desk.terminal.snapshot().blocking).toMatchObject({ state: 'failed', problem: { code: 'unknown-card' } })
  })

  test('is needed for it: nobody else blocks, and nobody without a card to name', async () => {
    const desk = createDesk()
    desk.online()
    expect(desk.intent({ kind: 'block-card', card: toHex(OTHER) })).toBe(false)
    await desk.signIn('registrar')
    expect(desk.intent({ kind: 'block-card', card: toHex(OTHER) })).toBe(false)
    const other = await workingDesk()
    expect(other.intent({ kind: 'block-card' })).toBe(false)
  })

  test('is told of new findings, which an operator of another role is not', async () => {
    const finding: Notice = { kind: 'finding', notice: new Uint8Array(16), at: 1, finding: 'clone', severity: 'critical' }
    const desk = await workingDesk()
    desk.terminal.noticed(finding, undefined)
    desk.terminal.noticed(finding, undefined)
    expect(desk.terminal.snapshot().newFindings).toBe(2)
    desk.intent({ kind: 'show-findings' })
    expect(desk.terminal.snapshot().newFindings).toBeUndefined()
    const other = createDesk()
    other.online()
    await other.signIn('desk')
    other.terminal.noticed(finding, undefined)
    expect(other.terminal.snapshot().newFindings).toBeUndefined()
  })
})

describe('what an operator looks at', () => {
  const place = {
    terminal: 'a'.repeat(32),
    site: 'Here',
    reader: 'R',
    simulated: false,
    state: 'card' as const,
    card: GUID,
    since: 1,
    seenAt: 2,
    online: true,
    present: true,
  }

  test('readers everywhere for a supervisor, page after page', async () => {
    const desk = await workingDesk()
    desk.intent({ kind: 'show-readers', search: 'R' })
    expect(desk.looks[0]?.question).toMatchObject({ of: 'readers', search: 'R' })
    desk.looks[0]?.resolve({ of: 'readers', places: [place], next: 'more' })
    await settle()
    expect(desk.page()).toMatchObject({
      kind: 'readers',
      overview: { everywhere: { state: 'ready', hasMore: true, places: [{ site: 'Here', cardNumber: NUMBER }] } },
    })
    desk.intent({ kind: 'show-more' })
    expect(desk.looks[1]?.question).toMatchObject({ search: 'R', after: 'more' })
    desk.looks[1]?.resolve({ of: 'readers', places: [place] })
    await settle()
    expect(desk.page()).toMatchObject({ overview: { everywhere: { hasMore: false, places: [{}, {}] } } })
    expect(desk.intent({ kind: 'show-more' })).toBe(false)
  })

  test('the readers of the desk for everyone, and nothing is asked', async () => {
    const desk = createDesk()
    desk.online()
    await desk.signIn('desk')
    expect(desk.intent({ kind: 'show-readers' })).toBe(true)
    expect(desk.page()).toEqual({ kind: 'readers', overview: {} })
    expect(desk.looks).toEqual([])
    expect(desk.intent({ kind: 'show-findings' })).toBe(false)
  })

  test('an answer to an earlier question changes nothing, and one that fails says why', async () => {
    const desk = await workingDesk()
    desk.intent({ kind: 'show-readers' })
    desk.intent({ kind: 'show-findings', only: 'clone' })
    desk.looks[0]?.resolve({ of: 'readers', places: [place] })
    await settle()
    expect(desk.page()).toMatchObject({ kind: 'findings', overview: { only: 'clone', state: 'loading' } })
    desk.looks[1]?.reject(new CeremonyFailed({ code: 'gateway-offline' }))
    await settle()
    expect(desk.page()).toMatchObject({ overview: { state: 'failed', problem: { code: 'gateway-offline' } } })
  })

  test('findings with their hours, of the kind that was asked for', async () => {
    const desk = await workingDesk()
    desk.intent({ kind: 'show-findings', only: 'clone' })
    const question = desk.looks[0]?.question
    if (question?.of !== 'findings') throw new Error('no findings were asked for')
    const hours = [
      { at: question.since, kind: 'clone' as const, count: 2 },
      { at: question.since + 3_600_000, kind: 'replay' as const, count: 7 },
      { at: question.since + 167 * 3_600_000, kind: 'clone' as const, count: 1 },
    ]
    desk.looks[0]?.resolve({ of: 'findings', findings: [], hours })
    await settle()
    const { page } = desk.terminal.snapshot()
    const counts = page.kind === 'findings' ? page.overview.chart.counts : []
    expect([counts.length, counts[0], counts[1], counts[167]]).toEqual([168, 2, 0, 1])
  })

  test('a card that is put in meanwhile waits until the page is left', async () => {
    const desk = await workingDesk()
    desk.intent({ kind: 'show-readers' })
    desk.insert()
    expect(desk.page().kind).toBe('readers')
    desk.intent({ kind: 'dismiss' })
    expect(desk.page()).toMatchObject({ kind: 'ceremony', ceremony: { kind: 'login' } })
  })

  test('a session that the gateway has forgotten ends with a new sign-in', async () => {
    const desk = await workingDesk()
    desk.intent({ kind: 'show-readers' })
    desk.looks[0]?.reject(new CeremonyFailed({ code: 'session-unknown' }))
    await settle()
    expect(desk.page()).toEqual({ kind: 'sign-in', problem: { code: 'session-unknown' } })
  })
})
