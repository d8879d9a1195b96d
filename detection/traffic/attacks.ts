/** Each attack of the issue at several strengths, placed somewhere in honest days. */
import type { Action, Attack, AttackKind } from './action.ts'
import { answerTimes } from './answer-times.ts'
import { PAYLOAD_CLASSES, type PayloadClass, varied } from './payloads.ts'
import type { Random } from './random.ts'
import { apartKm, BEGIN, DAY_MS, deskOf, neighbours, personOf, readerAt, type World } from './world.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** An attack that takes its time takes so long. */
const LASTING_DAYS = 5

const MOST_TRIES = 500

type HonestLogin = Extract<Action, { kind: 'login' }>

export interface Scene {
  readonly world: World
  readonly random: Random
  /** Of people who have a history, in the order of time. */
  readonly logins: readonly HonestLogin[]
}

interface Made {
  readonly actions: readonly Action[]
  readonly from: number
  readonly to: number
  readonly cards?: readonly number[]
  readonly terminals?: readonly number[]
}

interface Variant {
  readonly kind: AttackKind
  readonly variant: string
  make(scene: Scene): Made
}

/** When offices are open, after the first third, early enough for what lasts some days. */
function workingTime({ world, random }: Scene): number {
  const first = Math.ceil(world.days / 3)
  const day = first + random.below(Math.max(1, world.days - first - LASTING_DAYS - 1))
  return BEGIN + day * DAY_MS + 9 * HOUR_MS + random.between(0, 7 * HOUR_MS)
}

const someTerminal = ({ world, random }: Scene): number => random.below(world.desks.length)

/** So many of the same, that far apart on average. */
function burst(scene: Scene, count: number, everyMs: number, action: (at: number, terminal: number) => Action): Made {
  const terminal = someTerminal(scene)
  const from = workingTime(scene)
  let at = from
  const actions: Action[] = []
  for (let i = 0; i < count; i += 1) {
    actions.push(action(at, terminal))
    at += scene.random.between(0.5, 1.5) * everyMs
  }
  return { actions, from, to: at, terminals: [terminal] }
}

const replays = [1, 10, 100].map(
  (count): Variant => ({
    kind: 'replay',
    variant: `${count} recorded ${count === 1 ? 'message' : 'messages'} again`,
    make: (scene) =>
      burst(scene, count, 500, (at, terminal) => ({ kind: 'replay', at, terminal, behind: scene.random.below(200) })),
  }),
)

const tampering = [10, 100].map(
  (count): Variant => ({
    kind: 'replay',
    variant: `${count} changed messages`,
    make: (scene) => burst(scene, count, 300, (at, terminal) => ({ kind: 'tampered', at, terminal })),
  }),
)

const injections = (Object.keys(PAYLOAD_CLASSES) as PayloadClass[]).map(
  (payloadClass): Variant => ({
    kind: 'injection',
    variant: payloadClass,
    make(scene) {
      const { random } = scene
      const value = varied(random, payloadClass, random.pick<string>(PAYLOAD_CLASSES[payloadClass]))
      const field = random.below(3)
      const person = { givenName: 'Anna', familyName: 'Smith', reference: 'C-1' }
      const texts = { ...person, [(['givenName', 'familyName', 'reference'] as const)[field] ?? 'reference']: value }
      return burst(scene, 1, 1, (at, terminal) => ({ kind: 'person', at, terminal, ...texts }))
    },
  }),
)

const misshapen: Variant = {
  kind: 'injection',
  variant: 'cbor (types, depth, extra fields)',
  make: (scene) => burst(scene, 1, 1, (at, terminal) => ({ kind: 'misshapen', at, terminal, variant: scene.random.below(6) })),
}

/** Two tries whenever the holder has left the card: the card's own counter never ends it. */
const pinsOfOneCard = [10, 20, 60].map(
  (perDay): Variant => ({
    kind: 'brute-force-pin',
    variant: `one card, ${perDay} PINs a day, several desks`,
    make(scene) {
      const { world, random } = scene
      const card = random.below(world.people.length)
      const desks = [personOf(world, card).home, ...neighbours(world, personOf(world, card).home)]
      const from = workingTime(scene)
      const actions: Action[] = []
      const to = from + LASTING_DAYS * DAY_MS
      for (let at = from; at < to; at += (DAY_MS / perDay) * random.between(0.6, 1.4)) {
        actions.push({
          kind: 'wrong-pin',
          at,
          terminal: random.pick(desks),
          card,
          present: true,
          retriesLeft: random.chance(0.5) ? 2 : 1,
        })
      }
      return { actions, from, to, cards: [card] }
    },
  }),
)

