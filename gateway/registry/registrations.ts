/**
 * Registration of a card (docs/protocol.md, "Registration"), the gateway's part: each step is one commit, and can be
 * asked again when its answer was lost. A card keeps the secrets and the GUID that it was given first, however often its
 * registration is interrupted, because nobody can tell how much of them reached the card.
 */
import { equalConstantTime, toHex, utf8 } from '../../protocol/bytes.ts'
import { type AnswerBody, includesRole, type RequestBody, type Role } from '../../protocol/messages/operations.ts'
import { presenceKeyStatement } from '../../protocol/messages/presence-proof.ts'
import { MANAGEMENT_KEY_BYTES } from '../../protocol/piv/management-key.ts'
import { buildCapabilityContainer, buildChuid } from '../../protocol/piv/objects.ts'
import type { CardSecrets } from '../authority/sealing.ts'
import { type ParsedCertificate, parseCertificate, verifyCertificateRequest, X509Error } from '../authority/x509.ts'
import type { Card, Holder, Registration, StoreTransaction } from '../store/store.ts'
import type { Registry } from './context.ts'
import { requireOperator } from './logins.ts'
import { Refused } from './refused.ts'
import { requireTerminal } from './terminals.ts'

const YEAR_MS = 365.25 * 24 * 60 * 60 * 1000
const CARD_YEARS = 5

type BeginRequest = RequestBody<'register.begin'>
type BeginAnswer = AnswerBody<'register.begin'>

interface Approval {
  /** Absent for the first operator. */
  readonly registrar?: Uint8Array
  readonly role?: Role
}

/** Throws Refused. */
export async function beginRegistration(registry: Registry, terminalId: string, body: BeginRequest): Promise<BeginAnswer> {
  const { store, audit } = registry
  const linked = body.card.certificate === undefined ? undefined : readForeign(body.card.certificate)
  const now = registry.now()
  return store.transaction(async (tx) => {
    const terminal = await requireTerminal(tx, terminalId)
    const approval = await approve(registry, tx, terminal.id, terminal.mayRegisterFirstOperator, body)
    const holder = await findOrAddHolder(registry, tx, body, now)
    const known = await findCard(registry, tx, body, linked, now)
    const card = known ?? newCard(registry, body, holder, linked, now)
    if (known === undefined) await tx.insertCard(card)
    else if (!equalConstantTime(known.holder, holder.id)) {
      // The interrupted registration was for somebody else: what it issued is void, the card goes on with its secrets.
      await tx.withdrawCertificates(card.guid)
      await tx.updateCard(card.guid, { holder: holder.id })
    }
    if (linked !== undefined && body.card.certificate !== undefined)
      await link(registry, tx, card, body.card.certificate, linked, now)
    const registration = await openRegistration(registry, tx, terminal.id, card, holder, approval, now)
    const mode = linked !== undefined ? 'link' : known === undefined ? 'new' : 'resume'
    await audit.append(tx, now, {
      event: 'registration-begun',
      registration: registration.id,
      guid: card.guid,
      holder: holder.id,
      terminal: terminal.id,
      mode,
      ...approval,
    })
    const issued = linked === undefined ? await tx.validCertificate(card.guid) : undefined
    return {
      registration: registration.id,
      guid: card.guid,
      mode,
      ...dataObjects(registry, card),
      ...(issued === undefined ? {} : { certificate: issued.certificate }),
      algorithm: linked?.algorithm === 'ES384' ? 'P-384' : 'P-256',
      subject: toHex(holder.id),
    }
  })
}

function readForeign(certificate: Uint8Array): ParsedCertificate {
  try {
    return parseCertificate(certificate)
  } catch (error) {
    if (error instanceof X509Error) throw new Refused('bad-request')
    throw error
  }
}

