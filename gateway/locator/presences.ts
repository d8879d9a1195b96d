/**
 * What terminals tell of their readers and cards. In memory: who holds a card, for notices that must leave at once. In the
 * store: where everything was seen last, written in batches beside the work that people wait for.
 *
 * Presence is a terminal's own word, authenticated as that terminal's and no more: it says where a notice is to be sent and
 * what a supervisor is shown. That a card really is somewhere only its own signature proves.
 */
import { toHex } from '../../protocol/bytes.ts'
import { openPresence, type Presence } from '../../protocol/messages/notices.ts'
import { describeError, type Log } from '../log.ts'
import type { Registry } from '../registry/context.ts'
import type { CardPlace, ReaderPlace, TerminalPresence } from '../store/places.ts'
import type { StoreTransaction } from '../store/store.ts'

/** Terminals that are kept in mind; the one that was heard of longest ago goes first. */
const MAX_TERMINALS = 200_000
/** Terminals in one commit: it holds the thread for some tens of milliseconds. */
const BATCH = 500
/** Cards of one terminal between two commits. */
const MAX_CARDS = 256

interface Entry {
  readonly connectedAt: number
  readonly revision: number
  readonly online: boolean
  /** Hexadecimal. */
  readonly cards: readonly string[]
}

interface Unsaved {
  readonly presence: TerminalPresence
  /** Absent where only the last will came. */
  readonly readers?: readonly ReaderPlace[]
  /** Every card since the last time, by GUID: one that was in for a moment only is remembered too. */
  readonly cards: ReadonlyMap<string, CardPlace>
}

export class Presences {
  readonly #registry: Registry
  readonly #log: Log
  readonly #named: (terminal: string, reader: string) => void
  readonly #entries = new Map<string, Entry>()
  readonly #holders = new Map<string, Set<string>>()
  readonly #unsaved = new Map<string, Unsaved>()
  #saving: Promise<void> | undefined

  /** `named` is told of each reader's name, which is a device's word. */
  constructor(registry: Registry, log: Log, named: (terminal: string, reader: string) => void = () => undefined) {
    this.#registry = registry
    this.#log = log
    this.#named = named
  }

  /** False where it is not that terminal's; one that is older than what is known is taken and changes nothing. */
  receive(terminal: string, payload: Uint8Array): boolean {
    const { crypto, terminalKeys, now } = this.#registry
    const presence = openPresence(crypto, terminalKeys.presence(terminal), terminal, payload)
    if (presence === undefined) return false
    if (presence.kind === 'gone') this.#gone(terminal, presence, now())
    else this.#present(terminal, presence, now())
    return true
  }

  /** Terminals that say that they hold this card, or held it when they were heard last. */
  holding(guid: string): Iterable<string> {
    return this.#holders.get(guid) ?? []
  }

  /** Whether that terminal is connected and says that it holds this card. */
  holdsNow(terminal: string, guid: string): boolean {
    return this.#holders.get(guid)?.has(terminal) === true && this.#entries.get(terminal)?.online === true
  }

  sizes(): { readonly terminals: number; readonly cards: number; readonly unsaved: number } {
    return { terminals: this.#entries.size, cards: this.#holders.size, unsaved: this.#unsaved.size }
  }

  #present(terminal: string, { connectedAt, revision, readers }: Extract<Presence, { kind: 'present' }>, seenAt: number): void {
    const known = this.#entries.get(terminal)
    if (known !== undefined && !isLater({ connectedAt, revision, online: true }, known)) return
    const present = new Map<string, CardPlace>()
    for (const { name, card, since } of readers) {
      this.#named(terminal, name)
      if (card !== undefined) present.set(toHex(card), { guid: card, terminal, reader: name, since, seenAt })
    }
    this.#remember(terminal, { connectedAt, revision, online: true, cards: [...present.keys()] })
    this.#unsaved.set(terminal, {
      presence: { terminal, connectedAt, revision, online: true, seenAt },
      readers: readers.map(({ name, ...reader }) => ({ ...reader, terminal, reader: name, seenAt, attached: true })),
      cards: new Map([...(this.#unsaved.get(terminal)?.cards ?? []), ...present].slice(-MAX_CARDS)),
    })
  }

  #gone(terminal: string, { connectedAt }: Extract<Presence, { kind: 'gone' }>, seenAt: number): void {
    const known = this.#entries.get(terminal)
    if (known !== undefined && !isLater({ connectedAt, revision: known.revision, online: false }, known)) return
    const { revision, cards } = known ?? { revision: 0, cards: [] }
    this.#remember(terminal, { connectedAt, revision, online: false, cards })
    const presence = { terminal, connectedAt, revision, online: false, seenAt }
    this.#unsaved.set(terminal, { cards: new Map(), ...this.#unsaved.get(terminal), presence })
  }