/** Of people who are never at these desks. */
const STRANGERS_CARDS = 2_000_000

const pinsOfManyCards = [25, 60].map(
  (count): Variant => ({
    kind: 'brute-force-pin',
    variant: `${count} stolen cards at one desk`,
    make(scene) {
      const cards = Array.from({ length: count }, (_, i) => STRANGERS_CARDS + scene.random.below(1000) * 100 + i)
      const next = cards.values()
      return {
        ...burst(scene, count, 8_000, (at, terminal) => ({
          kind: 'wrong-pin',
          at,
          terminal,
          card: next.next().value ?? 0,
          present: true,
          retriesLeft: 2,
        })),
        cards,
      }
    },
  }),
)

const pinsOfANumber: Variant = {
  kind: 'brute-force-pin',
  variant: 'a card number without the card',
  make(scene) {
    const card = scene.random.below(scene.world.people.length)
    return burst(scene, 200, 1_000, (at, terminal) => ({ kind: 'wrong-pin', at, terminal, card, present: false, retriesLeft: 1 }))
  },
}

const handshakes = [10, 60, 600].map(
  (perMinute): Variant => ({
    kind: 'brute-force-handshake',
    variant: `${perMinute} devices' handshakes a minute`,
    make: (scene) =>
      burst(scene, perMinute * 2, MINUTE_MS / perMinute, (at, terminal) => ({
        kind: 'handshake',
        at,
        terminal,
        outcome: 'wrong-key',
      })),
  }),
)

const manyNames: Variant = {
  kind: 'brute-force-handshake',
  variant: '1500 handshakes, each in another name',
  make: (scene) => ({
    ...burst(scene, 1500, 80, (at) => ({
      kind: 'handshake',
      at,
      terminal: someTerminal(scene),
      outcome: 'wrong-key',
      name: scene.random.below(1e9),
    })),
    terminals: [],
  }),
}

const signatures = [10, 60].map(
  (perMinute): Variant => ({
    kind: 'brute-force-handshake',
    variant: `${perMinute} logins with a wrong key a minute`,
    make: (scene) =>
      burst(scene, perMinute * 2, MINUTE_MS / perMinute, (at, terminal) => ({ kind: 'wrong-signature', at, terminal })),
  }),
)

/** The copy answers as the card does; it is used at another desk, that long after the card itself. */
function clone(
  variant: string,
  elsewhere: (scene: Scene, original: HonestLogin) => { terminal: number; afterMs: number } | undefined,
): Variant {
  return {
    kind: 'clone',
    variant,
    make(scene) {
      const { world, random, logins } = scene
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const original = random.pick(logins)
        const place = elsewhere(scene, original)
        if (place === undefined) continue
        const at = original.at + place.afterMs
        const desk = deskOf(world, place.terminal)
        const { card } = personOf(world, original.card)
        const times = answerTimes(random, { card, reader: readerAt(desk, at), host: world.host, at, relayMs: 0 })
        const login: Action = {
          kind: 'login',
          at,
          terminal: place.terminal,
          card: original.card,
          takesMs: Math.min(6_000, place.afterMs),
          times,
        }
        const pulled: Action = { kind: 'pulled', at: at + 5_000, terminal: place.terminal, card: original.card }
        return { actions: [login, pulled], from: at, to: at, cards: [original.card] }
      }
      throw new RangeError('no desk is far enough away')
    },
  }
}

/** A desk at least that far from where the card was used. */
function farDesk({ world, random }: Scene, from: number, atLeastKm: number): number | undefined {
  const terminal = random.below(world.desks.length)
  return apartKm(world, from, terminal) >= atLeastKm ? terminal : undefined
}

/** By air, at a speed that nobody has. */
const flightMs = (km: number): number => (km / 900) * HOUR_MS

