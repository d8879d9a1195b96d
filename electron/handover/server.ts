/** HTTP on 127.0.0.1 for the programs on this desk; the rules are in rules.ts, what is handed over in handover.ts. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { HandoverProgram } from '../contract/handover.ts'
import { createLimits } from './limits.ts'
import { type HandoverRefusal, judgeBody, judgeHead, LONGEST_BODY, REFUSALS } from './rules.ts'

export type Handed =
  | { readonly kind: 'token'; readonly token: string; readonly lifetimeMs: number }
  | { readonly kind: 'refused'; readonly code: HandoverRefusal }

export interface HandoverServerOptions {
  readonly programs: readonly HandoverProgram[]
  /** 0: any that is free. */
  readonly port: number
  /** Never rejects. */
  readonly handOver: (program: HandoverProgram, nonce: string) => Promise<Handed>
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number
}

export interface HandoverServer {
  readonly url: string
  close(): Promise<void>
}

/** Long enough for a program on the same computer; a connection that only waits holds nothing up. */
const REQUEST_MS = 5000
const MOST_CONNECTIONS = 32

/** Rejects with the system's error where the port cannot be had. */
export async function startHandoverServer(options: HandoverServerOptions): Promise<HandoverServer> {
  const { programs, handOver } = options
  const limits = createLimits(options.now ?? (() => performance.now()))
  let port = options.port

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request
    const { host, origin } = headers
    const verdict = judgeHead(programs, port, { method, path: url, host, origin, contentType: headers['content-type'] })
    if (verdict.kind === 'refused') return refuse(response, verdict.code, verdict.origin)
    if (verdict.kind === 'preflight') return allow(response, verdict.origin)
    if (!limits.request()) return refuse(response, 'too-many', origin)
    const body = await read(request)
    if (body === undefined) return refuse(response, 'too-large', origin)
    const asked = judgeBody(programs, { origin, authorization: headers.authorization }, body, isSecret)
    if (typeof asked === 'string') return refuse(response, asked, origin)
    const limit = limits.token(asked.program.audience, asked.nonce)
    if (limit !== 'ok') return refuse(response, limit, origin)
    const handed = await handOver(asked.program, asked.nonce)
    if (handed.kind === 'refused') return refuse(response, handed.code, origin)
    send(response, 200, { token: handed.token, expiresInSeconds: Math.floor(handed.lifetimeMs / 1000) }, origin)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.headersTimeout = REQUEST_MS
  server.requestTimeout = REQUEST_MS
  server.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  port = (server.address() as AddressInfo).port
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Undefined where it is longer than any request of ours. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > LONGEST_BODY) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function isSecret(given: string, sha256: string): boolean {
  return timingSafeEqual(createHash('sha256').update(given).digest(), Buffer.from(sha256, 'hex'))
}

function refuse(response: ServerResponse, code: HandoverRefusal, origin: string | undefined): void {
  send(response, REFUSALS[code], { error: code }, origin)
}

function send(response: ServerResponse, status: number, body: unknown, origin: string | undefined): void {
  response.writeHead(status, {
    ...headersFor(origin),
    'content-type': 'application/json',
    // What is left of a request that was not read through must not be taken for the next one.
    connection: 'close',
  })
  response.end(JSON.stringify(body))
}

function allow(response: ServerResponse, origin: string): void {
  response.writeHead(204, {
    ...headersFor(origin),
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type',
    'access-control-allow-private-network': 'true',
    connection: 'close',
  })
  response.end()
}

function headersFor(origin: string | undefined): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    vary: 'origin',
    ...(origin === undefined ? {} : { 'access-control-allow-origin': origin }),
  }
}
