/**
 * A desk on real parts for the figures: pcscd with a virtual card in vpcd (a process), the PC/SC process, Mosquitto (a process)
 * and the gateway (a process) on SQLite. The ceremonies run in this process, as they do in the terminal's main process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Insertion } from '../electron/ceremonies/card-access.ts'
import type { OnlineDesk } from '../electron/ceremonies/desk.ts'
import type { Guide } from '../electron/ceremonies/guide.ts'
import { createBlockList } from '../electron/notices/block-list.ts'
import { createSeenCards } from '../electron/presence/seen-cards.ts'
import { enrol } from '../electron/session/enrolment.ts'
import { createGatewayLink, type TerminalLink } from '../electron/session/gateway-link.ts'
import { createIdentityStore } from '../electron/session/identity.ts'
import { connectBroker } from '../native/broker.ts'
import { createTrust } from '../native/conversation/trust.ts'
import { nodeCrypto } from '../native/crypto.ts'
import { PcscReaders } from '../native/pcsc/client.ts'
import { forkHost } from '../native/pcsc/process.ts'
import { utf8 } from '../protocol/bytes.ts'
import { endsWithUs } from '../test/support/ends-with-us.ts'
import { type Mosquitto, startMosquitto } from '../test/support/mosquitto.ts'
import { ensurePcscd, reserveVirtualReaders } from '../test/support/pcscd.ts'
import { TYPING_MS } from './parts.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const READER = 'Virtual PCD 00 00'
export const PIN = '284617'
/** A machine that has other work, and a service that looks for cards now and then. */
const WAIT_MS = 60_000

export interface BenchDesk {
  readonly folder: string
  readonly reader: string
  readonly mosquitto: Mosquitto
  readonly link: TerminalLink
  /** A desk whose person enters the PIN of registered cards without thinking. */
  readonly online: OnlineDesk
  /** Puts in another blank card. */
  insertBlankCard(): Promise<Insertion>
  insertion(): Insertion
  close(): Promise<void>
}

/** A person with the same PIN for every card, who types faster than anybody can; message_1 and message_2 travel meanwhile. */
function swiftPerson(): Guide {
  return {
    begin: () => undefined,
    step: () => undefined,
    person: () => undefined,
    askPin: async () => {
      await new Promise((resolve) => setTimeout(resolve, TYPING_MS))
      return utf8(PIN)
    },
    askPad: async () => 'keyboard',
    askNewPin: async () => ({ next: utf8(PIN) }),
  }
}

function startProgram(file: string, ...words: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(ROOT, file), ...words], { cwd: ROOT, stdio: ['pipe', 'pipe', 'ignore'] })
  return endsWithUs(child)
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('the program ended without a word')
}

async function output(file: string, ...words: string[]): Promise<string> {
  return firstLine(startProgram(file, ...words))
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise<void>((resolve) => child.once('exit', () => resolve()))
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${WAIT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export async function startBenchDesk(): Promise<BenchDesk> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-'))
  await reserveVirtualReaders()
  await ensurePcscd()
  const mosquitto = await startMosquitto()
  const data = join(folder, 'gateway')
  const gateway = startProgram('gateway/cli.ts', 'start', '--broker', mosquitto.url, '--data', data, '--json')
  await firstLine(gateway)
  const made = JSON.parse(await output('gateway/cli.ts', 'invite', '--first-operator', '--data', data, '--json')) as {
    invitation: string
  }
  const store = createIdentityStore({ path: join(folder, 'identity.json') })
  const connect = (terminal: string) => connectBroker({ url: mosquitto.url, clientId: terminal, session: 'clean' })
  const identity = await enrol({ code: made.invitation, store, crypto: nodeCrypto, connect })
  const trust = createTrust({ crypto: nodeCrypto, root: identity.root, gateway: identity.gateway, now: Date.now })
  if (trust === undefined) throw new Error('the enrolled gateway is not trusted')
  const link = createGatewayLink({ broker: connect(identity.terminal), identity, trust, crypto: nodeCrypto, software: 'bench' })
  await until('the link', () => link.state().kind === 'online')
  const readers = new PcscReaders({ startHost: () => forkHost(join(ROOT, 'native/pcsc/host.ts')) })
  const blocks = createBlockList({
    path: join(folder, 'blocks.json'),
    link: () => link,
    onUnwritten: (error) => {
      throw error
    },
  })
  let card: ChildProcess | undefined

  const status = () => readers.status().readers.find(({ name }) => name === READER)
  const insertion = (): Insertion => ({ reader: READER, insertions: status()?.insertions ?? 0 })

  async function pull(): Promise<void> {
    if (card === undefined) return
    card.kill('SIGKILL')
    await ended(card)
    card = undefined
  }

  return {
    folder,
    reader: READER,
    mosquitto,
    link,
    online: {
      readers,
      guide: swiftPerson(),
      link,
      trust,
      crypto: nodeCrypto,
      blocks,
      cards: createSeenCards(readers),
      now: Date.now,
      monotonic: () => performance.now(),
    },
    insertion,
    async insertBlankCard() {
      await until('the reader', () => status() !== undefined)
      await pull()
      // The service looks into a reader now and then, and misses a card that was away for less.
      await until('the reader to be empty', () => status()?.state.kind === 'empty')
      // Without a file: what the card's own disk would cost is no figure of the terminal.
      card = startProgram('native/virtual-card/cli.ts', '--vpcd')
      await until('the card', () => status()?.state.kind === 'card')
      return insertion()
    },
    async close() {
      await pull()
      await link.close()
      await blocks.close()
      await readers.close()
      gateway.kill('SIGTERM')
      await ended(gateway)
      await mosquitto.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
