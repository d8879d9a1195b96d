/** How a registration that failed ends: given up, resumable, or undone. Never a card that half works and is trusted. */

import type { PivCard } from '../../protocol/piv/card.ts'
import { OBJECT, SLOT } from '../../protocol/piv/constants.ts'
import { PivError, unless } from '../../protocol/piv/errors.ts'
import { type GatewayLink, RefusedError } from '../session/link.ts'
import type { HeldCard } from './card-access.ts'
import { exhaustPin, exhaustPuk } from './exhaust.ts'
import { CeremonyFailed } from './guide.ts'
import type { Begun } from './new-references.ts'

export interface FailedRegistration {
  readonly link: GatewayLink
  readonly card: HeldCard
  readonly begun: Begun
  /** Whether this ceremony changed anything on the card. */
  readonly changed: boolean
  readonly reader: string
}

/** What the ceremony rejects with. */
export async function endRegistration(failed: FailedRegistration, error: unknown): Promise<unknown> {
  const { link, begun, changed, reader } = failed
  if (!changed) {
    // An earlier attempt's work stays resumable; what was begun just now leaves no trace.
    if (begun.mode !== 'resume') abandon(link, begun)
    return error
  }
  if (isFinal(error)) {
    // A card that cannot be reset keeps what it has, and the gateway keeps the registration: nothing is lost by trying again.
    if (!(await resetCard(failed))) return error
    abandon(link, begun)
    return new CeremonyFailed({ code: 'registration-rolled-back', reader }, { cause: error })
  }
  // The gateway said why; the card is put back in later and goes on.
  if (error instanceof RefusedError || error instanceof PivError) return error
  return interrupted(reader, error)
}

function interrupted(reader: string, cause: unknown): CeremonyFailed {
  return new CeremonyFailed({ code: 'registration-interrupted', reader }, { cause })
}

/** The card cannot do what it must, or its proof was refused: going on with it would end the same way. */
function isFinal(error: unknown): boolean {
  if (error instanceof RefusedError) return error.refusal.code === 'proof-failed'
  return error instanceof PivError && !isForeignPuk(error)
}

/** Somebody else has set the PUK, on a card that could not say so: theirs to reset. */
function isForeignPuk({ problem }: PivError): boolean {
  return problem.kind === 'puk-wrong' || problem.kind === 'puk-blocked'
}

/** Nobody waits for it: the gateway lets a registration that was never proved expire by itself. */
function abandon(link: GatewayLink, { registration }: Begun): void {
  link.request('register.abandon', { registration }).catch(() => undefined)
}

/**
 * Back to the factory's state, where the card has that command (it wants PIN and PUK blocked first). Only a card that this
 * registration found without a certificate and has changed itself comes here. False where the card stays as it is.
 */
async function resetCard({ card }: FailedRegistration): Promise<boolean> {
  try {
    await card.restart()
    if (!(await canReset(card.piv)) || !(await isOtherwiseEmpty(card.piv))) return false
    // The PUK's counter first: as long as the card knows the reset command, a later attempt can end what this one began.
    await exhaustPuk(card.piv)
    await exhaustPin(card.piv)
    await card.piv.reset()
    return true
  } catch {
    return false
  }
}

/** A card that knows the command refuses it as long as PIN and PUK are not blocked; one that does not must not be blocked. */
async function canReset(card: PivCard): Promise<boolean> {
  try {
    await card.reset()
    return true
  } catch (error) {
    return error instanceof PivError && error.problem.kind === 'conditions-not-satisfied'
  }
}

/** A reset takes everything: only where no other key and no other certificate is on the card. The 9E key alone is the registration's. */
async function isOtherwiseEmpty(card: PivCard): Promise<boolean> {
  for (const slot of [SLOT.signature, SLOT.keyManagement]) {
    if ((await unless(card.getKeyMetadata(slot), 'not-found')) !== undefined) return false
  }
  const others = [OBJECT.signatureCertificate, OBJECT.keyManagementCertificate, OBJECT.cardAuthenticationCertificate]
  for (const object of others) {
    if ((await unless(card.getData(object), 'not-found')) !== undefined) return false
  }
  return true
}
