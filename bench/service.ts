/**
 * The figures of sessions with service nodes: Mosquitto, the gateway on SQLite and the node are processes of their own; the
 * terminal's own code runs in this one, as it does in the terminal's main process, with a card in software.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import mqtt from 'mqtt'
import { enrol } from '../electron/session/enrolment.ts'
import { createGatewayLink, type TerminalLink } from '../electron/session/gateway-link.ts'
import { createIdentityStore } from '../electron/session/identity.ts'
import { type NodeSession, openNodeSession } from '../electron/session/node-session.ts'
import { invite } from '../gateway/registry/terminals.ts'
import { inviteNode } from '../gateway/tokens/nodes.ts'
import { connectBroker } from '../native/broker.ts'
import { createTrust, type GatewayTrust } from '../native/conversation/trust.ts'
import { nodeCrypto } from '../native/crypto.ts'
import { endsWithUs } from '../test/support/ends-with-us.ts'
import { GatewayClient, loginOver, SoftwareCard } from '../test/support/gateway-client.ts'
import { makeTlsFiles } from '../test/support/tls.ts'
import { type Figure, figure, timed } from './figure.ts'
import { NO_FLOODS, startHouse } from './house.ts'
import { rawCommit, rawMqttRoundTrip, sums, TYPING_MS } from './parts.ts'

const peer = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const WARM_UP = 5
/** Requests and sessions without a pause before the first sample: parts at work have compiled what they run often. */
const WORK_BEFORE = { requests: 1000, sessions: 16 }
/** Bytes that cross the broker: token and key exchange, message_1 and message_2, message_3 and message_4; measured on the wire. */
const ROUND_TRIPS = [
  { there: 190, back: 1080 },
  { there: 90, back: 200 },
  { there: 520, back: 60 },
] as const

export interface ServiceFigures {
  readonly nodeSession: Figure
  /** One after the other, and each after a pause in which both ends fall idle. */
  readonly request: Figure
  readonly requestAfterPause?: Figure
  readonly request64k: Figure
}

interface Desk {
  readonly folder: string
  readonly url: string
  readonly link: TerminalLink
  readonly trust: GatewayTrust
  readonly card: SoftwareCard
  close(): Promise<void>
}

async function startProgram(file: string, ...words: string[]): Promise<{ readonly child: ChildProcess; readonly line: string }> {
  const child = endsWithUs(spawn(process.execPath, [peer(file), ...words], { stdio: ['ignore', 'pipe', 'inherit'] }))
  for await (const line of createInterface({ input: child.stdout })) return { child, line }
  throw new Error(`${file} ended without a word`)
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function startDesk(): Promise<Desk> {
  // A card is at two desks at once.
  const house = await startHouse({ ...NO_FLOODS, clone: { travelMs: 1 } })
  const { folder, url, registry } = house
  const invited = await inviteNode(registry, { name: 'bench', scopes: [{ scope: 'echo' }], tokenMs: 300_000, validMs: 60_000 })
  const service = await startProgram('service-peer.ts', url, join(folder, 'service'), invited?.code ?? '')

  const first = await GatewayClient.connect(url)
  await first.enrol(house.invitation)
  await first.open()
  const card = new SoftwareCard()
  await first.register(card, { person: { givenName: 'Beate', familyName: 'Bench', reference: 'B-1' } })
  await first.close()

  const { code } = await invite(registry, { site: 'Bench', validMs: 60_000, mayRegisterFirstOperator: false })
  await registry.store.close()
  const store = createIdentityStore({ path: join(folder, 'identity.json') })
  const connect = (terminal: string) => connectBroker({ url, clientId: terminal, session: 'clean' })
  const identity = await enrol({ code, store, crypto: nodeCrypto, connect })
  const trust = createTrust({ crypto: nodeCrypto, root: identity.root, gateway: identity.gateway, now: Date.now })
  if (trust === undefined) throw new Error('the enrolled gateway is not trusted')
  const broker = connect(identity.terminal)
  const link = createGatewayLink({ broker, identity, trust, crypto: nodeCrypto, software: 'bench' })
  await until(link.subscribe.bind(link), () => link.state().kind === 'online')
  return {
    folder,
    url,
    link,
    trust,
    card,
    async close() {
      await link.close()
      await stop(service.child)
      await house.close()
    },
  }
}

function until(subscribe: (listener: () => void) => () => void, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined
    const look = () => {
      if (!holds()) return
      stop?.()
      resolve()
    }
    stop = subscribe(look)
    look()
  })
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function loggedIn({ link, card }: Desk): Promise<Uint8Array> {
  const { session } = await loginOver((operation, body) => link.request(operation, body), card)
  link.opened(session)
  return session
}

