/** What a supervisor looks at, asked of the gateway. */
import { fromHex } from '../protocol/bytes.ts'
import type { GatewayLink } from './session/link.ts'
import type { LookAnswer, LookQuestion } from './terminal/overview.ts'

/** Rejects with LinkError or RefusedError. */
export async function look(link: GatewayLink, { session, search, after }: LookQuestion): Promise<LookAnswer> {
  if (search === '') {
    const { places, next } = await link.request('readers.list', { session, ...(after && { after }) })
    return { of: 'readers', places, ...(next && { next }) }
  }
  const number = search.replace(/\s/g, '').toLowerCase()
  const wanted = /^[0-9a-f]{32}$/.test(number) ? { session, card: fromHex(number) } : { session, reader: search }
  const { places } = await link.request('locate', wanted)
  return { of: 'readers', places }
}
