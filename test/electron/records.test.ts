/** The record beside a login: what the window shows of it, and what the terminal asks of the service. */

import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { CeremonyFailed } from '../../electron/ceremonies/guide.ts'
import { intentSchema } from '../../electron/contract/intents.ts'
import { NOTE_MAX_LENGTH, type RecordView } from '../../electron/contract/record.ts'
import { createRecords, type RecordsOptions } from '../../electron/records/records.ts'
import type { RecordReport } from '../../electron/records/report.ts'
import { LinkError, RefusedError } from '../../electron/session/link.ts'
import { ServiceRefused } from '../../electron/session/node-conversation.ts'
import {
  type NodeSession,
  NodeSessionEnded,
  type NodeSessionOptions,
  type NodeSessionState,
} from '../../electron/session/node-session.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { createDesk, settle } from './terminal-desk.ts'

const entry = (number: number) => ({ number, at: 1000 * number, author: 'Ada Lovelace', text: `note ${number}` })

describe('in the window', () => {
  async function loggedIn() {
    const desk = createDesk()
    desk.online()
    await desk.signIn()
    await desk.logIn()
    const asked = desk.records[0]
    if (asked === undefined) throw new Error('no record was asked for')
    return {
      ...desk,
      show: asked.show,
      asked,
      record: (): RecordView | undefined => {
        const page = desk.page()
        return page.kind === 'session' ? page.session.record : undefined
      },
      add: (text: string) => desk.intent({ kind: 'add-note', text }),
    }
  }
  const open: RecordReport = { link: { kind: 'open' }, entries: [entry(1)], mayNote: true }

  test('a login asks for the person’s record, an operator’s sign-in does not; the login is shown without waiting', async () => {
    const desk = await loggedIn()
    expect(desk.records).toHaveLength(1)
    expect(desk.asked.login).toEqual({ session: new Uint8Array(16).fill(2), operator: new Uint8Array(16).fill(1) })
    expect(desk.page().kind).toBe('session')
    expect(desk.record()).toBeUndefined()
    desk.show({ link: { kind: 'connecting' }, mayNote: true })
    expect(desk.record()).toEqual({ link: { kind: 'connecting' }, note: { kind: 'ready' } })
    desk.show(open)
    expect(desk.record()).toEqual({ link: { kind: 'open' }, entries: [entry(1)], note: { kind: 'ready' } })
  })

  test('a gateway without a records service shows none', async () => {
    const desk = await loggedIn()
    desk.show({ link: { kind: 'connecting' }, mayNote: true })
    desk.show(undefined)
    expect(desk.page()).toMatchObject({ kind: 'session' })
    expect(desk.record()).toBeUndefined()
  })

  test('a note is sent once, under the operator’s name, and its end is told', async () => {
    const desk = await loggedIn()
    desk.show(open)
    expect(desk.add('asked for large print')).toBe(true)
    expect(desk.record()?.note).toEqual({ kind: 'sending' })
    expect(desk.add('asked for large print')).toBe(false)
    expect(desk.notes.map(({ session, note }) => ({ session, note }))).toEqual([
      { session: 2, note: { text: 'asked for large print', author: 'Ada Lovelace' } },
    ])
    desk.notes[0]?.resolve()
    await settle()
    expect(desk.record()?.note).toEqual({ kind: 'added' })
    expect(desk.add('another')).toBe(true)
    desk.notes[1]?.reject(new CeremonyFailed({ code: 'note-unconfirmed' }))
    await settle()
    expect(desk.record()?.note).toEqual({ kind: 'failed', problem: { code: 'note-unconfirmed' } })
  })

  test.each<[string, RecordReport | undefined]>([
    ['before the record is open', { link: { kind: 'connecting' }, mayNote: true }],
    ['while it is connected again', { ...open, link: { kind: 'connecting' } }],
    ['while the service is not there', { ...open, link: { kind: 'unavailable', problem: { code: 'service-silent' } } }],
    ['after the service’s no', { link: { kind: 'refused', problem: { code: 'service-ended' } }, mayNote: true }],
    ['where the scope does not allow it', { ...open, mayNote: false }],
    ['where there is no record', undefined],
  ])('no note is taken %s', async (_, report) => {
    const desk = await loggedIn()
    desk.show(report)
    expect(desk.add('x')).toBe(false)
    expect(desk.notes).toEqual([])
  })

  test('a scope without notes says so', async () => {
    const desk = await loggedIn()
    desk.show({ ...open, mayNote: false })
    expect(desk.record()?.note).toEqual({ kind: 'not-allowed' })
  })

  test('pulling the card takes the record away, and what still comes of it is shown to nobody', async () => {
    const desk = await loggedIn()
    desk.show(open)
    desk.add('x')
    desk.pull()
    expect(desk.endedSessions).toEqual([{ session: 2, reason: 'card-removed' }])
    expect(desk.page()).toEqual({ kind: 'idle' })
    desk.show(open)
    desk.notes[0]?.resolve()
    await settle()
    expect(JSON.stringify(desk.terminal.snapshot())).not.toContain('note 1')
    // The next person's record is their own.
    await desk.logIn()
    expect(desk.record()).toBeUndefined()
  })

  test.each([
    ['', false],
    ['   ', false],
    ['x'.repeat(NOTE_MAX_LENGTH), true],
    ['x'.repeat(NOTE_MAX_LENGTH + 1), false],
    [7, false],
  ])('main parses what it is given for a note: %j', (text, fits) => {
    expect(v.is(intentSchema, { kind: 'add-note', text })).toBe(fits)
  })
})

