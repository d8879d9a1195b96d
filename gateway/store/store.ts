/**
 * The store, as a port: what the gateway keeps, as records, and one way to change them, a transaction. Adapter:
 * sqlite.ts. test/contracts/store.ts holds what each adapter must do.
 *
 * Identifiers are 16 bytes, times milliseconds since 1970-01-01 UTC. Secrets come sealed (keys/sealing.ts): the store
 * never sees one. A record's fields that never change are written at insert only.
 */
import type { BlockCause } from '../../protocol/messages/notices.ts'
import type { Role } from '../../protocol/messages/operations.ts'
import type { FindingReader, FindingWriter } from './findings.ts'
import type { NodeReader, NodeWriter } from './nodes.ts'
import type { PlaceReader, PlaceWriter } from './places.ts'

export interface Holder {
  readonly id: Uint8Array
  readonly givenName: string
  readonly familyName: string
  /** The house's own number of the person; no two holders have the same. */
  readonly reference: string
  readonly role?: Role | undefined
  readonly state: 'active' | 'suspended'
  readonly registeredAt: number
}

export type CardState = 'pending' | 'active' | 'blocked' | 'withdrawn'
export type ManagementKeyAlgorithm = '3DES' | 'AES-128' | 'AES-192' | 'AES-256'

export interface Card {
  readonly guid: Uint8Array
  readonly holder: Uint8Array
  readonly state: CardState
  /** A card of another authority that was linked: its keys and objects are not the gateway's. */
  readonly linked: boolean
  readonly simulated: boolean
  readonly serial?: number | undefined
  readonly registeredAt: number
  readonly expiresAt: number
  readonly managementKeyAlgorithm: ManagementKeyAlgorithm
  /** PUK and management key, sealed; absent until the card has been authenticated. */
  readonly sealedSecrets?: Uint8Array | undefined
  /** Those that an unblocking has made: until its proof nobody can tell which of the two the card has. */
  readonly freshSecrets?: Uint8Array | undefined
  /** The P-256 public key of slot 9E, by which the card shows that it is there. */
  readonly presenceKey?: Uint8Array | undefined
}

/** One change of the block list. */
export interface BlockChange {
  /** 1, 2, 3 ... in the order of the commits. */
  readonly version: number
  readonly guid: Uint8Array
  readonly blocked: boolean
  readonly at: number
  /** What announced the block: the same notice is committed once, whoever brings it. */
  readonly notice?: Uint8Array | undefined
  /** Of a block. */
  readonly cause?: BlockCause | undefined
  /** Its kind, where the cause is one. */
  readonly finding?: string | undefined
}

/** A card's certificate. A GUID has at most one that is valid, and so has a public key. */
export interface CardCertificate {
  /** The first 8 bytes of SHA-256 over the certificate (COSE x5t with SHA-256/64) stand in front of it as index. */
  readonly fingerprint: Uint8Array
  readonly guid: Uint8Array
  readonly algorithm: 'ES256' | 'ES384'
  readonly publicKey: Uint8Array
  readonly certificate: Uint8Array
  readonly valid: boolean
}

export interface Terminal {
  /** Lower case hexadecimal, as in topics. */
  readonly id: string
  readonly site: string
  readonly state: 'active' | 'blocked' | 'withdrawn'
  readonly enrolledAt: number
  readonly fingerprint: Uint8Array
  readonly publicKey: Uint8Array
  readonly certificate: Uint8Array
  /** The SHA-256 of the invitation's secret that it was enrolled with. */
  readonly invitation: Uint8Array
  readonly mayRegisterFirstOperator: boolean
  /** Its last device channel: the gateway's connection identifier. */
  readonly connection?: Uint8Array | undefined
  readonly seenAt?: number | undefined
}

export interface Invitation {
  /** SHA-256 of the secret. */
  readonly id: Uint8Array
  readonly site: string
  readonly mayRegisterFirstOperator: boolean
  readonly createdAt: number
  readonly expiresAt: number
  /** The terminal that used it. */
  readonly terminal?: string | undefined
}

export type RegistrationState = 'open' | 'done' | 'abandoned'

