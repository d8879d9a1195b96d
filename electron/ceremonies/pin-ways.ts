/**
 * Two ways to one proof: the PIN typed here, or entered on the reader's own pad. Either asks the person once, has the card verify the
 * PIN once at most, and ends with the card's signature over the login's handshake.
 */
import type { PinPad } from '../../native/reader.ts'
import { wipe } from '../../protocol/bytes.ts'
import { SLOT } from '../../protocol/piv/constants.ts'
import { PivError, type PivProblem } from '../../protocol/piv/errors.ts'
import type { Problem } from '../contract/problems.ts'
import type { HeldCard } from './card-access.ts'
import type { CardCredential, CardLogin, LoginAhead } from './card-login.ts'
import type { Desk } from './desk.ts'
import type { PinRequest } from './guide.ts'
import { PAD_SECONDS, verifyOnPad } from './pad-entry.ts'

export interface Proof {
  readonly handshake: CardLogin
  /** r || s, over the handshake's digest. */
  readonly signature: Uint8Array
  /** What the card needed, in milliseconds. No `verifyMs` where a person's typing is in it. */
  readonly verifyMs?: number
  readonly signMs: number
  /** The last digit, as far as it is known here, and the handshake that was ready for the PIN: of the desk's `monotonic`. */
  readonly enteredAt: number
  readonly readyAt: number
}

export type Attempt =
  | { readonly kind: 'proven'; readonly proof: Proof }
  /** The card's word, which ends the ceremony where no try is left. */
  | { readonly kind: 'pin-wrong'; readonly error: PivError; readonly retriesLeft: number; readonly login: Uint8Array }
  /** Nothing went to the card. */
  | { readonly kind: 'not-entered'; readonly problem: Problem }
  | { readonly kind: 'use-keyboard' }

/** Rejects as its parts do; what it rejects with ends the ceremony. */
export type Way = (asked: PinRequest) => Promise<Attempt>

export interface Proving {
  readonly desk: Desk
  readonly card: HeldCard
  readonly credential: CardCredential
  readonly ahead: LoginAhead
}

/**
 * The commands go to the readers' process together and the card takes them in that order (native/reader.ts): two ways there and
 * back less after the last digit. After a wrong PIN the card only refuses the signature (SP 800-73-5 part 2 section 3.2.4),
 * which costs no try. Their answers may come together: how long each took only the readers' process can tell.
 */
export function byKeyboard({ desk, card, credential, ahead }: Proving): Way {
  const { guide, monotonic } = desk
  return async (asked) => {
    const pin = await card.whilePresent(guide.askPin(asked), (late) => wipe(late))
    try {
      const enteredAt = monotonic()
      guide.step('verify')
      // Before the PIN goes to the card: a gateway that is away costs no try.
      const handshake = await ahead.ready()
      const readyAt = monotonic()
      return await unlessWrong(handshake, async () => {
        const [verify, sign] = [card.metered(), card.metered()]
        const [, , signature] = await Promise.all([
          card.begin(),
          verify.piv.verifyPin(pin),
          sign.piv.sign(SLOT.authentication, credential.algorithm, handshake.digest),
        ])
        return { handshake, signature, verifyMs: verify.ms(), signMs: sign.ms(), enteredAt, readyAt }
      })
    } finally {
      wipe(pin)
    }
  }
}

/** The reader sends VERIFY by itself when the person has confirmed; what was typed is known nowhere else. */
export function byPad(pad: PinPad, { desk, card, credential, ahead }: Proving): Way {
  const { guide, monotonic } = desk
  return async (asked) => {
    const choice = await card.whilePresent(guide.askPad({ ...asked, seconds: PAD_SECONDS }), () => undefined)
    if (choice === 'keyboard') return { kind: 'use-keyboard' }
    const handshake = await ahead.ready()
    return unlessWrong(handshake, async () => {
      await card.begin()
      const problem = await verifyOnPad(pad)
      if (problem !== undefined) return problem
      guide.step('verify')
      const enteredAt = monotonic()
      const sign = card.metered()
      const signature = await sign.piv.sign(SLOT.authentication, credential.algorithm, handshake.digest)
      return { handshake, signature, signMs: sign.ms(), enteredAt, readyAt: enteredAt }
    })
  }
}

async function unlessWrong({ login }: CardLogin, attempt: () => Promise<Proof | Problem>): Promise<Attempt> {
  try {
    const result = await attempt()
    return 'code' in result ? { kind: 'not-entered', problem: result } : { kind: 'proven', proof: result }
  } catch (error) {
    if (!isWrongPin(error)) throw error
    return { kind: 'pin-wrong', error, retriesLeft: error.problem.retriesLeft, login }
  }
}

function isWrongPin(error: unknown): error is PivError & { readonly problem: Extract<PivProblem, { kind: 'pin-wrong' }> } {
  return error instanceof PivError && error.problem.kind === 'pin-wrong'
}
