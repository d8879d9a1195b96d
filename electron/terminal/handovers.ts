/** The state machine's part for logins that were handed to another program. It is done in electron/handover/. */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { type Next, to } from './moves.ts'
import type { State, TerminalEvent } from './state.ts'

export function handedOver(
  state: State,
  { session: login, name }: Extract<TerminalEvent, { kind: 'handed-over' }>,
  now: number,
): Next {
  const { session } = state
  if (session === undefined || !equalConstantTime(session.login.result.session, login)) return to(state)
  const handovers = { name, at: now, count: (session.handovers?.count ?? 0) + 1 }
  return to({ ...state, session: { ...session, handovers } })
}
