/** Where a broker is, out of its URL. */
import { BrokerError } from './errors.ts'

/** Where no TLS is needed: what never leaves this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

export interface Address {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly user?: string
  readonly password?: string
}

/** Throws a BrokerError: 'bad-options', 'tls-required'. */
export function parseUrl(text: string): Address {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new BrokerError('bad-options', 'ERR_INVALID_URL', { cause })
  }
  if (url.protocol !== 'mqtt:' && url.protocol !== 'mqtts:') throw new BrokerError('bad-options', 'ERR_UNKNOWN_SCHEME')
  if (url.hostname === '') throw new BrokerError('bad-options', 'ERR_NO_HOST')
  const secure = url.protocol === 'mqtts:'
  if (!secure && !isLoopback(url.hostname)) throw new BrokerError('tls-required', 'ERR_TLS_REQUIRED')
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 8883 : 1883) : Number(url.port),
    ...(url.username === '' ? {} : { user: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    // A lone per cent sign, which must be written as %25.
    throw new BrokerError('bad-options', 'ERR_INVALID_URL', { cause })
  }
}
