/** The state machine's part for simulated cards and exercises: none of it is there while no simulated reader is on offer. */
import { left } from './looking.ts'
import { type Next, to, without } from './moves.ts'
import { resting } from './navigation.ts'
import type { SimulationCommand, State } from './state.ts'
import { waitingPage } from './waiting-page.ts'

/** Undefined where it is out of place. */
export function simulate(state: State, command: SimulationCommand): Next | undefined {
  if (state.simulation === undefined) return undefined
  if (command.kind !== 'simulate-exercise' || command.exercise === undefined) return to(state, { kind: 'simulate', command })
  // An exercise begins where a working day begins: an operator is signed in, and nobody is being served.
  const rest = resting(state)
  const { operator } = state
  if (rest === undefined || operator === undefined || waitingPage(state).kind !== 'idle') return undefined
  return to({ ...state, activity: rest }, { kind: 'simulate', command, operator: operator.session })
}

/** Undefined where no simulated reader is on offer any more: the page of the exercises goes with it. */
export function withSimulation(state: State, view: State['simulation']): State {
  if (view !== undefined) return { ...state, simulation: view }
  const { activity } = state
  const isOpen = activity.kind === 'looking' && activity.view.of === 'training'
  return without(isOpen ? left(state, activity) : state, 'simulation')
}
