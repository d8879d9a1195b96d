/**
 * Registration of a person's card (docs/protocol.md, "Registration"). Every step looks first whether an earlier, interrupted
 * registration of this card has done it already, so that the same ceremony begins, resumes and finishes.
 *
 *   read - begin - 9B - choose PIN - CHUID - PIN, PUK, management key - 9A and 9E key - request - certificate - first login
 *
 * The PIN is chosen before anything on the card is changed: the half-made states last as long as the card computes, and no
 * longer. The CHUID is written first, because by it an interrupted card is known again.
 */
import { FIRST_SIMULATED_SERIAL } from '../../native/virtual-card/state.ts'
import { equalConstantTime, toHex, wipe } from '../../protocol/bytes.ts'
import type { BlockCipher } from '../../protocol/crypto.ts'
import type { Person, Role } from '../../protocol/messages/operations.ts'
import { prepareCertificateRequest } from '../../protocol/piv/certificate-request.ts'
import { OBJECT, SLOT } from '../../protocol/piv/constants.ts'
import { unless } from '../../protocol/piv/errors.ts'
import { buildCertificateObject } from '../../protocol/piv/objects.ts'
import { type CardSummary, readCard } from '../../protocol/piv/read-card.ts'
import type { StepId } from '../contract/snapshot.ts'
import { LinkError } from '../session/link.ts'
import { type HeldCard, type Insertion, withCard } from './card-access.ts'
import { expectNotBlocked } from './card-identity.ts'
import { type CardCredential, credentialOf, proveByFirstLogin } from './card-login.ts'
import type { OnlineDesk } from './desk.ts'
import { CeremonyFailed } from './guide.ts'
import { proveWithPin } from './login.ts'
import { type ProvedManagementKey, proveManagementKey } from './management-key.ts'
import { type Begun, choosePin, type PinChange, setPin, setPuk } from './new-references.ts'
import { makePresenceKey, type PresenceKey } from './presence-proofs.ts'
import { failingWell } from './problems.ts'
import { endRegistration } from './roll-back.ts'

export interface Registration {
  readonly person: Person
  readonly role?: Role
  /** The registrar's session; absent for the first operator of a fresh gateway. */
  readonly session?: Uint8Array
}

/** What a batch wants of a registration, where nobody sits in front of the desk who could be asked. */
export interface Unattended {
  /** Resolves once it is kept which registration this is: before anything on the card is changed. */
  begun(registration: Pick<Begun, 'registration' | 'guid'>): Promise<void>
}

export interface Registered {
  readonly kind: 'registered'
  readonly givenName: string
  readonly familyName: string
  /** Hexadecimal. */
  readonly guid: string
}

const STEPS: readonly StepId[] = [
  'read-card',
  'authenticate-card',
  'choose-pin',
  'identify-card',
  'set-pin',
  'set-puk',
  'set-management-key',
  'make-key',
  'make-presence-key',
  'request-certificate',
  'write-certificate',
  'prove',
]

/**
 * Rejects with CeremonyCancelled or CeremonyFailed; after 'registration-interrupted' the same card goes on where it stopped.
 * Unattended, only a blank card is taken, or one that a registration has left half made.
 */
export function register(
  desk: OnlineDesk,
  insertion: Insertion,
  registration: Registration,
  unattended?: Unattended,
): Promise<Registered> {
  const { guide, readers, link } = desk
  const { person } = registration
  guide.begin('register', STEPS)
  guide.person(person)
  return failingWell(insertion.reader, () =>
    withCard(readers, insertion, async (card) => {
      guide.step('read-card')
      const summary = await readCard(card.piv)
      const kind = classify(desk, summary)
      if (unattended !== undefined) await expectForNobody(desk, summary, kind)
      const cipher = summary.managementKeyAlgorithm ?? (kind === 'linked' ? '3DES' : await card.piv.managementKeyAlgorithm())
      const begun = await link.request('register.begin', beginRequest(desk, insertion, registration, summary, kind, cipher))
      if ((begun.mode === 'link') !== (kind === 'linked')) throw new LinkError('malformed-answer')
      const progress = { changed: false }
      try {
        await unattended?.begun(begun)
        if (kind === 'linked') await linkCard(desk, card, summary)
        else await personalise(desk, card, { summary, begun, cipher, progress })
      } catch (error) {
        throw await endRegistration({ link, card, begun, changed: progress.changed, reader: insertion.reader }, error)
      }
      return { kind: 'registered', givenName: person.givenName, familyName: person.familyName, guid: toHex(begun.guid) }
    }),
  )
}

