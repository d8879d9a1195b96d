/** A supervisor blocks a card in the window. */
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import type { Registry } from '../registry/context.ts'
import { requireOperator } from '../registry/logins.ts'
import { Refused } from '../registry/refused.ts'
import type { Blocks } from './blocks.ts'

/** Throws Refused. Whether they may, and whether there is such a card, is asked before anything is announced. */
export async function blockBySupervisor(
  registry: Registry,
  blocks: Blocks,
  terminal: string,
  { session, guid }: RequestBody<'card.block'>,
): Promise<AnswerBody<'card.block'>> {
  const { supervisor, card } = await registry.store.read(async (reader) => ({
    supervisor: await requireOperator(registry, reader, terminal, session, 'supervisor'),
    card: await reader.card(guid),
  }))
  if (card === undefined) throw new Refused('unknown-card')
  if (card.state === 'pending') throw new Refused('card-pending')
  if (card.state === 'withdrawn') throw new Refused('card-withdrawn')
  const { at } = await blocks.block({ guid, cause: 'supervisor', blockPin: !card.linked, supervisor: supervisor.id })
  return { at }
}