describe('towards the service', () => {
  /** A session with a service that the test plays. */
  function play(options: { readonly refusal?: Error } = {}) {
    const listeners = new Set<(state: NodeSessionState) => void>()
    const requests: { operation: string; body: unknown; resolve(answer: unknown): void; reject(error: Error): void }[] = []
    const ends: string[] = []
    const shown: (RecordReport | undefined)[] = []
    let opened: NodeSessionOptions | undefined
    let state: NodeSessionState = { kind: 'connecting' }
    const session: NodeSession = {
      state: () => state,
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      request: (operation, body) => new Promise((resolve, reject) => requests.push({ operation, body, resolve, reject })),
      end: (reason) => void ends.push(reason),
    }
    const gateway = {
      link: {
        port: { terminal: '00', send: async () => undefined, receive: () => () => undefined },
        request: async () => {
          throw options.refusal ?? new LinkError('offline')
        },
      },
      trust: {},
    } as unknown as NonNullable<ReturnType<RecordsOptions['gateway']>>
    const records = createRecords({
      gateway: () => gateway,
      crypto: nodeCrypto,
      againMs: 5,
      openSession(given) {
        opened = given
        return session
      },
    })
    const login = { session: Uint8Array.of(2), operator: Uint8Array.of(1) }
    records.open(login, (record) => shown.push(record))
    return {
      records,
      login,
      requests,
      ends,
      shown,
      opened: () => opened,
      last: () => shown.at(-1),
      is(next: NodeSessionState) {
        state = next
        for (const listener of listeners) listener(next)
      },
      async open(scopes: readonly string[] = ['record:read', 'record:note']) {
        await settle()
        this.is({ kind: 'open', scopes, expiresAt: 1 })
      },
      async answer(notes: readonly unknown[]) {
        requests.at(-1)?.resolve({ since: 1, notes })
        await settle()
      },
      /** What node-session.ts does for each attempt. */
      askForToken: () => opened?.requestToken({ session: login.session, service: 'records', key: new Uint8Array(64) }),
    }
  }

  test('nothing is begun before the login could be drawn', async () => {
    const service = play()
    expect(service.opened()).toBeUndefined()
    await settle()
    expect(service.opened()).toMatchObject({ service: 'records', ...service.login })
    expect(service.last()).toEqual({ link: { kind: 'connecting' }, mayNote: true })
  })

  test('a card that is pulled before then opens nothing', async () => {
    const service = play()
    service.records.end(service.login.session, 'card-removed')
    await settle()
    expect(service.opened()).toBeUndefined()
    expect(service.shown).toEqual([])
  })

  test('the record is read once the session is open, the latest first', async () => {
    const service = play()
    await service.open()
    expect(service.requests).toMatchObject([{ operation: 'record.read', body: {} }])
    await service.answer([entry(1), { ...entry(2), author: undefined }].map((note) => JSON.parse(JSON.stringify(note))))
    expect(service.last()).toEqual({
      link: { kind: 'open' },
      mayNote: true,
      entries: [{ number: 2, at: 2000, text: 'note 2' }, entry(1)],
    })
  })

  test('a note is asked for once, and the record read again after it', async () => {
    const service = play()
    await service.open()
    await service.answer([])
    const added = service.records.addNote(service.login.session, { text: 'x', author: 'Ada' })
    expect(service.requests.at(-1)).toMatchObject({ operation: 'record.note', body: { text: 'x', author: 'Ada' } })
    service.requests.at(-1)?.resolve({})
    await settle()
    expect(service.requests.at(-1)?.operation).toBe('record.read')
    await service.answer([entry(1)])
    await added
    expect(service.last()).toMatchObject({ entries: [entry(1)] })
    expect(service.requests).toHaveLength(3)
  })

  test.each<[string, Error, string]>([
    ['an answer that never comes', new LinkError('silent'), 'note-unconfirmed'],
    ['a broker that is gone', new LinkError('offline'), 'service-silent'],
    ['a scope that was taken away', new ServiceRefused({ code: 'scope-missing', scope: 'record:note' }), 'role-missing'],
    ['a full record', new ServiceRefused({ code: 'refused', reason: 'record-full' }), 'service-refused'],
    ['a fault of the service', new ServiceRefused({ code: 'service-failed' }), 'service-failed'],
    ['the end of the session', new NodeSessionEnded('revoked'), 'service-ended'],
  ])('a note fails with %s, and is not sent again', async (_, error, code) => {
    const service = play()
    await service.open()
    await service.answer([])
    const added = service.records.addNote(service.login.session, { text: 'x' })
    service.requests.at(-1)?.reject(error)
    await expect(added).rejects.toMatchObject({ problem: { code } })
    expect(service.requests.filter(({ operation }) => operation === 'record.note')).toHaveLength(1)
  })

  test('a token without the scope for notes only reads', async () => {
    const service = play()
    await service.open(['record:read'])
    await service.answer([])
    expect(service.last()).toMatchObject({ mayNote: false })
  })

  test('a session that is made again keeps what was read, and reads again', async () => {
    const service = play()
    await service.open()
    await service.answer([entry(1)])
    service.is({ kind: 'connecting' })
    expect(service.last()).toEqual({ link: { kind: 'connecting' }, mayNote: true, entries: [entry(1)] })
    service.is({ kind: 'waiting', error: new LinkError('silent') })
    expect(service.last()).toMatchObject({ link: { kind: 'unavailable', problem: { code: 'service-silent' } } })
    await service.open()
    await service.answer([entry(1), entry(2)])
    expect(service.last()).toMatchObject({ link: { kind: 'open' }, entries: [entry(2), entry(1)] })
  })

  test('a gateway that cannot be reached is told apart from a service that is silent', async () => {
    const service = play()
    await settle()
    const error = await service.askForToken()?.catch((reason: unknown) => reason)
    service.is({ kind: 'waiting', error: error as Error })
    expect(service.last()).toMatchObject({ link: { kind: 'unavailable', problem: { code: 'gateway-offline' } } })
  })

  test.each([
    ['no service of that name', 'not-allowed', undefined],
    ['a card that is blocked', 'card-blocked', { link: { kind: 'refused', problem: { code: 'card-blocked' } }, mayNote: true }],
  ] as const)('the gateway’s word ends it: %s', async (_, code, wanted) => {
    const service = play({ refusal: new RefusedError({ code }) })
    await settle()
    await service.askForToken()?.catch(() => undefined)
    service.is({ kind: 'ended', reason: 'login-over' })
    expect(service.last()).toEqual(wanted)
  })

  test('where there is no service, the place for the record does not come and go at each login', async () => {
    const service = play({ refusal: new RefusedError({ code: 'not-allowed' }) })
    await settle()
    await service.askForToken()?.catch(() => undefined)
    service.is({ kind: 'ended', reason: 'login-over' })
    const next: (RecordReport | undefined)[] = []
    service.records.open({ session: Uint8Array.of(3) }, (record) => next.push(record))
    await settle()
    expect(next).toEqual([])
    // Until there is one.
    service.is({ kind: 'open', scopes: ['record:read'], expiresAt: 1 })
    await service.answer([])
    expect(next).toEqual([{ link: { kind: 'open' }, mayNote: false, entries: [] }])
  })

  test('what the service revokes is shown no longer', async () => {
    const service = play()
    await service.open()
    await service.answer([entry(1)])
    service.is({ kind: 'ended', reason: 'revoked' })
    expect(service.last()).toEqual({ link: { kind: 'refused', problem: { code: 'service-ended' } }, mayNote: true })
  })

  test('a service that has trouble, or makes no sense, is asked again', async () => {
    const service = play()
    await service.open()
    service.requests.at(-1)?.resolve({ notes: 'none' })
    await settle()
    expect(service.last()).toMatchObject({ link: { kind: 'unavailable', problem: { code: 'service-failed' } } })
    await expect.poll(() => service.requests.length).toBe(2)
    await service.answer([])
    expect(service.last()).toMatchObject({ link: { kind: 'open' }, entries: [] })
  })

  test('a service that refuses to show the record is not asked again', async () => {
    const service = play()
    await service.open()
    service.requests.at(-1)?.reject(new ServiceRefused({ code: 'refused', reason: 'no-record' }))
    await settle()
    expect(service.last()).toMatchObject({ link: { kind: 'refused', problem: { code: 'service-refused' } } })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(service.requests).toHaveLength(1)
  })

  test.each([
    ['card-removed', 'card-removed'],
    ['idle', 'idle'],
    ['quit', 'quit'],
    ['blocked', 'operator'],
  ] as const)('the login’s end (%s) is told at once, and nothing is shown after it', async (reason, told) => {
    const service = play()
    await service.open()
    const before = service.shown.length
    service.records.end(service.login.session, reason)
    expect(service.ends).toEqual([told])
    await service.answer([entry(1)])
    service.is({ kind: 'ended', reason: told })
    expect(service.shown).toHaveLength(before)
    service.records.end(service.login.session, reason)
    expect(service.ends).toHaveLength(1)
  })
})
