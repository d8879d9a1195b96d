/** What a broker's address is like, without saying where it is. */
import { isIPv4, isIPv6 } from 'node:net'
import { isLoopback, parseUrl } from '../../native/broker/address.ts'

/** Such as 'TLS, name, port 8883'. */
export function hostKind(url: string): string {
  try {
    const { secure, host, port } = parseUrl(url)
    return `${secure ? 'TLS' : 'no TLS'}, ${kindOf(host)}, port ${port}`
  } catch {
    return 'not usable'
  }
}

function kindOf(host: string): string {
  if (isLoopback(host)) return 'this computer'
  if (isIPv4(host)) return isPrivate(host.split('.').map(Number)) ? 'private address' : 'public address'
  // RFC 4193 section 3.1 and RFC 4291 section 2.5.6: unique local and link-local addresses.
  if (isIPv6(host)) return /^f[cd]|^fe[89ab]/i.test(host) ? 'private address' : 'public address'
  return 'name'
}

/** RFC 1918 section 3, RFC 3927 section 2.1. */
function isPrivate([a = 0, b = 0]: readonly number[]): boolean {
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
}
