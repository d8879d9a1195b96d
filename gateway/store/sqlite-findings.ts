/** The findings part of the store on SQLite. */
import { type Database, select, type Value } from './database.ts'
import type { FindingReader, FindingRecord, FindingsOfHour, FindingWriter, ListedFinding } from './findings.ts'
import { toFinding, toFindingsOfHour, toLogin, toTerminalName, toTimings } from './rows.ts'
import { SqliteNodes } from './sqlite-nodes.ts'
import type { Login, StoreReader } from './store.ts'

const HOUR_MS = 3_600_000

type Lookups = Pick<StoreReader, 'loginBefore' | 'openSessionsElsewhere'>

export class SqliteFindings extends SqliteNodes implements FindingReader, FindingWriter, Lookups {
  readonly #database: Database
  constructor(database: Database) {
    super(database)
    this.#database = database
  }

  async findings({ before, kind, limit }: Parameters<FindingReader['findings']>[0]): Promise<ListedFinding[]> {
    const conditions: string[] = ['TRUE']
    const values: Value[] = []
    if (before !== undefined) {
      conditions.push('sequence < ?')
      values.push(before)
    }
    if (kind !== undefined) {
      conditions.push('kind = ?')
      values.push(kind)
    }
    const sql = `${select('findings', conditions.join(' AND '))} ORDER BY sequence DESC LIMIT ?`
    return this.#database.all(sql, [...values, limit]).map(toFinding)
  }

  async findingsByHour(from: number, to: number): Promise<FindingsOfHour[]> {
    const sql = `SELECT (at / ${HOUR_MS}) * ${HOUR_MS} AS at, kind, count(*) AS count FROM findings
      WHERE at >= ? AND at < ? GROUP BY 1, 2 ORDER BY 1, 2`
    return this.#database.all(sql, [from, to]).map(toFindingsOfHour)
  }

  async loginBefore(session: Uint8Array): Promise<Login | undefined> {
    const sql = `${select('logins', 'guid = (SELECT guid FROM logins WHERE session = ?)')}
      AND sequence < (SELECT sequence FROM logins WHERE session = ?) ORDER BY sequence DESC LIMIT 1`
    const row = this.#database.one(sql, [session, session])
    return row === undefined ? undefined : toLogin(row)
  }

  async openSessionsElsewhere(guid: Uint8Array, terminal: string, limit: number): Promise<Login[]> {
    const sql = `${select('logins', 'guid = ? AND ended_at IS NULL AND terminal <> ?')} ORDER BY sequence DESC LIMIT ?`
    return this.#database.all(sql, [guid, terminal, limit]).map(toLogin)
  }

  async supervisorTerminals(since: number, limit: number): Promise<string[]> {
    const sql = `SELECT DISTINCT terminal FROM logins JOIN holders ON holders.id = logins.holder
      WHERE ended_at IS NULL AND purpose = 'operator' AND at > ? AND role = 'supervisor' LIMIT ?`
    return this.#database.all(sql, [since, limit]).map((row) => toTerminalName(row).terminal)
  }

  async timings(subject: string): Promise<Uint8Array | undefined> {
    const row = this.#database.one('SELECT history FROM timings WHERE subject = ?', [subject])
    return row === undefined ? undefined : toTimings(row).history
  }

  async insertFinding({ evidence, ...finding }: FindingRecord): Promise<void> {
    this.#database.insert('findings', { ...finding, evidence: JSON.stringify(evidence) })
  }

  async repeatFinding(id: Uint8Array, lastAt: number, occurrences: number): Promise<void> {
    this.#database.update('findings', 'id', id, { lastAt, occurrences })
  }

  async forgetFindings(keep: number): Promise<void> {
    this.#database.run('DELETE FROM findings WHERE sequence <= (SELECT max(sequence) FROM findings) - ?', [keep])
  }

  async saveTimings(subject: string, history: Uint8Array): Promise<void> {
    const sql = `INSERT INTO timings (subject, history) VALUES (?, ?)
      ON CONFLICT (subject) DO UPDATE SET history = excluded.history`
    this.#database.run(sql, [subject, history])
  }
}
