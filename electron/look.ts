/** What a supervisor looks at, asked of the gateway. */
import { fromHex } from '../protocol/bytes.ts'
import { CHART_HOURS } from './contract/snapshot.ts'
import type { GatewayLink } from './session/link.ts'
import type { LookAnswer, LookQuestion } from './terminal/overview.ts'

/** Rejects with LinkError or RefusedError. */
export function look(link: GatewayLink, question: Exclude<LookQuestion, { of: 'activity' }>): Promise<LookAnswer> {
  switch (question.of) {
    case 'readers':
      return lookForReaders(link, question)
    case 'findings':
      return lookForFindings(link, question)
    default:
      return question satisfies never
  }
}

type ReadersQuestion = Extract<LookQuestion, { of: 'readers' }>
type FindingsQuestion = Extract<LookQuestion, { of: 'findings' }>

async function lookForReaders(link: GatewayLink, { session, search, after }: ReadersQuestion): Promise<LookAnswer> {
  if (search === '') {
    const { places, next } = await link.request('readers.list', { session, ...(after && { after }) })
    return { of: 'readers', places, ...(next && { next }) }
  }
  const number = search.replace(/\s/g, '').toLowerCase()
  const wanted = /^[0-9a-f]{32}$/.test(number) ? { session, card: fromHex(number) } : { session, reader: search }
  const { places } = await link.request('locate', wanted)
  return { of: 'readers', places }
}

async function lookForFindings(link: GatewayLink, { session, only, before, since }: FindingsQuestion): Promise<LookAnswer> {
  const page = { session, ...(only && { kind: only }), ...(before === undefined ? {} : { before }) }
  const [list, summary] = await Promise.all([
    link.request('findings.list', page),
    before === undefined ? link.request('findings.summary', { session, from: since, hours: CHART_HOURS }) : undefined,
  ])
  const { findings, next } = list
  return { of: 'findings', findings, ...(summary && { hours: summary.hours }), ...(next === undefined ? {} : { next }) }
}
