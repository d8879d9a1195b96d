/** The places part of the store on SQLite. */
import { type Database, select } from './database.ts'
import {
  type CardPlace,
  MAX_DETACHED_READERS,
  MAX_PLACES_OF_CARD,
  type PlaceReader,
  type PlaceWriter,
  type ReaderPlace,
  type SeenCard,
  type SeenReader,
  type TerminalPresence,
} from './places.ts'
import { toPresence, toSeenCard, toSeenReader } from './rows.ts'

/** One query for a page, whatever its length; CROSS JOIN keeps SQLite to the order in which the indexes serve. */
const SEEN_READERS = `
  SELECT r.terminal, r.reader, r.simulated, r.state, r.card, r.since, r.seen_at AS seenAt, r.attached,
    t.site, p.online, p.seen_at AS terminalSeenAt
  FROM reader_places r
  CROSS JOIN terminals t ON t.id = r.terminal AND t.state <> 'withdrawn'
  CROSS JOIN presences p ON p.terminal = r.terminal`
const SEEN_CARDS = `
  SELECT c.guid, c.terminal, c.reader, c.since, c.seen_at AS seenAt,
    t.site, p.online, p.seen_at AS terminalSeenAt,
    coalesce(r.simulated, 0) AS simulated, coalesce(r.state, 'empty') AS state,
    coalesce(r.attached = 1 AND r.card = c.guid, 0) AS present
  FROM card_places c
  CROSS JOIN terminals t ON t.id = c.terminal AND t.state <> 'withdrawn'
  CROSS JOIN presences p ON p.terminal = c.terminal
  LEFT JOIN reader_places r ON r.terminal = c.terminal AND r.reader = c.reader
  WHERE c.guid = ? ORDER BY c.seen_at DESC, c.terminal`

export class SqlitePlaces implements PlaceReader, PlaceWriter {
  readonly #database: Database
  constructor(database: Database) {
    this.#database = database
  }

  async presence(terminal: string): Promise<TerminalPresence | undefined> {
    const row = this.#database.one(select('presences', 'terminal = ?'), [terminal])
    return row === undefined ? undefined : toPresence(row)
  }

  async readerPlaces(after: { readonly terminal: string; readonly reader: string }, limit: number): Promise<SeenReader[]> {
    const sql = `${SEEN_READERS} WHERE (r.terminal, r.reader) > (?, ?) ORDER BY r.terminal, r.reader LIMIT ?`
    return this.#database.all(sql, [after.terminal, after.reader, limit]).map(toSeenReader)
  }

  async readersNamed(reader: string, limit: number): Promise<SeenReader[]> {
    return this.#database.all(`${SEEN_READERS} WHERE r.reader = ? ORDER BY r.terminal LIMIT ?`, [reader, limit]).map(toSeenReader)
  }

  async cardPlaces(guid: Uint8Array): Promise<SeenCard[]> {
    return this.#database.all(SEEN_CARDS, [guid]).map(toSeenCard)
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
