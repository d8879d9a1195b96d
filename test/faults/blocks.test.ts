/**
 * No announced and no acknowledged block is ever lost: the gateway is killed while blocks are issued, the broker goes away
 * during a block, and two workers honour each other's blocks.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { liftBlock } from '../../gateway/blocks/commit.ts'
import { openRegistry } from '../../gateway/main.ts'
import type { Registry } from '../../gateway/registry/context.ts'
import { invite } from '../../gateway/registry/terminals.ts'
import { toHex } from '../../protocol/bytes.ts'
import { endsWithUs } from '../support/ends-with-us.ts'
import { TestGateway } from '../support/gateway.ts'
import { GatewayClient, PATIENCE_MS, SoftwareCard } from '../support/gateway-client.ts'
import { GatewayProcess, gatewayCommand } from '../support/gateway-process.ts'
import { type Mosquitto, startMosquitto } from '../support/mosquitto.ts'
import { NoticesClient } from '../support/notices-client.ts'
import { until } from '../support/service.ts'

const STANDBY = fileURLToPath(new URL('gateway-standby.ts', import.meta.url))
const KILLS = 200
const CARDS = 4
/** Blocks are under way from the first millisecond on; a whole one takes a few. */
const MOST_MS_BEFORE_KILL = 40

const folder = mkdtempSync(join(tmpdir(), 'tessera-block-faults-'))
let mosquitto: Mosquitto
beforeAll(async () => {
  mosquitto = await startMosquitto()
})
afterAll(async () => {
  await mosquitto.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Gateways that can be started at once and killed at any moment. */
class Standbys {
  readonly #data: string
  readonly #ready: ChildProcess[] = []
  #running: ChildProcess | undefined

  constructor(data: string) {
    this.#data = data
    for (let i = 0; i < 2; i += 1) this.#prepare()
  }

  #prepare(): void {
    const standby = spawn(process.execPath, [STANDBY, this.#data, mosquitto.url], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ready.push(endsWithUs(standby))
  }

  async start(): Promise<void> {
    const child = this.#ready.shift() as ChildProcess
    this.#prepare()
    this.#running = child
    const worker = once(child.stdout as NodeJS.ReadableStream, 'data')
    child.stdin?.write('start\n')
    await worker
  }

  async kill(): Promise<void> {
    const child = this.#running as ChildProcess
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    expect((await exited)[1]).toBe('SIGKILL')
  }

  close(): void {
    for (const child of this.#ready) child.kill('SIGKILL')
  }
}

interface Desk {
  readonly registry: Registry
  readonly supervisor: GatewayClient
  readonly session: Uint8Array
  readonly holder: NoticesClient
  readonly cards: readonly Uint8Array[]
}

/** A supervisor's terminal, and one that holds the cards in its readers. */
async function furnish(registry: Registry): Promise<Desk> {
  const enrolled = async (mayRegisterFirstOperator: boolean) => {
    const client = await GatewayClient.connect(mosquitto.url)
    await client.enrol((await invite(registry, { site: 'Desk', validMs: 600_000, mayRegisterFirstOperator })).code)
    await client.open()
    return client
  }
  const supervisor = await enrolled(true)
  const operator = new SoftwareCard()
  await supervisor.register(operator, { person: { givenName: 'Ada', familyName: 'First', reference: 'op' } })
  const { session } = await supervisor.login(operator, 'operator')
  const cards: Uint8Array[] = []
  for (let i = 0; i < CARDS; i += 1) {
    const card = new SoftwareCard()
    await supervisor.register(card, { person: { givenName: 'P', familyName: 'Q', reference: `P-${i}` }, session })
    cards.push(card.guid as Uint8Array)
  }
  const holder = await NoticesClient.listen(await enrolled(false))
  // Retained: each gateway that comes hears it.
  await holder.present(cards.map((card, i) => ({ name: `Reader ${i}`, simulated: true, state: 'card', since: 1, card })))
  return { registry, supervisor, session, holder, cards }
}

/** Blocks one card after the other, and puts down what was acknowledged; `stop` once the gateway is gone. */
function blockOnAndOn({ supervisor, session, cards }: Desk) {
  const acknowledged: { readonly guid: Uint8Array; readonly at: number }[] = []
  let gone = false
  const ended = (async () => {
    for (let i = 0; !gone; i += 1) {
      const guid = cards[i % cards.length] as Uint8Array
      acknowledged.push({ guid, at: (await supervisor.request('card.block', { session, guid })).at })
    }
  })().catch((error: unknown) => error)
  return {
    acknowledged,
    async stop() {
      gone = true
      supervisor.giveUp()
      // Undefined where an answer came at that moment.
      expect((await ended) ?? new Error('given up')).toMatchObject({ message: expect.stringContaining('given up') })
    },
  }
}

/** What is waited for before each kill: nothing, the first word to the terminal that holds the card, the first answer to the supervisor. */
const MOMENTS = ['at any moment', 'once one is told', 'once one is acknowledged'] as const

describe('a gateway that is killed while blocks are issued', () => {
  test(`${KILLS} times: every announced or acknowledged block stands`, { timeout: 900_000 }, async () => {
    const data = join(folder, 'killed')
    const standbys = new Standbys(data)
    await standbys.start()
    const { registry } = openRegistry(data)
    const desk = await furnish(registry)
    const { supervisor, holder, session, cards } = desk
    const counted = { announced: 0, acknowledged: 0, broughtBack: 0 }
    for (let kill = 0; kill < KILLS; kill += 1) {
      for (const guid of cards) await liftBlock(registry, guid)
      holder.notices.length = 0
      const { acknowledged, stop } = blockOnAndOn(desk)
      const moment = MOMENTS[kill % MOMENTS.length]
      if (moment === 'once one is told') await holder.until(() => holder.notices.length > 0)
      else {
        if (moment === 'once one is acknowledged') await until('an answer', () => acknowledged.length > 0)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * MOST_MS_BEFORE_KILL))
      }
      await standbys.kill()
      // What the one before said has arrived by now.
      await standbys.start()
      await stop()
      await Promise.all([supervisor.open([session]), holder.client.open()])

      // What the terminal was told, it has kept, and hands back now.
      for (const { notice, signed } of holder.notices) {
        const committed = await registry.store.read((reader) => reader.blockChangeOfNotice(notice.notice))
        if (committed === undefined) counted.broughtBack += 1
        await holder.client.request('notice.confirm', { notice: signed })
      }
      const [blocked, changes] = await registry.store.read(async (reader) => [
        (await reader.blockedCards(new Uint8Array(0), 100)).map(({ guid }) => toHex(guid)),
        await Promise.all(holder.notices.map(({ notice }) => reader.blockChangeOfNotice(notice.notice))),
      ])
      expect(changes).not.toContain(undefined)
      const blockedNow = new Set(blocked)
      for (const { notice } of holder.notices) expect(blockedNow).toContain('guid' in notice ? toHex(notice.guid) : '')
      for (const { guid } of acknowledged) expect(blockedNow).toContain(toHex(guid))
      counted.announced += holder.notices.length
      counted.acknowledged += acknowledged.length
    }
    // The moments were the right ones: some commits were lost, and came back by the terminal's hand.
    expect(counted.broughtBack).toBeGreaterThan(0)
    expect(counted.acknowledged).toBeGreaterThanOrEqual(Math.floor(KILLS / MOMENTS.length))
    expect(counted.announced).toBeGreaterThanOrEqual(counted.acknowledged)
    expect(holder.refused).toBe(0)
    expect(await registry.store.read((reader) => registry.audit.verify(reader))).toMatchObject({ kind: 'intact' })
    await standbys.kill()
    standbys.close()
    await Promise.all([supervisor.close(), holder.client.close(), registry.store.close()])
  })
})

describe('a broker that is away during a block', () => {
  test('has the notice and the version of the list delivered when it is back', async () => {
    const broker = await startMosquitto()
    const gateway = await TestGateway.start({ kind: 'external', url: broker.url })
    try {
      const desk = await gateway.desk()
      const card = await gateway.card(desk)
      const holder = await NoticesClient.listen(desk.client)
      await holder.holds(card.guid)
      await expect.poll(() => [...gateway.gateway.presences.holding(toHex(card.guid))]).toHaveLength(1)
      await broker.stop('SIGKILL')
      const { blocks, registry } = gateway.gateway
      const done = blocks.block({ guid: card.guid, cause: 'finding', finding: 'clone', blockPin: true })
      // Committed at once, whatever becomes of the announcement.
      await expect.poll(async () => (await registry.store.read((reader) => reader.card(card.guid)))?.state).toBe('blocked')
      expect(holder.notices).toEqual([])
      await broker.start()
      // A notice that comes before the terminal listens again is in vain: then the list tells (blocks-announcer.test.ts has the rest).
      await holder.until(() => holder.versions.length > 0, 40_000)
      expect(await done).toMatchObject({ outcome: 'blocked', terminals: [desk.client.terminal] })
      // The version comes with the first subscription that is granted again; the connection is there with the last one.
      await desk.client.broker.connected(PATIENCE_MS)
      const { entries } = await desk.client.request('blocks.fetch', { since: 0 })
      expect(entries).toMatchObject([{ guid: card.guid, blocked: true }])
    } finally {
      await gateway.close()
      await broker.close()
    }
  })
})

describe('two workers', () => {
  test('honour each other’s blocks at once, and the sessions are over for both', async () => {
    const broker = await startMosquitto()
    const data = ['--data', join(folder, 'two')]
    const workers = await Promise.all(
      ['0', '1'].map((slot) => GatewayProcess.start(...data, '--broker', broker.url, '--slot', slot)),
    )
    const clients: GatewayClient[] = []
    const enrolled = async (...options: string[]): Promise<GatewayClient> => {
      const { output } = await gatewayCommand('invite', ...data, '--json', ...options)
      const client = await GatewayClient.connect(broker.url)
      clients.push(client)
      await client.enrol((JSON.parse(output) as { invitation: string }).invitation)
      await client.open()
      return client
    }
    try {
      const supervisor = await enrolled('--first-operator')
      const operator = new SoftwareCard()
      await supervisor.register(operator, { person: { givenName: 'A', familyName: 'B', reference: 'op' } })
      const { session } = await supervisor.login(operator, 'operator')
      const other = await enrolled()
      // The broker spreads conversations as it likes: until the two are at two workers.
      for (let i = 0; i < 40 && other.session.worker === supervisor.session.worker; i += 1) await other.open()
      expect(other.session.worker).not.toBe(supervisor.session.worker)
      const holder = await NoticesClient.listen(other)
      for (let round = 0; round < 5; round += 1) {
        const card = new SoftwareCard()
        const person = { givenName: 'P', familyName: 'Q', reference: `P-${round}` }
        await supervisor.register(card, { person, session })
        const guid = card.guid as Uint8Array
        const there = await other.login(card)
        await supervisor.request('card.block', { session, guid })
        await expect(other.login(card)).rejects.toMatchObject({ code: 'card-blocked' })
        // Told by its session, though this worker has never heard of the card by presence.
        await holder.notice(guid)
        // Ended already: ending it again says nothing new, and no session of the card is left.
        await other.request('session.end', { session: there.session, reason: 'card-removed' })
      }
    } finally {
      for (const client of clients) await client.close()
      for (const worker of workers) await worker.end('SIGKILL')
      await broker.close()
    }
  })
})
