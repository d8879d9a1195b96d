/** The places part of the store on SQLite. */
import { type Database, select } from './database.ts'
import {
  type CardPlace,
  MAX_DETACHED_READERS,
  MAX_PLACES_OF_CARD,
  type PlaceReader,
  type PlaceWriter,
  type ReaderPlace,
  type TerminalPresence,
} from './places.ts'
import { toCardPlace, toPresence, toReaderPlace } from './rows.ts'

export class SqlitePlaces implements PlaceReader, PlaceWriter {
  readonly #database: Database
  constructor(database: Database) {
    this.#database = database
  }

  async presence(terminal: string): Promise<TerminalPresence | undefined> {
    const row = this.#database.one(select('presences', 'terminal = ?'), [terminal])
    return row === undefined ? undefined : toPresence(row)
  }

  async readerPlaces(after: { readonly terminal: string; readonly reader: string }, limit: number): Promise<ReaderPlace[]> {
    const sql = `${select('reader_places', '(terminal, reader) > (?, ?)')} ORDER BY terminal, reader LIMIT ?`
    return this.#database.all(sql, [after.terminal, after.reader, limit]).map(toReaderPlace)
  }

  async readersOfTerminal(terminal: string): Promise<ReaderPlace[]> {
    return this.#database.all(`${select('reader_places', 'terminal = ?')} ORDER BY reader`, [terminal]).map(toReaderPlace)
  }

  async readersNamed(reader: string, limit: number): Promise<ReaderPlace[]> {
    const sql = `${select('reader_places', 'reader = ?')} ORDER BY terminal LIMIT ?`
    return this.#database.all(sql, [reader, limit]).map(toReaderPlace)
  }

  async cardPlaces(guid: Uint8Array): Promise<CardPlace[]> {
    return this.#database.all(`${select('card_places', 'guid = ?')} ORDER BY seen_at DESC, terminal`, [guid]).map(toCardPlace)
  }

  async keepPresence(presence: TerminalPresence, readers: readonly ReaderPlace[], cards: readonly CardPlace[]): Promise<void> {
    const { terminal } = presence
    this.#keep(presence)
    // What was there until now was seen until now, whether or not it is there still.
    this.#database.run(
      `UPDATE card_places SET seen_at = ?1 WHERE terminal = ?2 AND guid IN
         (SELECT card FROM reader_places WHERE terminal = ?2 AND attached = 1 AND card IS NOT NULL)`,
      [presence.seenAt, terminal],
    )
    this.#database.run('UPDATE reader_places SET attached = 0, seen_at = ? WHERE terminal = ? AND attached = 1', [
      presence.seenAt,
      terminal,
    ])
    for (const { reader, simulated, state, card, since, seenAt } of readers) {
      this.#database.run(
        `INSERT INTO reader_places (terminal, reader, simulated, state, card, since, seen_at, attached)
         VALUES (?, ?, ?, ?, ?, ?, ?, 1)
         ON CONFLICT (terminal, reader) DO UPDATE SET simulated = excluded.simulated, state = excluded.state,
           card = excluded.card, since = excluded.since, seen_at = excluded.seen_at, attached = 1`,
        [terminal, reader, simulated, state, card, since, seenAt],
      )
    }
    for (const card of cards) this.#keepCard(card)
    this.#database.run(
      `DELETE FROM reader_places WHERE terminal = ?1 AND attached = 0 AND reader NOT IN
         (SELECT reader FROM reader_places WHERE terminal = ?1 AND attached = 0 ORDER BY seen_at DESC, reader LIMIT ?2)`,
      [terminal, MAX_DETACHED_READERS],
    )
  }

  async keepAbsence(presence: TerminalPresence): Promise<void> {
    this.#keep(presence)
  }

  #keep({ terminal, connectedAt, revision, online, seenAt }: TerminalPresence): void {
    this.#database.run(
      `INSERT INTO presences (terminal, connected_at, revision, online, seen_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (terminal) DO UPDATE SET connected_at = excluded.connected_at, revision = excluded.revision,
         online = excluded.online, seen_at = excluded.seen_at`,
      [terminal, connectedAt, revision, online, seenAt],
    )
  }

  /** A card that was never registered leaves no trace: a terminal may claim what it likes. */
  #keepCard({ guid, terminal, reader, since, seenAt }: CardPlace): void {
    this.#database.run(
      `INSERT INTO card_places (guid, terminal, reader, since, seen_at)
       SELECT guid, ?, ?, ?, ? FROM cards WHERE guid = ?
       ON CONFLICT (guid, terminal) DO UPDATE SET reader = excluded.reader, since = excluded.since, seen_at = excluded.seen_at`,
      [terminal, reader, since, seenAt, guid],
    )
    this.#database.run(
      `DELETE FROM card_places WHERE guid = ?1 AND terminal NOT IN
         (SELECT terminal FROM card_places WHERE guid = ?1 ORDER BY seen_at DESC, terminal LIMIT ?2)`,
      [guid, MAX_PLACES_OF_CARD],
    )
  }
}
