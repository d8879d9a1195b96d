/**
 * People from a file of comma-separated values (RFC 4180; also with semicolons or tabs, as spreadsheets write them). Nothing is
 * taken from a file here: what comes out says which rows could be, and of each other row why not.
 */
import { CsvError, parse } from 'csv-parse/sync'
import * as v from 'valibot'
import { includesRole, personSchema, type Role } from '../../protocol/messages/operations.ts'
import type { BatchField, BatchFileProblem, BatchPerson, BatchPreview, BatchRowFault } from '../contract/batch.ts'
import { fieldOf, languageOfCell, roleOf } from './columns.ts'

export const MOST_BYTES = 2 * 1024 * 1024
export const MOST_ROWS = 10_000

export type Import =
  | {
      readonly kind: 'read'
      readonly columns: BatchPreview['columns']
      readonly people: readonly BatchPerson[]
      /** In the order of the lines. */
      readonly faults: readonly BatchRowFault[]
    }
  | { readonly kind: 'unreadable'; readonly problem: BatchFileProblem }

export interface ImportRules {
  /** The operator's own: nobody gives away more than they hold. */
  readonly role: Role
  /** References of the people in the open batch. */
  readonly known: ReadonlySet<string>
}

export function importPeople(bytes: Uint8Array, rules: ImportRules): Import {
  if (bytes.length > MOST_BYTES) return unreadable({ code: 'batch-file-too-large' })
  const decoded = decode(bytes)
  if (decoded.kind === 'unreadable') return decoded
  const { records, faults } = split(decoded.text)
  const [head, ...rows] = records
  if (head === undefined) return unreadable({ code: 'batch-file-empty', ...firstLine(faults) })
  const fields = head.cells.map(fieldOf)
  const isWhole = (['givenName', 'familyName', 'reference'] as const).every((field) => fields.includes(field))
  const isTwice = fields.some((field, at) => field !== undefined && fields.indexOf(field) !== at)
  if (!isWhole || isTwice) return unreadable({ code: 'batch-file-columns', line: head.line })
  if (rows.length + faults.length > MOST_ROWS) return unreadable({ code: 'batch-file-too-long' })
  if (rows.length + faults.length === 0) return unreadable({ code: 'batch-file-empty' })
  const columns = head.cells.map((header, at) => column(header, fields[at]))
  return { kind: 'read', columns, ...sort(rows, fields, faults, rules) }
}

function unreadable(problem: BatchFileProblem): Import & { kind: 'unreadable' } {
  return { kind: 'unreadable', problem }
}

const firstLine = ([fault]: readonly BatchRowFault[]) => (fault === undefined ? {} : { line: fault.line })

/** Headers are shown; what is longer than a header is none. */
const column = (header: string, field: BatchField | undefined) => ({ header: header.slice(0, 80), ...(field && { field }) })

// Text.

function decode(bytes: Uint8Array): { readonly kind: 'text'; readonly text: string } | (Import & { kind: 'unreadable' }) {
  try {
    // Takes the byte order mark away too.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { kind: 'text', text: text.replace(/\r\n?/g, '\n') }
  } catch {
    return unreadable({ code: 'batch-file-encoding', line: firstBadLine(bytes) })
  }
}

/** A line feed is never part of a longer character in UTF-8, so that each line can be judged by itself. */
function firstBadLine(bytes: Uint8Array): number {
  let line = 1
  for (let start = 0; start <= bytes.length; line += 1) {
    const feed = bytes.indexOf(LINE_FEED, start)
    const end = feed < 0 ? bytes.length : feed
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end))
    } catch {
      return line
    }
    start = end + 1
  }
  return line
}

const LINE_FEED = 0x0a

// Rows.

interface Row {
  /** Where it begins. */
  readonly line: number
  readonly cells: readonly string[]
}

