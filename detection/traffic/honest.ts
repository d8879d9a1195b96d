/**
 * Honest days: people who come and go, mistype, walk to the next desk and travel; operators who change shifts; desks that are
 * started, lose their network and register batches of new cards.
 */
import type { Action } from './action.ts'
import { answerTimes, newCardSpeed } from './answer-times.ts'
import { Random } from './random.ts'
import { honestPerson } from './texts.ts'
import { BEGIN, DAY_MS, deskOf, neighbours, personOf, readerAt, type World } from './world.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Cards that are registered during the traffic have numbers from here on. */
export const NEW_CARDS = 1_000_000

/** In no order. */
export function honestActions(world: World, seed: number): Action[] {
  const random = new Random(seed, 'honest')
  const actions: Action[] = []
  for (const [card] of world.people.entries()) personDays(world, card, random, actions)
  let newCard = NEW_CARDS
  for (const [terminal, desk] of world.desks.entries()) {
    for (let day = 0; day < world.days; day += 1) {
      const opens = BEGIN + day * DAY_MS + 7.5 * HOUR_MS + random.between(0, 30 * MINUTE_MS)
      connect(random, actions, terminal, opens, desk.poorNetwork)
      // Two shifts: what signs in and is looked at when they change.
      for (const shift of [opens + 10 * MINUTE_MS, opens + 5.5 * HOUR_MS]) {
        actions.push({
          kind: 'requests',
          at: shift + random.between(0, 10 * MINUTE_MS),
          terminal,
          count: 4 + random.below(12),
          overMs: 20_000,
        })
      }
      const outages = random.poisson(desk.poorNetwork ? 1 : 0.03)
      for (let i = 0; i < outages; i += 1)
        connect(random, actions, terminal, opens + random.between(0, 10 * HOUR_MS), desk.poorNetwork)
    }
    for (let week = 0; week < world.days / 7; week += 1) {
      if (random.chance(0.1))
        newCard = registerBatch(world, terminal, BEGIN + (week * 7 + random.below(5)) * DAY_MS, newCard, random, actions)
    }
  }
  return actions
}

function personDays(world: World, card: number, random: Random, actions: Action[]): void {
  const person = personOf(world, card)
  let free = BEGIN
  for (let day = 0; day < world.days; day += 1) {
    const begin = BEGIN + day * DAY_MS + 8 * HOUR_MS
    // A day elsewhere begins and ends with a night, so the way is honest.
    const away = random.chance(0.03) ? random.below(world.desks.length) : undefined
    let at = begin
    const logins = random.poisson(person.loginsPerDay)
    for (let i = 0; i < logins; i += 1) {
      at = Math.max(free, at + random.exponential((10 * HOUR_MS) / (logins + 1)))
      if (at > begin + 11 * HOUR_MS) break
      const home = away ?? (random.chance(0.85) ? person.home : random.pick([person.home, ...neighbours(world, person.home)]))
      at = visit(world, card, home, at, random, actions)
      // To the next desk at once: the queue there is shorter.
      if (random.chance(0.01))
        at = visit(
          world,
          card,
          random.pick([home, ...neighbours(world, home)]),
          at + random.between(6_000, 30_000),
          random,
          actions,
        )
      free = at + MINUTE_MS
    }
  }
}

/** Card in, perhaps a wrong PIN or two, the right one, some work, card out. Returns when it is out. */
function visit(world: World, card: number, terminal: number, from: number, random: Random, actions: Action[]): number {
  const person = personOf(world, card)
  const desk = deskOf(world, terminal)
  const slow = desk.poorNetwork ? random.logNormal(300, 1) : random.logNormal(8, 0.5)
  let at = from + 1500 + slow
  let begun = at
  for (let retriesLeft = 2; retriesLeft >= 1 && random.chance(retriesLeft === 2 ? person.clumsiness : 0.3); retriesLeft -= 1) {
    at += random.logNormal(4_000, 0.4)
    actions.push({ kind: 'wrong-pin', at, terminal, card, present: true, retriesLeft })
  }
  // Forgotten: the person goes and asks for help.
  if (at > begun + 6_000 && random.chance(0.1)) return at
  if (random.chance(0.2)) begun = at
  at += random.logNormal(4_000, 0.5)
  const times = answerTimes(random, { card: person.card, reader: readerAt(desk, at), host: world.host, at, relayMs: 0 })
  at += times.verifyMs + times.signMs + slow
  actions.push({ kind: 'login', at, terminal, card, takesMs: Math.max(500, at - begun), times })
  actions.push({ kind: 'requests', at: at + 1_000, terminal, count: random.poisson(3), overMs: 5_000 })
  at += Math.min(HOUR_MS, random.logNormal(60_000, 1))
  // Where the network is down just then, the gateway hears of it by the terminal's last will.
  const told = random.chance(0.003) ? random.between(0, 22_000) : 50
  actions.push({ kind: 'pulled', at: at + told, terminal, card })
  return at
}

/** A device's handshake; on a poor network only after some that came to nothing. */
function connect(random: Random, actions: Action[], terminal: number, from: number, poor: boolean): void {
  let at = from
  const lost = poor ? random.poisson(4) : random.poisson(0.05)
  for (let i = 0; i < lost; i += 1) {
    actions.push({ kind: 'handshake', at, terminal, outcome: 'lost' })
    at += 2_000 + Math.min(5_000, 100 * 2 ** i)
  }
  actions.push({ kind: 'connect', at, terminal })
}

/** Card after card, as fast as the hands go. */
function registerBatch(
  world: World,
  terminal: number,
  day: number,
  firstCard: number,
  random: Random,
  actions: Action[],
): number {
  const desk = deskOf(world, terminal)
  const count = 20 + random.below(40)
  let at = day + 9 * HOUR_MS + random.between(0, 4 * HOUR_MS)
  for (let i = 0; i < count; i += 1) {
    const card = firstCard + i
    actions.push({ kind: 'person', at, terminal, newCard: card, ...honestPerson(random) })
    actions.push({ kind: 'requests', at: at + 100, terminal, count: 5, overMs: 3_000 })
    const times = answerTimes(random, {
      card: newCardSpeed(random),
      reader: readerAt(desk, at),
      host: world.host,
      at,
      relayMs: 0,
    })
    at += random.between(8_000, 40_000)
    actions.push({ kind: 'login', at, terminal, card, takesMs: 1_200, times })
    actions.push({ kind: 'pulled', at: at + 2_000, terminal, card })
    at += random.between(3_000, 10_000)
  }
  return firstCard + count
}
