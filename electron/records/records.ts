/**
 * The person's record, over a session of its own with the records service: begun beside the login, never before it is shown,
 * and ended with it. What was read stays here and in the window only as long as the login stands.
 */
import { LinkError } from '../../native/conversation/link-error.ts'
import type { GatewayTrust } from '../../native/conversation/trust.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { TerminalEnd } from '../../protocol/messages/service.ts'
import { CeremonyFailed } from '../ceremonies/guide.ts'
import { problemOf } from '../ceremonies/problems.ts'
import type { Problem } from '../contract/problems.ts'
import type { RecordEntry, RecordLink } from '../contract/record.ts'
import type { TerminalLink } from '../session/gateway-link.ts'
import { RefusedError } from '../session/link.ts'
import { ServiceRefused } from '../session/node-conversation.ts'
import { type NodeSession, NodeSessionEnded, type NodeSessionState, openNodeSession } from '../session/node-session.ts'
import type { SessionEndReason } from '../terminal/state.ts'
import { AnswerWrong, problemOfService } from './problems.ts'
import type { NewNote, RecordLogin, ShowRecord } from './report.ts'
import { NOTE, NOTE_SCOPE, parseRecord, READ, RECORDS_SERVICE } from './service.ts'

export interface Records {
  open(login: RecordLogin, show: ShowRecord): void
  /** Resolves once the note is in the record. Rejects with CeremonyFailed; a note that may have arrived is never sent again. */
  addNote(session: Uint8Array, note: NewNote): Promise<void>
  /** Tells the service at once; nothing where that login has no record. */
  end(session: Uint8Array, reason: SessionEndReason): void
}

export interface RecordsOptions {
  /** Undefined while this terminal is not enrolled. */
  readonly gateway: () => { readonly link: Pick<TerminalLink, 'request' | 'port'>; readonly trust: GatewayTrust } | undefined
  readonly crypto: Crypto
  /** Reads again after this where the service did not say what stands in the record. */
  readonly againMs?: number
  /** For tests. */
  readonly openSession?: typeof openNodeSession
}

const AGAIN_MS = 3000

export function createRecords(options: RecordsOptions): Records {
  const open = new Map<string, PersonRecord>()
  const house: House = { hasService: true }
  return {
    open(login, show) {
      const key = toHex(login.session)
      open.get(key)?.end('quit')
      const record = new PersonRecord(options, house, login, show)
      open.set(key, record)
      // The login is drawn first.
      setImmediate(() => record.begin())
    },
    async addNote(session, note) {
      const record = open.get(toHex(session))
      if (record === undefined) throw new CeremonyFailed({ code: 'service-ended' })
      await record.addNote(note)
    },
    end(session, reason) {
      const key = toHex(session)
      // Of a block the service hears from the gateway, with its tokens.
      open.get(key)?.end(reason === 'blocked' ? 'operator' : reason)
      open.delete(key)
    },
  }
}

/** What one login teaches of the next: a place for the record does not come and go where there is none. */
interface House {
  hasService: boolean
}

class PersonRecord {
  readonly #options: RecordsOptions
  readonly #house: House
  readonly #login: RecordLogin
  readonly #show: ShowRecord
  #session: NodeSession | undefined
  #entries: readonly RecordEntry[] | undefined
  #mayNote = true
  /** What the gateway said to the last request for a token. */
  #gatewayError: unknown
  /** The answer that counts: of the last question. */
  #reading = 0
  #again: ReturnType<typeof setTimeout> | undefined
  #ended = false

  constructor(options: RecordsOptions, house: House, login: RecordLogin, show: ShowRecord) {
    this.#options = options
    this.#house = house
    this.#login = login
    this.#show = show
  }

  begin(): void {
    const gateway = this.#options.gateway()
    if (this.#ended || gateway === undefined) return
    const { session, operator } = this.#login
    if (this.#house.hasService) this.#tell({ kind: 'connecting' })
    this.#session = (this.#options.openSession ?? openNodeSession)({
      port: gateway.link.port,
      trust: gateway.trust,
      crypto: this.#options.crypto,
      service: RECORDS_SERVICE,
      session,
      ...(operator === undefined ? {} : { operator }),
      requestToken: async (body) => {
        try {
          return await gateway.link.request('token.request', body)
        } catch (error) {
          this.#gatewayError = error
          throw error
        }
      },
    })
    this.#session.subscribe((state) => this.#changed(state))
  }

  async addNote(note: NewNote): Promise<void> {
    const session = this.#session
    if (session === undefined) throw new CeremonyFailed({ code: 'service-silent' })
    try {
      await session.request(NOTE, note)
    } catch (error) {
      const problem = noteProblem(error)
      if (problem.code === 'note-unconfirmed') void this.#read()
      throw new CeremonyFailed(problem, { cause: error })
    }
    await this.#read()
  }

  end(reason: TerminalEnd): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#again)
    this.#session?.end(reason)
    this.#entries = undefined
  }

  #changed(state: NodeSessionState): void {
    if (this.#ended) return
    clearTimeout(this.#again)
    switch (state.kind) {
      case 'connecting':
        this.#tell({ kind: 'connecting' })
        break
      case 'waiting':
        this.#tell({ kind: 'unavailable', problem: this.#problemOf(state.error) })
        break
      case 'open':
        this.#house.hasService = true
        this.#mayNote = state.scopes.includes(NOTE_SCOPE)
        void this.#read()
        break
      case 'ended':
        this.#refused(state.reason === 'login-over' ? this.#gatewayError : new NodeSessionEnded(state.reason))
        break
      default:
        state satisfies never
    }
  }

  /** Never rejects: what goes wrong is shown. */
  async #read(): Promise<void> {
    const session = this.#session
    if (session === undefined || session.state().kind !== 'open') return
    this.#reading += 1
    const reading = this.#reading
    clearTimeout(this.#again)
    try {
      const entries = parseRecord(await session.request(READ, {}))
      if (entries === undefined) throw new AnswerWrong(READ)
      if (this.#ended || reading !== this.#reading) return
      this.#entries = entries
      this.#tell({ kind: 'open' })
    } catch (error) {
      // A session that is lost says so itself, and reads again once it has been made anew.
      if (this.#ended || reading !== this.#reading || session.state().kind !== 'open') return
      if (error instanceof ServiceRefused && isFinal(error)) {
        this.#refused(error)
        return
      }
      this.#tell({ kind: 'unavailable', problem: problemOfService(error) })
      this.#again = setTimeout(() => void this.#read(), this.#options.againMs ?? AGAIN_MS)
    }
  }

  #refused(error: unknown): void {
    this.#entries = undefined
    // The gateway has no node of that name.
    if (error instanceof RefusedError && error.refusal.code === 'not-allowed') {
      this.#house.hasService = false
      this.#show(undefined)
    } else this.#tell({ kind: 'refused', problem: this.#problemOf(error) })
  }

  #problemOf(error: unknown): Problem {
    return error === this.#gatewayError ? problemOf(error) : problemOfService(error)
  }

  #tell(link: RecordLink): void {
    this.#show({ link, mayNote: this.#mayNote, ...(this.#entries && { entries: this.#entries }) })
  }
}

/** Refusals that no waiting mends. */
function isFinal({ refusal }: ServiceRefused): boolean {
  return refusal.code !== 'too-many' && refusal.code !== 'service-failed'
}

/** Once it is on its way, only the service's own word says what became of it. */
function noteProblem(error: unknown): Problem {
  if (error instanceof LinkError && error.kind === 'silent') return { code: 'note-unconfirmed' }
  return problemOfService(error)
}
