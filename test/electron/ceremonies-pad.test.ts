/** A PIN change on the reader's pad, where the pad or its driver is not as the specification has it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { changePin } from '../../electron/ceremonies/change-pin.ts'
import type { PinDesk } from '../../electron/ceremonies/desk.ts'
import type { PinReport } from '../../electron/ceremonies/pin-reports.ts'
import { type PinPad, ReaderError } from '../../native/reader.ts'
import { newCard, type Person, personGuide, problemOfCeremony, READER, type TestCard, World } from './ceremonies-world.ts'
import { padTypedOn, withPads } from './pad-person.ts'

const PIN = '284617'
const NEXT = '271828'

let world: World
let card: TestCard
const reports: PinReport[] = []
/** What the clock says is how long the person takes, not the test. */
let typingMs: number
beforeAll(async () => {
  world = await World.create()
  await world.online()
  await world.signInOperator()
})
afterAll(() => world.close())
beforeEach(async () => {
  world.readers.remove(READER)
  world.readers.setPad(READER, undefined)
  world.seenReaders = world.readers
  card = newCard()
  await world.register(world.insert(card), { newPins: [{ next: PIN }] })
  world.readers.setPad(READER, padTypedOn([PIN, NEXT, NEXT]))
  reports.length = 0
  typingMs = 15_000
})

type Modify = NonNullable<PinPad['modify']>

/** A desk whose reader does `modify` as `as` makes of it. */
function deskWith(person: Person, as: (modify: Modify) => Modify): PinDesk & { guide: ReturnType<typeof personGuide> } {
  world.seenReaders = withPads(world.readers, (pad) => ({ ...pad, ...(pad.modify && { modify: as(pad.modify) }) }))
  let clock = 0
  return {
    ...world.desk(personGuide(person)),
    guide: personGuide(person),
    usesPinPad: true,
    changesPinOnPad: true,
    monotonic: () => {
      clock += typingMs
      return clock
    },
    pinReports: {
      add: async (report) => void reports.push(report),
      flush: async () => undefined,
      waiting: async () => reports.length,
    },
  }
}

const holds = (pin: string): boolean => {
  const stored = card.storage.load()?.pin.value
  return stored !== undefined && Buffer.from(stored).toString('latin1').startsWith(pin)
}

test('changes the PIN without this program, and the gateway will be told', async () => {
  const desk = deskWith({}, (modify) => modify)
  await changePin(desk, world.insertion())
  expect(holds(NEXT)).toBe(true)
  expect(desk.guide.typed).toEqual([])
  expect(desk.guide.asked).toEqual([{ retriesLeft: 3, seconds: 60, change: true }])
  expect(desk.guide.steps).toEqual(['read-card', 'choose-pin', 'change-pin'])
  expect(reports.map(({ outcome }) => outcome)).toEqual(['changed'])
})

const lost = () => new ReaderError('communication', 'SCARD_F_COMM_ERROR')

test.each([
  ['before the card had it', false],
  ['after the card had done it', true],
])('calls the outcome unknown where the reader’s answer was lost %s', async (_, done) => {
  const desk = deskWith({}, (modify) => async (structure) => {
    if (done) await modify(structure)
    throw lost()
  })
  expect(await problemOfCeremony(changePin(desk, world.insertion()))).toEqual({ code: 'pin-outcome-unknown', retriesLeft: 3 })
  expect(holds(done ? NEXT : PIN)).toBe(true)
  expect(reports.map(({ outcome }) => outcome)).toEqual(['unknown'])
})

test('calls the outcome unknown where the reader’s answer is none', async () => {
  const desk = deskWith({}, (modify) => async (structure) => {
    await modify(structure)
    return new Uint8Array(0)
  })
  expect(await problemOfCeremony(changePin(desk, world.insertion()))).toMatchObject({ code: 'pin-outcome-unknown' })
  expect(reports).toHaveLength(1)
})

test('a failure that comes sooner than anybody types changed nothing, and is told as what it is', async () => {
  typingMs = 100
  const desk = deskWith({}, () => async () => {
    throw lost()
  })
  expect(await problemOfCeremony(changePin(desk, world.insertion()))).toEqual({ code: 'reader-failed', reader: READER })
  expect(reports).toEqual([])
})

test('a card that is pulled before anybody can have typed was not changed', async () => {
  typingMs = 100
  const desk = deskWith({}, (modify) => async (structure) => {
    const answer = modify(structure)
    world.readers.remove(READER)
    return answer
  })
  world.readers.setPad(READER, padTypedOn([]))
  expect(await problemOfCeremony(changePin(desk, world.insertion()))).toMatchObject({ code: 'card-removed' })
  expect(reports).toEqual([])
})

test.each([
  ['answers at once with nothing, as a driver that asks nobody', 100, async () => new Uint8Array(0)],
  ['does not know the structure', 15_000, async () => Uint8Array.of(0x6b, 0x80)],
  [
    'refuses the request',
    15_000,
    async () => {
      throw new ReaderError('bad-argument', 'SCARD_E_UNSUPPORTED_FEATURE')
    },
  ],
])('the keyboard takes over from a reader that %s', async (_, ms, modify) => {
  typingMs = ms
  const desk = deskWith({ newPins: [{ current: PIN, next: NEXT }] }, () => modify)
  await changePin(desk, world.insertion())
  expect(holds(NEXT)).toBe(true)
  expect(desk.guide.asked[1]).toEqual({ current: true, retriesLeft: 3, problem: { code: 'pin-pad-unusable' } })
  expect(reports.map(({ outcome }) => outcome)).toEqual(['changed'])
})
