/**
 * The store on SQLite (node:sqlite): one file beside the gateway. WAL, so that the command line reads while the gateway
 * works; synchronous=FULL, so that a commit has reached the disk when it returns.
 *
 * A statement runs to its end within its call, so a promise here has resolved when it is made. Transactions of one
 * process queue up, because all share one connection; those of other processes wait for the file's lock.
 * Within one process a file is to be opened for writing once: waiting for the lock would keep its holder from going on.
 */
import { Database, select, type Table, type Value } from './database.ts'
import {
  toAuditEntry,
  toAuditHead,
  toBlockChange,
  toCard,
  toCertificate,
  toHolder,
  toInvitation,
  toLogin,
  toRegistration,
  toSession,
  toTerminal,
} from './rows.ts'
import { SqliteFindings } from './sqlite-findings.ts'
import { type Store, StoreError, type StoreReader, type StoreTransaction } from './store.ts'

/** The smallest byte string that is greater than all that begin with the prefix; undefined where the prefix is all ff. */
function after(prefix: Uint8Array): Uint8Array | undefined {
  const next = prefix.slice()
  for (let i = next.length - 1; i >= 0; i -= 1) {
    const byte = next[i] ?? 0
    if (byte < 0xff) {
      next[i] = byte + 1
      return next.slice(0, i + 1)
    }
  }
  return undefined
}

/** One query, because it stands before most of what operators do. */
const SESSION = `
  SELECT l.terminal, l.purpose, l.at, l.ended_at AS endedAt, c.state AS cardState, h.id, h.role, h.state
  FROM logins l CROSS JOIN cards c ON c.guid = l.guid CROSS JOIN holders h ON h.id = l.holder
  WHERE l.session = ?`

class SqliteTransaction extends SqliteFindings implements StoreTransaction {
  readonly #database: Database
  constructor(database: Database) {
    super(database)
    this.#database = database
  }

