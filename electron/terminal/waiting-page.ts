import type { Page } from '../contract/snapshot.ts'
import type { State } from './state.ts'

/** The page where no ceremony runs and nobody is logged in. */
export function waitingPage(state: State): Page {
  const { activity } = state
  const rest = activity.kind === 'looking' ? activity.over : activity
  const problem = rest.kind === 'waiting' && rest.problem !== undefined ? { problem: rest.problem } : {}
  if (state.gateway.kind === 'not-enrolled' || rest.kind === 'enrolling') {
    return { kind: 'enrol', busy: rest.kind === 'enrolling', ...problem }
  }
  if (!state.gatewaySettled) return { kind: 'starting' }
  if (state.operator !== undefined) return { kind: 'idle' }
  if (state.locked !== undefined) {
    const { givenName, familyName } = state.locked
    return { kind: 'locked', operator: { givenName, familyName }, ...problem }
  }
  return state.mayRegisterFirstOperator ? { kind: 'first-operator' } : { kind: 'sign-in', ...problem }
}