/** A registrar's session on this terminal; or, while there is no operator, the terminal that was invited to make the first. */
async function approve(
  registry: Registry,
  tx: StoreTransaction,
  terminal: string,
  mayRegisterFirst: boolean,
  body: BeginRequest,
): Promise<Approval> {
  if (body.session === undefined) {
    if (!mayRegisterFirst || (await tx.hasOperator())) throw new Refused('not-allowed')
    return { role: 'supervisor' }
  }
  const registrar = await requireOperator(registry, tx, terminal, body.session, 'registrar')
  // Nobody gives away more than they hold.
  if (body.role !== undefined && !includesRole(registrar.role, body.role)) throw new Refused('role-missing')
  return { registrar: registrar.id, ...(body.role === undefined ? {} : { role: body.role }) }
}

/** The house's number is the person: a known one gets a further card, under the same name only. */
async function findOrAddHolder(
  { crypto }: Registry,
  tx: StoreTransaction,
  { person }: BeginRequest,
  now: number,
): Promise<Holder> {
  const known = await tx.holderByReference(person.reference)
  if (known === undefined) {
    const holder: Holder = { id: crypto.randomBytes(16), ...person, state: 'active', registeredAt: now }
    await tx.insertHolder(holder)
    return holder
  }
  if (known.state === 'suspended') throw new Refused('holder-suspended')
  if (known.givenName !== person.givenName || known.familyName !== person.familyName) throw new Refused('registration-conflict')
  return known
}

/** The pending card that this is; undefined for one that is new here. Throws Refused for one that is no longer to be registered. */
async function findCard(
  { authority }: Registry,
  tx: StoreTransaction,
  { card: { guid, certificate } }: BeginRequest,
  linked: ParsedCertificate | undefined,
  now: number,
): Promise<Card | undefined> {
  let card: Card | undefined
  if (linked !== undefined && certificate !== undefined) {
    if (linked.notAfter <= now) throw new Refused('card-expired')
    const [linkedBefore] = await tx.certificates(authority.fingerprint(certificate))
    const known = linkedBefore ?? (await tx.validCertificateOfKey(linked.publicKey))
    card = known === undefined ? undefined : await tx.card(known.guid)
    // One of our own certificates belongs to a card that is registered, not linked.
    if (card === undefined && authority.isOwn(certificate)) throw new Refused('registration-conflict')
    if (card?.linked === false) throw new Refused(card.state === 'pending' ? 'registration-conflict' : 'already-registered')
  } else if (guid !== undefined) {
    card = await tx.card(guid)
    // Linked by a certificate that the card does not show any more.
    if (card?.linked === true) throw new Refused('registration-conflict')
  }
  if (card === undefined || card.state === 'pending') return card
  throw new Refused(card.state === 'withdrawn' ? 'card-withdrawn' : 'already-registered')
}

function newCard(
  registry: Registry,
  { card }: BeginRequest,
  holder: Holder,
  linked: ParsedCertificate | undefined,
  now: number,
): Card {
  return {
    guid: newUuid(registry),
    holder: holder.id,
    state: 'pending',
    linked: linked !== undefined,
    simulated: card.simulated,
    ...(card.serial === undefined ? {} : { serial: card.serial }),
    registeredAt: now,
    expiresAt: linked?.notAfter ?? now + CARD_YEARS * YEAR_MS,
    managementKeyAlgorithm: card.managementKeyAlgorithm,
  }
}

/** A random UUID (RFC 9562 section 5.4), as SP 800-73-5 part 1 section 3.1.2 wants a GUID. */
function newUuid({ crypto }: Registry): Uint8Array {
  const guid = crypto.randomBytes(16)
  guid[6] = ((guid[6] ?? 0) & 0x0f) | 0x40
  guid[8] = ((guid[8] ?? 0) & 0x3f) | 0x80
  return guid
}

