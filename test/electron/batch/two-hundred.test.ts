/** The batch that the technicians asked for: 200 cards, with everything in between that happens in an afternoon. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toHex } from '../../../protocol/bytes.ts'
import { newCard, READER, somebody, until } from '../ceremonies-world.ts'
import { BatchWorld, csvOf } from './batch-world.ts'

const PEOPLE = 200

let desk: BatchWorld
beforeAll(async () => {
  desk = await BatchWorld.create()
})
afterAll(async () => {
  await desk?.close()
})

/** Random, and the same at every run (Park and Miller 1988). */
function randomness(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

test('200 people, three cards pulled at random moments, one blocked, the gateway restarted: 200 certificates, nobody twice', async () => {
  const { world } = desk
  const random = randomness(20_261_122)
  await desk.signIn()
  desk.show()

  // A card of somebody whom the batch does not know, and which has been blocked since.
  const blocked = newCard()
  const { guid } = await desk.registerApart(blocked, somebody(1))
  await desk.block(guid)

  await desk.begin(csvOf(PEOPLE))
  const pulled = new Set<number>()
  while (pulled.size < 3) pulled.add(10 + random(80))
  const sameCardAgain = [...pulled][0]
  const troubles: string[] = []

  for (let number = 1; number <= PEOPLE; number += 1) {
    const { current } = await desk.until('next-card')
    expect(current?.number).toBe(number)
    if (number === 100) {
      world.insert(blocked)
      const { phase } = await desk.until('trouble')
      troubles.push(phase.kind === 'trouble' ? phase.problem.code : '')
      world.readers.remove(READER)
    }
    if (number === 120) {
      await world.stopGateway()
      world.insert(newCard())
      await desk.until('offline')
      await world.startGateway()
      await desk.until('remove-card')
      world.readers.remove(READER)
      continue
    }
    const card = newCard()
    if (pulled.has(number)) {
      world.readers.arm(READER, {
        kind: (['pull-before', 'lose-answer', 'pull-after'] as const)[random(3)] ?? 'pull-before',
        apdu: 1 + random(25),
      })
      world.insert(card)
      const { phase } = await desk.until('trouble')
      troubles.push(phase.kind === 'trouble' ? phase.problem.code : '')
      await desk.make(number === sameCardAgain ? card : newCard())
    } else await desk.make(card)
  }

  const { done, skipped, left, report, total } = await desk.until('finished')
  expect({ done, skipped, left, total }).toEqual({ done: PEOPLE, skipped: 0, left: 0, total: PEOPLE })
  expect(troubles).toHaveLength(4)
  expect(troubles).toContain('card-blocked')
  expect(report?.medianMs).toBeGreaterThan(0)

  const certificates = new Map(await desk.certificates())
  certificates.delete(somebody(1).reference)
  expect(certificates.size).toBe(PEOPLE)
  for (const [reference, states] of certificates) expect(states, reference).toEqual(['active'])

  desk.act({ kind: 'save-report' })
  await until(() => desk.dialogs.reports.length === 1, 20_000, 'no report was saved')
  const lines = (desk.dialogs.reports[0] ?? '').trim().split('\r\n')
  expect(lines).toHaveLength(PEOPLE + 1)
  expect(lines.slice(1).every((line) => /,done,,[0-9a-f]{32},\d+\.\d$/.test(line))).toBe(true)
  expect(new Set(lines.slice(1).map((line) => line.split(',')[7])).size).toBe(PEOPLE)
  expect(lines.join()).not.toContain(toHex(guid))

  desk.act({ kind: 'save-slips', format: 'a4' })
  await until(() => desk.open().slips === 0, 20_000, 'the slips were not saved')
  expect(new Set(desk.dialogs.slips[0]?.map(({ pin }) => pin)).size).toBeGreaterThan(PEOPLE - 3)
  expect(desk.unexpected).toEqual([])
}, 240_000)
