/** Hands the page's files to Chromium under a scheme of their own, which has the rights of a secure origin and none of file: addresses. */
import { type Protocol, protocol } from 'electron'
import { pageFile, SCHEME } from './page-files.ts'

/** Must be called before the application is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }])
}

/** Serves the files of `folder` (an absolute path without a separator at its end). */
export function servePage(folder: string): void {
  // Electron 25 brought handle(); 22 has the older way, which the current one will lose.
  if (typeof (protocol as Partial<Protocol>).handle === 'function') {
    protocol.handle(SCHEME, async ({ method, url }) => {
      const { status, headers, body } = await pageFile(folder, method, url)
      return new Response(new Uint8Array(body), { status, headers })
    })
    return
  }
  protocol.registerBufferProtocol(SCHEME, ({ method, url }, answer) => {
    void pageFile(folder, method, url).then(({ status, headers, body }) => {
      const mimeType = (headers['content-type'] ?? '').replace(/;.*$/, '')
      answer({ statusCode: status, mimeType, charset: 'utf-8', headers: { ...headers }, data: body })
    })
  })
}
