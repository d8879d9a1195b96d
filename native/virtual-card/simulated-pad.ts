/**
 * The PIN pad of a simulated reader: it takes the structures that real pads take (PC/SC part 10 revision 2.02.09), waits for keys, and
 * sends the command with the PINs to the card by itself. Like most readers it knows one time for all that is entered (bTimerOut).
 */
import { ReaderError } from '../reader.ts'
import { type PadPrompt, type PinCommand, readModify, readVerify } from './pad-structures.ts'

const CONTROL_BASE = 0x42000000
/** Section 2.2. */
const GET_FEATURES = CONTROL_BASE + 3400
/** FEATURE_VERIFY_PIN_DIRECT and FEATURE_MODIFY_PIN_DIRECT (section 2.3), each with a code of this reader's own choice. */
const VERIFY_DIRECT = CONTROL_BASE + 0x0106
const MODIFY_DIRECT = CONTROL_BASE + 0x0107
const FEATURES = [0x06, 4, 0x42, 0x00, 0x01, 0x06, 0x07, 4, 0x42, 0x00, 0x01, 0x07]

export const simulatedControlCode = (controlFunction: number): number => CONTROL_BASE + controlFunction

export type PadKey = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | 'clear' | 'cancel' | 'ok'

/** Section 2.6. */
const SW_TIMEOUT = Uint8Array.of(0x64, 0x00)
const SW_CANCELLED = Uint8Array.of(0x64, 0x01)
const SW_MISMATCH = Uint8Array.of(0x64, 0x02)
const SW_WRONG_LENGTH = Uint8Array.of(0x64, 0x03)
const SW_BAD_STRUCTURE = Uint8Array.of(0x6b, 0x80)

/** What the person has entered, by what the display asked for; or the status word that the reader ends with by itself. */
type Entered = ReadonlyMap<PadPrompt, string> | Uint8Array

interface Entry {
  readonly asked: PinCommand
  readonly entered: Map<PadPrompt, string>
  digits: string
  /** The card works on it, or it has been given up: keys do nothing any more. */
  isOver: boolean
  readonly end: (entered: Entered) => void
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

  /** What the display asks for; undefined while nothing is asked. */
  get asks(): PadPrompt | undefined {
    const entry = this.#entry
    return entry?.isOver === false ? entry.asked.prompts.find((prompt) => !entry.entered.has(prompt)) : undefined
  }

  press(key: PadKey): void {
    const entry = this.#entry
    if (entry === undefined || entry.isOver) return
    if (key === 'cancel') entry.end(SW_CANCELLED)
    else if (key === 'clear') entry.digits = ''
    else if (key === 'ok') this.#confirm(entry)
    else entry.digits = (entry.digits + key).slice(0, entry.asked.most)
    this.#onChange()
  }

  #confirm(entry: Entry): void {
    const { asked, entered, digits, end } = entry
    const prompt = this.asks
    if (prompt === undefined) return
    if (digits.length < asked.least) end(SW_WRONG_LENGTH)
    else if (prompt === 'new-pin-again' && digits !== entered.get('new-pin')) end(SW_MISMATCH)
    else {
      entered.set(prompt, digits)
      entry.digits = ''
      if (this.asks === undefined) end(entered)
    }
  }

  /** `send` has the card do one command. Rejects with a ReaderError. */
  async control(
    code: number,
    input: Uint8Array,
    send: (command: Uint8Array) => Promise<Uint8Array>,
    untilEnded: <T>(start: (resolve: (value: T) => void) => void) => Promise<T>,
  ): Promise<Uint8Array> {
    if (code === GET_FEATURES) return Uint8Array.from(FEATURES)
    if (code !== VERIFY_DIRECT && code !== MODIFY_DIRECT) throw new ReaderError('bad-argument', 'SCARD_E_UNSUPPORTED_FEATURE')
    if (this.#entry !== undefined) throw new ReaderError('in-use', 'SCARD_E_SHARING_VIOLATION')
    const asked = code === VERIFY_DIRECT ? readVerify(input) : readModify(input)
    if (asked === undefined) return SW_BAD_STRUCTURE
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      const entered = await untilEnded<Entered>((resolve) => {
        const entry: Entry = {
          asked,
          entered: new Map(),
          digits: '',
          isOver: false,
          end: (outcome) => {
            entry.isOver = true
            resolve(outcome)
          },
        }
        this.#entry = entry
        timer = setTimeout(() => entry.end(SW_TIMEOUT), asked.seconds * 1000)
        this.#onChange()
      })
      if (entered instanceof Uint8Array) return entered
      return (await send(commandWith(asked, entered))).slice(-2)
    } finally {
      if (timer !== undefined) clearTimeout(timer)
      this.#entry = undefined
      this.#onChange()
    }
  }
}

function commandWith({ command, places }: PinCommand, entered: ReadonlyMap<PadPrompt, string>): Uint8Array {
  const complete = Uint8Array.from(command)
  for (const [prompt, place] of places) {
    const digits = Uint8Array.from(entered.get(prompt) ?? '', (digit) => digit.charCodeAt(0))
    complete.set(digits, place)
  }
  return complete
}