async function openSession({ link, trust }: Desk, session: Uint8Array): Promise<NodeSession> {
  const made = openNodeSession({
    port: link.port,
    crypto: nodeCrypto,
    trust,
    requestToken: (body) => link.request('token.request', body),
    session,
    service: 'bench',
  })
  await until(made.subscribe.bind(made), () => made.state().kind === 'open')
  return made
}

/** From the login that stands to the session that takes requests: token, handshake, message_4. */
async function nodeSessions(desk: Desk, n: number): Promise<number[]> {
  const samples: number[] = []
  for (let i = -WORK_BEFORE.sessions; i < n; i += 1) {
    const session = await loggedIn(desk)
    if (i >= -WARM_UP) await pause(TYPING_MS)
    let opened: NodeSession | undefined
    const ms = await timed(async () => {
      opened = await openSession(desk, session)
    })
    if (i >= 0) samples.push(ms)
    opened?.end('card-removed')
    await desk.link.request('session.end', { session, reason: 'card-removed' })
  }
  return samples
}

/**
 * What the three parties must compute: two key pairs for X25519 and one for P-256, two key agreements, three signatures, and their
 * verification beside that of the node's certificate.
 */
async function rawKeyOperations(n: number): Promise<number[]> {
  const own = nodeCrypto.generateKeyPair('P-256')
  const message = nodeCrypto.randomBytes(500)
  const samples: number[] = []
  for (let i = -WARM_UP; i < n; i += 1) {
    await pause(TYPING_MS)
    const ms = await timed(() => {
      const [x, y] = [nodeCrypto.generateKeyPair('X25519'), nodeCrypto.generateKeyPair('X25519')]
      nodeCrypto.sharedSecret('X25519', x.privateKey, y.publicKey)
      nodeCrypto.sharedSecret('X25519', y.privateKey, x.publicKey)
      const session = nodeCrypto.generateKeyPair('P-256')
      for (const key of [own, own, session]) {
        const signature = nodeCrypto.sign('ES256', key.privateKey, message)
        nodeCrypto.verify('ES256', key.publicKey, message, signature)
      }
      nodeCrypto.verify('ES256', own.publicKey, message, new Uint8Array(64).fill(1))
    })
    if (i >= 0) samples.push(ms)
  }
  return samples
}

/** One way to send bytes there and have as many back. */
interface Way {
  send(body: Buffer): Promise<number>
  close(): Promise<void>
}

const protectedRequest = (session: NodeSession): Way => ({
  async send(body) {
    const answer = (await session.request('echo', body)) as Uint8Array
    return answer.length
  },
  close: async () => session.end('quit'),
})

/** The same bytes there and back between two processes over the same broker. */
async function rawMqtt(url: string, length: number): Promise<Way> {
  const { child } = await startProgram('mqtt-peer.ts', url, 'echo', String(length))
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
  const socket = client.stream as Socket
  socket.setNoDelay(true)
  await client.subscribeAsync('bench/back', { qos: 0 })
  return {
    send: (body) =>
      new Promise((resolve) => {
        client.once('message', (_topic, bytes) => resolve(bytes.length))
        client.publish('bench/there', body)
      }),
    async close() {
      await client.endAsync(true)
      await stop(child)
    },
  }
}

