/**
 * The mutual authentication with a card's management key (9B, NIST SP 800-73-5 part 2 appendix A.1) through the terminal,
 * which carries what goes between and never has the key.
 */
import { toHex, wipe } from '../../protocol/bytes.ts'
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import { checkResponse, decryptWitness, factoryManagementKey, newChallenge } from '../../protocol/piv/management-key.ts'
import type { Registry } from '../registry/context.ts'
import { Refused } from '../registry/refused.ts'
import { openSecrets, releaseSecrets, requireRegistration } from '../registry/registrations.ts'
import type { Card } from '../store/store.ts'
import type { Device } from './device.ts'

/** A terminal works on one card at a time; a few more for readers side by side. */
const MAX_AUTHENTICATIONS = 8

/** Throws Refused. */
export async function answerWitness(
  registry: Registry,
  device: Device,
  body: RequestBody<'register.witness'>,
): Promise<AnswerBody<'register.witness'>> {
  const { crypto, store } = registry
  const { registration, card } = await store.read((reader) => requireRegistration(reader, device.terminal, body.registration))
  if (card.linked) throw new Refused('not-allowed')
  if (body.key === 'fresh' && registration.kind !== 'unblocking') throw new Refused('bad-request')
  const algorithm = card.managementKeyAlgorithm
  const key = managementKeyOf(registry, card, body.key)
  if (key === undefined) throw new Refused('management-key-unknown')
  const decryptedWitness = decryptWitness(crypto, algorithm, key, body.witness)
  if (decryptedWitness === undefined) throw new Refused('bad-request')
  const challenge = newChallenge(crypto, algorithm)
  const oldest = device.authentications.size >= MAX_AUTHENTICATIONS ? device.authentications.keys().next().value : undefined
  if (oldest !== undefined) device.authentications.delete(oldest)
  device.authentications.set(toHex(body.registration), { algorithm, key, challenge })
  return { decryptedWitness, challenge }
}

function managementKeyOf(registry: Registry, card: Card, key: RequestBody<'register.witness'>['key']): Uint8Array | undefined {
  switch (key) {
    case 'factory':
      return factoryManagementKey(card.managementKeyAlgorithm)
    case 'own':
      return openSecrets(registry, card.guid, card.sealedSecrets)?.managementKey
    case 'fresh':
      return openSecrets(registry, card.guid, card.freshSecrets)?.managementKey
    default:
      return key satisfies never
  }
}

/** Asked again with the same response it answers again: the first answer may have been lost. Throws Refused. */
export async function authenticated(
  registry: Registry,
  device: Device,
  body: RequestBody<'register.authenticated'>,
): Promise<AnswerBody<'register.authenticated'>> {
  const pending = device.authentications.get(toHex(body.registration))
  if (pending === undefined) throw new Refused('proof-failed')
  if (!checkResponse(registry.crypto, pending.algorithm, pending.key, pending.challenge, body.response)) {
    device.authentications.delete(toHex(body.registration))
    wipe(pending.key)
    throw new Refused('proof-failed')
  }
  return releaseSecrets(registry, device.terminal, body.registration)
}
