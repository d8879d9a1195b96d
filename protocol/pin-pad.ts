/**
 * Readers on which a PIN is entered: PC/SC part 10 revision 2.02.09. The program hands the reader a command with a place for the PIN,
 * the person types on the reader, the reader fills the place and sends the command to the card; the program gets the status word.
 *
 * The fields and their order are those of CCID's PIN operations (USB CCID revision 1.1, section 6.1.11: PC_to_RDR_Secure), which part 10
 * extends by bTimerOut2 and ulDataLength. Drivers and the manuals of readers agree on them.
 */
import { concat, fromHex } from './bytes.ts'

/** Section 2.2: CM_IOCTL_GET_FEATURE_REQUEST is SCARD_CTL_CODE of this number. */
export const GET_FEATURE_REQUEST = 3400

/** Section 2.3. */
export const FEATURE = { verifyPinDirect: 0x06, modifyPinDirect: 0x07 } as const

/** The answer to GET_FEATURE_REQUEST (section 2.2): the control code of each feature. Undefined where it is no such list. */
export function parseFeatures(answer: Uint8Array): ReadonlyMap<number, number> | undefined {
  const features = new Map<number, number>()
  for (let at = 0; at < answer.length; at += 6) {
    // Tag, length 4, and the control code with its most significant byte first.
    const tag = answer[at]
    if (tag === undefined || answer[at + 1] !== 4 || at + 6 > answer.length || features.has(tag)) return undefined
    features.set(tag, new DataView(answer.buffer, answer.byteOffset + at + 2, 4).getUint32(0))
  }
  return features
}

/** bmFormatString (section 2.5.2): the PIN begins at the first byte of the data, on the left, in ASCII. */
const ASCII_FROM_BYTE_0 = 0x82
/** bmPINBlockString: no length goes in, the PIN has 8 bytes. */
const BLOCK_OF_8 = 0x08
/** bmPINLengthFormat: no length anywhere. */
const NO_LENGTH = 0x00
/** wPINMaxExtraDigit: 6 digits at least, 8 at most (NIST SP 800-73-5 part 2 section 2.4.3). */
const DIGITS = 0x0608
/** bEntryValidationCondition: the person presses the key that confirms. */
const BY_KEY = 0x02
/** wLangId of the reader's own messages: English (USA), which every reader with a display has. */
const ENGLISH = 0x0409
/** bConfirmPIN: the present PIN is asked for (bit 1), and the new one twice (bit 0). */
const PRESENT_AND_TWICE = 0x03
/** bNumberMessage that belongs to it, and the indices: enter the PIN, the new one, the new one again. */
const THREE_MESSAGES = 0x03
const MESSAGES = Uint8Array.of(0x00, 0x01, 0x02)
/** bTeoPrologue is for T=1 blocks that a program builds itself. */
const NO_PROLOGUE = new Uint8Array(3)

/** VERIFY and CHANGE REFERENCE DATA for the PIV PIN (SP 800-73-5 part 2 sections 3.2.1 and 3.2.2), padding where the PINs will be. */
const VERIFY = fromHex('0020008008ffffffffffffffff')
const CHANGE = fromHex('0024008010ffffffffffffffffffffffffffffffff')

/** The numbers of the structures are in the order of the processor: least significant byte first on every one that is supported. */
const word = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8)
const long = (value: number): Uint8Array => Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)

/**
 * PIN_VERIFY_STRUCTURE (section 2.5.2) for the PIV PIN. `seconds`, at most 255: until the first key, and from there on; most readers know
 * one time only.
 */
export function buildPinVerify(seconds: number): Uint8Array {
  const numberOfMessages = 0x01
  const messageIndex = 0x00
  return concat(
    Uint8Array.of(seconds, seconds, ASCII_FROM_BYTE_0, BLOCK_OF_8, NO_LENGTH),
    word(DIGITS),
    Uint8Array.of(BY_KEY, numberOfMessages),
    word(ENGLISH),
    Uint8Array.of(messageIndex),
    NO_PROLOGUE,
    long(VERIFY.length),
    VERIFY,
  )
}

/**
 * PIN_MODIFY_STRUCTURE (section 2.5.3) for the PIV PIN: the present PIN at the data's first byte, the new one behind it. `seconds` as for
 * buildPinVerify, for all three entries.
 */
export function buildPinModify(seconds: number): Uint8Array {
  const insertionOffsets = Uint8Array.of(0x00, 0x08)
  return concat(
    Uint8Array.of(seconds, seconds, ASCII_FROM_BYTE_0, BLOCK_OF_8, NO_LENGTH),
    insertionOffsets,
    word(DIGITS),
    Uint8Array.of(PRESENT_AND_TWICE, BY_KEY, THREE_MESSAGES),
    word(ENGLISH),
    MESSAGES,
    NO_PROLOGUE,
    long(CHANGE.length),
    CHANGE,
  )
}

/** How an entry ended on the reader, before the card saw anything: no try was spent. */
export type PadEnd = 'timeout' | 'cancelled' | 'mismatch' | 'wrong-length'

export type PadResult =
  | { readonly kind: 'ended'; readonly end: PadEnd }
  /** The reader does not know the structure. */
  | { readonly kind: 'refused' }
  /** The card's own status word. */
  | { readonly kind: 'card'; readonly sw: number }

/** The answer to a PIN command (section 2.6). Undefined where it is no status word. */
export function parsePadResult(answer: Uint8Array): PadResult | undefined {
  if (answer.length !== 2) return undefined
  const sw = ((answer[0] ?? 0) << 8) | (answer[1] ?? 0)
  switch (sw) {
    case 0x6400:
      return { kind: 'ended', end: 'timeout' }
    case 0x6401:
      return { kind: 'ended', end: 'cancelled' }
    case 0x6402:
      return { kind: 'ended', end: 'mismatch' }
    case 0x6403:
      return { kind: 'ended', end: 'wrong-length' }
    case 0x6b80:
      return { kind: 'refused' }
    default:
      return { kind: 'card', sw }
  }
}
