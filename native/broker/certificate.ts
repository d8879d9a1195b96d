/** A look at the broker's certificate, by a TLS connection of its own that says nothing and ends at once. */
import { connect, type PeerCertificate } from 'node:tls'
import { parseUrl } from './address.ts'
import { codeOf } from './errors.ts'
import type { BrokerTls } from './port.ts'

export type CertificateSeen =
  /** The broker is on this machine and reached without TLS. */
  | { readonly kind: 'none' }
  /** `refusedFor` is OpenSSL's or Node's reason not to trust it, such as CERT_HAS_EXPIRED. Milliseconds since 1970. */
  | { readonly kind: 'seen'; readonly validUntil: number; readonly refusedFor?: string }
  | { readonly kind: 'unreachable'; readonly code: string }

/** Throws a BrokerError for a URL that can never work. */
export function lookAtCertificate(url: string, tls: BrokerTls | undefined, timeoutMs: number): Promise<CertificateSeen> {
  const { secure, host, port } = parseUrl(url)
  if (!secure) return Promise.resolve({ kind: 'none' })
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      servername: tls?.serverName ?? (/^[\d.:]+$/.test(host) ? '' : host),
      minVersion: 'TLSv1.2',
      // A certificate that is not to be trusted is what is looked for; nothing is said over this connection.
      rejectUnauthorized: false,
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
    })
    const finish = (seen: CertificateSeen): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(seen)
    }
    const timer = setTimeout(() => finish({ kind: 'unreachable', code: 'ETIMEDOUT' }), timeoutMs)
    socket.once('error', (error) => finish({ kind: 'unreachable', code: codeOf(error) }))
    socket.once('secureConnect', () => finish(seenIn(socket.getPeerCertificate(), socket.authorizationError)))
  })
}

function seenIn({ valid_to }: PeerCertificate, refusal: unknown): CertificateSeen {
  // Node types it as an Error and gives the code as text (tls.TLSSocket, authorizationError).
  const refusedFor = refusal ? (typeof refusal === 'string' ? refusal : codeOf(refusal)) : undefined
  return { kind: 'seen', validUntil: Date.parse(valid_to), ...(refusedFor === undefined ? {} : { refusedFor }) }
}
