/** The state machine's part for PINs that are entered on the reader: what is asked, what runs there, and what the person wants instead. */
import type { PadChoice, PadRequest } from '../ceremonies/guide.ts'
import type { Prompt } from '../contract/snapshot.ts'
import { type Next, NO_ASK, type Running, runningStage, to, withStage } from './moves.ts'
import type { Ask, Effect, State } from './state.ts'

export type PadAsk = Extract<Ask, { kind: 'pad' }>

const answer = (run: number, choice: PadChoice): Effect => ({ kind: 'answer-pad', run, choice })

/** `stage` is the running one, and its card is in. An entry begins by itself where nothing has to be read or said before. */
export function askedPad(state: State, stage: Running, request: PadRequest, now: number): Next {
  const before = stage.ask.kind === 'pad' ? stage.ask.giveUp : undefined
  if (before === 'cancel')
    return to(withStage(state, { ...stage, ask: NO_ASK, ending: 'cancelled' }), { kind: 'cancel-ask', run: stage.run })
  if (before === 'keyboard') return to(withStage(state, { ...stage, ask: NO_ASK }), answer(stage.run, 'keyboard'))
  const ask: PadAsk = { kind: 'pad', request, lastTryConfirmed: false }
  const asked = withStage(state, { ...stage, ask })
  const begins = request.problem === undefined && request.retriesLeft !== 1 && request.change === undefined
  return begins ? enter(asked, { ...stage, ask }, now) : to(asked)
}

/** From here on the reader waits for keys. */
export function enter(state: State, stage: Running, now: number): Next {
  if (stage.ask.kind !== 'pad') return to(state)
  const ask: PadAsk = { ...stage.ask, lastTryConfirmed: true, endsAt: now + stage.ask.request.seconds * 1000 }
  return to(withStage(state, { ...stage, ask }), answer(stage.run, 'pad'))
}

/** The reader cannot be called off from here: what the person wants is done when its entry has ended. */
export function giveUp(state: State, instead: 'keyboard' | 'cancel'): Next | undefined {
  const stage = runningStage(state)
  if (stage?.ask.kind !== 'pad' || stage.ask.endsAt === undefined) return undefined
  return to(withStage(state, { ...stage, ask: { ...stage.ask, giveUp: instead } }))
}

export function usePad(state: State, now: number): Next | undefined {
  const stage = runningStage(state)
  if (stage?.ask.kind !== 'pad' || stage.ask.endsAt !== undefined || needsLastTry(stage.ask)) return undefined
  return enter(state, stage, now)
}

export function useKeyboard(state: State): Next | undefined {
  const stage = runningStage(state)
  if (stage?.ask.kind !== 'pad') return undefined
  if (stage.ask.endsAt !== undefined) return giveUp(state, 'keyboard')
  return to(withStage(state, { ...stage, ask: NO_ASK }), answer(stage.run, 'keyboard'))
}

/** The card took the PIN, or has a new one: the entry is over. */
export function padEnded(state: State): State {
  const stage = runningStage(state)
  if (stage?.ask.kind !== 'pad') return state
  const ending = stage.ask.giveUp === 'cancel' ? { ending: 'cancelled' as const } : {}
  return withStage(state, { ...stage, ask: NO_ASK, ...ending })
}

const needsLastTry = ({ request, lastTryConfirmed }: PadAsk): boolean => request.retriesLeft === 1 && !lastTryConfirmed

export function padPrompt(ask: PadAsk): Prompt {
  if (needsLastTry(ask)) return { kind: 'confirm-last-try' }
  const { retriesLeft, problem, change } = ask.request
  return {
    kind: 'pin-pad',
    ...(change && { change }),
    ...(retriesLeft === undefined ? {} : { retriesLeft }),
    ...(problem === undefined ? {} : { problem }),
    ...(ask.endsAt === undefined ? {} : { endsAt: ask.endsAt }),
    ...(ask.giveUp === undefined ? {} : { giveUp: ask.giveUp }),
  }
}
