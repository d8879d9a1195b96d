/** The store's part that remembers where readers and cards were seen last (gateway/locator/). */

/** What a terminal has told last of itself. */
export interface TerminalPresence {
  readonly terminal: string
  /** With `revision` it orders what was told: an older message that the broker delivers again changes nothing. */
  readonly connectedAt: number
  readonly revision: number
  readonly online: boolean
  /** By the gateway's clock. */
  readonly seenAt: number
}

export interface ReaderPlace {
  readonly terminal: string
  readonly reader: string
  readonly simulated: boolean
  readonly state: 'empty' | 'card' | 'mute' | 'in-use'
  readonly card?: Uint8Array | undefined
  readonly since: number
  readonly seenAt: number
  /** False once the terminal has told of its readers without this one. */
  readonly attached: boolean
}

/** The last time that a card was at that terminal. */
export interface CardPlace {
  readonly guid: Uint8Array
  readonly terminal: string
  readonly reader: string
  readonly since: number
  readonly seenAt: number
}

/** A reader's place with what is known of its terminal. */
export interface SeenReader extends ReaderPlace {
  readonly site: string
  readonly online: boolean
  readonly terminalSeenAt: number
}

/** A card's place with what is known of its terminal, and of the reader that it was seen in. */
export interface SeenCard extends CardPlace {
  readonly site: string
  readonly online: boolean
  readonly terminalSeenAt: number
  readonly simulated: boolean
  readonly state: ReaderPlace['state']
  /** It is in that reader still. */
  readonly present: boolean
}

/** Readers that are remembered of one terminal after they were unplugged; the latest stay. */
export const MAX_DETACHED_READERS = 32
/** Terminals that are remembered of one card; the latest stay. */
export const MAX_PLACES_OF_CARD = 8

/** Terminals that were withdrawn are left out. */
export interface PlaceReader {
  presence(terminal: string): Promise<TerminalPresence | undefined>
  /** Up to `limit` in the order of (terminal, reader), after that one. */
  readerPlaces(after: { readonly terminal: string; readonly reader: string }, limit: number): Promise<SeenReader[]>
  /** Up to `limit` readers of that name, by terminal. */
  readersNamed(reader: string, limit: number): Promise<SeenReader[]>
  /** The latest first. */
  cardPlaces(guid: Uint8Array): Promise<SeenCard[]>
}

export interface PlaceWriter {
  /**
   * Takes the place of what was known of this terminal. `readers` are those attached now, the others are remembered as
   * detached; `cards` those that were seen since the last time, whether or not they are still there.
   */
  keepPresence(presence: TerminalPresence, readers: readonly ReaderPlace[], cards: readonly CardPlace[]): Promise<void>
  /** The terminal went: its readers are as they were. */
  keepAbsence(presence: TerminalPresence): Promise<void>
}
