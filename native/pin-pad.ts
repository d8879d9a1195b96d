/** Finds the pad of a reader on which a PIN can be entered, for both adapters of native/reader.ts. */
import { FEATURE, GET_FEATURE_REQUEST, parseFeatures } from '../protocol/pin-pad.ts'
import { type CardConnection, type PinPad, ReaderError } from './reader.ts'

/** These say something of the card or the service, not of the reader's features. */
const PASSED_ON: readonly ReaderError['kind'][] = [
  'card-removed',
  'card-reset',
  'reader-gone',
  'no-service',
  'cancelled',
  'timeout',
]

/** `codeOf` makes a control code of a function's number, as the platform wants it. Undefined where the reader has no pad. */
export async function findPinPad(
  connection: Pick<CardConnection, 'control'>,
  codeOf: (controlFunction: number) => number,
): Promise<PinPad | undefined> {
  let answer: Uint8Array
  try {
    answer = await connection.control(codeOf(GET_FEATURE_REQUEST), new Uint8Array(0))
  } catch (error) {
    // Readers without features refuse the question in many ways.
    if (!(error instanceof ReaderError) || PASSED_ON.includes(error.kind)) throw error
    return undefined
  }
  const features = parseFeatures(answer)
  const verify = features?.get(FEATURE.verifyPinDirect)
  if (verify === undefined) return undefined
  const modify = features?.get(FEATURE.modifyPinDirect)
  return {
    verify: (structure) => connection.control(verify, structure),
    ...(modify === undefined ? {} : { modify: (structure: Uint8Array) => connection.control(modify, structure) }),
  }
}
