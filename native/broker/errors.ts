/** What goes wrong with a broker, and how it is told from what the system, the TLS library and MQTT say. */

export type BrokerErrorKind =
  /** mqtt:// to another machine. */
  | 'tls-required'
  /** The URL, a certificate or a key cannot be used. */
  | 'bad-options'
  /** No connection now. */
  | 'offline'
  /** The broker cannot be reached: refused, unknown host, no route, silence. */
  | 'unreachable'
  /** TLS failed: unknown authority, wrong name, expired, client certificate refused. */
  | 'untrusted'
  /** The broker refused this client: user name, password, identifier. */
  | 'refused'
  /** The broker refused the topic or could not take the message. */
  | 'not-accepted'
  | 'closed'

export class BrokerError extends Error {
  readonly kind: BrokerErrorKind
  /** The system's, TLS library's or MQTT's own code, for example ECONNREFUSED. */
  readonly code: string
  constructor(kind: BrokerErrorKind, code: string, options?: ErrorOptions) {
    super(`broker ${kind} (${code})`, options)
    this.name = 'BrokerError'
    this.kind = kind
    this.code = code
  }
}

export function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  if (typeof code === 'string' || typeof code === 'number') return String(code)
  return error instanceof Error ? error.message.slice(0, 120) : 'unknown'
}

/** CONNACK codes that mean "not this protocol version": 1 (MQTT 3.1.1 section 3.2.2.3), 0x84 (MQTT 5 section 3.2.2.2). */
export function refusesVersion(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return code === 1 || code === 0x84
}

export function connectionError(error: unknown): BrokerError {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  if (typeof code === 'number') return new BrokerError('refused', String(code), { cause: error })
  const text = codeOf(error)
  // OpenSSL's alerts and verification codes (X509_V_ERR_* without the prefix) and Node's own name check.
  const tls = /SSL|TLS|CERT|ISSUER|SELF_SIGNED|UNABLE_TO_|HOSTNAME/i.test(text)
  return new BrokerError(tls ? 'untrusted' : 'unreachable', text, { cause: error })
}
