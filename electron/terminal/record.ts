/** The state machine's part for the record of the person who is logged in. The record itself is read in electron/records/. */
import { equalConstantTime } from '../../protocol/bytes.ts'
import type { Problem } from '../contract/problems.ts'
import type { NoteOutcome, NoteView, RecordView } from '../contract/record.ts'
import type { RecordReport } from '../records/report.ts'
import { type Next, to } from './moves.ts'
import type { PersonSession, State } from './state.ts'

/** The session that is told of; undefined for a login that is over. */
function sessionOf({ session }: State, login: Uint8Array): PersonSession | undefined {
  return session !== undefined && equalConstantTime(session.login.result.session, login) ? session : undefined
}

export function recordChanged(state: State, login: Uint8Array, record: RecordReport | undefined): Next {
  const session = sessionOf(state, login)
  if (session === undefined) return to(state)
  const { record: _, ...rest } = session
  return to({ ...state, session: record === undefined ? rest : { ...rest, record } })
}

/** Undefined where it is out of place. */
export function addNote(state: State, text: string): Next | undefined {
  const { session, activity } = state
  if (session?.record === undefined || activity.kind !== 'waiting') return undefined
  const { link, mayNote } = session.record
  if (link.kind !== 'open' || !mayNote || session.note?.kind === 'sending') return undefined
  const author = state.operator && { author: `${state.operator.givenName} ${state.operator.familyName}` }
  const note = { text, ...author }
  return to(
    { ...state, session: { ...session, note: { kind: 'sending' } } },
    { kind: 'add-note', session: session.login.result.session, note },
  )
}

export function noteEnded(state: State, login: Uint8Array, problem: Problem | undefined): Next {
  const session = sessionOf(state, login)
  if (session?.note?.kind !== 'sending') return to(state)
  const note: NoteOutcome = problem === undefined ? { kind: 'added' } : { kind: 'failed', problem }
  return to({ ...state, session: { ...session, note } })
}

export function recordView({ record, note }: PersonSession): RecordView | undefined {
  if (record === undefined) return undefined
  const { link, entries, mayNote } = record
  const shown: NoteView = note?.kind === 'sending' || mayNote ? (note ?? { kind: 'ready' }) : { kind: 'not-allowed' }
  return { link, note: shown, ...(entries && { entries }) }
}
