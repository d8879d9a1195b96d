/** block, unblock, blocks: the gateway's block list from the command line, also while the gateway runs. */
import { connectBroker } from '../../native/broker.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { type Blocked, Blocks } from '../blocks/blocks.ts'
import { commitBlock, liftBlock, standingOf } from '../blocks/commit.ts'
import { policyOf } from '../findings/policy-file.ts'
import { silentLog } from '../log.ts'
import type { Registry } from '../registry/context.ts'
import { type RunningGateway, readTlsFiles, runningGateways } from '../running.ts'
import type { Card } from '../store/store.ts'
import { type Output, UsageError } from './common.ts'
import { table, when } from './table.ts'

const PAGE = 500

/** A GUID in hexadecimal, dashes allowed. */
export function guidOf(text: string | undefined): Uint8Array {
  const digits = text?.replaceAll('-', '')
  if (digits === undefined || !/^[0-9a-fA-F]{32}$/.test(digits))
    throw new UsageError('a card is named by the 32 digits of its GUID')
  return fromHex(digits)
}

export async function blockCommand(
  registry: Registry,
  dataDirectory: string,
  guidText: string | undefined,
  keepPin: boolean,
  output: Output,
): Promise<number> {
  const guid = guidOf(guidText)
  const { card, terminals } = await registry.store.read(async (reader) => ({
    card: await reader.card(guid),
    terminals: [...(await reader.cardPlaces(guid)), ...(await reader.openSessionsOfCard(guid))].map(({ terminal }) => terminal),
  }))
  if (card === undefined) {
    output(`block ${guidText}: no such card`, { outcome: 'unknown-card' })
    return 1
  }
  if (card.state === 'pending' || card.state === 'withdrawn') {
    output(`block ${guidText}: the card is ${card.state}, and not accepted anyway`, { outcome: 'not-active' })
    return 1
  }
  const pin = !keepPin && policyOf(dataDirectory).blockPinOnCard
  const { outcome, announced, told } = await announceAndCommit(registry, runningGateways(dataDirectory), card, pin, [
    ...new Set(terminals),
  ])
  const way =
    announced === 'yes'
      ? told.length === 0
        ? 'no terminal has it, as far as is known'
        : `told to ${told.length === 1 ? 'the terminal' : `${told.length} terminals`} that had it last`
      : announced === 'no-gateway'
        ? 'no gateway runs here: terminals hear of it when one does'
        : 'the broker could not be reached: terminals hear of it from the gateway'
  output(`block ${guidText}: ${outcome}; ${way}`, { outcome, announced, terminals: told })
  return 0
}

interface Done {
  readonly outcome: Blocked['outcome']
  readonly announced: 'yes' | 'no-gateway' | 'not-reached'
  readonly told: readonly string[]
}

async function announceAndCommit(
  registry: Registry,
  running: readonly RunningGateway[],
  card: Card,
  blockPin: boolean,
  terminals: readonly string[],
): Promise<Done> {
  const { crypto, now } = registry
  const [gateway] = running
  if (gateway === undefined) {
    const notice = crypto.randomBytes(16)
    const { outcome } = await commitBlock(registry, { notice, guid: card.guid, at: now(), cause: 'administrator' })
    return { outcome, announced: 'no-gateway', told: [] }
  }
  const broker = connectBroker({
    url: gateway.brokerUrl,
    clientId: `tessera-command-${toHex(crypto.randomBytes(8))}`,
    session: 'clean',
    ...(gateway.tls === undefined ? {} : { tls: readTlsFiles(gateway.tls) }),
  })
  const blocks = new Blocks({ registry, broker, log: silentLog, policy: { blockPinOnCard: blockPin }, holding: () => terminals })
  try {
    const done = await blocks.block({ guid: card.guid, cause: 'administrator', blockPin: !card.linked })
    return { outcome: done.outcome, announced: done.announced ? 'yes' : 'not-reached', told: done.terminals }
  } finally {
    blocks.close()
    await broker.close()
  }
}

export async function unblockCommand(registry: Registry, guidText: string | undefined, output: Output): Promise<number> {
  const outcome = await liftBlock(registry, guidOf(guidText))
  const hint =
    outcome === 'done' ? '; a PIN that is blocked on the card stays so, until a supervisor unblocks it at a terminal' : ''
  output(`unblock ${guidText}: ${outcome}${hint}`, { outcome })
  return outcome === 'unknown' ? 1 : 0
}

export async function blocksCommand({ store }: Registry, output: Output): Promise<number> {
  const rows = await store.read(async (reader) => {
    const found = []
    for (let after: Uint8Array = new Uint8Array(0); ; ) {
      const page = await reader.blockedCards(after, PAGE)
      for (const card of page) {
        const last = await reader.lastBlockChange(card.guid)
        const { at, cause, finding } = last ?? {}
        found.push({ guid: toHex(card.guid), standing: await standingOf(reader, card), at, cause, finding })
      }
      const last = page.at(-1)
      if (page.length < PAGE || last === undefined) return found
      after = last.guid
    }
  })
  output(
    table(
      ['GUID', 'SINCE', 'BY', 'STATE'],
      rows.map(({ guid, at, cause, finding, standing }) => [guid, when(at), finding ?? cause ?? '-', standing]),
    ),
    rows,
  )
  return 0
}
