/** The end of a ceremony: what its outcome leaves on the desk. */
import type { Step } from '../contract/snapshot.ts'
import { intoBatch } from './batch.ts'
import { approved, blockBehind } from './blocking.ts'
import { signedIn } from './locking.ts'
import { endOf, failed, type Next, type Running, removed, runningStage, to, waiting, without } from './moves.ts'
import { type CeremonyActivity, type CeremonyRequest, type Effect, isPresent, type Outcome, type State } from './state.ts'

export function ended(state: State, run: number, outcome: Outcome, now: number): Next {
  const stage = runningStage(state)
  if (state.activity.kind !== 'ceremony' || stage === undefined || stage.run !== run) {
    // Nobody waits for it any more: a session that it opened is closed again.
    return outcome.kind === 'logged-in' ? to(state, endOf(outcome.login.result.session, 'operator')) : to(state)
  }
  const { request } = state.activity
  if (stage.ending === 'blocked' && stage.block !== undefined) {
    const opened = outcome.kind === 'logged-in' ? [endOf(outcome.login.result.session, 'blocked')] : []
    return to({ ...state, activity: { kind: 'blocked', block: stage.block } }, ...opened)
  }
  switch (outcome.kind) {
    case 'logged-in':
      return loggedIn(state, request, stage, outcome.login, now)
    case 'finished': {
      const steps = state.activity.steps.map((step): Step => ({ id: step.id, state: 'done' }))
      const activity: CeremonyActivity = {
        ...state.activity,
        steps,
        stage: { kind: 'done', result: outcome.result, card: stage.card },
      }
      const isFirstOperator = request.kind === 'register' && request.session === undefined
      return to({ ...state, activity, mayRegisterFirstOperator: state.mayRegisterFirstOperator && !isFirstOperator })
    }
    case 'approved':
      return stage.ending === undefined ? approved(state, outcome.session, stage) : to({ ...state, activity: waiting() })
    case 'cancelled':
      if (stage.ending === 'card-removed') return to(failed(state, removed(stage.card), stage.card))
      return to({ ...state, activity: waiting() })
    case 'failed':
      if (stage.ending === 'cancelled') return to({ ...state, activity: waiting() })
      // The gateway has forgotten the operator's session: only a new sign-in helps.
      if (outcome.problem.code === 'session-unknown' && request.kind === 'register' && state.operator !== undefined) {
        return to({ ...without(state, 'operator'), activity: waiting(outcome.problem) })
      }
      return failedWith(state, outcome, stage)
    default:
      return outcome satisfies never
  }
}

function failedWith(state: State, { problem, guid }: Extract<Outcome, { kind: 'failed' }>, stage: Running): Next {
  const block = blockBehind(state, problem, stage, guid)
  if (block !== undefined) return to({ ...state, activity: { kind: 'blocked', block } })
  const strangers = problem.code === 'card-not-piv' ? [...state.strangers, stage.card] : state.strangers
  return to(failed({ ...state, strangers }, problem, stage.card))
}

function loggedIn(
  state: State,
  request: CeremonyRequest,
  stage: Running,
  login: Extract<Outcome, { kind: 'logged-in' }>['login'],
  now: number,
): Next {
  const { result } = login
  if (stage.ending === 'cancelled') return to({ ...state, activity: waiting() }, endOf(result.session, 'operator'))
  if (request.kind === 'sign-in') {
    if (result.role === undefined) {
      return to(failed(state, { code: 'not-an-operator' }, stage.card), endOf(result.session, 'operator'))
    }
    return intoBatch(signedIn(state, login, result.role, stage.card, now))
  }
  if (!isPresent(state.readers, stage.card)) {
    return to(failed(state, removed(stage.card), stage.card), endOf(result.session, 'card-removed'))
  }
  const operator = state.operator && { operator: state.operator.session }
  const record: Effect = { kind: 'open-record', session: result.session, ...operator }
  return to({ ...state, session: { login, card: stage.card }, activity: waiting() }, record)
}
