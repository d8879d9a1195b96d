/** The daemon's own small interface for its program: which sessions there are, and ending one. This machine only, with the secret. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { equalConstantTime, utf8 } from '../protocol/bytes.ts'
import { describeSession } from './forward.ts'
import type { ServiceSession } from './operations.ts'

export interface Control {
  readonly port: number
  close(): Promise<void>
}

export interface ControlOptions {
  /** 0 takes a free one. */
  readonly port: number
  readonly secret: string
  readonly sessions: () => Iterable<ServiceSession>
  readonly endSession: (id: string) => boolean
}

/** Rejects with the system's error where the port is taken. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const server = createServer((request, response) => {
    const { status, body } = answer(options, request)
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(body))
  })
  await listen(server, options.port)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without an address')
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

function answer(options: ControlOptions, request: IncomingMessage): { readonly status: number; readonly body: unknown } {
  // A page in a browser has an origin, or a name of its own for this machine: neither has any business here.
  const local = /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(request.headers.host ?? '')
  if (!local || request.headers.origin !== undefined) return { status: 403, body: { error: 'forbidden' } }
  const given = utf8(request.headers.authorization ?? '')
  if (!equalConstantTime(given, utf8(`Bearer ${options.secret}`))) return { status: 401, body: { error: 'unauthorized' } }
  const session = /^\/sessions\/([0-9a-f]{32})$/.exec(request.url ?? '')?.[1]
  if (request.method === 'GET' && request.url === '/sessions') {
    return { status: 200, body: [...options.sessions()].map(describeSession) }
  }
  if (request.method === 'DELETE' && session !== undefined) {
    return options.endSession(session) ? { status: 200, body: {} } : { status: 404, body: { error: 'not-found' } }
  }
  return { status: 404, body: { error: 'not-found' } }
}
