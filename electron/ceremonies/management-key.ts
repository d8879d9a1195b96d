/**
 * The gateway proves the card's management key to the card through the terminal, which sees challenge and response only (SP
 * 800-73-5 part 2 appendix A.1): in registration and in unblocking.
 */
import type { BlockCipher } from '../../protocol/crypto.ts'
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import type { PivCard } from '../../protocol/piv/card.ts'
import { PivError } from '../../protocol/piv/errors.ts'
import type { GatewayLink } from '../session/link.ts'

export type FreshKeys = AnswerBody<'register.authenticated'>
/** Which key the gateway tries; how far an earlier attempt came decides which one the card has. */
export type ManagementKeyName = RequestBody<'register.witness'>['key']

export interface ProvedManagementKey<K extends ManagementKeyName> {
  readonly held: K
  /** For the caller to wipe. */
  readonly keys: FreshKeys
}

export interface ManagementKeyProof<K extends ManagementKeyName> {
  readonly registration: Uint8Array
  readonly cipher: BlockCipher
  /** In this order. */
  readonly candidates: readonly K[]
}

/** Undefined where the card has none of them. Rejects with RefusedError, LinkError, PivError or what the card's channel rejects with. */
export async function proveManagementKey<K extends ManagementKeyName>(
  link: GatewayLink,
  card: PivCard,
  { registration, cipher, candidates }: ManagementKeyProof<K>,
): Promise<ProvedManagementKey<K> | undefined> {
  for (const key of candidates) {
    const witness = await card.requestWitness(cipher)
    const answer = await link.request('register.witness', { registration, key, witness })
    let response: Uint8Array
    try {
      response = await card.answerChallenge(cipher, answer.decryptedWitness, answer.challenge)
    } catch (error) {
      if (isWrongKey(error)) continue
      throw error
    }
    return { held: key, keys: await link.request('register.authenticated', { registration, response }) }
  }
  return undefined
}

/** Cards refuse a wrong witness with 6982 (SP 800-73-5 part 2 section 3.2.4) or a status of their own. */
function isWrongKey(error: unknown): boolean {
  return (
    error instanceof PivError &&
    (error.problem.kind === 'not-authenticated' ||
      error.problem.kind === 'conditions-not-satisfied' ||
      error.problem.kind === 'unexpected-status')
  )
}