/** One attempt to register or unblock one card. A GUID has at most one that is open. */
export interface Registration {
  readonly id: Uint8Array
  readonly kind: 'registration' | 'unblocking'
  readonly guid: Uint8Array
  readonly holder: Uint8Array
  /** Where it goes on. */
  readonly terminal: string
  /** The holder who registers, or who approved the unblocking; absent for the first operator. */
  readonly registrar?: Uint8Array | undefined
  /** Given to the holder when the card becomes active. */
  readonly role?: Role | undefined
  readonly state: RegistrationState
  readonly startedAt: number
}

export type LoginPurposeKind = 'holder' | 'operator' | 'registration' | 'approval'
/** 'proof': it ended a registration and never was a session. 'used': an approval that was made use of. 'finding': something
 * suspicious was found of its card or terminal. */
export const SESSION_ENDS = [
  'card-removed',
  'operator',
  'idle',
  'quit',
  'replaced',
  'expired',
  'withdrawn',
  'proof',
  'used',
  'blocked',
  'finding',
] as const
export type SessionEnd = (typeof SESSION_ENDS)[number]

export interface Login {
  readonly session: Uint8Array
  readonly holder: Uint8Array
  readonly guid: Uint8Array
  readonly terminal: string
  readonly site: string
  readonly purpose: LoginPurposeKind
  /** When message_2 left: the card's signature is younger. Absent from logins of earlier versions. */
  readonly begunAt?: number | undefined
  readonly at: number
  readonly endedAt?: number | undefined
  readonly ended?: SessionEnd | undefined
}

/** A login with what decides whether it still stands for anything. */
export interface Session extends Pick<Login, 'terminal' | 'purpose' | 'at' | 'endedAt'> {
  readonly holder: Pick<Holder, 'id' | 'role' | 'state'>
  readonly cardState: CardState
}

export interface AuditEntry {
  /** 1, 2, 3 ... without a gap. */
  readonly sequence: number
  /** Deterministic CBOR (gateway/audit/chain.ts). */
  readonly entry: Uint8Array
  readonly hash: Uint8Array
}

/** The end of the log, authenticated: without it the last entries could be cut off unseen. */
export interface AuditHead {
  readonly sequence: number
  readonly hash: Uint8Array
  readonly mac: Uint8Array
}

export interface StoreReader extends PlaceReader, NodeReader, FindingReader {
  holder(id: Uint8Array): Promise<Holder | undefined>
  holderByReference(reference: string): Promise<Holder | undefined>
  /** In the order of registration. */
  holders(): Promise<Holder[]>
  /** Whether anyone with a role has an active card. */
  hasOperator(): Promise<boolean>
  card(guid: Uint8Array): Promise<Card | undefined>
  cards(): Promise<Card[]>
  /** Every certificate whose fingerprint begins with these bytes (8 to 32): more than one only for a collision of SHA-256/64. */
  certificates(fingerprintPrefix: Uint8Array): Promise<CardCertificate[]>
  validCertificate(guid: Uint8Array): Promise<CardCertificate | undefined>
  validCertificateOfKey(publicKey: Uint8Array): Promise<CardCertificate | undefined>
  terminal(id: string): Promise<Terminal | undefined>
  terminalByFingerprint(fingerprintPrefix: Uint8Array): Promise<Terminal[]>
  terminalByConnection(connection: Uint8Array): Promise<Terminal | undefined>
  terminals(): Promise<Terminal[]>
  invitation(id: Uint8Array): Promise<Invitation | undefined>
  registration(id: Uint8Array): Promise<Registration | undefined>
  openRegistration(guid: Uint8Array): Promise<Registration | undefined>
  login(session: Uint8Array): Promise<Login | undefined>
  session(session: Uint8Array): Promise<Session | undefined>
  /** The holder's latest login; the proof at the end of a registration is none. */
  lastLogin(holder: Uint8Array): Promise<Login | undefined>
  /** The same card's login before that one, whatever its purpose. */
  loginBefore(session: Uint8Array): Promise<Login | undefined>
  /** Up to `limit` sessions of that card that are open at other terminals, the latest first. */
  openSessionsElsewhere(guid: Uint8Array, terminal: string, limit: number): Promise<Login[]>
  /** Sessions of a terminal that have not ended. */
  openSessions(terminal: string): Promise<Login[]>
  /** Sessions of a card that have not ended, at whatever terminal. */
  openSessionsOfCard(guid: Uint8Array): Promise<Login[]>
  /** The version of the last change; 0 before the first. */
  blockListVersion(): Promise<number>
  /** Up to `limit` changes after that version, in order. */
  blockChanges(after: number, limit: number): Promise<BlockChange[]>
  blockChangeOfNotice(notice: Uint8Array): Promise<BlockChange | undefined>
  /** The last change that concerns this card. */
  lastBlockChange(guid: Uint8Array): Promise<BlockChange | undefined>
  /** Up to `limit` cards that are blocked, by GUID, after that one. */
  blockedCards(after: Uint8Array, limit: number): Promise<Card[]>
  auditHead(): Promise<AuditHead | undefined>
  /** Up to `limit` entries after that sequence number, in order. */
  audit(after: number, limit: number): Promise<AuditEntry[]>
}