/** The same bytes as a POST and its answer over one TLS 1.3 connection. */
async function https(folder: string): Promise<Way> {
  const files = await makeTlsFiles(folder)
  const { child, line } = await startProgram('https-peer.ts', files.serverCertificateFile, files.serverKeyFile)
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: await readFile(files.caFile), minVersion: 'TLSv1.3' })
  return {
    send: (body) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-length': body.length }
        const sent = httpsRequest({ host: 'localhost', port: Number(line), method: 'POST', agent, headers }, (response) => {
          let received = 0
          response.on('data', (part: Buffer) => {
            received += part.length
          })
          response.on('end', () => resolve(received))
        })
        sent.on('error', reject)
        sent.setNoDelay(true)
        sent.end(body)
      }),
    async close() {
      agent.destroy()
      await stop(child)
    },
  }
}

type Samples<N extends string> = Readonly<Record<N, number[]>>

/** One sample of each way in turn, so that whatever else the machine does falls on all of them. `pauseMs` is before each. */
async function compare<N extends string>(
  ways: Readonly<Record<N, Way>>,
  { length, n, pauseMs }: { readonly length: number; readonly n: number; readonly pauseMs: number },
): Promise<Samples<N>> {
  const names = Object.keys(ways) as N[]
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Samples<N>
  const body = Buffer.alloc(length, 1)
  for (let i = 0; i < n; i += 1) {
    for (const name of names) {
      if (pauseMs > 0) await pause(pauseMs)
      const ms = await timed(async () => {
        if ((await ways[name].send(body)) !== length) throw new Error(`${name}: another answer`)
      })
      samples[name].push(ms)
    }
  }
  return samples
}

/** `afterPause` only where it is asked for; `steady` has ten times as many samples. */
async function requestFigures(
  desk: Desk,
  { length, n, pauses }: { readonly length: number; readonly n: number; readonly pauses: boolean },
): Promise<{ readonly steady: Figure; readonly afterPause: Figure | undefined }> {
  const ways = {
    ours: protectedRequest(await openSession(desk, await loggedIn(desk))),
    rawMqtt: await rawMqtt(desk.url, length),
    https: await https(desk.folder),
  }
  const toFigure = ({ ours, ...beside }: Samples<keyof typeof ways>) => figure(ours, beside)
  try {
    await compare(ways, { length, n: WORK_BEFORE.requests, pauseMs: 0 })
    const steady = toFigure(await compare(ways, { length, n: 10 * n, pauseMs: 0 }))
    const afterPause = pauses ? toFigure(await compare(ways, { length, n, pauseMs: TYPING_MS })) : undefined
    return { steady, afterPause }
  } finally {
    for (const way of Object.values(ways)) await way.close()
  }
}

/** Needs no reader. */
export async function measureService({ quick }: { readonly quick: boolean }): Promise<ServiceFigures> {
  const [n, sessions] = quick ? [20, 16] : [300, 200]
  const desk = await startDesk()
  try {
    const opening = await nodeSessions(desk, sessions)
    const trips: number[][] = []
    for (const lengths of ROUND_TRIPS) trips.push(await rawMqttRoundTrip(desk.url, sessions, lengths))
    const rawMqttRoundTrips = sums(...trips)
    const keys = await rawKeyOperations(sessions)
    const commits = await rawCommit(desk.folder, sessions)
    const request = await requestFigures(desk, { length: 200, n, pauses: true })
    const request64k = await requestFigures(desk, { length: 65_536, n, pauses: false })
    return {
      nodeSession: figure(opening, {
        sumOfParts: sums(rawMqttRoundTrips, keys, commits),
        rawMqttRoundTrips,
        rawKeyOperations: keys,
        rawCommit: commits,
      }),
      request: request.steady,
      ...(request.afterPause && { requestAfterPause: request.afterPause }),
      request64k: request64k.steady,
    }
  } finally {
    await desk.close()
  }
}
