/** What a node believes of a terminal that shows a token: signed by the gateway, for this node, now, once, and not revoked. */
import { type GatewayTrust, rootFingerprint } from '../native/conversation/trust.ts'
import { toHex } from '../protocol/bytes.ts'
import { encode } from '../protocol/cbor.ts'
import type { Crypto } from '../protocol/crypto.ts'
import { CwtError, type CwtFailure, decodeCwt, issuerReference, verifyCwt } from '../protocol/cwt.ts'
import type { PeerCredential } from '../protocol/edhoc/credentials.ts'
import { gatewayUri, nodeUri } from '../protocol/messages/service.ts'

/** Who speaks, by the gateway's word. */
export interface Bearer {
  /** The person's pseudonym at this node: the same at each login, another one at every other node. */
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  /** The terminal that the token was issued to. */
  readonly terminal: string
  /** cti, in hexadecimal. */
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly credential: PeerCredential
}

export type TokenFailure =
  | CwtFailure
  /** No certificate of the gateway has that x5t. */
  | { readonly kind: 'unknown-issuer' }
  /** It says nothing of the person, the key or the terminal. */
  | { readonly kind: 'incomplete' }
  /** Shown by another terminal than the one that it was issued to. */
  | { readonly kind: 'wrong-terminal' }
  | { readonly kind: 'revoked' }
  /** It has opened a session already. */
  | { readonly kind: 'used' }
  /** Too many live ones to remember another. */
  | { readonly kind: 'too-many' }

export class TokenRefused extends Error {
  readonly failure: TokenFailure
  constructor(failure: TokenFailure, options?: ErrorOptions) {
    super(`token refused: ${failure.kind}`, options)
    this.name = 'TokenRefused'
    this.failure = failure
  }
}

/** Between the clocks of gateway and node. */
export const CLOCK_TOLERANCE_MS = 30_000
/** Longer than any token lives: what is older is refused by its own time. */
const REMEMBERED_MS = 15 * 60_000
const MAX_REMEMBERED = 200_000
/** How long a verified certificate of the gateway is believed without looking again. */
const ISSUER_CACHE_MS = 60_000

export interface TokensOptions {
  readonly crypto: Crypto
  readonly node: string
  readonly trust: GatewayTrust
  /** DER: the root that was pinned at enrolment. */
  readonly root: Uint8Array
  readonly now: () => number
}

export class Tokens {
  readonly #options: TokensOptions
  readonly #issuer: string
  readonly #audience: string
  readonly #issuers = new Map<string, { readonly key: Uint8Array; readonly until: number }>()
  /** cti to the time from which it may be forgotten; in the order of the times that entries were made. */
  readonly #used = new Map<string, number>()
  readonly #revoked = new Map<string, number>()

  /** Throws a RangeError where the root is no certificate. */
  constructor(options: TokensOptions) {
    this.#options = options
    const fingerprint = rootFingerprint(options.crypto, options.root)
    if (fingerprint === undefined) throw new RangeError('the root is no certificate')
    this.#issuer = gatewayUri(toHex(fingerprint))
    this.#audience = nodeUri(options.node)
  }

  /** `from`: the terminal that message_1 claims to come from. Throws TokenRefused. Nothing is remembered yet. */
  verify(token: Uint8Array, from: string): Bearer {
    const { crypto, now } = this.#options
    try {
      const decoded = decodeCwt(token)
      const issuerKey = this.#issuerKey(issuerReference(decoded))
      if (issuerKey === undefined) throw new TokenRefused({ kind: 'unknown-issuer' })
      const claims = verifyCwt(crypto, decoded, {
        algorithm: 'ES256',
        issuerKey,
        issuer: this.#issuer,
        audience: this.#audience,
        now: now(),
        toleranceMs: CLOCK_TOLERANCE_MS,
      })
      const { subject, key, scopes, id } = claims
      if (subject === undefined || key?.group !== 'P-256' || key.kid === undefined || scopes === undefined || id?.length !== 16) {
        throw new TokenRefused({ kind: 'incomplete' })
      }
      const bearer: Bearer = {
        subject,
        scopes: new Set(scopes),
        terminal: toHex(key.kid),
        token: toHex(id),
        expiresAt: claims.expiresAt,
        credential: { cred: token, publicKey: key.publicKey },
      }
      if (bearer.terminal !== from) throw new TokenRefused({ kind: 'wrong-terminal' })
      if (this.#revoked.has(bearer.token)) throw new TokenRefused({ kind: 'revoked' })
      if (this.#used.has(bearer.token)) throw new TokenRefused({ kind: 'used' })
      return bearer
    } catch (error) {
      if (error instanceof CwtError) throw new TokenRefused(error.failure, { cause: error })
      throw error
    }
  }

  /** The terminal has proved the token's key: it opens this session and no other. Throws TokenRefused. */
  use({ token }: Bearer): void {
    this.#forget()
    if (this.#used.has(token)) throw new TokenRefused({ kind: 'used' })
    if (this.#used.size >= MAX_REMEMBERED) throw new TokenRefused({ kind: 'too-many' })
    this.#used.set(token, this.#options.now() + REMEMBERED_MS)
  }

  revoke(tokens: readonly Uint8Array[]): void {
    this.#forget()
    for (const token of tokens) {
      // The newest matter most: who could make this overflow is the gateway itself.
      if (this.#revoked.size >= MAX_REMEMBERED) this.#revoked.delete(this.#revoked.keys().next().value as string)
      this.#revoked.set(toHex(token), this.#options.now() + REMEMBERED_MS)
    }
  }

  #forget(): void {
    const now = this.#options.now()
    for (const known of [this.#used, this.#revoked]) {
      for (const [token, until] of known) {
        if (until > now) break
        known.delete(token)
      }
    }
  }

  #issuerKey(x5t: unknown): Uint8Array | undefined {
    const [algorithm, digest] = Array.isArray(x5t) && x5t.length === 2 ? (x5t as unknown[]) : []
    if (typeof algorithm !== 'number' || !(digest instanceof Uint8Array)) return undefined
    const now = this.#options.now()
    const name = toHex(encode([algorithm, digest]))
    const known = this.#issuers.get(name)
    if (known !== undefined && known.until > now) return known.key
    const key = this.#options.trust.credentialOf({ kind: 'x5t', algorithm, digest })?.publicKey
    // A gateway has few certificates; a name that is not known is not remembered.
    if (key !== undefined) this.#issuers.set(name, { key, until: now + ISSUER_CACHE_MS })
    return key
  }
}
