/** What can go wrong between a card and its reader, made to happen on purpose: for tests and training. */

import type { VirtualCard } from './card.ts'

/** `apdu` counts from 1, from the moment that the fault is armed. */
export type Fault =
  /** The card is pulled before it sees this APDU. */
  | { readonly kind: 'pull-before'; readonly apdu: number }
  /** The card carries this APDU out, is pulled, and its answer is lost. */
  | { readonly kind: 'lose-answer'; readonly apdu: number }
  /** The card answers this APDU and is pulled then. */
  | { readonly kind: 'pull-after'; readonly apdu: number }

export type Outcome =
  | { readonly kind: 'answered'; readonly answer: Uint8Array }
  | { readonly kind: 'answered-then-pulled'; readonly answer: Uint8Array }
  | { readonly kind: 'pulled' }

export class CardFaults {
  /** How long the card thinks before every answer. */
  delayMs: number
  #fault: Fault | undefined
  #count = 0

  constructor(delayMs = 0) {
    this.delayMs = delayMs
  }

  /** One fault at a time; undefined disarms. */
  arm(fault: Fault | undefined): void {
    this.#fault = fault
    this.#count = 0
  }

  /** How many APDUs went by since the last arm. */
  get count(): number {
    return this.#count
  }

  /** Lets the card do one APDU, or not. */
  apply(card: VirtualCard, command: Uint8Array): Outcome {
    this.#count += 1
    const fault = this.#fault?.apdu === this.#count ? this.#fault : undefined
    if (fault !== undefined) this.#fault = undefined
    if (fault?.kind === 'pull-before') return { kind: 'pulled' }
    const answer = card.transmit(command)
    if (fault?.kind === 'lose-answer') return { kind: 'pulled' }
    return { kind: fault === undefined ? 'answered' : 'answered-then-pulled', answer }
  }
}
