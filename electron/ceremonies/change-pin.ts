/**
 * PIN update (docs/protocol.md, "PIN update"): on the card alone, with no gateway. The current and the new PIN go to the card
 * once for each time that the person enters them.
 */

import { ReaderError } from '../../native/reader.ts'
import { wipe } from '../../protocol/bytes.ts'
import { PivError } from '../../protocol/piv/errors.ts'
import type { Problem } from '../contract/problems.ts'
import { type HeldCard, type Insertion, withCard } from './card-access.ts'
import { expectNotBlocked, readGuid } from './card-identity.ts'
import type { PinDesk } from './desk.ts'
import { CeremonyFailed } from './guide.ts'
import { judgeNewPin } from './pin-rules.ts'
import { failingWell, problemOf } from './problems.ts'

/** Rejects with CeremonyCancelled or CeremonyFailed; 'pin-outcome-unknown' where the card's answer was lost. */
export function changePin(desk: PinDesk, insertion: Insertion): Promise<{ readonly kind: 'pin-changed' }> {
  const { guide, readers } = desk
  guide.begin('change-pin', ['read-card', 'choose-pin', 'change-pin'])
  return failingWell(insertion.reader, () =>
    withCard(readers, insertion, async (card) => {
      guide.step('read-card')
      await card.piv.select()
      // A card without a CHUID changes its PIN too; there is nothing to tell the gateway then.
      const guid = await readGuid(card.piv)
      await expectNotBlocked(desk, guid)
      let problem: Problem | undefined
      for (;;) {
        guide.step('choose-pin')
        const retriesLeft = await card.retriesLeft()
        const request = { current: true, retriesLeft, ...(problem && { problem }) }
        const pins = await card.whilePresent(guide.askNewPin(request), wipePins)
        try {
          problem = await change(desk, card, guid, pins)
        } finally {
          wipePins(pins)
        }
        if (problem === undefined) return { kind: 'pin-changed' }
        await card.pause()
      }
    }),
  )
}

interface Pins {
  readonly current?: Uint8Array
  readonly next: Uint8Array
}

/** Undefined where the PIN is changed; the problem to ask again with, where another entry may help. */
async function change(
  { guide, pinReports, now }: PinDesk,
  card: HeldCard,
  guid: Uint8Array | undefined,
  { current, next }: Pins,
): Promise<Problem | undefined> {
  if (current === undefined) return { code: 'pin-refused' }
  const code = judgeNewPin(next, current)
  if (code !== undefined) return { code }
  guide.step('change-pin')
  await card.begin()
  try {
    await card.piv.changePin(current, next)
  } catch (error) {
    if (error instanceof PivError) return tryAgain(error)
    if (!(error instanceof ReaderError)) throw error
    if (guid !== undefined) await pinReports.add({ guid, at: now(), outcome: 'unknown' })
    throw await outcomeUnknown(card, error)
  }
  if (guid !== undefined) await pinReports.add({ guid, at: now(), outcome: 'changed' })
  return undefined
}

/** A wrong current PIN, or a new one that the card's own rules refuse; a blocked PIN and anything else end the ceremony. */
function tryAgain(error: PivError): Problem {
  switch (error.problem.kind) {
    case 'pin-wrong':
      if (error.problem.retriesLeft > 0) return problemOf(error)
      throw error
    case 'pin-malformed':
    case 'conditions-not-satisfied':
      // SP 800-73-5 part 2 section 3.2.2: the card may have rules of its own for the new PIN.
      return { code: 'pin-refused' }
    default:
      throw error
  }
}

/**
 * The answer was lost: nobody knows which PIN holds, and neither is tried. The counter is read again where the card is still
 * there, so that the person knows how many tries are left to find out.
 */
async function outcomeUnknown(card: HeldCard, cause: ReaderError): Promise<CeremonyFailed> {
  const retriesLeft = await readCounterAgain(card)
  return new CeremonyFailed({ code: 'pin-outcome-unknown', ...(retriesLeft === undefined ? {} : { retriesLeft }) }, { cause })
}

async function readCounterAgain(card: HeldCard): Promise<number | undefined> {
  try {
    await card.restart()
    return await card.piv.retriesLeft()
  } catch (error) {
    if (error instanceof ReaderError || error instanceof PivError || error instanceof CeremonyFailed) return undefined
    throw error
  }
}

function wipePins({ current, next }: Pins): void {
  wipe(next, ...(current === undefined ? [] : [current]))
}
