/** What every command of the virtual card works on. */

import type { ParsedCommand } from '../../protocol/apdu.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { CardState } from './state.ts'
import type { CardStorage } from './storage.ts'

/** Status words (ISO/IEC 7816-4:2020 section 5.6; NIST SP 800-73-5 part 2 section 3). */
export const SW = {
  success: 0x9000,
  memoryFailure: 0x6581,
  wrongLength: 0x6700,
  chainExpected: 0x6883,
  chainingNotSupported: 0x6884,
  securityNotSatisfied: 0x6982,
  blocked: 0x6983,
  conditionsNotSatisfied: 0x6985,
  wrongData: 0x6a80,
  notFound: 0x6a82,
  noRoom: 0x6a84,
  wrongP1P2: 0x6a86,
  referenceNotFound: 0x6a88,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
  noDiagnosis: 0x6f00,
} as const

/** 63Cx: x tries left. */
export const triesLeft = (count: number): number => 0x63c0 | count

/** Ends a command with a status word other than 9000. */
export class Refusal extends Error {
  readonly sw: number
  constructor(sw: number) {
    super(`status ${sw.toString(16)}`)
    this.name = 'Refusal'
    this.sw = sw
  }
}

/** What is lost with power: the security status (NIST SP 800-73-5 part 2 section 2.3). */
export interface Session {
  pinVerified: boolean
  /** The last command verified the PIN: what a key of PIN policy 'always' asks for. */
  pinFresh: boolean
  managementAuthenticated: boolean
  /** What the other side must give next for the management key, by its tag: 80 a witness, 82 a response. */
  expected: { readonly tag: 0x80 | 0x82; readonly value: Uint8Array } | undefined
}

export function newSession(): Session {
  return { pinVerified: false, pinFresh: false, managementAuthenticated: false, expected: undefined }
}

export class CardContext {
  readonly crypto: Crypto
  session = newSession()
  readonly #storage: CardStorage
  #state: CardState

  constructor(crypto: Crypto, storage: CardStorage) {
    this.crypto = crypto
    this.#storage = storage
    this.#state = storage.load()
  }

  get state(): CardState {
    return this.#state
  }

  /** Stored first, true afterwards: a card that lost power never goes back on an answer that it gave. */
  commit(change: Partial<CardState>): void {
    const next = { ...this.#state, ...change }
    try {
      this.#storage.save(next)
    } catch {
      throw new Refusal(SW.memoryFailure)
    }
    this.#state = next
  }
}

/** Returns the answer's data, or throws a Refusal. */
export type CommandHandler = (context: CardContext, command: ParsedCommand) => Uint8Array

export const NOTHING = new Uint8Array(0)

/** Throws a Refusal where P1 and P2 are not these. */
export function expectP1P2(command: ParsedCommand, p1: number, p2: number): void {
  if (command.p1 !== p1 || command.p2 !== p2) throw new Refusal(SW.wrongP1P2)
}
