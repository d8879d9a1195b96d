/** Logins and the sessions that they open. */
import { equalConstantTime } from '../../protocol/bytes.ts'
import {
  APPROVAL_MS,
  includesRole,
  type LoginPurpose,
  type LoginResult,
  type RequestBody,
  type Role,
} from '../../protocol/messages/operations.ts'
import { completeUnblocking } from '../blocks/complete.ts'
import type { Card, CardCertificate, CardState, Holder, Login, StoreReader, StoreTransaction, Terminal } from '../store/store.ts'
import type { Registry } from './context.ts'
import { Refused } from './refused.ts'
import { endSession, requireTerminal, SESSION_MS } from './terminals.ts'

export interface ProvenLogin {
  readonly terminal: string
  readonly purpose: LoginPurpose
  /** When message_2 was made, which the card has signed. */
  readonly begunAt: number
  /** Whose key made the signature that was verified. */
  readonly certificate: Pick<CardCertificate, 'fingerprint' | 'guid'>
}

/**
 * After the card has proved its key: checks what may have changed since, and writes login and audit in one commit. With
 * purpose 'registration' the same commit makes the card active. Throws Refused.
 */
export async function logIn(registry: Registry, proven: ProvenLogin): Promise<LoginResult> {
  const { crypto, store, audit } = registry
  const now = registry.now()
  const session = crypto.randomBytes(16)
  return store.transaction(async (tx) => {
    const terminal = await requireTerminal(tx, proven.terminal)
    const valid = await tx.validCertificate(proven.certificate.guid)
    const card = await tx.card(proven.certificate.guid)
    if (card === undefined) throw new Refused('unknown-card')
    if (valid === undefined || !equalConstantTime(valid.fingerprint, proven.certificate.fingerprint))
      throw new Refused('card-withdrawn')
    if (card.expiresAt <= now) throw new Refused('card-expired')
    let holder = await requireHolder(tx, card.holder)
    if (proven.purpose === 'registration') holder = await activate(registry, tx, terminal, card, holder, now)
    else requireActive(card.state)
    if (proven.purpose === 'operator' && holder.role === undefined) throw new Refused('not-an-operator')
    if (proven.purpose === 'approval') requireRole(holder, 'supervisor')
    const last = await tx.lastLogin(holder.id)
    const login: Login = {
      session,
      holder: holder.id,
      guid: card.guid,
      terminal: terminal.id,
      site: terminal.site,
      purpose: proven.purpose,
      begunAt: proven.begunAt,
      at: now,
    }
    // What ends a registration is a proof, not a session.
    await tx.insertLogin(proven.purpose === 'registration' ? { ...login, endedAt: now, ended: 'proof' } : login)
    await audit.append(tx, now, {
      event: 'login',
      session,
      guid: card.guid,
      holder: holder.id,
      terminal: terminal.id,
      purpose: proven.purpose,
    })
    const { id, givenName, familyName, reference, registeredAt } = holder
    return {
      session,
      holder: { id, givenName, familyName, reference, registeredAt },
      ...(holder.role === undefined ? {} : { role: holder.role }),
      card: { guid: card.guid, expiresAt: card.expiresAt },
      at: now,
      ...(last === undefined ? {} : { last: { at: last.at, site: last.site } }),
    }
  })
}

async function requireHolder(tx: Pick<StoreReader, 'holder'>, id: Uint8Array): Promise<Holder> {
  const holder = await tx.holder(id)
  if (holder === undefined) throw new Refused('unknown-card')
  if (holder.state === 'suspended') throw new Refused('holder-suspended')
  return holder
}

function requireActive(state: CardState): void {
  switch (state) {
    case 'active':
      return
    case 'pending':
      throw new Refused('card-pending')
    case 'blocked':
      throw new Refused('card-blocked')
    case 'withdrawn':
      throw new Refused('card-withdrawn')
    default:
      state satisfies never
  }
}

/** The first login: only this makes a pending card active, and gives its holder the role that was asked for. */
async function activate(
  registry: Registry,
  tx: StoreTransaction,
  terminal: Terminal,
  card: Card,
  holder: Holder,
  now: number,
): Promise<Holder> {
  const registration = await tx.openRegistration(card.guid)
  if (registration === undefined || registration.terminal !== terminal.id) {
    // The proof again, because its answer was lost: the card is active already.
    if (registration === undefined && card.state === 'active') return holder
    if (card.state !== 'pending') requireActive(card.state)
    throw new Refused('registration-unknown')
  }
  if (registration.kind === 'unblocking') {
    await completeUnblocking(registry, tx, registration, card, now)
    return holder
  }
  if (card.state !== 'pending') throw new Refused('already-registered')
  // Two first operators may have been begun side by side: the first proof wins.
  if (registration.registrar === undefined && (await tx.hasOperator())) throw new Refused('not-allowed')
  const { role } = registration
  await tx.updateCard(card.guid, { state: 'active' })
  await tx.updateRegistration(registration.id, { state: 'done' })
  if (role !== undefined) {
    await tx.updateHolder(holder.id, { role })
    // If every operator's card is withdrawn one day, it takes an administrator's new invitation, not just an old desk.
    await tx.spendFirstOperatorRights()
  }
  await registry.audit.append(tx, now, {
    event: 'card-activated',
    guid: card.guid,
    holder: holder.id,
    ...(role === undefined ? {} : { role }),
  })
  return role === undefined ? holder : { ...holder, role }
}

