/**
 * Which cards are blocked, as far as this terminal has been told: kept on disk, so that a PIN update without a gateway honours
 * it, and brought up to date whenever the gateway says that its list has grown.
 *
 * Each card's latest change stays, the lifted blocks too: a notice that a broker delivers again after the block was lifted is
 * older than what the list says, and changes nothing.
 */
import * as v from 'valibot'
import { readPrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'
import { fromUtf8, toHex, utf8 } from '../../protocol/bytes.ts'
import type { AnswerBody } from '../../protocol/messages/operations.ts'
import type { GatewayLink } from '../session/link.ts'

export interface BlockChange {
  /** The card's CHUID GUID, 16 bytes. */
  readonly guid: Uint8Array
  readonly blocked: boolean
  /** Milliseconds since 1970, by the gateway's clock. */
  readonly at: number
}

export interface BlockList {
  /** Reads what is on disk. Never rejects: a damaged list is an empty one, which the gateway fills again. */
  open(): Promise<void>
  isBlocked(guid: Uint8Array): boolean
  /** How far the gateway's list is known. */
  version(): number
  /** What a notice or a ceremony has told before the list says it. False where the list knows something later. */
  note(change: BlockChange): boolean
  /** The gateway's own word in its greeting: a list that it does not have any more is read again from the beginning. */
  greeted(version: number): void
  /** The signed version that the broker holds. An old one, delivered again, changes nothing. */
  announced(version: number): void
  /** Resolves when everything announced so far is known, or after the time: then what is known has to do. Never rejects. */
  current(timeoutMs: number): Promise<void>
  /** What is to be written has been when this resolves. */
  close(): Promise<void>
}

const schema = v.strictObject({
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  cards: v.record(
    v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    v.strictObject({ blocked: v.boolean(), at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
  ),
})
type Known = v.InferOutput<typeof schema>['cards'][string]

/** Between attempts where the gateway does not answer; coming online again cuts it short. */
const RETRY_MS = 1000

export interface BlockListOptions {
  readonly path: string
  readonly link: () => Pick<GatewayLink, 'state' | 'request'> | undefined
  /** The disk refuses: the list is good until the program ends. */
  readonly onUnwritten: (error: unknown) => void
}

export function createBlockList(options: BlockListOptions): BlockList {
  const { path } = options
  let cards = new Map<string, Known>()
  let version = 0
  let wanted = 0
  let fetching: Promise<void> | undefined
  let writing: Promise<void> | undefined
  let closed = false
  let unwritten = false

  /** One write after the other; what changes meanwhile goes into the next. */
  function save(): void {
    unwritten = true
    writing ??= writeAll()
  }

  async function writeAll(): Promise<void> {
    try {
      while (unwritten) {
        unwritten = false
        await writePrivateFile(path, utf8(JSON.stringify({ version, cards: Object.fromEntries(cards) })))
      }
    } catch (error) {
      options.onUnwritten(error)
    } finally {
      writing = undefined
    }
  }

  function apply({ guid, blocked, at }: BlockChange): boolean {
    const key = toHex(guid)
    const known = cards.get(key)
    if (known !== undefined && at < known.at) return false
    cards.set(key, { blocked, at })
    return true
  }

  async function fetchAll(): Promise<void> {
    while (version < wanted && !closed) {
      const link = options.link()
      if (link === undefined || link.state().kind !== 'online') return
      let answer: AnswerBody<'blocks.fetch'>
      try {
        answer = await link.request('blocks.fetch', { since: version })
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref?.())
        continue
      }
      for (const entry of answer.entries) apply(entry)
      const before = version
      version = Math.max(version, answer.version)
      if (version === before && !answer.more) wanted = version
      save()
    }
  }

  function fetch(): void {
    if (version >= wanted || fetching !== undefined) return
    fetching = fetchAll().then(() => {
      fetching = undefined
    })
  }

  return {
    async open() {
      try {
        const content = await readPrivateFile(path)
        if (content === undefined) return
        const file = v.parse(schema, JSON.parse(fromUtf8(content)))
        // What was told meanwhile counts where it is the later.
        for (const [key, known] of Object.entries(file.cards)) {
          const noted = cards.get(key)
          if (noted === undefined || noted.at < known.at) cards.set(key, known)
        }
        version = file.version
        wanted = Math.max(wanted, version)
      } catch {
        version = 0
      }
    },
    isBlocked: (guid) => cards.get(toHex(guid))?.blocked === true,
    version: () => version,
    note(change) {
      const taken = apply(change)
      if (taken) save()
      return taken
    },
    greeted(announcedVersion) {
      if (announcedVersion < version) {
        version = 0
        cards = new Map()
      }
      wanted = announcedVersion
      fetch()
    },
    announced(announcedVersion) {
      wanted = Math.max(wanted, announcedVersion)
      fetch()
    },
    async current(timeoutMs) {
      fetch()
      if (fetching === undefined) return
      let timer: ReturnType<typeof setTimeout> | undefined
      await Promise.race([
        fetching,
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, timeoutMs)
        }),
      ])
      clearTimeout(timer)
    },
    async close() {
      closed = true
      await writing
    },
  }
}
