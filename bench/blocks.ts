/**
 * The figures of blocking and of the reader locator: Mosquitto and the gateway on SQLite as processes of their own, terminals and
 * cards in software in this process; for `blockOnCard` a card in vpcd, through pcscd.
 *
 * `block` begins when the request that blocks the card has reached the gateway, whose MQTT client hands it on then
 * (bench/arrivals.ts). It ends when the terminal that holds the card has opened and verified the notice: both ends are where the
 * MQTT client hands a message on, as in the raw sample that comes right after each.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { blockPin } from '../electron/ceremonies/block-pin.ts'
import { type Insertion, withCard } from '../electron/ceremonies/card-access.ts'
import { liftBlock } from '../gateway/blocks/commit.ts'
import type { Registry } from '../gateway/registry/context.ts'
import { invite } from '../gateway/registry/terminals.ts'
import type { Readers } from '../native/reader.ts'
import { utf8 } from '../protocol/bytes.ts'
import type { RequestBody } from '../protocol/messages/operations.ts'
import { GatewayClient, SoftwareCard } from '../test/support/gateway-client.ts'
import { NoticesClient } from '../test/support/notices-client.ts'
import { type RawPeer, rawDelivery, rawRoundTrip } from './blocks-raw.ts'
import type { BenchDesk } from './desk.ts'
import { type Figure, figure, timed } from './figure.ts'
import { NO_FLOODS, startHouse } from './house.ts'
import { rawCommit, TYPING_MS } from './parts.ts'

const WARM_UP = 5
/** For one answer: a busy machine makes a figure worse, and does not end the measurement. */
const PATIENCE_MS = 20_000
/** Work without a pause before the first sample: a gateway at work has compiled what it runs often. */
const WORK_BEFORE = { locates: 1000, blocks: 40 }
const MANY_READERS = 100_000

export interface BlockFigures {
  readonly block: Figure
  readonly blockCommitted: Figure
  readonly blockOnCard: Figure
  /** One after the other, and each after a pause in which both ends fall idle. */
  readonly locate: Figure
  readonly locateAfterPause: Figure
  readonly locate1e5: Figure
}

interface Desk {
  readonly folder: string
  readonly url: string
  /** When requests came to the gateway since this was asked last. */
  readonly arrivals: () => Promise<bigint[]>
  /** Opened beside the gateway's process, to lift each block again. */
  readonly registry: Registry
  readonly supervisor: GatewayClient
  readonly session: Uint8Array
  /** The terminal that holds the card. */
  readonly holder: NoticesClient
  readonly card: SoftwareCard & { readonly guid: Uint8Array }
  close(): Promise<void>
}

async function startDesk(): Promise<Desk> {
  const house = await startHouse(NO_FLOODS)
  const { folder, url, registry } = house
  const supervisor = await GatewayClient.connect(url)
  supervisor.timeoutMs = PATIENCE_MS
  await supervisor.enrol(house.invitation)
  await supervisor.open()
  const operator = new SoftwareCard()
  await supervisor.register(operator, { person: { givenName: 'Beate', familyName: 'Bench', reference: 'B-1' } })
  const { session } = await supervisor.login(operator, 'operator')
  const card = new SoftwareCard()
  await supervisor.register(card, { person: { givenName: 'Bob', familyName: 'Bench', reference: 'B-2' }, session })
  const other = await GatewayClient.connect(url)
  other.timeoutMs = PATIENCE_MS
  const invitation = await invite(registry, { site: 'Bench', validMs: 60_000, mayRegisterFirstOperator: false })
  await other.enrol(invitation.code)
  await other.open()
  const holder = await NoticesClient.listen(other)
  await holder.holds(card.guid)
  return {
    folder,
    url,
    arrivals: house.arrivals,
    registry,
    supervisor,
    session,
    holder,
    card: card as Desk['card'],
    async close() {
      await supervisor.close()
      await other.close()
      await registry.store.close()
      await house.close()
    },
  }
}

const idle = () => new Promise((resolve) => setTimeout(resolve, TYPING_MS))