  async #one<T>(parse: (row: unknown) => T, sql: string, ...values: Value[]): Promise<T | undefined> {
    const row = this.#database.one(sql, values)
    return row === undefined ? undefined : parse(row)
  }
  async #all<T>(parse: (row: unknown) => T, sql: string, ...values: Value[]): Promise<T[]> {
    return this.#database.all(sql, values).map(parse)
  }
  #prefixed<T>(parse: (row: unknown) => T, table: Table, prefix: Uint8Array): Promise<T[]> {
    const end = after(prefix)
    return end === undefined
      ? this.#all(parse, select(table, 'fingerprint >= ?'), prefix)
      : this.#all(parse, select(table, 'fingerprint >= ? AND fingerprint < ?'), prefix, end)
  }

  holder: StoreReader['holder'] = (id) => this.#one(toHolder, select('holders', 'id = ?'), id)
  holderByReference: StoreReader['holderByReference'] = (reference) =>
    this.#one(toHolder, select('holders', 'reference = ?'), reference)
  holders: StoreReader['holders'] = () => this.#all(toHolder, `${select('holders', 'TRUE')} ORDER BY registered_at, id`)
  hasOperator: StoreReader['hasOperator'] = async () =>
    this.#database.one(
      `SELECT 1 AS found FROM holders JOIN cards ON cards.holder = holders.id
       WHERE holders.role IS NOT NULL AND cards.state IN ('active', 'blocked') LIMIT 1`,
      [],
    ) !== undefined
  card: StoreReader['card'] = (guid) => this.#one(toCard, select('cards', 'guid = ?'), guid)
  cards: StoreReader['cards'] = () => this.#all(toCard, `${select('cards', 'TRUE')} ORDER BY registered_at, guid`)
  certificates: StoreReader['certificates'] = (prefix) => this.#prefixed(toCertificate, 'card_certificates', prefix)
  validCertificate: StoreReader['validCertificate'] = (guid) =>
    this.#one(toCertificate, select('card_certificates', 'guid = ? AND valid = 1'), guid)
  validCertificateOfKey: StoreReader['validCertificateOfKey'] = (publicKey) =>
    this.#one(toCertificate, select('card_certificates', 'public_key = ? AND valid = 1'), publicKey)
  terminal: StoreReader['terminal'] = (id) => this.#one(toTerminal, select('terminals', 'id = ?'), id)
  terminalByFingerprint: StoreReader['terminalByFingerprint'] = (prefix) => this.#prefixed(toTerminal, 'terminals', prefix)
  terminalByConnection: StoreReader['terminalByConnection'] = (connection) =>
    this.#one(toTerminal, select('terminals', 'connection = ?'), connection)
  terminals: StoreReader['terminals'] = () => this.#all(toTerminal, `${select('terminals', 'TRUE')} ORDER BY enrolled_at, id`)
  invitation: StoreReader['invitation'] = (id) => this.#one(toInvitation, select('invitations', 'id = ?'), id)
  registration: StoreReader['registration'] = (id) => this.#one(toRegistration, select('registrations', 'id = ?'), id)
  openRegistration: StoreReader['openRegistration'] = (guid) =>
    this.#one(toRegistration, select('registrations', "guid = ? AND state = 'open'"), guid)
  login: StoreReader['login'] = (session) => this.#one(toLogin, select('logins', 'session = ?'), session)
  session: StoreReader['session'] = (session) => this.#one(toSession, SESSION, session)
  lastLogin: StoreReader['lastLogin'] = (holder) =>
    this.#one(toLogin, `${select('logins', "holder = ? AND purpose <> 'registration'")} ORDER BY sequence DESC LIMIT 1`, holder)
  openSessions: StoreReader['openSessions'] = (terminal) =>
    this.#all(toLogin, `${select('logins', 'terminal = ? AND ended_at IS NULL')} ORDER BY sequence`, terminal)
  openSessionsOfCard: StoreReader['openSessionsOfCard'] = (guid) =>
    this.#all(toLogin, `${select('logins', 'guid = ? AND ended_at IS NULL')} ORDER BY sequence`, guid)
  blockListVersion: StoreReader['blockListVersion'] = async () =>
    Number(this.#database.one('SELECT max(version) AS version FROM block_changes', [])?.version ?? 0)
  blockChanges: StoreReader['blockChanges'] = (afterVersion, limit) =>
    this.#all(toBlockChange, `${select('block_changes', 'version > ?')} ORDER BY version LIMIT ?`, afterVersion, limit)
  blockChangeOfNotice: StoreReader['blockChangeOfNotice'] = (notice) =>
    this.#one(toBlockChange, select('block_changes', 'notice = ?'), notice)
  lastBlockChange: StoreReader['lastBlockChange'] = (guid) =>
    this.#one(toBlockChange, `${select('block_changes', 'guid = ?')} ORDER BY version DESC LIMIT 1`, guid)
  blockedCards: StoreReader['blockedCards'] = (afterGuid, limit) =>
    this.#all(toCard, `${select('cards', "state = 'blocked' AND guid > ?")} ORDER BY guid LIMIT ?`, afterGuid, limit)
  auditHead: StoreReader['auditHead'] = () => this.#one(toAuditHead, 'SELECT sequence, hash, mac FROM audit_head')
  audit: StoreReader['audit'] = (afterSequence, limit) =>
    this.#all(
      toAuditEntry,
      'SELECT sequence, entry, hash FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?',
      afterSequence,
      limit,
    )

  insertHolder: StoreTransaction['insertHolder'] = async (holder) => this.#database.insert('holders', holder)
  updateHolder: StoreTransaction['updateHolder'] = async (id, changes) => this.#database.update('holders', 'id', id, changes)
  insertCard: StoreTransaction['insertCard'] = async (card) => this.#database.insert('cards', card)
  updateCard: StoreTransaction['updateCard'] = async (guid, changes) => this.#database.update('cards', 'guid', guid, changes)
  promoteFreshSecrets: StoreTransaction['promoteFreshSecrets'] = async (guid) =>
    this.#database.run(
      'UPDATE cards SET sealed_secrets = fresh_secrets, fresh_secrets = NULL WHERE guid = ? AND fresh_secrets IS NOT NULL',
      [guid],
    )
  insertCertificate: StoreTransaction['insertCertificate'] = async (certificate) =>
    this.#database.insert('card_certificates', certificate)
  withdrawCertificates: StoreTransaction['withdrawCertificates'] = async (guid) =>
    this.#database.run('UPDATE card_certificates SET valid = 0 WHERE guid = ? AND valid = 1', [guid])
  restoreCertificate: StoreTransaction['restoreCertificate'] = async (fingerprint) =>
    this.#database.run('UPDATE card_certificates SET valid = 1 WHERE fingerprint = ?', [fingerprint])
  insertTerminal: StoreTransaction['insertTerminal'] = async (terminal) => this.#database.insert('terminals', terminal)
  updateTerminal: StoreTransaction['updateTerminal'] = async (id, changes) =>
    this.#database.update('terminals', 'id', id, changes)
  spendFirstOperatorRights: StoreTransaction['spendFirstOperatorRights'] = async () => {
    this.#database.run('UPDATE terminals SET may_register_first_operator = 0 WHERE may_register_first_operator = 1', [])
    this.#database.run('UPDATE invitations SET may_register_first_operator = 0 WHERE may_register_first_operator = 1', [])
  }
  insertInvitation: StoreTransaction['insertInvitation'] = async (invitation) => this.#database.insert('invitations', invitation)
  useInvitation: StoreTransaction['useInvitation'] = async (id, terminal) =>
    this.#database.update('invitations', 'id', id, { terminal })
  insertRegistration: StoreTransaction['insertRegistration'] = async (registration) =>
    this.#database.insert('registrations', registration)
  updateRegistration: StoreTransaction['updateRegistration'] = async (id, changes) =>
    this.#database.update('registrations', 'id', id, changes)
  insertLogin: StoreTransaction['insertLogin'] = async (login) => this.#database.insert('logins', login)
  endLogin: StoreTransaction['endLogin'] = async (session, at, reason) =>
    this.#database.run('UPDATE logins SET ended_at = ?, ended = ? WHERE session = ? AND ended_at IS NULL', [at, reason, session])
  insertBlockChange: StoreTransaction['insertBlockChange'] = async (change) => this.#database.insert('block_changes', change)
  appendAudit: StoreTransaction['appendAudit'] = async (entry, head) => {
    this.#database.insert('audit', entry)
    this.#database.run(
      `INSERT INTO audit_head (one, sequence, hash, mac) VALUES (1, ?, ?, ?)
       ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, mac = excluded.mac`,
      [head.sequence, head.hash, head.mac],
    )
  }
}

class SqliteStore implements Store {
  readonly #database: Database
  readonly #transaction: SqliteTransaction
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(path: string) {
    this.#database = new Database(path)
    this.#transaction = new SqliteTransaction(this.#database)
  }

  read<T>(work: (reader: StoreReader) => Promise<T>): Promise<T> {
    return this.#run('BEGIN', work)
  }

  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#run('BEGIN IMMEDIATE', work)
  }

  #run<T>(begin: string, work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#closed) throw new StoreError('unavailable')
      this.#database.exec(begin)
      try {
        const value = await work(this.#transaction)
        this.#database.exec('COMMIT')
        return value
      } catch (error) {
        this.#database.rollBack()
        throw error
      }
    })
    this.#last = result.catch(() => undefined)
    return result
  }

  async close(): Promise<void> {
    await this.#last
    if (this.#closed) return
    this.#closed = true
    this.#database.close()
  }
}

/** Opens or makes the file (0600) and brings its schema up to date. Throws a StoreError. */
export function openSqliteStore(path: string): Store {
  return new SqliteStore(path)
}
