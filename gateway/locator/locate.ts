/** Where readers and cards are: answered from what presence has left in the store. */
import { PLACES_PAGE, type Place } from '../../protocol/messages/operations.ts'
import type { SeenCard, SeenReader } from '../store/places.ts'
import type { StoreReader } from '../store/store.ts'

interface PlacesPage {
  readonly places: Place[]
  readonly more: boolean
}

/** Where it is, or was seen last, at each terminal; where it is now comes first, then the latest. */
export async function locateCard(reader: StoreReader, guid: Uint8Array): Promise<PlacesPage> {
  const places = (await reader.cardPlaces(guid)).map(placeOfCard)
  const rank = ({ present, online }: Place): number => Number(present) + Number(present && online)
  places.sort((a, b) => rank(b) - rank(a) || b.seenAt - a.seenAt)
  return { places, more: false }
}

/** Every reader of that name; the system gives the same name to all of one model. */
export async function locateReader(reader: StoreReader, name: string): Promise<PlacesPage> {
  return pageOf(await reader.readersNamed(name, PLACES_PAGE + 1))
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
  const { places, more } = pageOf(await reader.readerPlaces(cursor, PLACES_PAGE + 1))
  const last = places.at(-1)
  return { places, ...(more && last !== undefined ? { next: `${last.terminal}/${last.reader}` } : {}) }
}

function parseCursor(text: string): { readonly terminal: string; readonly reader: string } | undefined {
  const slash = text.indexOf('/')
  return slash < 0 ? undefined : { terminal: text.slice(0, slash), reader: text.slice(slash + 1) }
}

function pageOf(rows: readonly SeenReader[]): PlacesPage {
  return { places: rows.slice(0, PLACES_PAGE).map(placeOfReader), more: rows.length > PLACES_PAGE }
}

function placeOfReader({ attached, terminalSeenAt, card, seenAt, ...place }: SeenReader): Place {
  return {
    ...place,
    ...(card === undefined ? {} : { card }),
    seenAt: attached ? Math.max(seenAt, terminalSeenAt) : seenAt,
    present: attached,
  }
}

function placeOfCard({ guid, terminalSeenAt, seenAt, ...place }: SeenCard): Place {
  return { ...place, card: guid, seenAt: place.present ? Math.max(seenAt, terminalSeenAt) : seenAt }
}
