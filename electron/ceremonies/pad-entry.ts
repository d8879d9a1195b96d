/** PINs entered on the reader's own pad: they pass neither this process nor the window. */
import { type PinPad, ReaderError } from '../../native/reader.ts'
import { buildPinModify, buildPinVerify, type PadEnd, type PadResult, parsePadResult } from '../../protocol/pin-pad.ts'
import { PivError, problemOfReference } from '../../protocol/piv/errors.ts'
import type { Problem, ProblemCode } from '../contract/problems.ts'
import type { HeldCard } from './card-access.ts'
import type { Desk } from './desk.ts'

/** What the reader is told, and the person: how long it waits, for one PIN and for the three entries of a change. */
export const PAD_SECONDS = 30
export const PAD_CHANGE_SECONDS = 60

/** Three PINs of six digits, confirmed, are 21 keys: what ends sooner than this never reached the card, in milliseconds. */
const LEAST_TYPING_MS = 2000

/** Undefined where the PIN is typed here. */
export async function padOf({ usesPinPad }: Desk, card: HeldCard): Promise<PinPad | undefined> {
  return usesPinPad ? card.pinPad() : undefined
}

type Modify = NonNullable<PinPad['modify']>

/** Undefined where a new PIN is typed here: the settings want it so, or the reader only verifies. */
export async function padForChange(desk: Desk, card: HeldCard): Promise<Modify | undefined> {
  return desk.changesPinOnPad ? (await padOf(desk, card))?.modify : undefined
}

const PROBLEMS: Readonly<Record<PadEnd, ProblemCode>> = {
  timeout: 'pin-pad-timeout',
  cancelled: 'pin-pad-cancelled',
  mismatch: 'pin-pad-mismatch',
  'wrong-length': 'pin-pad-length',
}

const UNUSABLE: Problem = { code: 'pin-pad-unusable' }

/**
 * One entry, one VERIFY at most. Undefined where the card took the PIN; the problem where the entry ended before the card was asked.
 * 'pin-pad-unusable' where the reader cannot do it after all. Rejects with a PivError for what the card says.
 */
export async function verifyOnPad(pad: PinPad): Promise<Problem | undefined> {
  return problemOf(parsePadResult(await unlessRefused(pad.verify(buildPinVerify(PAD_SECONDS)))))
}

/**
 * One change, one CHANGE REFERENCE DATA at most. Undefined where the card has the new PIN; otherwise as `verifyOnPad`. Rejects with a
 * ReaderError also where the reader's answer is none: whether the card was asked is not known then, unless it came sooner than
 * anybody types (the driver of macOS answers so at once, and asks nobody).
 */
export async function changeOnPad(modify: Modify, monotonic: () => number): Promise<Problem | undefined> {
  const startedAt = monotonic()
  let answer: Uint8Array
  try {
    answer = await unlessRefused(modify(buildPinModify(PAD_CHANGE_SECONDS)))
  } catch (error) {
    if (error instanceof ReaderError && monotonic() - startedAt < LEAST_TYPING_MS) throw new NothingEntered(error)
    throw error
  }
  const result = parsePadResult(answer)
  if (result === undefined && monotonic() - startedAt >= LEAST_TYPING_MS) throw new ReaderError('unexpected', 'PIN_PAD_ANSWER')
  return problemOf(result)
}

/** The reader failed before anybody can have entered anything. */
export class NothingEntered extends Error {
  readonly reason: ReaderError
  constructor(reason: ReaderError) {
    super('nothing was entered')
    this.name = 'NothingEntered'
    this.reason = reason
  }
}

function problemOf(result: PadResult | undefined): Problem | undefined {
  switch (result?.kind) {
    case 'ended':
      return { code: PROBLEMS[result.end] }
    case 'card':
      if (result.sw === 0x9000) return undefined
      throw new PivError(problemOfReference('pin', result.sw))
    case 'refused':
    case undefined:
      return UNUSABLE
    default:
      return result satisfies never
  }
}

/** A driver that does not know the request says so by an error, without asking anybody: as a reader that answers 6B80. */
async function unlessRefused(answer: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ReaderError && error.kind === 'bad-argument') return Uint8Array.of(0x6b, 0x80)
    throw error
  }
}
