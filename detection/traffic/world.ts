/** Houses with desks, people with cards, readers that are changed now and then. */
import { type CardSpeed, type HostQuality, newCardSpeed, newReaderSpeed, type ReaderSpeed, USUAL_HOST } from './answer-times.ts'
import { Random } from './random.ts'

export const DAY_MS = 86_400_000
/** Monday, 5 January 2026, 00:00 UTC. */
export const BEGIN = Date.UTC(2026, 0, 5)

export interface House {
  readonly name: string
  readonly latitude: number
  readonly longitude: number
}

export interface Desk {
  readonly house: number
  readonly site: string
  /** Loses messages often. */
  readonly poorNetwork: boolean
  /** From which time on which reader stands there, in order. */
  readonly readers: readonly { readonly from: number; readonly reader: ReaderSpeed }[]
}

export interface Person {
  readonly home: number
  readonly loginsPerDay: number
  /** Chance of a wrong PIN at an entry. */
  readonly clumsiness: number
  readonly card: CardSpeed
}

export interface World {
  readonly days: number
  readonly houses: readonly House[]
  readonly desks: readonly Desk[]
  readonly people: readonly Person[]
  readonly host: HostQuality
}

export interface WorldSize {
  readonly houses: number
  readonly desksPerHouse: number
  readonly people: number
  readonly days: number
}

export function makeWorld(seed: number, size: WorldSize, host: HostQuality = USUAL_HOST): World {
  const random = new Random(seed, 'world')
  const houses = Array.from({ length: size.houses }, (_, i) => ({
    name: `House ${i + 1}`,
    latitude: random.between(47.5, 54.5),
    // Side by side, so that few houses are far apart too.
    longitude: 6.5 + (8 * (i + random.between(0.3, 0.7))) / size.houses,
  }))
  let serials = 0
  const newReader = () => {
    serials += 1
    return newReaderSpeed(random, serials)
  }
  const desks = houses.flatMap((house, number) =>
    Array.from({ length: size.desksPerHouse }, (_, i) => {
      const readers = [{ from: BEGIN, reader: newReader() }]
      // A reader lasts 120 days on average. Another one of the same kind keeps its name and is a little faster or slower.
      for (
        let at = BEGIN + random.exponential(120 * DAY_MS);
        at < BEGIN + size.days * DAY_MS;
        at += random.exponential(120 * DAY_MS)
      ) {
        const last = readers.at(-1)?.reader
        const same = random.chance(0.3) && last !== undefined
        readers.push({
          from: at,
          reader: same ? { name: last.name, ms: last.ms + random.between(0, 2) } : newReader(),
        })
      }
      return { house: number, site: `${house.name}, desk ${i + 1}`, poorNetwork: random.chance(0.1), readers }
    }),
  )
  const people = Array.from({ length: size.people }, () => ({
    home: random.below(desks.length),
    loginsPerDay: Math.min(40, random.logNormal(4, 0.6)),
    clumsiness: Math.min(0.25, random.logNormal(0.02, 0.9)),
    card: newCardSpeed(random),
  }))
  return { days: size.days, houses, desks, people, host }
}

export function deskOf(world: World, terminal: number): Desk {
  const desk = world.desks[terminal]
  if (desk === undefined) throw new RangeError('no such desk')
  return desk
}

export function personOf(world: World, card: number): Person {
  const person = world.people[card]
  if (person === undefined) throw new RangeError('no such person')
  return person
}

export function readerAt(desk: Desk, at: number): ReaderSpeed {
  const standing = desk.readers.filter(({ from }) => from <= at).at(-1) ?? desk.readers[0]
  if (standing === undefined) throw new RangeError('a desk without reader')
  return standing.reader
}

/** Other desks of the same house. */
export function neighbours(world: World, terminal: number): readonly number[] {
  const { house } = deskOf(world, terminal)
  return world.desks.flatMap((desk, i) => (desk.house === house && i !== terminal ? [i] : []))
}

/** On a flat map, which is good enough to choose by: kilometres. */
export function apartKm(world: World, a: number, b: number): number {
  const [one, other] = [world.houses[deskOf(world, a).house], world.houses[deskOf(world, b).house]]
  if (one === undefined || other === undefined) return 0
  const north = (one.latitude - other.latitude) * 111.2
  const east = (one.longitude - other.longitude) * 111.2 * Math.cos((one.latitude * Math.PI) / 180)
  return Math.hypot(north, east)
}
