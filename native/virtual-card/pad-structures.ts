/**
 * The structures of PC/SC part 10 (revision 2.02.09, section 2.5) as a reader takes them. Read apart from protocol/pin-pad.ts, which
 * builds them: the two check each other. The order of the fields is that of the PIN operations of CCID (revision 1.1, section 6.1.11),
 * with bTimerOut2 and ulDataLength added.
 */

/** What a reader asks for, one after the other; the display's message of each has the index 0, 1, 2 (section 2.5.3). */
export type PadPrompt = 'pin' | 'new-pin' | 'new-pin-again'

const MESSAGE: Readonly<Record<PadPrompt, number>> = { pin: 0, 'new-pin': 1, 'new-pin-again': 2 }

export interface PinCommand {
  /** bTimerOut: for the whole of it. */
  readonly seconds: number
  readonly least: number
  readonly most: number
  readonly prompts: readonly PadPrompt[]
  /** The command's bytes, padded, and at which of them each PIN begins. */
  readonly command: Uint8Array
  readonly places: readonly (readonly [PadPrompt, number])[]
}

/** bmFormatString: bytes as units, at the data's first byte, left-justified, ASCII. */
const ASCII_AT_DATA = 0x82
const PIN_LENGTH = 8
const BY_VALIDATION_KEY = 0x02
/** CLA INS P1 P2 Lc. */
const DATA_AT = 5
const INS_VERIFY = 0x20
const INS_CHANGE = 0x24
/** bConfirmPIN. */
const ASKS_AGAIN = 0x01
const ASKS_PRESENT = 0x02

/** PIN_VERIFY_STRUCTURE (section 2.5.2); undefined where it is not one for an ASCII PIN in 8 bytes. */
export function readVerify(bytes: Uint8Array): PinCommand | undefined {
  const [, , , , , , , entryValidation, numberMessage, , , message] = bytes
  if (entryValidation !== BY_VALIDATION_KEY || numberMessage !== 1 || message !== MESSAGE.pin) return undefined
  return readCommon(bytes, { digitsAt: 5, lengthAt: 15, ins: INS_VERIFY, prompts: ['pin'], places: [['pin', DATA_AT]] })
}

/** PIN_MODIFY_STRUCTURE (section 2.5.3); undefined where it is not one for ASCII PINs in 8 bytes each. */
export function readModify(bytes: Uint8Array): PinCommand | undefined {
  const [, , , , , offsetOld = 0, offsetNew = 0, , , confirm = 0, entryValidation, numberMessage] = bytes
  if (entryValidation !== BY_VALIDATION_KEY || (confirm & ~(ASKS_AGAIN | ASKS_PRESENT)) !== 0) return undefined
  const asksPresent = (confirm & ASKS_PRESENT) !== 0
  const prompts: PadPrompt[] = [...(asksPresent ? ['pin' as const] : []), 'new-pin']
  if ((confirm & ASKS_AGAIN) !== 0) prompts.push('new-pin-again')
  // A display shows one message for each prompt, the one that belongs to it.
  if (numberMessage !== prompts.length) return undefined
  if (prompts.some((prompt, at) => bytes[14 + at] !== MESSAGE[prompt])) return undefined
  const places = [...(asksPresent ? [['pin', DATA_AT + offsetOld] as const] : []), ['new-pin', DATA_AT + offsetNew] as const]
  return readCommon(bytes, { digitsAt: 7, lengthAt: 20, ins: INS_CHANGE, prompts, places })
}

interface Layout extends Pick<PinCommand, 'prompts' | 'places'> {
  readonly digitsAt: number
  readonly lengthAt: number
  readonly ins: number
}

function readCommon(bytes: Uint8Array, { digitsAt, lengthAt, ins, prompts, places }: Layout): PinCommand | undefined {
  const commandAt = lengthAt + 4
  if (bytes.length < commandAt + DATA_AT || bytes[2] !== ASCII_AT_DATA || bytes[3] !== PIN_LENGTH || bytes[4] !== 0)
    return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const command = Uint8Array.from(bytes.subarray(commandAt))
  if (command.length !== view.getUint32(lengthAt, true) || command.length !== DATA_AT + (command[4] ?? 0)) return undefined
  if (command[1] !== ins || places.some(([, place]) => place + PIN_LENGTH > command.length)) return undefined
  // wPINMaxExtraDigit: the least in its high byte, the most in its low one.
  const [most, least] = [view.getUint8(digitsAt), view.getUint8(digitsAt + 1)]
  if (least > most || most > PIN_LENGTH) return undefined
  return { seconds: view.getUint8(0), least, most, prompts, command, places }
}
