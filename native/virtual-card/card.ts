/**
 * A PIV card in software: power, APDU forms, command chaining, GET RESPONSE, and which command goes where. It shares the byte
 * formats with the terminal's card edge and nothing else, so that the two check each other.
 */

import {
  ApduError,
  CHAINING,
  decodeCommand,
  EXTENDED_LE_MAX,
  encodeResponse,
  INS_GET_RESPONSE,
  type ParsedCommand,
  SHORT_LE_MAX,
} from '../../protocol/apdu.ts'
import { concat, fromHex, wipe } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { TlvError } from '../../protocol/tlv.ts'
import { CardContext, type CommandHandler, NOTHING, newSession, Refusal, SW } from './context.ts'
import { applicationPropertyTemplate, getData, isPivAid, putData } from './data-objects.ts'
import { getMetadata, getSerial, getVersion, reset, setManagementKey, setPinRetries } from './extensions.ts'
import { generalAuthenticate, generateKeyPair, importKey } from './keys.ts'
import { changeReferenceData, resetRetryCounter, verify } from './reference-data.ts'
import type { CardState } from './state.ts'
import type { CardStorage } from './storage.ts'

/** T=1 alone, historical bytes of a token that OpenSC offers elliptic curves for. */
export const DEFAULT_ATR = fromHex('3bf81300008131fe15597562696b657934d4')

const INS_SELECT = 0xa4
const INS_VERIFY = 0x20
const CHAIN_MAX = 16_384

const STANDARD: ReadonlyMap<number, CommandHandler> = new Map([
  [INS_VERIFY, verify],
  [0x24, changeReferenceData],
  [0x2c, resetRetryCounter],
  [0x47, generateKeyPair],
  [0x87, generalAuthenticate],
  [0xcb, getData],
  [0xdb, putData],
])

const EXTENSIONS: ReadonlyMap<number, CommandHandler> = new Map([
  [0xf7, getMetadata],
  [0xf8, getSerial],
  [0xfa, setPinRetries],
  [0xfb, reset],
  [0xfd, getVersion],
  [0xfe, importKey],
  [0xff, setManagementKey],
])

export interface VirtualCardOptions {
  readonly crypto: Crypto
  readonly storage: CardStorage
  readonly atr?: Uint8Array
}

export class VirtualCard {
  readonly atr: Uint8Array
  readonly #context: CardContext
  #selected = false
  #chain: { readonly ins: number; readonly p1: number; readonly p2: number; data: Uint8Array } | undefined
  #waiting: Uint8Array = NOTHING

  /** Throws where the storage holds no card. */
  constructor({ crypto, storage, atr = DEFAULT_ATR }: VirtualCardOptions) {
    this.atr = atr
    this.#context = new CardContext(crypto, storage)
  }

  get serial(): number {
    return this.#context.state.serial
  }

  /** What a trainer sets from outside: counters and references that no command could set. */
  tamper(change: (state: CardState) => Partial<CardState>): void {
    this.#context.commit(change(this.#context.state))
  }

  /** Power off, power on, or reset: what was verified is lost, what was stored is kept. */
  reset(): void {
    this.#context.session = newSession()
    this.#selected = false
    this.#chain = undefined
    this.#waiting = NOTHING
  }

  /** One APDU. Never throws: a card has a status word for everything. What is stored is stored before this returns. */
  transmit(bytes: Uint8Array): Uint8Array {
    let command: ParsedCommand
    try {
      command = decodeCommand(bytes)
    } catch {
      return encodeResponse(NOTHING, SW.wrongLength)
    }
    if (command.ins === INS_GET_RESPONSE && command.cla === 0x00) return this.#answer(this.#waiting, command)
    this.#waiting = NOTHING
    try {
      const whole = this.#unchain(command)
      return whole === undefined ? encodeResponse(NOTHING, SW.success) : this.#answer(this.#execute(whole), whole)
    } catch (error) {
      return encodeResponse(NOTHING, statusOf(error))
    }
  }

  /** ISO/IEC 7816-4:2020 section 5.4.1; undefined where more is to come. */
  #unchain(command: ParsedCommand): ParsedCommand | undefined {
    const started = this.#chain
    this.#chain = undefined
    if ((command.cla & ~CHAINING) !== 0x00) throw new Refusal(SW.unknownClass)
    const { ins, p1, p2 } = command
    if (started !== undefined && (started.ins !== ins || started.p1 !== p1 || started.p2 !== p2)) {
      throw new Refusal(SW.chainExpected)
    }
    const data = started === undefined ? command.data : concat(started.data, command.data)
    if (started !== undefined) wipe(started.data)
    if (data.length > CHAIN_MAX) throw new Refusal(SW.wrongLength)
    if ((command.cla & CHAINING) === 0) return { ...command, data }
    this.#chain = { ins, p1, p2, data: Uint8Array.from(data) }
    return undefined
  }

  #execute(command: ParsedCommand): Uint8Array {
    if (command.ins === INS_SELECT) return this.#select(command)
    if (!this.#selected) throw new Refusal(SW.unknownInstruction)
    const handler = STANDARD.get(command.ins) ?? (this.#context.state.extensions ? EXTENSIONS.get(command.ins) : undefined)
    if (handler === undefined) throw new Refusal(SW.unknownInstruction)
    try {
      return handler(this.#context, command)
    } finally {
      // PIN policy 'always': whatever comes after VERIFY uses it up.
      if (command.ins !== INS_VERIFY) this.#context.session.pinFresh = false
    }
  }

  /** SP 800-73-5 part 2 section 3.1.1: selecting PIV again, or something that is not there, changes no security status. */
  #select(command: ParsedCommand): Uint8Array {
    if (command.p1 !== 0x04 || command.p2 !== 0x00) throw new Refusal(SW.wrongP1P2)
    if (!isPivAid(command.data)) throw new Refusal(SW.notFound)
    this.#selected = true
    return applicationPropertyTemplate()
  }

  /** As much as Le takes; 61xx and GET RESPONSE for what is left (ISO/IEC 7816-4:2020 section 5.3.4). */
  #answer(data: Uint8Array, { le, extended }: ParsedCommand): Uint8Array {
    const room = le || (extended ? EXTENDED_LE_MAX : SHORT_LE_MAX)
    const now = data.subarray(0, room)
    this.#waiting = data.subarray(room)
    const left = this.#waiting.length
    return encodeResponse(now, left === 0 ? SW.success : 0x6100 | (left > 0xff ? 0 : left))
  }
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.sw
  if (error instanceof TlvError || error instanceof ApduError) return SW.wrongData
  return SW.noDiagnosis
}
