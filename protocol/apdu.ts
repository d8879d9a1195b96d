/**
 * Command and response APDUs (ISO/IEC 7816-4:2020 section 5), command chaining (5.3.3), GET RESPONSE for 61xx and the
 * second try for 6Cxx (5.3.4 and 5.6). Pure: the channel that carries the bytes is handed in.
 */

import { concat, wipe } from './bytes.ts'

export interface CommandApdu {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data?: Uint8Array
  /** How many bytes may come back at most: up to 256 in a short, 65,536 in an extended APDU; absent where none may. */
  readonly le?: number
}

export interface ParsedCommand {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
  /** 0 where the command asks for no data. */
  readonly le: number
  readonly extended: boolean
}

export interface ResponseApdu {
  readonly data: Uint8Array
  /** SW1 SW2 as one number, 0x9000 for success. */
  readonly sw: number
}

/** What carries APDUs. A CardConnection (native/reader.ts) is one; how an APDU travels over T=0 or T=1 is its concern. */
export interface CardChannel {
  /** One APDU as it stands; returns data || SW1 SW2. */
  transmit(command: Uint8Array): Promise<Uint8Array>
}

/** Bytes that are no APDU, or an answer that runs on beyond any that a card has reason to give. */
export class ApduError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ApduError'
  }
}

/** CLA bit 5: this is not the last command of a chain (ISO/IEC 7816-4:2020 section 5.4.1). */
export const CHAINING = 0x10
export const INS_GET_RESPONSE = 0xc0

const SHORT_DATA_MAX = 255
export const SHORT_LE_MAX = 256
const EXTENDED_DATA_MAX = 65_535
export const EXTENDED_LE_MAX = 65_536

/** Longer than every object of a PIV card together; stops a card that announces more bytes for ever. */
const ANSWER_MAX = 262_144

/** ISO/IEC 7816-4:2020 section 5.2, cases 1 to 4. Throws a RangeError for what does not fit the form asked for. */
export function encodeCommand(command: CommandApdu, form: 'short' | 'extended' = 'short'): Uint8Array<ArrayBuffer> {
  const { cla, ins, p1, p2, data = new Uint8Array(0), le = 0 } = command
  const [dataMax, leMax] = form === 'short' ? [SHORT_DATA_MAX, SHORT_LE_MAX] : [EXTENDED_DATA_MAX, EXTENDED_LE_MAX]
  if (data.length > dataMax) throw new RangeError(`${data.length} bytes do not fit into a ${form} APDU`)
  if (le < 0 || le > leMax) throw new RangeError(`Le ${le} does not fit into a ${form} APDU`)
  const header = Uint8Array.of(cla, ins, p1, p2)
  if (form === 'short') {
    return concat(
      header,
      data.length > 0 ? Uint8Array.of(data.length) : new Uint8Array(0),
      data,
      le > 0 ? Uint8Array.of(le & 0xff) : new Uint8Array(0),
    )
  }
  if (data.length === 0 && le === 0) return header
  return concat(
    header,
    Uint8Array.of(0),
    data.length > 0 ? Uint8Array.of(data.length >>> 8, data.length & 0xff) : new Uint8Array(0),
    data,
    le > 0 ? Uint8Array.of((le >>> 8) & 0xff, le & 0xff) : new Uint8Array(0),
  )
}

/** The card's side of encodeCommand: every form of section 5.2 and nothing else. Throws an ApduError. */
export function decodeCommand(bytes: Uint8Array): ParsedCommand {
  const [cla, ins, p1, p2] = bytes
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) {
    throw new ApduError('a command is at least 4 bytes')
  }
  const body = bytes.subarray(4)
  const [first = 0, second = 0, third = 0] = body
  const none = new Uint8Array(0)
  if (body.length === 0) return { cla, ins, p1, p2, data: none, le: 0, extended: false }
  if (body.length === 1) return { cla, ins, p1, p2, data: none, le: first || SHORT_LE_MAX, extended: false }
  if (first !== 0) {
    const rest = body.length - 1 - first
    if (rest !== 0 && rest !== 1) throw new ApduError('Lc and the length of the command differ')
    const le = rest === 1 ? (body[1 + first] ?? 0) || SHORT_LE_MAX : 0
    return { cla, ins, p1, p2, data: body.subarray(1, 1 + first), le, extended: false }
  }
  if (body.length < 3) throw new ApduError('an extended length field is 3 bytes')
  const length = (second << 8) | third
  if (body.length === 3) return { cla, ins, p1, p2, data: none, le: length || EXTENDED_LE_MAX, extended: true }
  const rest = body.length - 3 - length
  if (length === 0 || (rest !== 0 && rest !== 2)) throw new ApduError('Lc and the length of the command differ')
  const le = rest === 2 ? ((body[3 + length] ?? 0) << 8) | (body[4 + length] ?? 0) || EXTENDED_LE_MAX : 0
  return { cla, ins, p1, p2, data: body.subarray(3, 3 + length), le, extended: true }
}

