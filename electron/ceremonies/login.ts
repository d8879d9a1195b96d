/**
 * Login of a person, and sign-in of an operator (docs/protocol.md, "Login"):
 *
 *   read the certificate; message_1 and message_2 travel while the person types;
 *   after the last digit: VERIFY, one signature, one round trip.
 */
import { wipe } from '../../protocol/bytes.ts'
import type { LoginPurpose, LoginResult } from '../../protocol/messages/operations.ts'
import { SLOT } from '../../protocol/piv/constants.ts'
import { PivError } from '../../protocol/piv/errors.ts'
import type { LoginParts } from '../contract/activity.ts'
import type { Problem } from '../contract/problems.ts'
import { type HeldCard, type Insertion, withCard } from './card-access.ts'
import { expectNotBlocked, readGuid } from './card-identity.ts'
import { beginCardLogin, type CardCredential, type CardLogin, LoginAhead, readCredential } from './card-login.ts'
import type { OnlineDesk } from './desk.ts'
import { CeremonyFailed } from './guide.ts'
import { PAD_SECONDS, padOf, verifyOnPad } from './pad-entry.ts'
import { reportWrongPin } from './presence-proofs.ts'
import { failingWell, problemOf } from './problems.ts'

export interface LoginOutcome {
  readonly result: LoginResult
  /** From the last digit to the session, in milliseconds. */
  readonly loginMs: number
  readonly parts: LoginParts
}

/** Rejects with CeremonyCancelled or CeremonyFailed. */
export function login(
  desk: OnlineDesk,
  insertion: Insertion,
  purpose: 'holder' | 'operator' | 'approval',
): Promise<LoginOutcome> {
  const { guide, readers, monotonic } = desk
  const startedAt = monotonic()
  guide.begin(purpose === 'operator' ? 'sign-in' : 'login', ['read-card', 'enter-pin', 'verify'])
  return failingWell(insertion.reader, () =>
    withCard(readers, insertion, async (card) => {
      const connectedAt = monotonic()
      guide.step('read-card')
      expectReachable(desk)
      await card.piv.select()
      const credential = await readCredential(card.piv)
      const guid = await identify(desk, insertion, card, credential)
      const before = { connect: connectedAt - startedAt, read: monotonic() - connectedAt }
      const { result, loginMs, parts } = await proveWithPin(desk, card, { credential, guid }, purpose)
      const outcome = { result, loginMs, parts: { ...parts, ...before } }
      desk.cards.seen(insertion, outcome.result.card.guid)
      // An approval opens no session.
      if (purpose !== 'approval') desk.link.opened(outcome.result.session)
      guide.person(outcome.result.holder)
      return outcome
    }),
  )
}

/** Only our own cards bear the number that the gateway knows them by; undefined for one that is linked. */
async function identify(
  desk: OnlineDesk,
  insertion: Insertion,
  card: HeldCard,
  { certificate }: CardCredential,
): Promise<Uint8Array | undefined> {
  if (!desk.trust.isOurs(certificate)) return undefined
  const guid = await readGuid(card.piv)
  if (guid === undefined) return undefined
  desk.cards.seen(insertion, guid)
  await expectNotBlocked(desk, guid)
  return guid
}

export interface ProvingCard {
  readonly credential: CardCredential
  /** By which a wrong PIN is reported; undefined where the terminal does not know it. */
  readonly guid: Uint8Array | undefined
}

/** What follows the last digit. The signature counts with the way to the reader and back, which it shares with VERIFY. */
type ProvingParts = Omit<LoginParts, 'connect' | 'read'>