  #remember(terminal: string, entry: Entry): void {
    this.#forget(terminal)
    const oldest = this.#entries.size >= MAX_TERMINALS ? this.#entries.keys().next().value : undefined
    if (oldest !== undefined) this.#forget(oldest)
    this.#entries.set(terminal, entry)
    for (const card of entry.cards) {
      const holders = this.#holders.get(card) ?? new Set()
      holders.add(terminal)
      this.#holders.set(card, holders)
    }
  }

  #forget(terminal: string): void {
    const entry = this.#entries.get(terminal)
    this.#entries.delete(terminal)
    for (const card of entry?.cards ?? []) {
      const holders = this.#holders.get(card)
      holders?.delete(terminal)
      if (holders?.size === 0) this.#holders.delete(card)
    }
  }

  /** Once a second, and before a question is answered from the store. Never rejects: what could not be written stays for the next time. */
  async save(): Promise<void> {
    if (this.#saving !== undefined) return this.#saving
    if (this.#unsaved.size === 0) return
    this.#saving = this.#saveBatch()
    try {
      await this.#saving
    } finally {
      this.#saving = undefined
    }
  }

  async #saveBatch(): Promise<void> {
    const batch = [...this.#unsaved.values()].slice(0, BATCH)
    try {
      const known = await this.#registry.store.read((reader) =>
        Promise.all(batch.map(({ presence }) => reader.presence(presence.terminal))),
      )
      // Another worker has written the same already; after a restart the broker tells again what is known.
      const fresh = batch.filter(({ presence }, i) => isNews(presence, known[i]))
      if (fresh.length > 0) {
        await this.#registry.store.transaction(async (tx) => {
          for (const unsaved of fresh) await keep(tx, unsaved)
        })
      }
      batch.forEach((unsaved, i) => {
        const { terminal } = unsaved.presence
        if (this.#unsaved.get(terminal) === unsaved) this.#unsaved.delete(terminal)
        this.#correct(unsaved.presence, known[i])
      })
    } catch (error) {
      this.#log('warning', 'presence-not-kept', describeError(error))
    }
  }

  /** The broker has told something from before this worker's time: the store knew better. */
  #correct({ terminal }: TerminalPresence, known: TerminalPresence | undefined): void {
    const entry = this.#entries.get(terminal)
    if (known === undefined || entry === undefined || !isLater(known, entry)) return
    const { connectedAt, revision, online } = known
    this.#remember(terminal, { connectedAt, revision, online, cards: [] })
  }
}

type Word = Pick<TerminalPresence, 'connectedAt' | 'revision' | 'online'>

/** In whatever order a broker delivers: a later connection first, within one the later revision, and after its last will nothing. */
function isLater(a: Word, b: Word): boolean {
  if (a.connectedAt !== b.connectedAt) return a.connectedAt > b.connectedAt
  return b.online && (!a.online || a.revision > b.revision)
}

function isNews(presence: TerminalPresence, known: TerminalPresence | undefined): boolean {
  return known === undefined || isLater(presence, known)
}

async function keep(tx: StoreTransaction, { presence, readers, cards }: Unsaved): Promise<void> {
  const terminal = await tx.terminal(presence.terminal)
  if (terminal?.state !== 'active') return
  const known = await tx.presence(presence.terminal)
  if (!isNews(presence, known)) return
  if (readers !== undefined) return tx.keepPresence(presence, readers, [...cards.values()])
  // It went while no worker listened: nobody knows when.
  await tx.keepAbsence({ ...presence, revision: known?.revision ?? presence.revision, seenAt: known?.seenAt ?? presence.seenAt })
}
