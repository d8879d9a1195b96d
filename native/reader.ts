/**
 * The reader port: what the terminal asks of a card reader. Two adapters fulfil it, PC/SC
 * (native/pcsc/) and simulated cards (native/virtual-card/); test/contracts/reader.ts runs on both.
 */

/** Why readers as a whole can or cannot be used. */
export type ServiceState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'starting' }
  /** The PC/SC library is not installed. */
  | { readonly kind: 'no-library'; readonly library: string }
  /** The library is there, the service (pcscd, SCardSvr) does not run. */
  | { readonly kind: 'service-down' }
  /** The service refuses this user (polkit, sandbox). */
  | { readonly kind: 'no-permission' }
  | { readonly kind: 'failed'; readonly code: string }

export type ReaderState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'card'; readonly atr: Uint8Array }
  /** A card that does not answer: upside down, dirty, not a smart card. */
  | { readonly kind: 'mute' }
  /** Another program holds the card exclusively. */
  | { readonly kind: 'in-use'; readonly atr: Uint8Array }

export interface ReaderStatus {
  readonly name: string
  /** A simulated reader says that it is one, everywhere that it is shown. */
  readonly simulated: boolean
  /** Counts insertions in this reader: another number means that the card was pulled in between. */
  readonly insertions: number
  readonly state: ReaderState
}

export interface ReadersStatus {
  readonly service: ServiceState
  readonly readers: readonly ReaderStatus[]
}

export type ReaderErrorKind =
  | 'no-service'
  | 'no-permission'
  | 'reader-gone'
  | 'no-card'
  /** The card was pulled while it was in use. */
  | 'card-removed'
  /** The card was reset by someone else: what was verified before is lost. */
  | 'card-reset'
  | 'card-mute'
  | 'in-use'
  | 'protocol-mismatch'
  | 'communication'
  | 'timeout'
  | 'cancelled'
  | 'bad-argument'
  | 'unexpected'

/** Every failure of a reader. `code` is PC/SC's own name, for example SCARD_W_REMOVED_CARD. */
export class ReaderError extends Error {
  readonly kind: ReaderErrorKind
  readonly code: string
  constructor(kind: ReaderErrorKind, code: string, message = `${kind} (${code})`) {
    super(message)
    this.name = 'ReaderError'
    this.kind = kind
    this.code = code
  }
}

export interface ConnectOptions {
  /** 'exclusive' while a ceremony runs; 'shared' to look at a card. */
  readonly share: 'exclusive' | 'shared'
}

export type Disposition = 'leave' | 'reset' | 'unpower' | 'eject'

/**
 * Takes the structures of PC/SC part 10 (protocol/pin-pad.ts) and gives the status word, of the reader or of the card. Either waits for a
 * person; the card is asked once at most.
 */
export interface PinPad {
  verify(structure: Uint8Array): Promise<Uint8Array>
  /** Absent where the reader only verifies. */
  readonly modify?: (structure: Uint8Array) => Promise<Uint8Array>
}

/** One card, from connect to disconnect. Every call rejects with a ReaderError. */
export interface CardConnection {
  readonly reader: string
  readonly atr: Uint8Array
  readonly protocol: 'T=0' | 'T=1'
  /**
   * One APDU, as it stands; chaining and GET RESPONSE are the caller's (protocol/apdu.ts). Returns data || SW1 SW2. `took` is told
   * before that how long reader and card needed, in milliseconds, measured where the command is handed to the system: neither a
   * busy program nor other commands that are under way count.
   */
  transmit(command: Uint8Array, took?: (ms: number) => void): Promise<Uint8Array>
  /** A transaction: no other program's APDU comes in between. */
  beginTransaction(): Promise<void>
  endTransaction(disposition: Disposition): Promise<void>
  reconnect(disposition: Disposition): Promise<void>
  control(code: number, input: Uint8Array): Promise<Uint8Array>
  /** The reader's own pad, where it has one: what is entered there passes no program. */
  pinPad(): Promise<PinPad | undefined>
  /** Never rejects: whatever the state, nothing stays held afterwards. */
  disconnect(disposition: Disposition): Promise<void>
}

export interface Readers {
  status(): ReadersStatus
  /** Called at each change, never within subscribe itself. Returns the way to stop. */
  subscribe(listener: (status: ReadersStatus) => void): () => void
  connect(reader: string, options: ConnectOptions): Promise<CardConnection>
  close(): Promise<void>
}
