/**
 * Who may ask this desk for a login, and how: the rules of the loopback interface, pure. Everything that reaches the port is a
 * stranger's: any page in a browser of this computer can send requests to it, under any name that leads to 127.0.0.1.
 */
import * as v from 'valibot'
import { handoverAudienceSchema, handoverNonceSchema } from '../../protocol/messages/token-operations.ts'
import { type HandoverProgram, isOrigin } from '../contract/handover.ts'

/** What a program is told, with the HTTP status that goes with it. The words are for its programmer (docs/integrate.md). */
export const REFUSALS = {
  'wrong-host': 421,
  'not-found': 404,
  'wrong-method': 405,
  'not-allowed': 403,
  'wrong-type': 415,
  'too-large': 413,
  'bad-request': 400,
  'too-many': 429,
  'nonce-used': 409,
  'no-login': 409,
  'gateway-refused': 403,
  'gateway-unreachable': 503,
} as const satisfies Record<string, number>
export type HandoverRefusal = keyof typeof REFUSALS

export const PATH = '/login-token'

/** In bytes: an audience and a nonce take less. */
export const LONGEST_BODY = 1024

export interface Head {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly contentType: string | undefined
}

export type HeadVerdict =
  /** `origin` where a browser may read the answer. */
  | { readonly kind: 'refused'; readonly code: HandoverRefusal; readonly origin?: string }
  /** The browser asks beforehand whether this page may (the CORS preflight of the Fetch standard). */
  | { readonly kind: 'preflight'; readonly origin: string }
  | { readonly kind: 'read'; readonly origin: string | undefined }

/** `port` is the one that is listened on. */
export function judgeHead(programs: readonly HandoverProgram[], port: number, head: Head): HeadVerdict {
  // A name of a stranger's that leads here (DNS rebinding) would make its page and this port one origin.
  if (head.host !== `127.0.0.1:${port}`) return { kind: 'refused', code: 'wrong-host' }
  const { origin } = head
  if (origin !== undefined && !programs.some(({ audience }) => isOrigin(audience) && audience === origin)) {
    return { kind: 'refused', code: 'not-allowed' }
  }
  const readable = origin === undefined ? {} : { origin }
  if (head.path !== PATH) return { kind: 'refused', code: 'not-found', ...readable }
  if (head.method === 'OPTIONS' && origin !== undefined) return { kind: 'preflight', origin }
  if (head.method !== 'POST') return { kind: 'refused', code: 'wrong-method', ...readable }
  if (!/^application\/json(?: *; *charset=utf-8)?$/i.test(head.contentType ?? '')) {
    return { kind: 'refused', code: 'wrong-type', ...readable }
  }
  return { kind: 'read', origin }
}

export interface Asked {
  readonly program: HandoverProgram
  readonly nonce: string
}

const bodySchema = v.strictObject({ audience: handoverAudienceSchema, nonce: handoverNonceSchema })

/** `isSecret` compares what the program has sent with the SHA-256 of the settings, in constant time. */
export function judgeBody(
  programs: readonly HandoverProgram[],
  asker: { readonly origin: string | undefined; readonly authorization: string | undefined },
  body: string,
  isSecret: (given: string, sha256: string) => boolean,
): Asked | HandoverRefusal {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), bodySchema), body)
  if (!parsed.success) return 'bad-request'
  const { audience, nonce } = parsed.output
  const program = programs.find((known) => known.audience === audience)
  if (program === undefined) return 'not-allowed'
  if (program.secretSha256 === undefined) return asker.origin === audience ? { program, nonce } : 'not-allowed'
  // What runs in a browser has no secrets, and no page may lend itself to one.
  if (asker.origin !== undefined) return 'not-allowed'
  const given = /^Bearer ([\x21-\x7e]{16,200})$/.exec(asker.authorization ?? '')?.[1]
  return given !== undefined && isSecret(given, program.secretSha256) ? { program, nonce } : 'not-allowed'
}
