/** What both ends share once EDHOC is over (RFC 9528 section 4.2), and the guard of the states before. */
import { wipe } from '../bytes.ts'
import type { PeerCredential } from './credentials.ts'
import { EdhocError } from './errors.ts'
import { computePrkExporter, computeUpdatedPrkOut, edhocKdf } from './keys.ts'
import type { Context, Method, Suite } from './suites.ts'

/** A protocol state that can be left once: whatever comes of it, the second attempt throws ('state-used'). */
export class Once {
  #used = false

  protected leave(): void {
    if (this.#used) throw new EdhocError({ kind: 'state-used' })
    this.#used = true
  }
}

/** EDHOC_Exporter( exporter_label, context, length ), RFC 9528 section 4.2.1. `length` in bytes. */
export type Exporter = (label: number, context: Uint8Array, length: number) => Uint8Array

export interface SessionFacts {
  readonly role: 'initiator' | 'responder'
  readonly method: Method
  readonly suite: Suite
  /** Chosen by the initiator and by the responder (RFC 9528 section 3.3); byte strings. */
  readonly cI: Uint8Array
  readonly cR: Uint8Array
  /** The peer's credential that was verified. */
  readonly peer: PeerCredential
}

export class EdhocSession {
  readonly facts: SessionFacts
  readonly #context: Context
  #prkOut: Uint8Array
  /** Made for the first that is exported: a login needs none, and is waited for. */
  #prkExporter: Uint8Array | undefined
  #isOver = false

  constructor(context: Context, facts: SessionFacts, prkOut: Uint8Array) {
    this.#context = context
    this.facts = facts
    this.#prkOut = prkOut
  }

  /** The session key itself: for another implementation's test vectors, not for use. */
  get prkOut(): Uint8Array {
    return this.#prkOut.slice()
  }

  /**
   * Labels from 32768 are for private use. Throws a RangeError for a label or length that is no unsigned integer, an EdhocError
   * ('state-used') once the keys are wiped.
   */
  readonly exporter: Exporter = (label, context, length) => {
    if (!Number.isSafeInteger(label) || label < 0 || !Number.isSafeInteger(length) || length < 0) {
      throw new RangeError('EDHOC exporter: label and length are unsigned integers')
    }
    this.#expectKeys()
    this.#prkExporter ??= computePrkExporter(this.#context, this.#prkOut)
    return edhocKdf(this.#context, this.#prkExporter, label, context, length)
  }

  /** EDHOC_KeyUpdate( context ), RFC 9528 appendix H: both ends call it with the same context; what was exported before cannot be derived any more. Throws as `exporter`. */
  updateKey(context: Uint8Array): void {
    this.#expectKeys()
    const next = computeUpdatedPrkOut(this.#context, this.#prkOut, context)
    this.#forget()
    this.#prkOut = next
  }

  /** Ends the use of the session's keys; channels made from it keep theirs. */
  wipe(): void {
    this.#isOver = true
    this.#forget()
  }

  #forget(): void {
    wipe(this.#prkOut)
    if (this.#prkExporter !== undefined) wipe(this.#prkExporter)
    this.#prkExporter = undefined
  }

  /** Without this, what is exported from wiped keys would be what anybody can compute. */
  #expectKeys(): void {
    if (this.#isOver) throw new EdhocError({ kind: 'state-used' })
  }
}