interface BlockSamples {
  readonly block: number[]
  /** Empty without a card in a reader. */
  readonly onCard: number[]
  readonly committed: number[]
  readonly delivery: number[]
}

/** Bytes of a notice of a block as it crosses the broker, measured on the wire. */
const NOTICE_LENGTH = 206

/** A card in a real reader, which stands for the one that is blocked: its PIN is blocked as soon as the notice has been verified. */
interface CardInReader {
  readonly readers: Readers
  readonly insertion: Insertion
}

/** A blank card's PIN and PUK. */
const [BLANK_PIN, BLANK_PUK] = [utf8('123456'), utf8('12345678')]

/** When the PIN was blocked; undefined where another program on this machine held the card just then. */
async function blockedOnCard({ readers, insertion }: CardInReader): Promise<bigint | undefined> {
  const outcome = await blockPin(readers, insertion)
  const at = process.hrtime.bigint()
  if (outcome.kind !== 'blocked') {
    if (outcome.problem.code === 'reader-in-use') return undefined
    throw new Error(`the PIN was not blocked: ${outcome.problem.code}`)
  }
  await withCard(readers, insertion, async ({ piv }) => {
    await piv.select()
    await piv.resetRetryCounter(BLANK_PUK, BLANK_PIN)
  })
  return at
}

/** When the next notice was verified, noted within its delivery: what waits for a promise goes on once the receipt has left. */
function noticed(holder: NoticesClient): Promise<bigint> {
  return new Promise((resolve, reject) => {
    const holds = () => {
      if (holder.notices.length === 0) return false
      resolve(process.hrtime.bigint())
      return true
    }
    holder.until(holds, PATIENCE_MS).catch(reject)
  })
}

interface BlockTimes {
  readonly requested: bigint
  readonly ended: bigint
  readonly committed: bigint
  readonly onCard: bigint | undefined
}

async function blockOnce({ supervisor, session, holder, card }: Desk, inReader: CardInReader | undefined): Promise<BlockTimes> {
  const ending = noticed(holder)
  const onCard = inReader === undefined ? undefined : ending.then(() => blockedOnCard(inReader))
  const requested = process.hrtime.bigint()
  await supervisor.request('card.block', { session, guid: card.guid })
  const committed = process.hrtime.bigint()
  return { requested, committed, ended: await ending, onCard: await onCard }
}

async function blocks(desk: Desk, n: number, inReader?: CardInReader): Promise<BlockSamples> {
  const { holder, card } = desk
  const raw = await rawDelivery(desk.url, NOTICE_LENGTH, TYPING_MS)
  const times: BlockTimes[] = []
  const delivery: number[] = []
  try {
    const before = inReader === undefined ? WORK_BEFORE.blocks : WARM_UP
    for (let i = -before; i < n; i += 1) {
      await holder.client.login(card)
      holder.notices.length = 0
      if (i >= -WARM_UP) await idle()
      const once = await blockOnce(desk, inReader)
      if ((await liftBlock(desk.registry, card.guid)) !== 'done') throw new Error('the block did not stand')
      const rawMs = await raw.sample()
      if (i < 0) continue
      times.push(once)
      delivery.push(rawMs)
    }
  } finally {
    await raw.end()
  }
  const arrivals = await desk.arrivals()
  const samples = { block: [] as number[], committed: [] as number[], onCard: [] as number[], delivery }
  for (const { requested, ended, committed, onCard } of times) {
    // The first that went to the gateway from then on is this request.
    const reached = arrivals.find((at) => at >= requested)
    if (reached === undefined) throw new Error('the request did not come')
    const since = (at: bigint): number => Number(at - reached) / 1e6
    samples.block.push(since(ended))
    samples.committed.push(since(committed))
    if (onCard !== undefined) samples.onCard.push(since(onCard))
  }
  return samples
}

