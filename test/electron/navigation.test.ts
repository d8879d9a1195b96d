/** Where somebody at the desk may go, from where, and what becomes of what the page lies over. */
import { describe, expect, test } from 'vitest'
import type { PageName } from '../../electron/contract/pages.ts'
import type { Role } from '../../protocol/messages/operations.ts'
import { createDesk, settle } from './terminal-desk.ts'

async function deskOf(role: Role) {
  const desk = createDesk()
  desk.online()
  await desk.signIn(role)
  return desk
}
type Desk = Awaited<ReturnType<typeof deskOf>>

const show = (desk: Desk, page: PageName) => desk.intent({ kind: 'show', page })
const needs = (desk: Desk) =>
  Object.fromEntries(desk.terminal.snapshot().navigation?.pages.map(({ page, needs }) => [page, needs]) ?? [])

test('pages that a role may not open are told with the role that they need, and do not open', async () => {
  const desk = await deskOf('desk')
  expect(needs(desk)).toMatchObject({ desk: undefined, readers: undefined, findings: 'supervisor' })
  expect(show(desk, 'findings')).toBe(false)
  expect(desk.page()).toEqual({ kind: 'idle' })
  expect(needs(await deskOf('supervisor'))).toMatchObject({ readers: undefined, findings: undefined })
})

test('before the sign-in every page that needs an operator says so', () => {
  const desk = createDesk()
  desk.online()
  expect(desk.terminal.snapshot().navigation?.current).toBe('desk')
  expect(needs(desk)).toMatchObject({ desk: undefined, readers: 'desk', findings: 'supervisor' })
  expect(show(desk, 'readers')).toBe(false)
})

test('a page leads on to any other, and back to the desk', async () => {
  const desk = await deskOf('supervisor')
  for (const page of ['readers', 'findings', 'readers'] as const) {
    expect(show(desk, page)).toBe(true)
    expect(desk.page().kind).toBe(page)
    expect(desk.terminal.snapshot().navigation?.current).toBe(page)
  }
  expect(show(desk, 'desk')).toBe(true)
  expect(desk.page()).toEqual({ kind: 'idle' })
})

describe('there is no way out beside', () => {
  test('a start that has not come far', () => {
    const desk = createDesk()
    desk.terminal.gatewayChanged({ kind: 'connecting' })
    expect(desk.page()).toEqual({ kind: 'starting' })
    expect(desk.terminal.snapshot().navigation).toBeUndefined()
  })

  test('a ceremony, and the session that comes of it', async () => {
    const desk = await deskOf('supervisor')
    desk.insert()
    expect(desk.terminal.snapshot().navigation).toBeUndefined()
    expect(show(desk, 'readers')).toBe(false)
    desk.pull()
    desk.run().reject(new Error('pulled'))
    await settle()
    await desk.logIn()
    expect(desk.page().kind).toBe('session')
    expect(desk.terminal.snapshot().navigation).toBeUndefined()
    expect(show(desk, 'desk')).toBe(false)
  })
})

test('an operator who is signed out for being away leaves the page', async () => {
  const desk = createDesk({ idleMs: 5 })
  desk.online()
  await desk.signIn('supervisor')
  show(desk, 'readers')
  await expect.poll(() => desk.page()).toEqual({ kind: 'sign-in' })
})

describe('a page over the enrolment', () => {
  async function enrolling() {
    const desk = createDesk()
    desk.terminal.gatewayChanged({ kind: 'not-enrolled' })
    desk.intent({ kind: 'enrol', code: 'X' })
    expect(show(desk, 'diagnostics')).toBe(true)
    expect(desk.page().kind).toBe('diagnostics')
    return desk
  }

  test('leaves it running, and shows it again', async () => {
    const desk = await enrolling()
    show(desk, 'desk')
    expect(desk.page()).toEqual({ kind: 'enrol', busy: true })
  })

  test('stays when it ends; what went wrong is told when the page is left', async () => {
    const desk = await enrolling()
    desk.enrolments[0]?.end({ code: 'invitation-mistyped' })
    await settle()
    expect(desk.page().kind).toBe('diagnostics')
    show(desk, 'desk')
    expect(desk.page()).toEqual({ kind: 'enrol', busy: false, problem: { code: 'invitation-mistyped' } })
  })

  test('leads to the sign-in once the terminal belongs to a gateway', async () => {
    const desk = await enrolling()
    desk.enrolments[0]?.end()
    await settle()
    desk.online()
    expect(desk.page().kind).toBe('diagnostics')
    show(desk, 'desk')
    expect(desk.page()).toEqual({ kind: 'sign-in' })
  })
})

test('a card that is put in on a page that needs no operator signs in when the page is left', () => {
  const desk = createDesk()
  desk.online()
  show(desk, 'settings')
  desk.insert()
  expect(desk.page().kind).toBe('settings')
  show(desk, 'desk')
  expect(desk.page()).toMatchObject({ kind: 'ceremony', ceremony: { kind: 'sign-in' } })
})