/** A login that stands, on this terminal: a person's or an operator's. Throws Refused. */
export async function requireOpenLogin(
  registry: Registry,
  reader: Pick<StoreReader, 'login' | 'holder' | 'card'>,
  terminal: string,
  session: Uint8Array,
): Promise<{ readonly login: Login; readonly holder: Holder }> {
  const login = await reader.login(session)
  if (login === undefined || login.terminal !== terminal || login.endedAt !== undefined) throw new Refused('session-unknown')
  if (login.purpose !== 'holder' && login.purpose !== 'operator') throw new Refused('session-unknown')
  const now = registry.now()
  if (login.at + SESSION_MS <= now) throw new Refused('session-unknown')
  const holder = await requireHolder(reader, login.holder)
  const card = await reader.card(login.guid)
  if (card === undefined) throw new Refused('session-unknown')
  requireActive(card.state)
  if (card.expiresAt <= now) throw new Refused('card-expired')
  return { login, holder }
}

/** The operator of a session that is open on this terminal and holds at least that role. Throws Refused. */
export function requireOperator(
  registry: Registry,
  reader: SessionReader,
  terminal: string,
  session: Uint8Array,
  role: Role,
): Promise<Operator> {
  return requireSession(registry, reader, { terminal, session, purpose: 'operator', mostMs: SESSION_MS, role })
}

/** The supervisor whose approval this is: made on this terminal, just now, and not used yet. Throws Refused. */
export function requireApproval(
  registry: Registry,
  reader: SessionReader,
  terminal: string,
  session: Uint8Array,
): Promise<Operator> {
  return requireSession(registry, reader, { terminal, session, purpose: 'approval', mostMs: APPROVAL_MS, role: 'supervisor' })
}

type Operator = Pick<Holder, 'id' | 'state'> & { readonly role: Role }
type SessionReader = Pick<StoreReader, 'session'>

async function requireSession(
  registry: Registry,
  reader: SessionReader,
  needed: {
    readonly terminal: string
    readonly session: Uint8Array
    readonly purpose: LoginPurpose
    readonly mostMs: number
    readonly role: Role
  },
): Promise<Operator> {
  const session = await reader.session(needed.session)
  if (session === undefined || session.terminal !== needed.terminal) throw new Refused('session-unknown')
  if (session.purpose !== needed.purpose || session.endedAt !== undefined) throw new Refused('session-unknown')
  if (session.at + needed.mostMs <= registry.now()) throw new Refused('session-unknown')
  const { holder, cardState } = session
  if (holder.state === 'suspended') throw new Refused('holder-suspended')
  requireActive(cardState)
  return { ...holder, role: requireRole(holder, needed.role) }
}

function requireRole({ role }: Pick<Holder, 'role'>, needed: Role): Role {
  if (role === undefined) throw new Refused('not-an-operator')
  if (!includesRole(role, needed)) throw new Refused('role-missing')
  return role
}

/** Ending twice is no mistake: the first answer may have been lost. Throws Refused 'session-unknown'. */
export async function endSessionOf(registry: Registry, terminal: string, body: RequestBody<'session.end'>): Promise<void> {
  const now = registry.now()
  await registry.store.transaction(async (tx) => {
    const login = await tx.login(body.session)
    if (login === undefined || login.terminal !== terminal) throw new Refused('session-unknown')
    if (login.endedAt === undefined) await endSession(registry, tx, login.session, now, body.reason)
  })
}

/** Told after the fact, perhaps days later: only the log keeps it. Throws Refused 'unknown-card'. */
export async function pinChanged(registry: Registry, terminal: string, body: RequestBody<'pin.changed'>): Promise<void> {
  const now = registry.now()
  await registry.store.transaction(async (tx) => {
    await requireTerminal(tx, terminal)
    if ((await tx.card(body.guid)) === undefined) throw new Refused('unknown-card')
    await registry.audit.append(tx, now, { event: 'pin-changed', terminal, ...body })
  })
}

export async function auditRefusedLogin(registry: Registry, terminal: string, code: string, guid?: Uint8Array): Promise<void> {
  const now = registry.now()
  await registry.store.transaction((tx) =>
    registry.audit.append(tx, now, { event: 'login-refused', terminal, code, ...(guid === undefined ? {} : { guid }) }),
  )
}
