/**
 * PIN update (docs/protocol.md, "PIN update"): on the card alone, with no gateway. The current and the new PIN go to the card
 * once for each time that the person enters them, by one of two ways: from here, or from the reader's own pad.
 */

import { type PinPad, ReaderError } from '../../native/reader.ts'
import { wipe } from '../../protocol/bytes.ts'
import { PivError } from '../../protocol/piv/errors.ts'
import type { Problem } from '../contract/problems.ts'
import { type HeldCard, type Insertion, withCard } from './card-access.ts'
import { expectNotBlocked, readGuid } from './card-identity.ts'
import type { PinDesk } from './desk.ts'
import { CeremonyFailed, type PinRequest } from './guide.ts'
import { changeOnPad, NothingEntered, PAD_CHANGE_SECONDS, padForChange } from './pad-entry.ts'
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
      const pad = await padForChange(desk, card)
      let way = pad === undefined ? byKeyboard(desk, card, guid) : byPad(pad, desk, card, guid)
      let problem: Problem | undefined
      for (;;) {
        guide.step('choose-pin')
        const retriesLeft = await card.retriesLeft()
        const attempt = await way({ retriesLeft, ...(problem && { problem }) })
        switch (attempt.kind) {
          case 'changed':
            return { kind: 'pin-changed' }
          case 'not-changed':
            problem = attempt.problem
            if (problem.code === 'pin-pad-unusable') way = byKeyboard(desk, card, guid)
            break
          case 'use-keyboard':
            way = byKeyboard(desk, card, guid)
            if (problem?.code !== 'pin-wrong') problem = undefined
            break
          default:
            attempt satisfies never
        }
        await card.pause()
      }
    }),
  )
}

type Attempt =
  | { readonly kind: 'changed' }
  /** Another entry may help. */
  | { readonly kind: 'not-changed'; readonly problem: Problem }
  | { readonly kind: 'use-keyboard' }

/** Asks the person once, and the card once at most. */
type Way = (asked: PinRequest) => Promise<Attempt>

/** Typed here: a new PIN that anybody would try first is refused. */
function byKeyboard(desk: PinDesk, card: HeldCard, guid: Uint8Array | undefined): Way {
  const { guide } = desk
  return async (asked) => {
    const pins = await card.whilePresent(guide.askNewPin({ current: true, ...asked }), wipePins)
    try {
      const { current, next } = pins
      if (current === undefined) return { kind: 'not-changed', problem: { code: 'pin-refused' } }
      const code = judgeNewPin(next, current)
      if (code !== undefined) return { kind: 'not-changed', problem: { code } }
      guide.step('change-pin')
      await card.begin()
      return await settled(desk, card, guid, async () => {
        await card.piv.changePin(current, next)
        return undefined
      })
    } finally {
      wipePins(pins)
    }
  }
}

/** Entered on the reader, which sees to it that the new PIN is entered twice alike; nobody sees whether it is a weak one. */
function byPad(modify: NonNullable<PinPad['modify']>, desk: PinDesk, card: HeldCard, guid: Uint8Array | undefined): Way {
  const { guide, monotonic } = desk
  return async (asked) => {
    const request = { ...asked, seconds: PAD_CHANGE_SECONDS, change: true } as const
    const choice = await card.whilePresent(guide.askPad(request), () => undefined)
    if (choice === 'keyboard') return { kind: 'use-keyboard' }
    await card.begin()
    const attempt = await settled(desk, card, guid, () => changeOnPad(modify, monotonic))
    if (attempt.kind === 'changed') guide.step('change-pin')
    return attempt
  }
}

/** What became of the change that `send` has the card do, told to the gateway where the card has done it or nobody knows. */
async function settled(
  { pinReports, now }: PinDesk,
  card: HeldCard,
  guid: Uint8Array | undefined,
  send: () => Promise<Problem | undefined>,
): Promise<Attempt> {
  try {
    const problem = await send()
    if (problem !== undefined) return { kind: 'not-changed', problem }
  } catch (error) {
    if (error instanceof PivError) return { kind: 'not-changed', problem: tryAgain(error) }
    if (error instanceof NothingEntered) throw error.reason
    if (!(error instanceof ReaderError)) throw error
    if (guid !== undefined) await pinReports.add({ guid, at: now(), outcome: 'unknown' })
    throw await outcomeUnknown(card, error)
  }
  if (guid !== undefined) await pinReports.add({ guid, at: now(), outcome: 'changed' })
  return { kind: 'changed' }
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

interface Pins {
  readonly current?: Uint8Array
  readonly next: Uint8Array
}

function wipePins({ current, next }: Pins): void {
  wipe(next, ...(current === undefined ? [] : [current]))
}
