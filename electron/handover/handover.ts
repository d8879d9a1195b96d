/**
 * Hands the login of the person at this desk to programs that the settings name, one token for each request. Off where they name
 * none. A login is handed over only while it stands, and each use is shown in the window.
 */
import { join } from 'node:path'
import { LinkError } from '../../native/conversation/link-error.ts'
import { writePrivateFile } from '../../native/conversation/private-file.ts'
import { equalConstantTime, utf8 } from '../../protocol/bytes.ts'
import type { HandoverProgram } from '../contract/handover.ts'
import type { GatewayLink } from '../session/link.ts'
import { RefusedError } from '../session/link.ts'
import { type Handed, type HandoverServer, startHandoverServer } from './server.ts'

export interface HandoverLogin {
  readonly session: Uint8Array
  /** The operator's session, without which the gateway hands nothing over. */
  readonly operator?: Uint8Array
}

export interface Handover {
  /** Rejects with the system's error where the port or the file cannot be had. */
  start(): Promise<void>
  began(login: HandoverLogin): void
  ended(session: Uint8Array): void
  close(): Promise<void>
}

export interface HandoverOptions {
  readonly programs: readonly HandoverProgram[]
  readonly port: number
  /** Where `handover.json` says which port it is. */
  readonly folder: string
  /** Undefined while this terminal is not enrolled. */
  readonly link: () => Pick<GatewayLink, 'request'> | undefined
  /** Shows that this login was given to that program. */
  readonly onHandedOver: (session: Uint8Array, name: string) => void
  /** What neither the gateway nor the way to it has said; it must not be lost. */
  readonly onUnexpected: (error: unknown) => void
}

/** As a program waits that a person looks at. */
const GATEWAY_MS = 3000

export function createHandover({ programs, port, folder, link, ...tell }: HandoverOptions): Handover {
  let login: HandoverLogin | undefined
  let server: HandoverServer | undefined

  async function handOver(program: HandoverProgram, nonce: string): Promise<Handed> {
    const current = login
    const gateway = link()
    if (current === undefined || gateway === undefined) return { kind: 'refused', code: 'no-login' }
    try {
      const { token, lifetimeMs } = await gateway.request(
        'token.handover',
        { ...current, audience: program.audience, nonce },
        { timeoutMs: GATEWAY_MS },
      )
      // The card may have gone while the gateway was asked: then this token reaches nobody.
      if (login !== current) return { kind: 'refused', code: 'no-login' }
      tell.onHandedOver(current.session, program.name)
      return { kind: 'token', token, lifetimeMs }
    } catch (error) {
      const code = refusalOf(error)
      if (code === undefined) tell.onUnexpected(error)
      return { kind: 'refused', code: code ?? 'gateway-unreachable' }
    }
  }

  return {
    async start() {
      if (programs.length === 0 || server !== undefined) return
      server = await startHandoverServer({ programs, port, handOver })
      // For programs of this user; the port itself is no secret.
      await writePrivateFile(join(folder, 'handover.json'), utf8(`${JSON.stringify({ url: server.url })}\n`))
    },
    began(next) {
      login = next
    },
    ended(session) {
      if (login !== undefined && equalConstantTime(login.session, session)) login = undefined
    },
    async close() {
      login = undefined
      await server?.close()
    },
  }
}

function refusalOf(error: unknown): 'no-login' | 'gateway-refused' | 'gateway-unreachable' | undefined {
  if (error instanceof RefusedError) return error.refusal.code === 'session-unknown' ? 'no-login' : 'gateway-refused'
  if (error instanceof LinkError) return 'gateway-unreachable'
  return undefined
}
