/**
 * Login of a person, and sign-in of an operator (docs/protocol.md, "Login"):
 *
 *   read the certificate; message_1 and message_2 travel while the person types;
 *   after the last digit: VERIFY, one signature (by one of two ways, pin-ways.ts), one round trip.
 */
import type { LoginPurpose, LoginResult } from '../../protocol/messages/operations.ts'
import type { LoginParts } from '../contract/activity.ts'
import type { Problem } from '../contract/problems.ts'
import { type HeldCard, type Insertion, withCard } from './card-access.ts'
import { expectNotBlocked, readGuid } from './card-identity.ts'
import { beginCardLogin, type CardCredential, LoginAhead, readCredential } from './card-login.ts'
import type { OnlineDesk } from './desk.ts'
import { CeremonyFailed } from './guide.ts'
import { padOf } from './pad-entry.ts'
import { byKeyboard, byPad, type Proof } from './pin-ways.ts'
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

type Proven = Omit<LoginOutcome, 'parts'> & { readonly parts: ProvingParts }

/** The part that a registration by link has too: PIN entry until it is right, and the handshake. */
export async function proveWithPin(
  desk: OnlineDesk,
  card: HeldCard,
  { credential, guid }: ProvingCard,
  purpose: LoginPurpose,
): Promise<Proven> {
  const { guide, monotonic } = desk
  const ahead = new LoginAhead(() => beginCardLogin(desk, credential, purpose), monotonic)
  const proving = { desk, card, credential, ahead }
  try {
    const pad = await padOf(desk, card)
    let way = pad === undefined ? byKeyboard(proving) : byPad(pad, proving)
    let problem: Problem | undefined
    for (;;) {
      guide.step('enter-pin')
      let emptyMs = 0
      const retriesLeft = await card.retriesLeft((ms) => {
        emptyMs = ms
      })
      const attempt = await way({ retriesLeft, ...(problem && { problem }) })
      switch (attempt.kind) {
        case 'proven':
          ahead.take()
          return await finish(desk, card, attempt.proof, emptyMs)
        case 'pin-wrong': {
          const { login, error, retriesLeft } = attempt
          if (guid !== undefined) await reportWrongPin(desk, card.piv, { login, guid, retriesLeft })
          if (retriesLeft === 0) throw error
          problem = problemOf(error)
          break
        }
        case 'not-entered':
          problem = attempt.problem
          if (problem.code === 'pin-pad-unusable') way = byKeyboard(proving)
          break
        case 'use-keyboard':
          way = byKeyboard(proving)
          if (problem?.code !== 'pin-wrong') problem = undefined
          break
        default:
          attempt satisfies never
      }
      // The person is asked again, outside of the transaction.
      await card.pause()
    }
  } finally {
    ahead.abandon()
  }
}

async function finish({ monotonic }: OnlineDesk, card: HeldCard, proof: Proof, emptyMs: number): Promise<Proven> {
  const { handshake, signature, verifyMs, signMs, enteredAt, readyAt } = proof
  const signedAt = monotonic()
  // The card is done with: it forgets the PIN while the gateway's answer is on its way.
  void card.release()
  const reader = card.reader.slice(0, 128)
  const result = await handshake.finish(signature, { ...(verifyMs !== undefined && { verifyMs }), signMs, emptyMs, reader })
  const finishedAt = monotonic()
  const verify = verifyMs ?? 0
  const parts = {
    handshake: readyAt - enteredAt,
    verify,
    sign: signedAt - readyAt - verify,
    gateway: finishedAt - signedAt,
  }
  return { result, loginMs: finishedAt - enteredAt, parts }
}

/** Without a gateway nobody is logged in: said before a PIN is asked for nothing. */
function expectReachable({ link }: OnlineDesk): void {
  const state = link.state()
  if (state.kind === 'offline') throw new CeremonyFailed(state.problem)
  if (state.kind === 'not-enrolled') throw new CeremonyFailed({ code: 'not-enrolled' })
}
