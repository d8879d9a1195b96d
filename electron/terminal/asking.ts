/** The state machine's part for what a ceremony asks of the person, and their answers. */

import { type Next, NO_ASK, runningStage, to, withStage } from './moves.ts'
import { askedPad } from './pad.ts'
import { type Ask, type Command, isPresent, type State } from './state.ts'

export function asked(state: State, run: number, ask: Ask, now: number): Next {
  const stage = runningStage(state)
  if (stage === undefined || stage.run !== run || stage.ending !== undefined) return to(state, { kind: 'cancel-ask', run })
  if (!isPresent(state.readers, stage.card)) {
    return to(withStage(state, { ...stage, ask: NO_ASK, ending: 'card-removed' }), { kind: 'cancel-ask', run })
  }
  if (ask.kind === 'pad') return askedPad(state, stage, ask.request, now)
  return to(withStage(state, { ...stage, ask }))
}

export function submitted(state: State, command: Extract<Command, { kind: 'submit-pin' | 'submit-new-pin' }>): Next | undefined {
  const stage = runningStage(state)
  if (stage === undefined || stage.ask.kind === 'nothing') return undefined
  if (stage.ask.request.retriesLeft === 1 && !stage.ask.lastTryConfirmed) return undefined
  const { run } = stage
  const working = withStage(state, { ...stage, ask: NO_ASK })
  if (command.kind === 'submit-pin') {
    return stage.ask.kind === 'pin' ? to(working, { kind: 'answer-pin', run, pin: command.pin }) : undefined
  }
  if (stage.ask.kind !== 'new-pin' || stage.ask.request.current !== (command.current !== undefined)) return undefined
  const current = command.current === undefined ? {} : { current: command.current }
  return to(working, { kind: 'answer-new-pin', run, next: command.next, ...current })
}
