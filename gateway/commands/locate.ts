/** locate: where a card or a reader is, from what the gateway has written down. */
import { toHex } from '../../protocol/bytes.ts'
import { locateCard, locateReader } from '../locator/locate.ts'
import type { Registry } from '../registry/context.ts'
import { guidOf } from './blocks.ts'
import { type Output, UsageError } from './common.ts'
import { table, when } from './table.ts'

/** Exit status 1 where nothing is known of it. */
export async function locateCommand(
  { store }: Registry,
  kind: string | undefined,
  name: string | undefined,
  output: Output,
): Promise<number> {
  if (name === undefined || (kind !== 'card' && kind !== 'reader'))
    throw new UsageError('locate card GUID, or locate reader NAME')
  const guid = kind === 'card' ? guidOf(name) : undefined
  const { places, more } = await store.read((reader) =>
    guid === undefined ? locateReader(reader, name) : locateCard(reader, guid),
  )
  const rows = places.map(({ card, ...place }) => ({ ...place, ...(card === undefined ? {} : { card: toHex(card) }) }))
  output(
    rows.length === 0
      ? `${kind} ${name}: never seen`
      : table(
          ['SITE', 'READER', 'STATE', 'SINCE', 'SEEN', 'TERMINAL'],
          rows.map(({ site, reader, state, since, seenAt, terminal, online, present }) => [
            site,
            reader,
            present ? state : 'gone',
            when(since),
            when(seenAt),
            online ? terminal : `${terminal} (offline)`,
          ]),
        ) + (more ? '\nand more' : ''),
    { places: rows, more },
  )
  return rows.length === 0 ? 1 : 0
}
