/** The state machine's part for logins that were handed to another program. It is done in electron/handover/. */
import { equalConstantTime } from '../../protocol/bytes.ts'
import { type Next, to } from './moves.ts'
import type { State } from './state.ts'

export interface HandedOver {
  readonly kind: 'handed-over'
  /** The login's. */
  readonly session: Uint8Array
  /** The program's. */
  readonly name: string
}

export function handedOver(state: State, { session: login, name }: HandedOver, now: number): Next {
  const { session } = state
  if (session === undefined || !equalConstantTime(session.login.result.session, login)) return to(state)
  const handovers = { name, at: now, count: (session.handovers?.count ?? 0) + 1 }
  return to({ ...state, session: { ...session, handovers } })
}
