/** Hands the page's files to Chromium under a scheme of their own, which has the rights of a secure origin and none of file: addresses. */
import { type Protocol, protocol } from 'electron'
import { type PageFile, pageFile, SCHEME } from './page-files.ts'

/** Must be called before the application is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }])
}

/** Serves the files of `folder` (an absolute path without a separator at its end). */
export function servePage(folder: string): void {
  serve(protocol, (method, url) => pageFile(folder, method, url))
}

/** Answers for the scheme, in the session whose `own` protocols these are. */
export function serve(own: Protocol, file: (method: string, url: string) => Promise<PageFile>): void {
  // Electron 25 brought handle(); 22 has the older way, which the current one will lose.
  if (typeof (own as Partial<Protocol>).handle === 'function') {
    own.handle(SCHEME, async ({ method, url }) => {
      const { status, headers, body } = await file(method, url)
      return new Response(new Uint8Array(body), { status, headers })
    })
    return
  }
  own.registerBufferProtocol(SCHEME, ({ method, url }, answer) => {
    void file(method, url).then(({ status, headers, body }) => {
      const mimeType = (headers['content-type'] ?? '').replace(/;.*$/, '')
      answer({ statusCode: status, mimeType, charset: 'utf-8', headers: { ...headers }, data: body })
    })
  })
}

/** The scheme answers nothing in that session any more. */
export function stopServing(own: Protocol): void {
  if (typeof (own as Partial<Protocol>).unhandle === 'function') own.unhandle(SCHEME)
  else own.unregisterProtocol(SCHEME)
}
