/**
 * What a card shows with its card authentication key (slot 9E), which signs without a PIN: that it is there, while the holder is
 * not known yet (protocol/messages/presence-proof.ts). Cards without such a key have no proof, and all goes on without.
 */
import type { Crypto } from '../../protocol/crypto.ts'
import { presenceKeyStatement, wrongPinStatement } from '../../protocol/messages/presence-proof.ts'
import type { PivCard } from '../../protocol/piv/card.ts'
import { OBJECT, SLOT } from '../../protocol/piv/constants.ts'
import { PivError, unless } from '../../protocol/piv/errors.ts'
import type { OnlineDesk } from './desk.ts'

export interface PresenceKey {
  /** P-256, x || y. */
  readonly presenceKey: Uint8Array
  /** The key's own signature over the registration. */
  readonly presenceProof: Uint8Array
}

/**
 * Makes the 9E key, after the management key. Its PIN policy is 'never' by the standard (SP 800-73-5 part 1 section 3.3.4).
 * Undefined where the card makes none, or where somebody's certificate stands on the one it has.
 */
export async function makePresenceKey(crypto: Crypto, card: PivCard, registration: Uint8Array): Promise<PresenceKey | undefined> {
  if ((await unless(card.getData(OBJECT.cardAuthenticationCertificate), 'not-found')) !== undefined) return undefined
  try {
    const presenceKey = await card.generateKeyPair(SLOT.cardAuthentication, 'P-256')
    const statement = presenceKeyStatement(registration, presenceKey)
    return { presenceKey, presenceProof: await sign(crypto, card, statement) }
  } catch (error) {
    if (error instanceof PivError) return undefined
    throw error
  }
}

export interface WrongPin {
  /** The login's name, which the gateway made at random. */
  readonly login: Uint8Array
  readonly guid: Uint8Array
  readonly retriesLeft: number
}

/**
 * Tells the gateway of a PIN that the card has refused: one signature of the card, and a message that nobody waits for. Rejects
 * only with what the card's channel rejects with.
 */
export async function reportWrongPin({ crypto, link }: OnlineDesk, card: PivCard, wrong: WrongPin): Promise<void> {
  const statement = wrongPinStatement(wrong.login, wrong.guid, wrong.retriesLeft)
  let proof: Uint8Array | undefined
  try {
    proof = await sign(crypto, card, statement)
  } catch (error) {
    if (!(error instanceof PivError)) throw error
  } finally {
    // Also where the card was pulled before it signed: without proof it counts against this terminal alone.
    link.request('pin.wrong', { ...wrong, ...(proof && { proof }) }).catch(() => undefined)
  }
}

function sign(crypto: Crypto, card: PivCard, statement: Uint8Array): Promise<Uint8Array> {
  return card.sign(SLOT.cardAuthentication, 'P-256', crypto.hash('SHA-256', statement))
}
