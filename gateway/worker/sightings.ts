/** What the worker has verified, told to the watch as events (gateway/findings/event.ts). Nothing here takes time or throws. */
import type { Party } from '../../native/conversation/handshake.ts'
import type { GatewayEvent } from '../findings/event.ts'
import type { Device } from './device.ts'

export type See = (event: GatewayEvent, session?: Uint8Array) => void
type Verdict = Extract<GatewayEvent, { kind: 'message' }>['verdict']
type Outcome = Extract<GatewayEvent, { kind: 'handshake' }>['outcome']

/** Texts of one request that are looked at; no operation takes more. */
const MOST_TEXTS = 64
const MOST_DEPTH = 6

export class Sightings {
  readonly #see: See
  readonly #now: () => number

  constructor(see: See, now: () => number) {
    this.#see = see
    this.#now = now
  }

  /** Of an open channel, or of nobody in particular. */
  message(verdict: Verdict, { terminal, site }: Pick<Device, 'terminal' | 'site'> = NOBODY): void {
    this.#see({ kind: 'message', at: this.#now(), terminal, site, verdict })
  }

  /** `from` is who message_1 claims to be. */
  handshake(outcome: Outcome, from: Party | undefined, site = ''): void {
    this.#see({ kind: 'handshake', at: this.#now(), terminal: from?.id ?? '', site, outcome })
  }

  /** A request that is none: `operation` is empty where even that cannot be told. */
  misshapen({ terminal, site }: Device, operation: string): void {
    this.#see({ kind: 'schema', at: this.#now(), terminal, site, operation })
  }

  /** Every text in a request's body, whatever the operation. */
  texts({ terminal, site }: Device, operation: string, body: unknown): void {
    const at = this.#now()
    let left = MOST_TEXTS
    const walk = (value: unknown, field: string, depth: number): void => {
      if (left <= 0 || depth > MOST_DEPTH) return
      if (typeof value === 'string') {
        left -= 1
        this.#see({ kind: 'text', at, terminal, site, operation, field, value })
      } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
        for (const [name, inner] of Object.entries(value)) walk(inner, field === '' ? name : `${field}.${name}`, depth + 1)
      }
    }
    walk(body, '', 0)
  }

  /** A reader's name, from a terminal's presence. */
  readerName(terminal: string, value: string): void {
    this.#see({ kind: 'text', at: this.#now(), terminal, site: '', operation: 'presence', field: 'reader', value })
  }
}

const NOBODY = { terminal: '', site: '' }
