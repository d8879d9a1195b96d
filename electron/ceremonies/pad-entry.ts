/** The PIN entered on the reader's own pad: it passes neither this process nor the window. */
import type { PinPad } from '../../native/reader.ts'
import { buildPinVerify, type PadEnd, parsePadResult } from '../../protocol/pin-pad.ts'
import { PivError, problemOfReference } from '../../protocol/piv/errors.ts'
import type { Problem, ProblemCode } from '../contract/problems.ts'
import type { HeldCard } from './card-access.ts'
import type { Desk } from './desk.ts'

/** What the reader is told, and the person: until the first key, and between keys. */
export const PAD_SECONDS = 30

/** Undefined where the PIN is typed here. */
export async function padOf({ usesPinPad }: Desk, card: HeldCard): Promise<PinPad | undefined> {
  return usesPinPad ? card.pinPad() : undefined
}

const PROBLEMS: Readonly<Record<PadEnd, ProblemCode>> = {
  timeout: 'pin-pad-timeout',
  cancelled: 'pin-pad-cancelled',
  mismatch: 'pin-pad-mismatch',
  'wrong-length': 'pin-pad-length',
}

/**
 * One entry, one VERIFY at most. Undefined where the card took the PIN; the problem where the entry ended before the card was asked.
 * 'pin-pad-unusable' where the reader cannot do it after all. Rejects with a PivError for what the card says.
 */
export async function verifyOnPad(pad: PinPad): Promise<Problem | undefined> {
  const result = parsePadResult(await pad.verify(buildPinVerify(PAD_SECONDS)))
  switch (result?.kind) {
    case 'ended':
      return { code: PROBLEMS[result.end] }
    case 'card':
      if (result.sw === 0x9000) return undefined
      throw new PivError(problemOfReference('pin', result.sw))
    case 'refused':
    case undefined:
      return { code: 'pin-pad-unusable' }
    default:
      return result satisfies never
  }
}