const clones = [
  clone('another town, 30 s later', (scene, { terminal }) => {
    const far = farDesk(scene, terminal, 50)
    return far === undefined ? undefined : { terminal: far, afterMs: 30_000 }
  }),
  clone('another town, in half of the time of a flight', (scene, { terminal }) => {
    const far = farDesk(scene, terminal, 100)
    return far === undefined ? undefined : { terminal: far, afterMs: flightMs(apartKm(scene.world, terminal, far)) / 2 }
  }),
  clone('same house, while the card is in use', (scene, { terminal }) => {
    const near = neighbours(scene.world, terminal)
    return near.length === 0 ? undefined : { terminal: scene.random.pick(near), afterMs: scene.random.between(500, 2_500) }
  }),
]

const RELAY_MS = [5, 10, 15, 20, 30, 50, 75, 100] as const

/** Somebody at an honest desk with a card that only passes on, while the true one answers from elsewhere. */
const relays = RELAY_MS.map(
  (relayMs): Variant => ({
    kind: 'delay',
    variant: `relay by ${relayMs} ms`,
    make(scene) {
      const { world, random, logins } = scene
      const original = random.pick(logins)
      // At the card's usual desk, or at another one of the house.
      const terminal = random.chance(0.5)
        ? original.terminal
        : random.pick([original.terminal, ...neighbours(world, original.terminal)])
      const at = original.at + 20 * MINUTE_MS + random.between(0, 10 * MINUTE_MS)
      const { card } = personOf(world, original.card)
      const times = answerTimes(random, { card, reader: readerAt(deskOf(world, terminal), at), host: world.host, at, relayMs })
      const login: Action = { kind: 'login', at, terminal, card: original.card, takesMs: 6_000, times }
      const pulled: Action = { kind: 'pulled', at: at + 20_000, terminal, card: original.card }
      return { actions: [login, pulled], from: at, to: at, cards: [original.card] }
    },
  }),
)

const floods = [200, 1000, 5000].map(
  (perSecond): Variant => ({
    kind: 'flooding',
    variant: `${perSecond} requests a second from one desk`,
    make(scene) {
      const terminal = someTerminal(scene)
      const from = workingTime(scene)
      const action: Action = { kind: 'requests', at: from, terminal, count: perSecond * 20, overMs: 20_000 }
      return { actions: [action], from, to: from + 20_000, terminals: [terminal] }
    },
  }),
)

const garbage: Variant = {
  kind: 'flooding',
  variant: '500 frames of garbage a second',
  make: (scene) => burst(scene, 5_000, 2, (at, terminal) => ({ kind: 'garbage', at, terminal })),
}

const VARIANTS: readonly Variant[] = [
  ...replays,
  ...tampering,
  ...injections,
  misshapen,
  ...pinsOfOneCard,
  ...pinsOfManyCards,
  pinsOfANumber,
  ...handshakes,
  manyNames,
  ...signatures,
  ...clones,
  ...floods,
  garbage,
]

/** `each` of every variant, `relayed` of each strength of relay. */
export function placeAttacks(scene: Scene, each: number, relayed: number): { actions: Action[]; attacks: Attack[] } {
  const actions: Action[] = []
  const attacks: Attack[] = []
  const place = ({ kind, variant, make }: Variant): void => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { cards = [], terminals = [], from, to, actions: made } = make(scene)
      const attack = { id: attacks.length, kind, variant, from, to, cards, terminals }
      // Two of one kind on one card or terminal would be one attack to whoever looks.
      if (attacks.some((other) => overlap(attack, other))) continue
      attacks.push(attack)
      for (const action of made) actions.push({ ...action, attack: attack.id })
      return
    }
    throw new RangeError('the world is too small for so many attacks')
  }
  for (let i = 0; i < each; i += 1) for (const variant of VARIANTS) place(variant)
  for (let i = 0; i < relayed; i += 1) for (const variant of relays) place(variant)
  return { actions, attacks }
}

function overlap(a: Attack, b: Attack): boolean {
  const anywhere = [a, b].some(({ cards, terminals }) => cards.length === 0 && terminals.length === 0)
  const ofCards = a.cards.length > 0 || b.cards.length > 0
  const apartMs = anywhere ? HOUR_MS : ofCards ? DAY_MS : HOUR_MS / 3
  if (a.kind !== b.kind || a.from > b.to + apartMs || b.from > a.to + apartMs) return false
  if (anywhere) return true
  return a.cards.some((card) => b.cards.includes(card)) || a.terminals.some((terminal) => b.terminals.includes(terminal))
}
