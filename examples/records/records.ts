/**
 * A records service, as its programmer writes it: a clinic's or a bank's own data, in its own SQLite file. It knows people by the
 * pseudonym of the session and by nothing else.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as v from 'valibot'
import {
  type AuditEvent,
  createService,
  type Operations,
  operation,
  Refusal,
  type Service,
  type ServiceOptions,
  type ServiceSession,
} from '../../service/index.ts'

export const SCOPES = 'record:read,record:note=desk'

const noteSchema = v.strictObject({
  number: v.number(),
  at: v.number(),
  text: v.string(),
  /** Who took it, as the terminal says: this service knows the people at desks no better than those in front of them. */
  author: v.optional(v.string()),
})
export const recordSchema = v.strictObject({
  /** Milliseconds since 1970; when this service met the person. */
  since: v.number(),
  /** The latest first. */
  notes: v.array(noteSchema),
})
const NOTE_LENGTH = 2000
const AUTHOR_LENGTH = 200
const NOTES_SHOWN = 100
/** A record that is full is a matter for whoever runs the service. */
const MAX_NOTES = 10_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (person TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS notes (
    person TEXT NOT NULL REFERENCES records (person),
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    author TEXT,
    PRIMARY KEY (person, number)
  ) STRICT, WITHOUT ROWID;
`

class Records {
  readonly #database: DatabaseSync
  readonly #now: () => number

  constructor(path: string, now: () => number = Date.now) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#database = new DatabaseSync(path, { enableForeignKeyConstraints: true })
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${SCHEMA}`)
    this.#now = now
  }

  /** Makes the record at the first visit. */
  open(person: string): void {
    this.#database.prepare('INSERT INTO records (person, since) VALUES (?, ?) ON CONFLICT DO NOTHING').run(person, this.#now())
  }

  read(person: string): v.InferOutput<typeof recordSchema> {
    const record = this.#database.prepare('SELECT since FROM records WHERE person = ?').get(person)
    if (record === undefined) throw new Refusal('no-record')
    const notes = this.#database
      .prepare('SELECT number, at, text, author FROM notes WHERE person = ? ORDER BY number DESC LIMIT ?')
      .all(person, NOTES_SHOWN)
    return v.parse(recordSchema, {
      ...record,
      notes: notes.map(({ author, ...note }) => ({ ...note, ...(author === null ? {} : { author }) })),
    })
  }

  append(person: string, text: string, author?: string): v.InferOutput<typeof noteSchema> {
    const { last } = v.parse(
      v.object({ last: v.number() }),
      this.#database.prepare('SELECT coalesce(max(number), 0) AS last FROM notes WHERE person = ?').get(person),
    )
    if (last >= MAX_NOTES) throw new Refusal('record-full')
    const note = { number: last + 1, at: this.#now(), text, ...(author === undefined ? {} : { author }) }
    this.#database
      .prepare('INSERT INTO notes (person, number, at, text, author) VALUES (?, ?, ?, ?, ?)')
      .run(person, note.number, note.at, text, author ?? null)
    return note
  }

  close(): void {
    this.#database.close()
  }
}

function recordOperations(records: Records): Operations {
  return {
    'record.read': operation({
      scope: 'record:read',
      request: v.strictObject({}),
      answer: recordSchema,
      handle: (_body, session: ServiceSession) => records.read(session.subject),
    }),
    'record.note': operation({
      scope: 'record:note',
      request: v.strictObject({
        text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NOTE_LENGTH)),
        author: v.optional(v.pipe(v.string(), v.maxLength(AUTHOR_LENGTH))),
      }),
      answer: noteSchema,
      handle: ({ text, author }, session) => records.append(session.subject, text, author),
    }),
  }
}

export interface RecordsOptions extends Pick<ServiceOptions, 'broker' | 'invitation'> {
  /** Identity and data; made where they are not there. */
  readonly dataDirectory: string
  readonly audit?: (event: AuditEvent) => void
  readonly now?: () => number
}

/** Resolves once terminals can ask. Rejects as createService does, and with the system's error for a folder that cannot be used. */
export async function startRecords(options: RecordsOptions): Promise<Service> {
  const { dataDirectory, broker, invitation, audit, now } = options
  const records = new Records(join(dataDirectory, 'records.sqlite'), now)
  try {
    const service = await createService({
      broker,
      identityFile: join(dataDirectory, 'identity.json'),
      operations: recordOperations(records),
      onSessionStart: ({ subject }) => records.open(subject),
      software: 'Tessera records example 0.1.0',
      ...(invitation === undefined ? {} : { invitation }),
      ...(audit === undefined ? {} : { audit }),
      ...(now === undefined ? {} : { now }),
    })
    return {
      ...service,
      async close() {
        await service.close()
        records.close()
      },
    }
  } catch (error) {
    records.close()
    throw error
  }
}
