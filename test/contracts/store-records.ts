/** Records for the contract of the store, each with what it needs to exist. */
import { randomBytes } from 'node:crypto'
import type {
  Card,
  CardCertificate,
  Holder,
  Invitation,
  Login,
  StoreReader,
  StoreTransaction,
  Terminal,
} from '../../gateway/store/store.ts'

export const id = (length = 16): Uint8Array => new Uint8Array(randomBytes(length))

export function holder(more: Partial<Holder> = {}): Holder {
  return {
    id: id(),
    givenName: 'Zoë',
    familyName: "O'Neil; --",
    reference: `R-${randomBytes(4).toString('hex')}`,
    state: 'active',
    registeredAt: 1,
    ...more,
  }
}
export function card(of: Holder, more: Partial<Card> = {}): Card {
  return {
    guid: id(),
    holder: of.id,
    state: 'pending',
    linked: false,
    simulated: true,
    registeredAt: 2,
    expiresAt: 3,
    managementKeyAlgorithm: 'AES-192',
    ...more,
  }
}
export function certificate(of: Card, more: Partial<CardCertificate> = {}): CardCertificate {
  return { fingerprint: id(32), guid: of.guid, algorithm: 'ES256', publicKey: id(64), certificate: id(400), valid: true, ...more }
}
export function invitation(more: Partial<Invitation> = {}): Invitation {
  return { id: id(32), site: 'Desk', mayRegisterFirstOperator: false, createdAt: 1, expiresAt: 2, ...more }
}
export function terminal(by: Invitation, more: Partial<Terminal> = {}): Terminal {
  return {
    id: randomBytes(16).toString('hex'),
    site: 'Desk',
    state: 'active',
    enrolledAt: 1,
    fingerprint: id(32),
    publicKey: id(64),
    certificate: id(400),
    invitation: by.id,
    mayRegisterFirstOperator: false,
    ...more,
  }
}

export type Read = <T>(work: (reader: StoreReader) => Promise<T>) => Promise<T>
export type Write = <T>(work: (tx: StoreTransaction) => Promise<T>) => Promise<T>

/** A holder with a card, and a terminal. */
export async function furnished(write: Write) {
  const someone = holder()
  const theirs = card(someone)
  const code = invitation()
  const desk = terminal(code)
  await write(async (tx) => {
    await tx.insertHolder(someone)
    await tx.insertCard(theirs)
    await tx.insertInvitation(code)
    await tx.insertTerminal(desk)
  })
  return { someone, theirs, code, desk }
}

export const login = (of: { someone: Holder; theirs: Card; desk: Terminal }, more: Partial<Login> = {}): Login => ({
  session: id(),
  holder: of.someone.id,
  guid: of.theirs.guid,
  terminal: of.desk.id,
  site: 'Desk',
  purpose: 'holder',
  at: 5,
  ...more,
})
