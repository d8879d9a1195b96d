/** The findings' operations: a supervisor asks. */
import { FINDINGS_PAGE } from '../../protocol/messages/finding-operations.ts'
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import type { Registry } from '../registry/context.ts'
import { requireOperator } from '../registry/logins.ts'

const HOUR_MS = 3_600_000

/** Throws Refused. */
export async function listFindings(
  registry: Registry,
  terminal: string,
  { session, before, kind }: RequestBody<'findings.list'>,
): Promise<AnswerBody<'findings.list'>> {
  return registry.store.read(async (reader) => {
    await requireOperator(registry, reader, terminal, session, 'supervisor')
    const found = await reader.findings({ before, kind, limit: FINDINGS_PAGE + 1 })
    const page = found.slice(0, FINDINGS_PAGE)
    const last = page.at(-1)
    return {
      findings: page.map(({ id: _id, card, ...finding }) => ({ ...finding, ...(card === undefined ? {} : { card }) })),
      ...(found.length > page.length && last !== undefined ? { next: last.sequence } : {}),
    }
  })
}

/** Throws Refused. */
export async function summariseFindings(
  registry: Registry,
  terminal: string,
  { session, from, hours }: RequestBody<'findings.summary'>,
): Promise<AnswerBody<'findings.summary'>> {
  return registry.store.read(async (reader) => {
    await requireOperator(registry, reader, terminal, session, 'supervisor')
    const begin = Math.floor(from / HOUR_MS) * HOUR_MS
    return { hours: await reader.findingsByHour(begin, begin + hours * HOUR_MS) }
  })
}
