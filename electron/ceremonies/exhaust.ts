/** Uses up the tries of a PIN or PUK on purpose: PIV has no other way to block one (SP 800-73-5 part 2 section 3.2.1). */
import type { PivCard } from '../../protocol/piv/card.ts'
import { PivError } from '../../protocol/piv/errors.ts'

/** More tries than any card allows (the counter has 4 bits, SP 800-73-5 part 2 section 3.2.1). */
const MOST_TRIES = 16

/** Bytes that no PUK of ours has: those are digits. */
const NO_PUK = new Uint8Array(8)

/** Two PINs of which a card has at most one. Both are well-formed, because a card counts no malformed one. */
const GUESSES = ['00000000', '99999999'] as const

/**
 * Rejects with what the card's channel rejects with, or with a PivError other than a wrong or blocked PIN. A guess that happens
 * to be right is used for nothing: the other one is then wrong for sure.
 */
export async function exhaustPin(card: PivCard): Promise<void> {
  const [first, second] = GUESSES
  const wrong = (await isRight(card, first)) ? second : first
  await untilBlocked(() => card.verifyPin(ascii(wrong)))
}

export async function exhaustPuk(card: PivCard): Promise<void> {
  await untilBlocked(() => card.changePuk(NO_PUK, NO_PUK))
}

async function isRight(card: PivCard, pin: string): Promise<boolean> {
  try {
    await card.verifyPin(ascii(pin))
    return true
  } catch (error) {
    if (error instanceof PivError) return false
    throw error
  }
}

async function untilBlocked(attempt: () => Promise<void>): Promise<void> {
  let last: PivError | undefined
  for (let count = 0; count < MOST_TRIES; count += 1) {
    try {
      await attempt()
    } catch (error) {
      if (!(error instanceof PivError)) throw error
      const { problem } = error
      if (problem.kind === 'pin-blocked' || problem.kind === 'puk-blocked') return
      if ((problem.kind === 'pin-wrong' || problem.kind === 'puk-wrong') && problem.retriesLeft === 0) return
      last = error
    }
  }
  if (last !== undefined) throw last
}

function ascii(digits: string): Uint8Array {
  return Uint8Array.from(digits, (digit) => digit.charCodeAt(0))
}
