/** The connection to SQLite: prepared statements, records to columns, the schema brought up to date. */
import { chmodSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { MIGRATIONS } from './migrations.ts'
import { StoreConflict, StoreError } from './store.ts'

/** How long a transaction waits for one of another process. */
const BUSY_TIMEOUT_MS = 5000

/** SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE, sqlite.org/rescode.html. */
const UNIQUENESS: ReadonlySet<unknown> = new Set([1555, 2067])

/** Record names to column names. */
const COLUMNS = {
  holders: 'id, given_name AS givenName, family_name AS familyName, reference, role, state, registered_at AS registeredAt',
  cards:
    'guid, holder, state, linked, simulated, serial, registered_at AS registeredAt, expires_at AS expiresAt, ' +
    'management_key_algorithm AS managementKeyAlgorithm, sealed_secrets AS sealedSecrets, fresh_secrets AS freshSecrets, ' +
    'presence_key AS presenceKey',
  card_certificates: 'fingerprint, guid, algorithm, public_key AS publicKey, certificate, valid',
  terminals:
    'id, site, state, enrolled_at AS enrolledAt, fingerprint, public_key AS publicKey, certificate, invitation, ' +
    'may_register_first_operator AS mayRegisterFirstOperator, connection, seen_at AS seenAt',
  invitations:
    'id, site, may_register_first_operator AS mayRegisterFirstOperator, created_at AS createdAt, expires_at AS expiresAt, terminal',
  registrations: 'id, kind, guid, holder, terminal, registrar, role, state, started_at AS startedAt',
  block_changes: 'version, guid, blocked, at, notice, cause, finding',
  presences: 'terminal, connected_at AS connectedAt, revision, online, seen_at AS seenAt',
  reader_places: 'terminal, reader, simulated, state, card, since, seen_at AS seenAt, attached',
  card_places: 'guid, terminal, reader, since, seen_at AS seenAt',
  nodes:
    'name, state, scopes, token_ms AS tokenMs, invitation, invited_at AS invitedAt, invitation_expires_at AS invitationExpiresAt, ' +
    'invitation_used AS invitationUsed, id, fingerprint, public_key AS publicKey, certificate, enrolled_at AS enrolledAt, ' +
    'connection, seen_at AS seenAt',
  tokens: 'id, node, audience, session, operator, guid, holder, terminal, expires_at AS expiresAt',
  logins: 'session, holder, guid, terminal, site, purpose, begun_at AS begunAt, at, ended_at AS endedAt, ended',
  findings:
    'sequence, id, at, last_at AS lastAt, occurrences, kind, layer, severity, response, own, terminal, site, card, evidence',
} as const

export type Table = keyof typeof COLUMNS
export type Value = SQLInputValue | boolean | undefined

function columnOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function bind(value: Value): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0
  return value ?? null
}

export class Database {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    try {
      this.#database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: BUSY_TIMEOUT_MS })
      if (path !== ':memory:') chmodSync(path, 0o600)
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
      this.#migrate()
    } catch (cause) {
      if (cause instanceof StoreError) throw cause
      throw new StoreError('unavailable', { cause })
    }
  }

  #migrate(): void {
    // Two processes may start on a new file at once: the version is read under the lock.
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const version = Number(this.one('PRAGMA user_version', [])?.user_version)
      if (version > MIGRATIONS.length) throw new StoreError('newer-version')
      for (const step of MIGRATIONS.slice(version)) this.#database.exec(step)
      this.#database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  exec(sql: string): void {
    this.#prepare(sql).run()
  }

  /** After some errors, a full disk for one, SQLite has rolled back by itself. */
  rollBack(): void {
    if (this.#database.isTransaction) this.exec('ROLLBACK')
  }

  one(sql: string, values: readonly Value[]): Record<string, unknown> | undefined {
    return this.#prepare(sql).get(...values.map(bind)) as Record<string, unknown> | undefined
  }

  all(sql: string, values: readonly Value[]): Record<string, unknown>[] {
    return this.#prepare(sql).all(...values.map(bind)) as Record<string, unknown>[]
  }

  run(sql: string, values: readonly Value[]): void {
    try {
      this.#prepare(sql).run(...values.map(bind))
    } catch (cause) {
      if (UNIQUENESS.has((cause as { readonly errcode?: unknown }).errcode)) throw new StoreConflict({ cause })
      throw cause
    }
  }

  insert(table: Table | 'audit' | 'audit_head', record: object): void {
    const entries = Object.entries(record) as [string, Value][]
    const names = entries.map(([field]) => columnOf(field)).join(', ')
    const places = entries.map(() => '?').join(', ')
    this.run(
      `INSERT INTO ${table} (${names}) VALUES (${places})`,
      entries.map(([, value]) => value),
    )
  }

  update(table: Table, key: string, value: Value, changes: object): void {
    const entries = (Object.entries(changes) as [string, Value][]).filter(([, change]) => change !== undefined)
    if (entries.length === 0) return
    const assignments = entries.map(([field]) => `${columnOf(field)} = ?`).join(', ')
    this.run(`UPDATE ${table} SET ${assignments} WHERE ${key} = ?`, [...entries.map(([, change]) => change), value])
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }
}

export function select(table: Table, condition: string): string {
  return `SELECT ${COLUMNS[table]} FROM ${table} WHERE ${condition}`
}
