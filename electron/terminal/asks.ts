/** What running ceremonies ask of the person: each run waits for one answer at a time. */
import { wipe } from '../../protocol/bytes.ts'
import { CeremonyCancelled, type Guide, type PadChoice } from '../ceremonies/guide.ts'
import type { CeremonyRequest, TerminalEvent } from './state.ts'

/** Bytes, which whoever takes them wipes. */
interface NewPins {
  readonly current?: Uint8Array
  readonly next: Uint8Array
}

interface Answers {
  readonly pin: Uint8Array
  readonly 'new-pin': NewPins
  readonly pad: PadChoice
}

type PendingAsk = {
  [K in keyof Answers]: {
    readonly kind: K
    readonly resolve: (answer: Answers[K]) => void
    readonly reject: (error: Error) => void
  }
}[keyof Answers]

export interface Asks {
  /** What a ceremony tells of itself, and asks, becomes an event; asking rejects with CeremonyCancelled. */
  guideFor(run: number): Guide
  /** A PIN that nobody waits for any more is wiped. */
  answerPin(run: number, pin: Uint8Array): void
  /** As `answerPin`. */
  answerNewPin(run: number, pins: NewPins): void
  answerPad(run: number, choice: PadChoice): void
  cancel(run: number): void
  /** Cancels what is asked, and whatever would be asked from now on. */
  close(): void
}

export interface AsksOptions {
  readonly dispatch: (event: TerminalEvent) => void
  /** Of the ceremony that the window shows: the last part of a registration is a login, whose steps belong to the registration. */
  readonly shownKind: () => CeremonyRequest['kind'] | undefined
}

export function createAsks({ dispatch, shownKind }: AsksOptions): Asks {
  const asks = new Map<number, PendingAsk>()
  let closed = false

  function take(run: number): PendingAsk | undefined {
    const ask = asks.get(run)
    asks.delete(run)
    return ask
  }

  function cancel(run: number): void {
    take(run)?.reject(new CeremonyCancelled())
  }

  /** The promise is there before the event is told, because the event may end it at once. */
  function ask<T>(
    run: number,
    pending: (resolve: (answer: T) => void, reject: (error: Error) => void) => PendingAsk,
    event: TerminalEvent,
  ): Promise<T> {
    cancel(run)
    if (closed) return Promise.reject(new CeremonyCancelled())
    const answer = new Promise<T>((resolve, reject) => asks.set(run, pending(resolve, reject)))
    dispatch(event)
    return answer
  }

  return {
    guideFor: (run) => ({
      begin: (kind, steps) => {
        if (kind === shownKind()) dispatch({ kind: 'begun', run, steps })
      },
      step: (id) => dispatch({ kind: 'step', run, id }),
      person: (person) => dispatch({ kind: 'person', run, person }),
      askPin: (request) => ask(run, (resolve, reject) => ({ kind: 'pin', resolve, reject }), { kind: 'ask-pin', run, request }),
      askPad: (request) => ask(run, (resolve, reject) => ({ kind: 'pad', resolve, reject }), { kind: 'ask-pad', run, request }),
      askNewPin: (request) =>
        ask(run, (resolve, reject) => ({ kind: 'new-pin', resolve, reject }), { kind: 'ask-new-pin', run, request }),
    }),
    answerPin(run, pin) {
      const waiting = take(run)
      if (waiting?.kind === 'pin') waiting.resolve(pin)
      else wipe(pin)
    },
    answerNewPin(run, pins) {
      const waiting = take(run)
      if (waiting?.kind === 'new-pin') waiting.resolve(pins)
      else wipe(pins.next, ...(pins.current === undefined ? [] : [pins.current]))
    },
    answerPad(run, choice) {
      const waiting = take(run)
      if (waiting?.kind === 'pad') waiting.resolve(choice)
    },
    cancel,
    close() {
      closed = true
      for (const run of [...asks.keys()]) cancel(run)
    },
  }
}
