/**
 * A new card's PIN and PUK, in registration. PIV sets both in clear (SP 800-73-5 part 2 section 3.2.2). No PIN is ever tried
 * blindly: the factory's one is used where the card itself says that it is still set, and asked for where it does not.
 */
import { utf8, wipe } from '../../protocol/bytes.ts'
import type { AnswerBody } from '../../protocol/messages/operations.ts'
import { PivError } from '../../protocol/piv/errors.ts'
import type { CardSummary } from '../../protocol/piv/read-card.ts'
import type { Problem } from '../contract/problems.ts'
import type { HeldCard } from './card-access.ts'
import type { Desk } from './desk.ts'
import type { FreshKeys } from './management-key.ts'
import { FACTORY_PIN, FACTORY_PUK, judgeNewPin } from './pin-rules.ts'
import { problemOf } from './problems.ts'

export type Begun = AnswerBody<'register.begin'>

export interface References {
  readonly summary: CardSummary
  readonly begun: Begun
  readonly keys: FreshKeys
}

/** What the person chose, and what proves to the card that it may be set. */
export interface PinChange {
  readonly next: Uint8Array
  readonly proof: { readonly by: 'pin' | 'puk'; readonly value: Uint8Array }
  /** Why the card did not take it; absent where it did, and before. */
  readonly problem?: Problem
  wipe(): void
}

/** Asks until the PIN keeps the rules; `previous` is what the card refused. */
export async function choosePin(
  { guide }: Desk,
  card: HeldCard,
  { summary, begun, keys, previous }: References & { readonly previous: PinChange | undefined },
): Promise<PinChange> {
  guide.step('choose-pin')
  const known = knownProof(summary, begun, keys)
  const askCurrent = known === undefined
  // On a card that should be blank, a PIN that is not the factory's surprises: say so before asking for it.
  let problem = previous?.problem ?? (askCurrent && summary.pin.isDefault === false ? FACTORY_PIN_CHANGED : undefined)
  previous?.wipe()
  for (;;) {
    const request = {
      current: askCurrent,
      ...(askCurrent && { retriesLeft: await card.retriesLeft() }),
      ...(problem && { problem }),
    }
    const pins = await card.whilePresent(guide.askNewPin(request), ({ current, next }) =>
      wipe(next, ...(current ? [current] : [])),
    )
    const proof = known ?? (pins.current && { by: 'pin' as const, value: pins.current })
    const code = proof === undefined ? 'pin-refused' : judge(pins.next, proof)
    if (proof !== undefined && code === undefined) {
      return { next: pins.next, proof, wipe: () => wipe(pins.next, proof.value) }
    }
    wipe(pins.next, ...(pins.current ? [pins.current] : []))
    problem = { code: code ?? 'pin-refused' }
  }
}

const FACTORY_PIN_CHANGED: Problem = { code: 'factory-pin-changed' }

function judge(next: Uint8Array, proof: PinChange['proof']) {
  return judgeNewPin(next, proof.by === 'pin' ? proof.value : undefined)
}

/** Undefined where only the person can know the present PIN. */
function knownProof({ pin, puk }: CardSummary, { mode }: Begun, keys: FreshKeys): PinChange['proof'] | undefined {
  if (pin.isDefault === true) return { by: 'pin', value: utf8(FACTORY_PIN) }
  if (mode !== 'resume' || puk.isDefault === undefined) return undefined
  // Set by an earlier attempt, perhaps with the answer lost: the PUK, which is known, sets it whatever it is.
  return { by: 'puk', value: puk.isDefault ? utf8(FACTORY_PUK) : keys.puk.slice() }
}

/** One command, one try at most. A wrong current PIN and a refused new one come back as a problem to ask again with. */
export async function setPin(card: HeldCard, change: PinChange): Promise<PinChange> {
  const { proof, next } = change
  try {
    if (proof.by === 'pin') await card.piv.changePin(proof.value, next)
    else await card.piv.resetRetryCounter(proof.value, next)
    return change
  } catch (error) {
    if (!(error instanceof PivError)) throw error
    const { problem } = error
    if (problem.kind === 'pin-wrong' && problem.retriesLeft > 0) return { ...change, problem: problemOf(error) }
    if (problem.kind === 'pin-malformed' || problem.kind === 'conditions-not-satisfied') {
      return { ...change, problem: { code: 'pin-refused' } }
    }
    throw error
  }
}

/** The PUK that the gateway keeps; one that is not the factory's was set by an earlier attempt. Where the card does not say which one it has, a resumed card may hold either. */
export async function setPuk(card: HeldCard, { summary, begun, keys }: References): Promise<void> {
  if (summary.puk.isDefault === false) return
  try {
    await card.piv.changePuk(utf8(FACTORY_PUK), keys.puk)
  } catch (error) {
    const maybeSet = summary.puk.isDefault === undefined && begun.mode === 'resume'
    if (!maybeSet || !(error instanceof PivError) || error.problem.kind !== 'puk-wrong' || error.problem.retriesLeft === 0)
      throw error
    // Set by an earlier attempt: setting it to itself proves that, and gives the try back.
    await card.piv.changePuk(keys.puk, keys.puk)
  }
}