/** Rows without anything in them are left out. */
function split(text: string): { readonly records: readonly Row[]; readonly faults: readonly BatchRowFault[] } {
  const faulty = new Set<number>()
  let lastLine = 0
  const records: Row[] = []
  parse(text, {
    delimiter: delimiterOf(text),
    record_delimiter: '\n',
    relax_column_count: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (!(error instanceof CsvError)) return
      // Where nothing ends the quotation, what is named is the row that it begins in, not the end of the file.
      faulty.add(error.code === 'CSV_QUOTE_NOT_CLOSED' ? lastLine + 1 : Number(error.lines))
    },
    on_record: (cells: string[], { lines }) => {
      const tidy = cells.map((cell) => cell.replace(/\s+/g, ' ').trim())
      const line = lines - cells.reduce((breaks, cell) => breaks + cell.split('\n').length - 1, 0)
      lastLine = lines
      if (tidy.some((cell) => cell !== '')) records.push({ line, cells: tidy })
      return null
    },
  })
  const faults = [...faulty].map((line): BatchRowFault => ({ line, why: 'quotes' }))
  return { records, faults }
}

/** The one of which the header line has most, outside of quotation marks; where it has none, a comma. */
function delimiterOf(text: string): ',' | ';' | '\t' {
  const header = (text.split('\n').find((line) => line.trim() !== '') ?? '').replace(/"[^"]*"/g, '')
  const count = (delimiter: string) => header.split(delimiter).length
  return (['\t', ';'] as const).find((delimiter) => count(delimiter) > count(',')) ?? ','
}

// People.

function sort(
  rows: readonly Row[],
  fields: readonly (BatchField | undefined)[],
  unparsed: readonly BatchRowFault[],
  rules: ImportRules,
): { readonly people: readonly BatchPerson[]; readonly faults: readonly BatchRowFault[] } {
  const people: BatchPerson[] = []
  const faults: BatchRowFault[] = [...unparsed]
  const lines = new Map<string, number>()
  for (const { line, cells } of rows) {
    const found = cells.slice(fields.length).some((cell) => cell !== '')
      ? ({ line, why: 'too-many-cells' } as const)
      : person(line, new Map(cells.map((cell, at) => [fields[at], cell])), rules)
    if ('why' in found) {
      faults.push(found)
      continue
    }
    const { reference } = found
    const firstLine = lines.get(reference)
    if (firstLine !== undefined) faults.push({ line, why: 'repeated', firstLine, reference })
    else if (rules.known.has(reference)) faults.push({ line, why: 'in-batch', reference })
    else {
      lines.set(reference, line)
      people.push(found)
    }
  }
  return { people, faults: faults.sort((a, b) => a.line - b.line) }
}

/** Letters of every script, digits, marks, signs; no control characters, and none that turn the text around them. */
const UNFIT = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]/u

function person(
  line: number,
  cells: ReadonlyMap<BatchField | undefined, string>,
  { role: own }: ImportRules,
): BatchPerson | BatchRowFault {
  const named = {
    givenName: cells.get('givenName') ?? '',
    familyName: cells.get('familyName') ?? '',
    reference: cells.get('reference') ?? '',
  }
  for (const field of ['givenName', 'familyName', 'reference'] as const) {
    if (named[field] === '') return { line, why: 'missing', field }
    if (UNFIT.test(named[field])) return { line, why: 'bad-characters', field }
  }
  // The gateway's own rule is the last word.
  const parsed = v.safeParse(personSchema, named)
  if (!parsed.success) return { line, why: 'too-long', field: fieldAt(parsed.issues[0].path?.[0]?.key) }
  const roleCell = cells.get('role') ?? ''
  const role = roleCell === '' ? undefined : roleOf(roleCell)
  if (roleCell !== '' && role === undefined) return { line, why: 'unknown-role' }
  if (role !== undefined && !includesRole(own, role)) return { line, why: 'role-above-yours' }
  const languageCell = cells.get('language') ?? ''
  const language = languageCell === '' ? undefined : languageOfCell(languageCell)
  if (languageCell !== '' && language === undefined) return { line, why: 'unknown-language' }
  return { ...parsed.output, ...(role && { role }), ...(language && { language }) }
}

const fieldAt = (key: unknown): BatchField => (key === 'familyName' || key === 'reference' ? key : 'givenName')