async function link(
  registry: Registry,
  tx: StoreTransaction,
  card: Card,
  certificate: Uint8Array,
  parsed: ParsedCertificate,
  now: number,
): Promise<void> {
  const fingerprint = registry.authority.fingerprint(certificate)
  const [known] = await tx.certificates(fingerprint)
  if (known?.valid === true) return
  await tx.withdrawCertificates(card.guid)
  if (known !== undefined) return tx.restoreCertificate(fingerprint)
  const { algorithm, publicKey } = parsed
  await tx.insertCertificate({ fingerprint, guid: card.guid, algorithm, publicKey, certificate, valid: true })
  await registry.audit.append(tx, now, { event: 'certificate-linked', guid: card.guid, fingerprint })
}

async function openRegistration(
  { crypto }: Registry,
  tx: StoreTransaction,
  terminal: string,
  card: Card,
  holder: Holder,
  approval: Approval,
  now: number,
): Promise<Registration> {
  const open = await tx.openRegistration(card.guid)
  if (open !== undefined && sameApproval(open, holder, approval)) {
    await tx.updateRegistration(open.id, { terminal })
    return { ...open, terminal }
  }
  if (open !== undefined) await tx.updateRegistration(open.id, { state: 'abandoned' })
  const registration: Registration = {
    id: crypto.randomBytes(16),
    kind: 'registration',
    guid: card.guid,
    holder: holder.id,
    terminal,
    ...approval,
    state: 'open',
    startedAt: now,
  }
  await tx.insertRegistration(registration)
  return registration
}

function sameApproval(open: Registration, holder: Holder, { registrar, role }: Approval): boolean {
  const sameRegistrar =
    open.registrar === undefined || registrar === undefined
      ? open.registrar === registrar
      : equalConstantTime(open.registrar, registrar)
  return equalConstantTime(open.holder, holder.id) && sameRegistrar && open.role === role
}

function dataObjects({ crypto }: Registry, card: Card): { chuid: Uint8Array; ccc: Uint8Array } {
  const expires = new Date(card.expiresAt).toISOString().slice(0, 10).replaceAll('-', '')
  // The container's identifier is the card's own and stays the same when a registration goes on.
  return { chuid: buildChuid(card.guid, expires), ccc: buildCapabilityContainer(crypto.hash('SHA-256', card.guid).slice(0, 14)) }
}

/** An open registration that goes on at this terminal, and its card. Throws Refused 'registration-unknown'. */
export async function requireRegistration(
  tx: Pick<StoreTransaction, 'terminal' | 'registration' | 'card'>,
  terminal: string,
  id: Uint8Array,
): Promise<{ readonly registration: Registration; readonly card: Card }> {
  await requireTerminal(tx, terminal)
  const registration = await tx.registration(id)
  const card = registration === undefined ? undefined : await tx.card(registration.guid)
  if (registration === undefined || card === undefined || registration.terminal !== terminal || registration.state !== 'open') {
    throw new Refused('registration-unknown')
  }
  return { registration, card }
}

/** Secrets that were made for this card; undefined where there are none. */
export function openSecrets({ sealer }: Registry, guid: Uint8Array, sealed: Uint8Array | undefined): CardSecrets | undefined {
  if (sealed === undefined) return undefined
  const secrets = sealer.open(guid, sealed)
  if (secrets === undefined) throw new Error('the card secrets in the store cannot be opened with this master key')
  return secrets
}

/**
 * After the mutual authentication: the card's secrets, made once and on the disk before anybody learns them. An unblocking
 * makes fresh ones beside those that the card has, until its proof.
 */
export async function releaseSecrets(
  registry: Registry,
  terminal: string,
  id: Uint8Array,
): Promise<AnswerBody<'register.authenticated'>> {
  const { crypto, sealer, store, audit } = registry
  const now = registry.now()
  return store.transaction(async (tx) => {
    const { registration, card } = await requireRegistration(tx, terminal, id)
    const place = registration.kind === 'unblocking' ? 'freshSecrets' : 'sealedSecrets'
    let secrets = openSecrets(registry, card.guid, card[place])
    if (secrets === undefined) {
      secrets = { puk: newPuk(registry), managementKey: crypto.randomBytes(MANAGEMENT_KEY_BYTES[card.managementKeyAlgorithm]) }
      await tx.updateCard(card.guid, { [place]: sealer.seal(card.guid, secrets) })
    }
    await audit.append(tx, now, { event: 'card-secrets-released', guid: card.guid, registration: registration.id, terminal })
    return { ...secrets, managementKeyAlgorithm: card.managementKeyAlgorithm }
  })
}

