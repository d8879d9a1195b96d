/** The state machine's part for batches: who may open one, and which cards are meant for it. The batch itself is electron/batch/. */
import { includesRole } from '../../protocol/messages/operations.ts'
import type { BatchCommand } from '../batch/ports.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import type { BatchAction, BatchView } from '../contract/batch.ts'
import { type Next, to, waiting, without } from './moves.ts'
import { isPresent, type OperatorState, presentCards, type State, sameCard } from './state.ts'

function registrar({ operator }: State): OperatorState | undefined {
  return includesRole(operator?.role, 'registrar') ? operator : undefined
}

/** Undefined where it is out of place. */
export function openBatch(state: State): Next | undefined {
  return registrar(state) && to({ ...state, activity: { kind: 'batch' } })
}

const by = ({ session, role }: OperatorState): Pick<BatchCommand, 'session' | 'role'> => ({ session, role })

export function batchCommanded(state: State, action: BatchAction): Next | undefined {
  const operator = registrar(state)
  if (state.activity.kind !== 'batch' || operator === undefined) return undefined
  const cards = presentCards(state.readers).filter((card) => !sameCard(card, operator.card))
  const card: Insertion | undefined = cards.find((present) => sameCard(present, state.fresh)) ?? cards[0]
  const command: BatchCommand = { kind: 'action', action, ...by(operator), ...(card && { card }) }
  return to(action.kind === 'retry' ? without(state, 'fresh') : state, { kind: 'batch', command })
}

export function batchChanged(state: State, batch: BatchView): Next {
  const lost = batch.kind === 'open' && batch.batch.phase.kind === 'trouble' ? batch.batch.phase.problem : undefined
  const wasWorking = state.batch.kind === 'open' && state.batch.batch.phase.kind === 'working'
  const next = { ...state, batch }
  // The gateway has forgotten the operator's session: only a new sign-in helps, and leads back here.
  if (state.activity.kind === 'batch' && wasWorking && lost?.code === 'session-unknown')
    return to({ ...without(next, 'operator', 'fresh'), activity: waiting(lost) })
  return to(next)
}

/** A card that was put in while the batch waits for one. */
export function batchWithFreshCard(state: State): Next {
  const { fresh, batch } = state
  const operator = registrar(state)
  if (fresh === undefined || operator === undefined || batch.kind !== 'open' || !isPresent(state.readers, fresh)) return to(state)
  const { kind } = batch.batch.phase
  if (kind !== 'next-card' && kind !== 'trouble') return to(state)
  return to(without(state, 'fresh'), { kind: 'batch', command: { kind: 'card', card: fresh, ...by(operator) } })
}

/** Whoever turns to something else has the batch paused; whose session was lost goes on after the next sign-in. */
export function leftBatch(before: State, next: Next): Next {
  const operator = registrar(before)
  if (before.activity.kind !== 'batch' || next.state.activity.kind === 'batch' || operator === undefined) return next
  if (next.state.operator === undefined) return next
  const command: BatchCommand = { kind: 'action', action: { kind: 'pause' }, ...by(operator) }
  return { ...next, effects: [...next.effects, { kind: 'batch', command }] }
}

/** Somebody has signed in: a batch that nobody paused goes on. */
export function intoBatch(next: Next): Next {
  const { activity, batch } = next.state
  const goesOn = batch.kind === 'open' && batch.batch.phase.kind !== 'paused' && batch.batch.phase.kind !== 'finished'
  if (!goesOn || activity.kind !== 'waiting' || registrar(next.state) === undefined) return next
  return { ...next, state: { ...next.state, activity: { kind: 'batch' } } }
}
