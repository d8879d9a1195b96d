/** How a ceremony talks to the person: the terminal's page fulfils it, and tests do. */

import type { Problem, ProblemCode } from '../contract/problems.ts'
import type { CeremonyKind, StepId } from '../contract/snapshot.ts'

export interface PinRequest {
  /** Unknown where the card does not tell. The page asks 'confirm-last-try' first where it is 1. */
  readonly retriesLeft?: number
  /** Of the try before. */
  readonly problem?: Problem
}

export interface PadRequest extends PinRequest {
  readonly seconds: number
  /** The present PIN, the new one, and the new one again. */
  readonly change?: true
}

export type PadChoice = 'pad' | 'keyboard'

export interface NewPinRequest extends PinRequest {
  readonly current: boolean
}

export interface Guide {
  /** Shows the ceremony's steps. */
  begin(kind: CeremonyKind, steps: readonly StepId[]): void
  /** The step that runs now; the one before it is done. */
  step(id: StepId): void
  person(person: { readonly givenName: string; readonly familyName: string }): void
  /** ASCII digits, to be wiped by the ceremony. Rejects with CeremonyCancelled. */
  askPin(request: PinRequest): Promise<Uint8Array>
  /**
   * Shows that the PIN is to be entered on the reader, from now on for `seconds`; where `problem` tells of an entry before, the last try
   * is left, or three entries have to be read about first (`change`), only after the person has said so. 'keyboard' where they want to
   * type here instead. Rejects with CeremonyCancelled.
   */
  askPad(request: PadRequest): Promise<PadChoice>
  askNewPin(request: NewPinRequest): Promise<{ readonly current?: Uint8Array; readonly next: Uint8Array }>
}

/** The person gave up, the card was pulled while the PIN was asked, or the window closed. */
export class CeremonyCancelled extends Error {
  constructor() {
    super('cancelled')
    this.name = 'CeremonyCancelled'
  }
}

/** A ceremony that ended without its result, with what the person is told. */
export class CeremonyFailed extends Error {
  readonly problem: Problem
  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.code, options)
    this.name = 'CeremonyFailed'
    this.problem = problem
  }
  get code(): ProblemCode {
    return this.problem.code
  }
}