/** 8 digits, each equally likely: a byte from 250 up is thrown away. */
function newPuk({ crypto }: Registry): Uint8Array {
  let digits = ''
  while (digits.length < 8) {
    const [byte = 255] = crypto.randomBytes(1)
    if (byte < 250) digits += String(byte % 10)
  }
  return utf8(digits)
}

/** The same key gets the same certificate again; another key withdraws the first. Throws Refused. */
export async function certify(registry: Registry, terminal: string, body: RequestBody<'register.certify'>): Promise<Uint8Array> {
  const { crypto, store, audit, authority } = registry
  const key = provenKey(registry, body.certificateRequest)
  const presenceKey = provenPresenceKey(registry, body)
  const now = registry.now()
  return store.transaction(async (tx) => {
    const { registration, card } = await requireRegistration(tx, terminal, body.registration)
    // A card whose management key nobody has proved is not one that this registration has made.
    if (card.linked || card.sealedSecrets === undefined || registration.kind !== 'registration') throw new Refused('not-allowed')
    if (presenceKey !== undefined) await tx.updateCard(card.guid, { presenceKey })
    const present = await tx.validCertificateOfKey(key.publicKey)
    if (present !== undefined) {
      if (!equalConstantTime(present.guid, card.guid)) throw new Refused('registration-conflict')
      return present.certificate
    }
    const certificate = authority.issueCard(registration.holder, card.guid, key, now, card.expiresAt)
    const fingerprint = crypto.hash('SHA-256', certificate)
    await tx.withdrawCertificates(card.guid)
    await tx.insertCertificate({ fingerprint, guid: card.guid, ...key, certificate, valid: true })
    await audit.append(tx, now, { event: 'certificate-issued', guid: card.guid, fingerprint })
    return certificate
  })
}

function provenKey({ crypto }: Registry, request: Uint8Array) {
  try {
    return verifyCertificateRequest(crypto, request)
  } catch (error) {
    if (error instanceof X509Error) throw new Refused(error.kind === 'bad-signature' ? 'proof-failed' : 'bad-request')
    throw error
  }
}

/** The key of slot 9E, which the card has just used for this registration; undefined where the terminal sends none. */
function provenPresenceKey(
  { crypto }: Registry,
  { registration, presenceKey, presenceProof }: RequestBody<'register.certify'>,
): Uint8Array | undefined {
  if (presenceKey === undefined && presenceProof === undefined) return undefined
  if (presenceKey === undefined || presenceProof === undefined) throw new Refused('bad-request')
  const statement = presenceKeyStatement(registration, presenceKey)
  if (!crypto.verify('ES256', presenceKey, statement, presenceProof)) throw new Refused('proof-failed')
  return presenceKey
}

/**
 * Withdraws what was issued. The card stays pending: it may be begun again. Of an unblocking nothing is left but the card's state
 * before. Throws Refused: 'already-registered' where this terminal has brought it to its end, 'registration-unknown'.
 */
export async function abandon(registry: Registry, terminal: string, id: Uint8Array): Promise<void> {
  const now = registry.now()
  await registry.store.transaction(async (tx) => {
    const registration = await tx.registration(id)
    // Asked again, because the answer was lost.
    if (registration?.state === 'abandoned' && registration.terminal === terminal) return
    if (registration?.state === 'done' && registration.terminal === terminal) throw new Refused('already-registered')
    const { card } = await requireRegistration(tx, terminal, id)
    if (card.state === 'pending') await tx.withdrawCertificates(card.guid)
    await tx.updateRegistration(id, { state: 'abandoned' })
    await registry.audit.append(tx, now, { event: 'registration-abandoned', registration: id, guid: card.guid })
  })
}