export interface StoreTransaction extends StoreReader, PlaceWriter, NodeWriter, FindingWriter {
  insertHolder(holder: Holder): Promise<void>
  updateHolder(id: Uint8Array, changes: { readonly state?: Holder['state']; readonly role?: Role }): Promise<void>
  insertCard(card: Card): Promise<void>
  updateCard(
    guid: Uint8Array,
    changes: {
      readonly state?: CardState
      readonly holder?: Uint8Array
      readonly sealedSecrets?: Uint8Array
      readonly freshSecrets?: Uint8Array
      readonly presenceKey?: Uint8Array
      readonly managementKeyAlgorithm?: ManagementKeyAlgorithm
      readonly expiresAt?: number
    },
  ): Promise<void>
  /** The fresh secrets are the card's from now on, where there are some. */
  promoteFreshSecrets(guid: Uint8Array): Promise<void>
  insertCertificate(certificate: CardCertificate): Promise<void>
  withdrawCertificates(guid: Uint8Array): Promise<void>
  /** Makes a withdrawn certificate valid again: a linked one, whose registration is begun again. */
  restoreCertificate(fingerprint: Uint8Array): Promise<void>
  insertTerminal(terminal: Terminal): Promise<void>
  updateTerminal(
    id: string,
    changes: {
      readonly state?: Terminal['state']
      readonly site?: string
      readonly connection?: Uint8Array
      readonly seenAt?: number
    },
  ): Promise<void>
  /** No terminal and no invitation that exists now may register a first operator any more. */
  spendFirstOperatorRights(): Promise<void>
  insertInvitation(invitation: Invitation): Promise<void>
  useInvitation(id: Uint8Array, terminal: string): Promise<void>
  insertRegistration(registration: Registration): Promise<void>
  updateRegistration(
    id: Uint8Array,
    changes: {
      readonly state?: RegistrationState
      readonly terminal?: string
      readonly role?: Role
      readonly registrar?: Uint8Array
    },
  ): Promise<void>
  insertLogin(login: Login): Promise<void>
  endLogin(session: Uint8Array, at: number, reason: SessionEnd): Promise<void>
  insertBlockChange(change: BlockChange): Promise<void>
  appendAudit(entry: AuditEntry, head: AuditHead): Promise<void>
}

export interface Store {
  /** A consistent picture; nothing is changed. */
  read<T>(work: (reader: StoreReader) => Promise<T>): Promise<T>
  /**
   * All or nothing, one after the other as if alone. Resolves once it is on the disk and would survive a loss of power.
   * What `work` throws undoes all of it and is thrown on; a StoreConflict where a rule of uniqueness is broken.
   * `work` awaits nothing but the transaction's own methods, and may be run again.
   */
  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** A second one of what there may be one of: reference, GUID, valid certificate, open registration. */
export class StoreConflict extends Error {
  constructor(options?: ErrorOptions) {
    super('a record of that kind exists already', options)
    this.name = 'StoreConflict'
  }
}

/** The file is of a later version, damaged, or cannot be opened. */
export class StoreError extends Error {
  readonly kind: 'newer-version' | 'damaged' | 'unavailable'
  constructor(kind: StoreError['kind'], options?: ErrorOptions) {
    super(`store: ${kind}`, options)
    this.name = 'StoreError'
    this.kind = kind
  }
}