/** `rested` is waited for before each request, and before each raw round trip. */
async function locates(
  { supervisor }: Desk,
  body: RequestBody<'locate'>,
  raw: RawPeer,
  { n, rested }: { readonly n: number; readonly rested: () => Promise<unknown> | undefined },
): Promise<Figure> {
  const [samples, beside]: [number[], number[]] = [[], []]
  for (let i = 0; i < WARM_UP + n; i += 1) {
    await rested()
    const ms = await timed(async () => {
      if ((await supervisor.request('locate', body)).places.length !== 1) throw new Error('the card was not found')
    })
    await rested()
    const rawMs = await raw.sample()
    if (i < WARM_UP) continue
    samples.push(ms)
    beside.push(rawMs)
  }
  return figure(samples, { rawRoundTrip: beside })
}

/** As many terminals with a reader and a card in it as a large house has, written as the gateway would have. */
function furnish(desk: Desk, count: number): void {
  const database = new DatabaseSync(join(desk.folder, 'gateway', 'store.sqlite'))
  const numbers = `WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`
  const id = "printf('%032x', i)"
  try {
    database.exec(`
      PRAGMA foreign_keys = ON;
      BEGIN IMMEDIATE;
      ${numbers} INSERT INTO terminals
        (id, site, state, enrolled_at, fingerprint, public_key, certificate, invitation, may_register_first_operator)
        SELECT ${id}, 'Site ' || i, 'active', 1, randomblob(32), x'00', x'00', (SELECT id FROM invitations LIMIT 1), 0 FROM n;
      ${numbers} INSERT INTO cards
        (guid, holder, state, linked, simulated, registered_at, expires_at, management_key_algorithm)
        SELECT unhex(${id}), (SELECT id FROM holders LIMIT 1), 'active', 0, 1, 1, 9007199254740991, 'AES-192' FROM n;
      ${numbers} INSERT INTO presences (terminal, connected_at, revision, online, seen_at) SELECT ${id}, 1, 1, 1, 1 FROM n;
      ${numbers} INSERT INTO reader_places (terminal, reader, simulated, state, card, since, seen_at, attached)
        SELECT ${id}, 'Reader 1', 1, 'card', unhex(${id}), 1, 1, 1 FROM n;
      ${numbers} INSERT INTO card_places (guid, terminal, reader, since, seen_at) SELECT unhex(${id}), ${id}, 'Reader 1', 1, 1 FROM n;
      COMMIT;
      PRAGMA wal_checkpoint(TRUNCATE);
    `)
  } finally {
    database.close()
  }
}

/** Bytes of a request to locate a card and of its answer as they cross the broker, measured on the wire. */
const LOCATE_LENGTHS = { there: 120, back: 300 }

/** `bench` lends its reader and a blank card. */
export async function measureBlocks(bench: BenchDesk, { quick }: { readonly quick: boolean }): Promise<BlockFigures> {
  const n = quick ? 24 : 400
  const inReader = { readers: bench.online.readers, insertion: await bench.insertBlankCard() }
  const desk = await startDesk()
  try {
    const body = { session: desk.session, card: desk.card.guid }
    for (let i = 0; i < WORK_BEFORE.locates; i += 1) await desk.supervisor.request('locate', body)
    const blocked = await blocks(desk, n)
    const commits = await rawCommit(desk.folder, n)
    const { onCard, delivery } = await blocks(desk, quick ? 10 : 100, inReader)
    const raw = await rawRoundTrip(desk.url, LOCATE_LENGTHS)
    const steady = { n: 10 * n, rested: () => undefined }
    const locate = await locates(desk, body, raw, steady)
    const locateAfterPause = await locates(desk, body, raw, { n, rested: idle })
    furnish(desk, MANY_READERS)
    const locate1e5 = await locates(desk, body, raw, steady)
    await raw.end()
    return {
      block: figure(blocked.block, { rawDelivery: blocked.delivery, rawCommit: commits }),
      blockCommitted: figure(blocked.committed, { rawDelivery: blocked.delivery, rawCommit: commits }),
      blockOnCard: figure(onCard, { rawDelivery: delivery, rawCommit: commits }),
      locate,
      locateAfterPause,
      locate1e5,
    }
  } finally {
    await desk.close()
  }
}
