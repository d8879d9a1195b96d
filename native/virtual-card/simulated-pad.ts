/**
 * The PIN pad of a simulated reader: it takes the structures that real pads take (PC/SC part 10 revision 2.02.09), waits for keys, and
 * sends the command with the PIN to the card by itself. It reads the structure on its own, so that it checks who builds it.
 */
import { concat } from '../../protocol/bytes.ts'
import { ReaderError } from '../reader.ts'

const CONTROL_BASE = 0x42000000
/** Section 2.2. */
const GET_FEATURES = CONTROL_BASE + 3400
/** Of this reader's own choice. */
const VERIFY_DIRECT = CONTROL_BASE + 0x0106

export const simulatedControlCode = (controlFunction: number): number => CONTROL_BASE + controlFunction

export type PadKey = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | 'clear' | 'cancel' | 'ok'

const SW_TIMEOUT = Uint8Array.of(0x64, 0x00)
const SW_CANCELLED = Uint8Array.of(0x64, 0x01)
const SW_WRONG_LENGTH = Uint8Array.of(0x64, 0x03)
const SW_BAD_STRUCTURE = Uint8Array.of(0x6b, 0x80)

interface Entry {
  readonly least: number
  readonly most: number
  digits: string
  readonly end: (digits: string | undefined, sw?: Uint8Array) => void
}

export class SimulatedPad {
  #entry: Entry | undefined
  readonly #onChange: () => void

  constructor(onChange: () => void = () => undefined) {
    this.#onChange = onChange
  }

  /** How many digits stand on the display; undefined while nothing is asked. */
  get shown(): number | undefined {
    return this.#entry?.digits.length
  }

  press(key: PadKey): void {
    const entry = this.#entry
    if (entry === undefined) return
    if (key === 'cancel') entry.end(undefined, SW_CANCELLED)
    else if (key === 'clear') entry.digits = ''
    else if (key !== 'ok') entry.digits = (entry.digits + key).slice(0, entry.most)
    else if (entry.digits.length < entry.least) entry.end(undefined, SW_WRONG_LENGTH)
    else entry.end(entry.digits)
    this.#onChange()
  }

  /** Undefined for a code that this reader does not know. `send` has the card do one command. */
  async control(
    code: number,
    input: Uint8Array,
    send: (command: Uint8Array) => Promise<Uint8Array>,
    untilEnded: <T>(start: (resolve: (value: T) => void) => void) => Promise<T>,
  ): Promise<Uint8Array> {
    if (code === GET_FEATURES) return Uint8Array.of(0x06, 4, 0x42, 0x00, 0x01, 0x06)
    if (code !== VERIFY_DIRECT) throw new ReaderError('bad-argument', 'SCARD_E_UNSUPPORTED_FEATURE')
    if (this.#entry !== undefined) throw new ReaderError('in-use', 'SCARD_E_SHARING_VIOLATION')
    const asked = readVerify(input)
    if (asked === undefined) return SW_BAD_STRUCTURE
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      const typed = await untilEnded<{ digits: string | undefined; sw: Uint8Array }>((resolve) => {
        const end: Entry['end'] = (digits, sw = SW_TIMEOUT) => resolve({ digits, sw })
        this.#entry = { least: asked.least, most: asked.most, digits: '', end }
        timer = setTimeout(() => end(undefined), asked.seconds * 1000)
        this.#onChange()
      })
      if (typed.digits === undefined) return typed.sw
      const command = Uint8Array.from(asked.command)
      command.set(
        Uint8Array.from(typed.digits, (digit) => digit.charCodeAt(0)),
        5,
      )
      return (await send(command)).slice(-2)
    } finally {
      if (timer !== undefined) clearTimeout(timer)
      this.#entry = undefined
      this.#onChange()
    }
  }
}

/** PIN_VERIFY_STRUCTURE (section 2.5.2); undefined where it is not one for an ASCII PIN in 8 bytes. */
function readVerify(bytes: Uint8Array) {
  if (bytes.length < 19 || bytes[2] !== 0x82 || bytes[3] !== 0x08 || bytes[4] !== 0x00 || bytes[7] !== 0x02) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = view.getUint32(15, true)
  const command = concat(bytes.subarray(19))
  if (command.length !== length || command.length !== 13 || command[1] !== 0x20) return undefined
  return { seconds: view.getUint8(0), least: view.getUint8(6), most: view.getUint8(5), command }
}