/** The part that a registration by link has too: PIN entry until it is right, and the handshake. */
export async function proveWithPin(
  desk: OnlineDesk,
  card: HeldCard,
  { credential, guid }: ProvingCard,
  purpose: LoginPurpose,
): Promise<Omit<LoginOutcome, 'parts'> & { readonly parts: ProvingParts }> {
  const { guide, monotonic } = desk
  const ahead = new LoginAhead(() => beginCardLogin(desk, credential, purpose), monotonic)
  let problem: Problem | undefined
  let onKeyboard = false
  try {
    for (;;) {
      guide.step('enter-pin')
      let emptyMs = 0
      const retriesLeft = await card.retriesLeft((ms) => {
        emptyMs = ms
      })
      const asked = { retriesLeft, ...(problem && { problem }) }
      const pad = onKeyboard ? undefined : await padOf(desk, card)
      if (pad !== undefined) {
        const choice = await card.whilePresent(guide.askPad({ ...asked, seconds: PAD_SECONDS }), () => undefined)
        if (choice === 'keyboard') {
          onKeyboard = true
          if (problem?.code !== 'pin-wrong') problem = undefined
          continue
        }
      }
      const pin = pad === undefined ? await card.whilePresent(guide.askPin(asked), (late) => wipe(late)) : NO_PIN
      let enteredAt = monotonic()
      let handshake: CardLogin | undefined
      try {
        if (pad === undefined) guide.step('verify')
        // Before the PIN goes to the card: a gateway that is away costs no try.
        handshake = await ahead.ready()
        if (pad !== undefined) {
          await card.begin()
          problem = await verifyOnPad(pad)
          if (problem !== undefined) {
            onKeyboard = problem.code === 'pin-pad-unusable'
            await card.pause()
            continue
          }
          guide.step('verify')
          enteredAt = monotonic()
        }
        const readyAt = monotonic()
        const { signature, verifyMs, signMs } = await (pad === undefined
          ? verifyAndSign(card, pin, credential, handshake.digest)
          : signOnly(card, credential, handshake.digest))
        const signedAt = monotonic()
        ahead.take()
        // The card is done with: it forgets the PIN while the gateway's answer is on its way.
        void card.release()
        // How long a person takes at the reader says nothing of the card.
        const timings = pad === undefined ? { verifyMs, signMs, emptyMs, reader: card.reader.slice(0, 128) } : undefined
        const result = await handshake.finish(signature, timings)
        const finishedAt = monotonic()
        const parts = {
          handshake: readyAt - enteredAt,
          verify: verifyMs,
          sign: signedAt - readyAt - verifyMs,
          gateway: finishedAt - signedAt,
        }
        return { result, loginMs: finishedAt - enteredAt, parts }
      } catch (error) {
        const retriesLeft = triesAfter(error)
        if (retriesLeft !== undefined && handshake !== undefined && guid !== undefined) {
          await reportWrongPin(desk, card.piv, { login: handshake.login, guid, retriesLeft })
        }
        problem = wrongPin(error)
        await card.pause()
      } finally {
        wipe(pin)
      }
    }
  } finally {
    ahead.abandon()
  }
}

/** Undefined where it was no wrong PIN. */
function triesAfter(error: unknown): number | undefined {
  return error instanceof PivError && error.problem.kind === 'pin-wrong' ? error.problem.retriesLeft : undefined
}

/** The try is told before the next entry; anything else, and a PIN that is blocked now, ends the ceremony. */
function wrongPin(error: unknown): Problem {
  if (error instanceof PivError && error.problem.kind === 'pin-wrong' && error.problem.retriesLeft > 0) return problemOf(error)
  throw error
}

/**
 * The commands go to the readers' process together and the card takes them in that order (native/reader.ts): two ways there and
 * back less after the last digit. After a wrong PIN the card only refuses the signature (SP 800-73-5 part 2 section 3.2.4),
 * which costs no try. Their answers may come together: how long each took only the readers' process can tell.
 */
async function verifyAndSign(
  card: HeldCard,
  pin: Uint8Array,
  { algorithm }: CardCredential,
  digest: Uint8Array,
): Promise<{ readonly signature: Uint8Array; readonly verifyMs: number; readonly signMs: number }> {
  const [verify, sign] = [card.metered(), card.metered()]
  const [, , signature] = await Promise.all([
    card.begin(),
    verify.piv.verifyPin(pin),
    sign.piv.sign(SLOT.authentication, algorithm, digest),
  ])
  return { signature, verifyMs: verify.ms(), signMs: sign.ms() }
}

/** Where the reader has sent VERIFY. */
async function signOnly(card: HeldCard, { algorithm }: CardCredential, digest: Uint8Array) {
  const sign = card.metered()
  const signature = await sign.piv.sign(SLOT.authentication, algorithm, digest)
  return { signature, verifyMs: 0, signMs: sign.ms() }
}

/** Where the PIN is entered on the reader. */
const NO_PIN = new Uint8Array(0)

/** Without a gateway nobody is logged in: said before a PIN is asked for nothing. */
function expectReachable({ link }: OnlineDesk): void {
  const state = link.state()
  if (state.kind === 'offline') throw new CeremonyFailed(state.problem)
  if (state.kind === 'not-enrolled') throw new CeremonyFailed({ code: 'not-enrolled' })
}
