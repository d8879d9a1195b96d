/**
 * What this terminal tells the gateway of its readers and cards (docs/protocol.md, "Presence"): retained at the broker, sealed,
 * anew at each connection and at each change; and the last will, which the broker publishes where the terminal goes without a word.
 */
import type { Broker, LastWill } from '../../native/broker.ts'
import type { Readers, ReadersStatus } from '../../native/reader.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { type Presence as PresenceMessage, sealPresence } from '../../protocol/messages/notices.ts'
import { buildTopic } from '../../protocol/topics.ts'
import type { SeenCards } from './seen-cards.ts'

/** Several changes at once (a hub is unplugged) are told as one. */
const DEBOUNCE_MS = 40
/** What a presence holds at most (protocol/messages/notices.ts). */
const MOST_READERS = 32
const LONGEST_NAME = 128

type ReaderPresence = Extract<PresenceMessage, { kind: 'present' }>['readers'][number]

export interface PresenceOptions {
  readonly terminal: string
  readonly presenceKey: Uint8Array
  readonly crypto: Crypto
  readonly readers: Pick<Readers, 'status' | 'subscribe'>
  readonly cards: SeenCards
  readonly now: () => number
  /** Connections count as later than this, whatever the clock says; 0 where the gateway has heard of none. */
  readonly after: number
}

export interface Presence {
  /** For the connection that is about to be made: it names that connection. */
  will(): LastWill
  /** When the connection began that `will` was made for. */
  connectedAt(): number
  /** Tells from now on, over connections made with `will`. */
  attach(broker: Broker): void
  /** Says that the terminal goes, as far as the broker can be reached. Never rejects. */
  leave(): Promise<void>
}

export function createPresence(options: PresenceOptions): Presence {
  const { crypto, presenceKey, terminal, readers, now } = options
  const topic = buildTopic({ kind: 'terminal-presence', terminal })
  const since = new Map<string, { readonly what: string; readonly at: number }>()
  const stops: (() => void)[] = []
  let connectedAt = options.after
  let revision = 0
  let broker: Broker | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let told = ''

  const seal = (presence: PresenceMessage) => sealPresence(crypto, presenceKey, terminal, presence)

  function readerPresence({ readers: all }: ReadersStatus): readonly ReaderPresence[] {
    return all.slice(0, MOST_READERS).map(({ name, simulated, state, insertions }) => {
      // The same state after another insertion is another card; a card that is in use stays the same card.
      const what = `${state.kind === 'in-use' ? 'card' : state.kind} ${insertions}`
      const before = since.get(name)
      const at = before?.what === what ? before.at : now()
      since.set(name, { what, at })
      const card = options.cards.cardIn({ reader: name, insertions })
      return {
        name: name.slice(0, LONGEST_NAME),
        simulated,
        state: state.kind,
        since: at,
        ...(card === undefined ? {} : { card }),
      }
    })
  }

  function publish(): void {
    if (broker?.state().kind !== 'connected') return
    const present = readerPresence(readers.status())
    const words = JSON.stringify([connectedAt, present.map((reader) => ({ ...reader, card: reader.card?.join() }))])
    // A reader's status changes more often than what is told of it.
    if (words === told) return
    told = words
    revision += 1
    const payload = seal({ kind: 'present', connectedAt, revision, readers: [...present] })
    broker.publish(topic, payload, { qos: 1, retain: true }).catch(() => {
      // Lost with its connection: the next connection tells it all again.
      told = ''
    })
  }

  function changed(): void {
    // Since when is noted now, told a moment later.
    readerPresence(readers.status())
    timer ??= setTimeout(() => {
      timer = undefined
      publish()
    }, DEBOUNCE_MS)
  }

  return {
    will() {
      // Two connections of one millisecond would be one to the gateway, and a clock may have been set back.
      connectedAt = Math.max(now(), connectedAt + 1)
      revision = 0
      return { topic, payload: seal({ kind: 'gone', connectedAt }), qos: 1, retain: true }
    },
    connectedAt: () => connectedAt,
    attach(to) {
      broker = to
      stops.push(
        readers.subscribe(changed),
        options.cards.subscribe(changed),
        to.onState((state) => {
          if (state.kind === 'connected') publish()
        }),
      )
      publish()
    },
    async leave() {
      for (const stop of stops.splice(0)) stop()
      clearTimeout(timer)
      if (broker?.state().kind !== 'connected') return
      await broker.publish(topic, seal({ kind: 'gone', connectedAt }), { qos: 1, retain: true }).catch(() => undefined)
    },
  }
}
