/** A relayed card, from the reader to the finding: the terminal's own ceremony, with a delay between reader and card. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { login as loginCeremony } from '../../electron/ceremonies/login.ts'
import type { ListedFinding } from '../../gateway/store/findings.ts'
import { newCard, personGuide, READER, type TestCard, World } from './ceremonies-world.ts'
import { padTypedOn } from './pad-person.ts'

const PIN = '284617'
const RELAY_MS = 40
/** More than the rule wants: the first one ends the registration and tells two answers only. */
const HISTORY = 12

let world: World
let card: TestCard
beforeAll(async () => {
  world = await World.create()
  await world.online()
  await world.signInOperator()
  card = newCard()
  await world.register(world.insert(card), { newPins: [{ next: PIN }] })
})
afterAll(() => world.close())

async function login(): Promise<Uint8Array> {
  const { result } = await world.login(world.insertion(), { pins: [PIN] })
  return result.session
}

async function delays(): Promise<ListedFinding[]> {
  if (world.gateway === undefined) throw new Error('no gateway')
  await world.gateway.watch.settled()
  return world.gateway.registry.store.read((reader) => reader.findings({ kind: 'delay', limit: 10 }))
}

test('a card that answers over a relay is found out at once, and one that answers by itself never', async () => {
  for (let i = 0; i < HISTORY; i += 1) await login()
  expect(await delays()).toEqual([])

  world.readers.setDelay(READER, RELAY_MS)
  const session = await login()
  const found = await delays()
  expect(found).toMatchObject([{ layer: 'perception', own: true, response: 'end-session', evidence: { exchanges: 3 } }])
  expect(found[0]?.evidence.lateMs).toBeGreaterThan(RELAY_MS / 2)
  const ended = await world.gateway?.registry.store.read((reader) => reader.login(session))
  expect(ended?.ended).toBeDefined()

  world.readers.setDelay(READER, 0)
  await login()
  expect(await delays()).toHaveLength(1)
})

test('a card whose PINs are entered on the reader is found out by the two answers that are left', {
  timeout: 30_000,
}, async () => {
  world.readers.remove(READER)
  const other = newCard()
  await world.register(world.insert(other), { newPins: [{ next: PIN }] })
  world.readers.setPad(READER, padTypedOn(Array.from({ length: HISTORY + 1 }, () => PIN)))
  async function onPad(): Promise<void> {
    const guide = personGuide({})
    const { result } = await loginCeremony({ ...world.desk(guide), usesPinPad: true }, world.insertion(), 'holder')
    expect(guide.typed).toEqual([])
    world.link.request('session.end', { session: result.session, reason: 'operator' }).catch(() => undefined)
  }
  const before = (await delays()).length
  for (let i = 0; i < HISTORY; i += 1) await onPad()
  expect(await delays()).toHaveLength(before)

  world.readers.setDelay(READER, RELAY_MS)
  await onPad()
  const found = await delays()
  expect(found).toHaveLength(before + 1)
  expect(found.map(({ evidence }) => evidence.exchanges)).toContain(2)
})
