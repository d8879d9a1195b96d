/** The figures `login` and `registration`. */
import { login } from '../electron/ceremonies/login.ts'
import { register } from '../electron/ceremonies/register.ts'
import { type BenchDesk, PIN } from './desk.ts'
import { type Figure, figure, timed } from './figure.ts'
import { cardComputing, rawApdus, rawCommit, rawKeyOperations, rawMqttRoundTrip, sums } from './parts.ts'

/** Bytes of login.finish and its answer as they cross the broker, measured on the wire. */
const LOGIN_LENGTHS = { there: 420, back: 380 }
/** Bytes of a middling request and answer of a registration. */
const REGISTRATION_LENGTHS = { there: 300, back: 500 }
/** A gateway at work has compiled what it runs often; one that has just begun takes about 3 ms more. */
const WARM_UP = 30

const person = { givenName: 'Beate', familyName: 'Bench', reference: 'B-1' }

export interface LoginFigures {
  readonly login: Figure
  readonly registration: Figure
}

export async function measureLogin(desk: BenchDesk, { quick }: { readonly quick: boolean }): Promise<LoginFigures> {
  const logins = quick ? 30 : 400
  const registrations = quick ? 3 : 30
  const n = quick ? 16 : 200

  let insertion = await desk.insertBlankCard()
  await register(desk.online, insertion, { person, role: 'supervisor' })
  const { result } = await login(desk.online, insertion, 'operator')
  const session = result.session

  const counts = { apdus: 0, requests: 0 }
  const counted = countingDesk(desk, counts)
  const registrationTimes: number[] = []
  for (let i = 0; i < registrations; i += 1) {
    insertion = await desk.insertBlankCard()
    registrationTimes.push(
      await timed(() => register(counted, insertion, { person: { ...person, reference: `B-${i + 2}` }, session })),
    )
  }

  const loginTimes: number[] = []
  for (let i = 0; i < WARM_UP + logins; i += 1) {
    const { loginMs } = await login(desk.online, insertion, 'holder')
    if (i >= WARM_UP) loginTimes.push(loginMs)
  }

  const apdus = await rawApdus(desk.reader, PIN, n)
  const mqtt = await rawMqttRoundTrip(desk.mosquitto.url, n, LOGIN_LENGTHS)
  const keys = await rawKeyOperations(n)
  const commits = await rawCommit(desk.folder, n)

  const perApdu = apdus.map((pair) => pair / 2)
  const registrationMqtt = await rawMqttRoundTrip(desk.mosquitto.url, n, REGISTRATION_LENGTHS)
  const each = { apdus: Math.round(counts.apdus / registrations), requests: Math.round(counts.requests / registrations) }
  const registrationParts = sums(
    perApdu.map((ms) => ms * each.apdus),
    registrationMqtt.map((ms) => ms * each.requests),
    commits.map((ms) => ms * each.requests),
    keys.map((ms) => ms * each.requests),
  )
  return {
    login: figure(loginTimes, {
      sumOfParts: sums(apdus, mqtt, keys, commits),
      rawApdus: apdus,
      rawMqttRoundTrip: mqtt,
      rawKeyOperations: keys,
      rawCommit: commits,
      cardComputing: await cardComputing(n),
    }),
    registration: figure(registrationTimes, { sumOfParts: registrationParts }),
  }
}

/** The same desk, counting what goes to the card and to the gateway. */
function countingDesk(desk: BenchDesk, counts: { apdus: number; requests: number }): BenchDesk['online'] {
  const { readers, link } = desk.online
  return {
    ...desk.online,
    readers: {
      status: () => readers.status(),
      subscribe: (listener) => readers.subscribe(listener),
      close: () => readers.close(),
      async connect(reader, options) {
        const connection = await readers.connect(reader, options)
        return new Proxy(connection, {
          get(target, name) {
            if (name === 'transmit') counts.apdus += 1
            const value: unknown = Reflect.get(target, name, target)
            return typeof value === 'function' ? value.bind(target) : value
          },
        })
      },
    },
    link: {
      state: () => link.state(),
      subscribe: (listener) => link.subscribe(listener),
      close: () => link.close(),
      opened: (session) => link.opened(session),
      ended: (session) => link.ended(session),
      request(operation, body, options) {
        counts.requests += 1
        return link.request(operation, body, options)
      },
    },
  }
}