export function encodeResponse(data: Uint8Array, sw: number): Uint8Array<ArrayBuffer> {
  return concat(data, Uint8Array.of(sw >>> 8, sw & 0xff))
}

/** Throws an ApduError for bytes without a status word of section 5.6 (6X or 9X). */
export function decodeResponse(bytes: Uint8Array): ResponseApdu {
  const sw1 = bytes[bytes.length - 2]
  const sw2 = bytes[bytes.length - 1]
  if (sw1 === undefined || sw2 === undefined) throw new ApduError('an answer without a status word')
  if ((sw1 & 0xf0) !== 0x60 && (sw1 & 0xf0) !== 0x90) throw new ApduError('a status word that starts with neither 6 nor 9')
  return { data: bytes.subarray(0, bytes.length - 2), sw: (sw1 << 8) | sw2 }
}

/**
 * Sends one command whatever its length and collects the whole answer: more than 255 bytes of data go as a chain of short
 * commands, which every PIV card understands (NIST SP 800-73-5 part 2 section 3.1), or as one extended APDU where the caller
 * knows that card and reader take it. What was sent is wiped, because it may hold a PIN. A command that the card refused
 * within a chain ends there, with that status. Rejects with what the channel rejects with, and with an ApduError.
 */
export async function exchange(
  channel: CardChannel,
  command: CommandApdu,
  form: 'short' | 'extended' = 'short',
): Promise<ResponseApdu> {
  let data = command.data ?? new Uint8Array(0)
  if (form === 'short') {
    for (; data.length > SHORT_DATA_MAX; data = data.subarray(SHORT_DATA_MAX)) {
      const part = { ...command, cla: command.cla | CHAINING, data: data.subarray(0, SHORT_DATA_MAX), le: 0 }
      const answer = await send(channel, part, form)
      if (answer.sw !== 0x9000) return answer
    }
  }
  const last = { ...command, data }
  let answer = await send(channel, last, form)
  // 6Cxx: nothing was done, the right Le is xx (section 5.6). Once: a card that says so again is not believed.
  if (answer.sw >>> 8 === 0x6c) answer = await send(channel, { ...last, le: answer.sw & 0xff || SHORT_LE_MAX }, form)
  return collect(channel, command.cla, answer)
}

async function collect(channel: CardChannel, cla: number, first: ResponseApdu): Promise<ResponseApdu> {
  const parts = [first.data]
  let total = first.data.length
  let sw = first.sw
  while (sw >>> 8 === 0x61) {
    const getResponse = { cla, ins: INS_GET_RESPONSE, p1: 0, p2: 0, le: sw & 0xff || SHORT_LE_MAX }
    const next = await send(channel, getResponse, 'short')
    if (next.sw >>> 8 === 0x61 && next.data.length === 0) throw new ApduError('the card announces data and gives none')
    total += next.data.length
    if (total > ANSWER_MAX) throw new ApduError('the answer does not end')
    parts.push(next.data)
    sw = next.sw
  }
  return { data: parts.length === 1 ? first.data : concat(...parts), sw }
}

async function send(channel: CardChannel, command: CommandApdu, form: 'short' | 'extended'): Promise<ResponseApdu> {
  const bytes = encodeCommand(command, form)
  try {
    return decodeResponse(await channel.transmit(bytes))
  } finally {
    wipe(bytes)
  }
}