/** 'own': a certificate of this gateway's root, active or half-made. 'linked': another authority's. */
type CardKind = 'without-certificate' | 'own' | 'linked'

function classify({ trust }: OnlineDesk, { certificate }: CardSummary): CardKind {
  switch (certificate.kind) {
    case 'absent':
      return 'without-certificate'
    case 'present':
      return trust.isOurs(certificate.der) ? 'own' : 'linked'
    case 'unreadable':
      throw new CeremonyFailed({ code: 'card-foreign' })
    default:
      return certificate satisfies never
  }
}

/** A card that somebody uses is named for what it is and left alone. */
async function expectForNobody(desk: OnlineDesk, { guid }: CardSummary, kind: CardKind): Promise<void> {
  if (kind === 'linked') throw new CeremonyFailed({ code: 'card-not-blank' })
  await expectNotBlocked(desk, guid)
}

function beginRequest(
  { readers }: OnlineDesk,
  { reader }: Insertion,
  { session, person, role }: Registration,
  { guid, serial, certificate }: CardSummary,
  kind: CardKind,
  managementKeyAlgorithm: BlockCipher,
) {
  // A simulated card behind a real reader (vpcd) is known by its serial number.
  const inSimulatedReader = readers.status().readers.some(({ name, simulated }) => name === reader && simulated)
  const simulated = inSimulatedReader || (serial ?? 0) >= FIRST_SIMULATED_SERIAL
  return {
    person,
    ...(session && { session }),
    ...(role && { role }),
    card: {
      managementKeyAlgorithm,
      simulated,
      ...(guid && { guid }),
      ...(serial !== undefined && { serial }),
      ...(kind === 'linked' && certificate.kind === 'present' && { certificate: certificate.der }),
    },
  }
}

/** Nothing on the card is changed: its own key proves that the certificate is its own. */
async function linkCard(desk: OnlineDesk, card: HeldCard, { certificate }: CardSummary): Promise<void> {
  if (certificate.kind !== 'present') throw new CeremonyFailed({ code: 'card-foreign' })
  const credential = credentialOf(certificate.der)
  desk.guide.begin('register', ['read-card', 'enter-pin', 'verify'])
  await proveWithPin(desk, card, { credential, guid: undefined }, 'registration')
}

interface Work {
  readonly summary: CardSummary
  readonly begun: Begun
  readonly cipher: BlockCipher
  /** Whether anything on the card has been changed. */
  readonly progress: { changed: boolean }
}

async function personalise(desk: OnlineDesk, card: HeldCard, work: Work): Promise<void> {
  const { guide } = desk
  const { begun, summary, progress } = work
  guide.step('authenticate-card')
  const { held, keys } = await authenticate(desk, card, work)
  let pins: PinChange | undefined
  try {
    for (let done = false; !done; ) {
      pins = await choosePin(desk, card, { summary, begun, keys, previous: pins })
      await card.begin()
      progress.changed = true
      guide.step('identify-card')
      await card.piv.putData(OBJECT.chuid, begun.chuid)
      guide.step('set-pin')
      pins = await setPin(card, pins)
      done = pins.problem === undefined
      if (!done) await card.pause()
    }
    if (pins === undefined) throw new CeremonyFailed({ code: 'unexpected' })
    guide.step('set-puk')
    await setPuk(card, { summary, begun, keys })
    guide.step('set-management-key')
    // The command is an extension. On a card without it the factory's key stays: whoever has the card could then replace its
    // key and certificate, which the gateway would refuse (docs/security.md).
    if (held === 'factory')
      await unless(card.piv.setManagementKey(keys.managementKeyAlgorithm, keys.managementKey), 'not-supported')
    const credential = await certify(desk, card, work, pins.next)
    guide.step('prove')
    await proveByFirstLogin(desk, card, credential, pins.next)
  } finally {
    wipe(keys.puk, keys.managementKey)
    pins?.wipe()
  }
}

