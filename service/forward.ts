/**
 * For services in other languages: each request becomes an HTTP POST with JSON to a program on this machine, which answers with
 * JSON. A shared secret goes with every call, so that the program can tell the daemon from anybody else on the machine.
 */
import * as v from 'valibot'
import { isLoopback } from '../native/broker.ts'
import type { SessionEnd } from './node.ts'
import { type Operations, operation, Refusal, type ServiceSession } from './operations.ts'

/** Operations by name, each with the scope that it needs. */
export const operationsFileSchema = v.record(v.string(), v.pipe(v.string(), v.minLength(1)))

export interface ForwardOptions {
  /** http://127.0.0.1:PORT or another name of this machine, with a path or without. */
  readonly url: string
  readonly secret: string
  readonly timeoutMs?: number
}

/** The forward URL is not one of this machine. */
export class ForwardError extends Error {
  constructor(url: string) {
    super(`--forward takes a URL of this machine, like http://127.0.0.1:8080, not ${url}`)
    this.name = 'ForwardError'
  }
}

const TIMEOUT_MS = 10_000
/** What fits into a frame, with room for JSON's longer way to say it. */
const MAX_ANSWER_CHARACTERS = 256 * 1024
const refusalSchema = v.object({ reason: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,80}$/)) })

function checkForward(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' || !isLoopback(url.hostname) || url.username !== '' || url.password !== '') {
    throw new ForwardError(text)
  }
  return url.href.replace(/\/$/, '')
}

export function describeSession({ id, subject, scopes, terminal, startedAt, expiresAt }: ServiceSession): object {
  return { id, subject, scopes: [...scopes], terminal, startedAt, expiresAt }
}

/** What JSON can say: no byte strings, no integers beyond 2^53 - 1, no keys but texts. */
function isJson(value: unknown): boolean {
  if (value === null || ['string', 'boolean', 'number'].includes(typeof value)) return true
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object' || value instanceof Uint8Array || value instanceof Map) return false
  return Object.values(value).every(isJson)
}

const json = v.custom<unknown>(isJson)

export class Forwarder {
  readonly #url: string
  readonly #secret: string
  readonly #timeoutMs: number

  /** Throws a ForwardError. */
  constructor({ url, secret, timeoutMs = TIMEOUT_MS }: ForwardOptions) {
    this.#url = checkForward(url)
    this.#secret = secret
    this.#timeoutMs = timeoutMs
  }

  operations(scopes: v.InferOutput<typeof operationsFileSchema>): Operations {
    return Object.fromEntries(
      Object.entries(scopes).map(([name, scope]) => [
        name,
        operation({
          scope,
          request: json,
          answer: json,
          handle: (body, session) => this.#forward(name, body, session),
        }),
      ]),
    )
  }

  /** The program may want to know; what it answers, and whether it is there, changes nothing. */
  async tellStart(session: ServiceSession): Promise<void> {
    await this.#post('sessions/start', { session: describeSession(session) }).catch(() => undefined)
  }

  async tellEnd(session: ServiceSession, reason: SessionEnd): Promise<void> {
    await this.#post('sessions/end', { session: describeSession(session), reason }).catch(() => undefined)
  }

  async #forward(name: string, body: unknown, session: ServiceSession): Promise<unknown> {
    const response = await this.#post(`operations/${name}`, { session: describeSession(session), body })
    const text = await response.text()
    if (text.length > MAX_ANSWER_CHARACTERS) throw new RangeError('the answer is too long')
    if (response.ok) return text === '' ? {} : JSON.parse(text)
    const refusal = response.status < 500 ? v.safeParse(refusalSchema, parsed(text)) : undefined
    if (refusal?.success) throw new Refusal(refusal.output.reason)
    throw new Error(`the program answered ${response.status}`)
  }

  #post(path: string, content: object): Promise<Response> {
    return fetch(`${this.#url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#secret}` },
      body: JSON.stringify(content),
      // The secret goes to this program and nowhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(this.#timeoutMs),
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
