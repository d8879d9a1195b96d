/** The reader locator's operations: a supervisor asks. */
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import type { Registry } from '../registry/context.ts'
import { requireOperator } from '../registry/logins.ts'
import { Refused } from '../registry/refused.ts'
import { listReaders, locateCard, locateReader } from './locate.ts'
import type { Presences } from './presences.ts'

/** Throws Refused. What was told a moment ago is written down first. */
export async function answerLocate(
  registry: Registry,
  presences: Presences,
  terminal: string,
  body: RequestBody<'locate'>,
): Promise<AnswerBody<'locate'>> {
  await presences.save()
  return registry.store.read(async (reader) => {
    await requireOperator(registry, reader, terminal, body.session, 'supervisor')
    return 'card' in body ? locateCard(reader, body.card) : locateReader(reader, body.reader)
  })
}

/** Throws Refused. */
export async function answerReadersList(
  registry: Registry,
  presences: Presences,
  terminal: string,
  { session, after }: RequestBody<'readers.list'>,
): Promise<AnswerBody<'readers.list'>> {
  await presences.save()
  return registry.store.read(async (reader) => {
    await requireOperator(registry, reader, terminal, session, 'supervisor')
    const page = await listReaders(reader, after)
    if (page === undefined) throw new Refused('bad-request')
    return page
  })
}
