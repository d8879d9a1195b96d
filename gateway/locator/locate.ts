/** Where readers and cards are: answered from what presence has left in the store. */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { PLACES_PAGE, type Place } from '../../protocol/messages/operations.ts'
import type { CardPlace, ReaderPlace, TerminalPresence } from '../store/places.ts'
import type { StoreReader, Terminal } from '../store/store.ts'

interface PlacesPage {
  readonly places: Place[]
  readonly more: boolean
}

/** Where it is, or was seen last, at each terminal; where it is now comes first, then the latest. */
export async function locateCard(reader: StoreReader, guid: Uint8Array): Promise<PlacesPage> {
  const places: Place[] = []
  for (const seen of await reader.cardPlaces(guid)) {
    const where = await whereabouts(reader, seen.terminal)
    if (where === undefined) continue
    const slot = (await reader.readersOfTerminal(seen.terminal)).find((one) => one.reader === seen.reader)
    places.push(placeOfCard(seen, slot, where))
  }
  const rank = (place: Place): number => Number(place.present) + Number(place.present && place.online)
  places.sort((a, b) => rank(b) - rank(a) || b.seenAt - a.seenAt)
  return { places, more: false }
}

/** Every reader of that name; the system gives the same name to all of one model. */
export async function locateReader(reader: StoreReader, name: string): Promise<PlacesPage> {
  return placesOf(reader, await reader.readersNamed(name, PLACES_PAGE + 1))
}

export interface ReadersPage {
  readonly places: Place[]
  /** Where the next page begins. */
  readonly next?: string
}

/** Every reader of every terminal, a page at a time. Undefined for an `after` that no page has given. */
export async function listReaders(reader: StoreReader, after: string | undefined): Promise<ReadersPage | undefined> {
  const cursor = after === undefined ? { terminal: '', reader: '' } : parseCursor(after)
  if (cursor === undefined) return undefined
  const rows = await reader.readerPlaces(cursor, PLACES_PAGE + 1)
  const { places, more } = await placesOf(reader, rows)
  const last = rows[Math.min(rows.length, PLACES_PAGE) - 1]
  return { places, ...(more && last !== undefined ? { next: `${last.terminal}/${last.reader}` } : {}) }
}

function parseCursor(text: string): { readonly terminal: string; readonly reader: string } | undefined {
  const slash = text.indexOf('/')
  return slash < 0 ? undefined : { terminal: text.slice(0, slash), reader: text.slice(slash + 1) }
}

interface Whereabouts {
  readonly terminal: Terminal
  readonly presence: TerminalPresence | undefined
}

/** Undefined for a terminal that was withdrawn. */
async function whereabouts(reader: StoreReader, id: string): Promise<Whereabouts | undefined> {
  const terminal = await reader.terminal(id)
  if (terminal === undefined || terminal.state === 'withdrawn') return undefined
  return { terminal, presence: await reader.presence(id) }
}

async function placesOf(reader: StoreReader, rows: readonly ReaderPlace[]): Promise<PlacesPage> {
  const places: Place[] = []
  for (const row of rows.slice(0, PLACES_PAGE)) {
    const where = await whereabouts(reader, row.terminal)
    if (where !== undefined) places.push(placeOfReader(row, where))
  }
  return { places, more: rows.length > PLACES_PAGE }
}

function placeOfReader(row: ReaderPlace, { terminal, presence }: Whereabouts): Place {
  const { reader, simulated, state, card, since, seenAt, attached } = row
  return {
    terminal: terminal.id,
    site: terminal.site,
    reader,
    simulated,
    state,
    ...(card === undefined ? {} : { card }),
    since,
    seenAt: attached ? Math.max(seenAt, presence?.seenAt ?? 0) : seenAt,
    online: presence?.online ?? false,
    present: attached,
  }
}

function placeOfCard(seen: CardPlace, slot: ReaderPlace | undefined, { terminal, presence }: Whereabouts): Place {
  const present = slot?.attached === true && slot.card !== undefined && equalConstantTime(slot.card, seen.guid)
  return {
    terminal: terminal.id,
    site: terminal.site,
    reader: seen.reader,
    simulated: slot?.simulated ?? false,
    state: slot?.state ?? 'empty',
    card: seen.guid,
    since: seen.since,
    seenAt: present ? Math.max(seen.seenAt, presence?.seenAt ?? 0) : seen.seenAt,
    online: presence?.online ?? false,
    present,
  }
}
