/** Who may open the page of the batch, which cards are meant for it, and what becomes of it when somebody leaves. */
import { expect, test } from 'vitest'
import type { BatchPhase, BatchView } from '../../../electron/contract/batch.ts'
import type { Role } from '../../../protocol/messages/operations.ts'
import { createDesk } from '../terminal-desk.ts'

async function deskOf(role: Role) {
  const desk = createDesk()
  desk.online()
  await desk.signIn(role)
  return desk
}

function open(phase: BatchPhase): BatchView {
  return { kind: 'open', batch: { total: 2, done: 0, skipped: 0, left: 2, phase, sound: true, slips: 0 } }
}
const cards = (desk: Awaited<ReturnType<typeof deskOf>>) =>
  desk.batchCommands.filter(({ kind }) => kind === 'card').map((command) => 'card' in command && command.card?.insertions)

test('it opens for a registrar and a supervisor, and for nobody else', async () => {
  for (const [role, opens] of [
    ['desk', false],
    ['registrar', true],
    ['supervisor', true],
  ] as const) {
    const desk = await deskOf(role)
    expect(desk.intent({ kind: 'show', page: 'batch' })).toBe(opens)
    expect(desk.intent({ kind: 'batch', action: { kind: 'choose-file' } })).toBe(opens)
    expect(desk.batchCommands).toHaveLength(opens ? 1 : 0)
  }
})

test('nothing is asked of the batch from another page', async () => {
  const desk = await deskOf('registrar')
  expect(desk.intent({ kind: 'batch', action: { kind: 'choose-file' } })).toBe(false)
  expect(desk.batchCommands).toEqual([])
})

test('a card goes to the batch while it waits for one, once, and begins no login', async () => {
  const desk = await deskOf('registrar')
  const runs = desk.runs.length
  desk.intent({ kind: 'show', page: 'batch' })
  desk.terminal.batchChanged(open({ kind: 'paused' }))
  desk.insert()
  expect(cards(desk)).toEqual([])
  // The card that is in goes to it as soon as it is wanted.
  desk.terminal.batchChanged(open({ kind: 'next-card' }))
  desk.terminal.batchChanged(open({ kind: 'next-card' }))
  expect(cards(desk)).toEqual([2])
  desk.pull()
  desk.insert()
  expect(cards(desk)).toEqual([2, 3])
  expect(desk.runs).toHaveLength(runs)
})

test('whoever goes to another page has it paused; who locks the desk finds it as it was', async () => {
  const desk = await deskOf('registrar')
  desk.intent({ kind: 'show', page: 'batch' })
  desk.terminal.batchChanged(open({ kind: 'next-card' }))
  desk.intent({ kind: 'show', page: 'readers' })
  expect(desk.batchCommands.at(-1)).toMatchObject({ kind: 'action', action: { kind: 'pause' } })
  desk.intent({ kind: 'show', page: 'batch' })
  const asked = desk.batchCommands.length
  desk.intent({ kind: 'lock' })
  expect(desk.page().kind).toBe('locked')
  expect(desk.batchCommands).toHaveLength(asked)
  await desk.signIn('registrar')
  expect(desk.page().kind).toBe('batch')
})

test('an operator who signs in while it is paused begins at the desk', async () => {
  const desk = await deskOf('registrar')
  desk.terminal.batchChanged(open({ kind: 'paused' }))
  desk.intent({ kind: 'sign-out' })
  await desk.signIn('registrar')
  expect(desk.page().kind).toBe('idle')
})