/** The gateway proves the management key to the card; which of the two it is decides how far an earlier attempt came. */
async function authenticate(
  desk: OnlineDesk,
  card: HeldCard,
  { summary, begun, cipher }: Work,
): Promise<ProvedManagementKey<'factory' | 'own'>> {
  const { registration, mode } = begun
  const isDefault = summary.managementKeyIsDefault
  // Somebody has set it up already, for something else: said before anything is changed.
  if (mode === 'new' && (isDefault === false || summary.puk.isDefault === false))
    throw new CeremonyFailed({ code: 'card-not-blank' })
  const candidates = isDefault === true ? FACTORY : isDefault === false ? OWN : mode === 'new' ? FACTORY : EITHER
  const proved = await proveManagementKey(desk.link, card.piv, { registration, cipher, candidates })
  if (proved === undefined) throw new CeremonyFailed({ code: mode === 'new' ? 'card-not-blank' : 'management-key-unknown' })
  return proved
}

const FACTORY = ['factory'] as const
const OWN = ['own'] as const
const EITHER = ['factory', 'own'] as const

/** 9A key, request, certificate, objects. What was certified before stays, where the card still holds that key. */
async function certify(desk: OnlineDesk, card: HeldCard, work: Work, pin: Uint8Array): Promise<CardCredential> {
  const { guide } = desk
  const { begun } = work
  guide.step('make-key')
  const kept = keptCredential(work)
  if (kept === undefined) {
    const publicKey = await card.piv.generateKeyPair(SLOT.authentication, begun.algorithm)
    guide.step('make-presence-key')
    const presence = await makePresenceKey(desk.crypto, card.piv, begun.registration)
    guide.step('request-certificate')
    const certificate = await requestCertificate(desk, card, begun, { publicKey, presence, pin })
    return writeCertificate(desk, card, work, { certificate, algorithm: begun.algorithm, publicKey })
  }
  guide.step('request-certificate')
  return writeCertificate(desk, card, work, kept)
}

function keptCredential({ begun, summary }: Work): CardCredential | undefined {
  if (begun.certificate === undefined || summary.publicKey9A === undefined) return undefined
  const credential = credentialOf(begun.certificate)
  return equalConstantTime(credential.publicKey, summary.publicKey9A) ? credential : undefined
}

interface FreshCardKeys {
  /** Of 9A. */
  readonly publicKey: Uint8Array
  readonly presence: PresenceKey | undefined
  readonly pin: Uint8Array
}

async function requestCertificate(
  { link, crypto, trust }: OnlineDesk,
  card: HeldCard,
  { registration, algorithm, subject }: Begun,
  { publicKey, presence, pin }: FreshCardKeys,
): Promise<Uint8Array> {
  const request = prepareCertificateRequest(crypto, algorithm, publicKey, { commonName: subject })
  await card.piv.verifyPin(pin)
  const signature = await card.piv.sign(SLOT.authentication, algorithm, request.digest)
  const certificateRequest = request.assemble(signature)
  const { certificate } = await link.request('register.certify', { registration, certificateRequest, ...presence })
  const certified = credentialOf(certificate)
  if (!trust.isOurs(certificate) || !equalConstantTime(certified.publicKey, publicKey)) throw new LinkError('malformed-answer')
  return certificate
}

async function writeCertificate(
  { guide }: OnlineDesk,
  card: HeldCard,
  { begun }: Work,
  credential: CardCredential,
): Promise<CardCredential> {
  guide.step('write-certificate')
  await card.piv.putData(OBJECT.authenticationCertificate, buildCertificateObject(credential.certificate))
  await card.piv.putData(OBJECT.capabilityContainer, begun.ccc)
  return credential
}
