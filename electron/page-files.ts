/**
 * What the window's own scheme serves: the files of the bundled renderer under `tessera://app/`, each with a strict content
 * security policy, and nothing else.
 */
import { readFile } from 'node:fs/promises'
import { join, normalize, sep } from 'node:path'

export const SCHEME = 'tessera'
export const ORIGIN = `${SCHEME}://app/`
export const PAGE = `${ORIGIN}index.html`

/** CSP Level 3. Without `connect-src` there is no way out of the page but the bridge. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "frame-src 'none'",
  "object-src 'none'",
  "worker-src 'none'",
].join('; ')

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

export interface PageFile {
  readonly status: 200 | 404
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The file that an address of the scheme names; 404 for every other address, other methods and files outside `folder`. */
export async function pageFile(folder: string, method: string, address: string): Promise<PageFile> {
  const path = pathWithin(folder, method, address)
  const type = path === undefined ? undefined : TYPES[path.slice(path.lastIndexOf('.'))]
  if (path === undefined || type === undefined) return notFound()
  try {
    return { status: 200, headers: { ...SAFETY, 'content-type': type }, body: await readFile(path) }
  } catch {
    return notFound()
  }
}

const SAFETY = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
}

/** A document that is in no file, under the same policy. */
export function pageDocument(html: string): PageFile {
  return { status: 200, headers: { ...SAFETY, 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(html) }
}

function notFound(): PageFile {
  return { status: 404, headers: { ...SAFETY, 'content-type': 'text/plain' }, body: Buffer.alloc(0) }
}

function pathWithin(folder: string, method: string, address: string): string | undefined {
  if (method !== 'GET' || !address.startsWith(ORIGIN)) return undefined
  let name: string
  try {
    name = decodeURIComponent(address.slice(ORIGIN.length).replace(/[?#].*$/s, ''))
  } catch {
    return undefined
  }
  if (name.includes('\0')) return undefined
  const path = normalize(join(folder, name))
  return path.startsWith(folder + sep) ? path : undefined
}
