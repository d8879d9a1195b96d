/** Service nodes for tests: enrolled at a test gateway, and the terminal's side of a session with one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RefusedError } from '../../electron/session/link.ts'
import type { FramePort } from '../../electron/session/node-conversation.ts'
import { type NodeSession, type NodeSessionTimes, openNodeSession } from '../../electron/session/node-session.ts'
import { inviteNode } from '../../gateway/tokens/nodes.ts'
import { createTrust } from '../../native/conversation/trust.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { decodeFrame } from '../../protocol/messages/frame.ts'
import type { RequestBody } from '../../protocol/messages/operations.ts'
import type { ScopeRule } from '../../protocol/messages/service.ts'
import { buildTopic } from '../../protocol/topics.ts'
import type { SessionEnd } from '../../service/node.ts'
import type { Operations, ServiceSession } from '../../service/operations.ts'
import { type AuditEvent, createService, type Service, type ServiceOptions } from '../../service/service.ts'
import type { TestGateway } from './gateway.ts'
import { ClientRefused, type GatewayClient, PATIENCE_MS } from './gateway-client.ts'

export interface TestServiceOptions extends Partial<Omit<ServiceOptions, 'operations'>> {
  readonly name: string
  readonly scopes: readonly ScopeRule[]
  readonly operations: Operations
  readonly tokenMs?: number
}

/** A node in this process that can be stopped, killed and started again with the same identity. */
export class TestService {
  readonly folder: string
  readonly options: TestServiceOptions
  readonly events: AuditEvent[] = []
  readonly started: ServiceSession[] = []
  readonly ended: { readonly session: ServiceSession; readonly reason: SessionEnd }[] = []
  service!: Service
  readonly #gateway: TestGateway

  private constructor(gateway: TestGateway, folder: string, options: TestServiceOptions) {
    this.#gateway = gateway
    this.folder = folder
    this.options = options
  }

  static async start(gateway: TestGateway, options: TestServiceOptions): Promise<TestService> {
    const test = new TestService(gateway, await mkdtemp(join(tmpdir(), 'tessera-service-')), options)
    await test.run(await test.invite())
    return test
  }

  async invite(): Promise<string> {
    const { name, scopes, tokenMs = 300_000 } = this.options
    const made = await inviteNode(this.#gateway.gateway.registry, { name, scopes, tokenMs, validMs: 3_600_000 })
    if (made === undefined) throw new Error('the name was withdrawn')
    return made.code
  }

  async run(invitation?: string): Promise<void> {
    const { name: _name, scopes: _scopes, tokenMs: _tokenMs, ...options } = this.options
    this.service = await createService({
      broker: { url: this.#gateway.gateway.brokerUrl },
      identityFile: join(this.folder, 'identity.json'),
      ...(invitation === undefined ? {} : { invitation }),
      audit: (event) => this.events.push(event),
      onSessionStart: (session) => this.started.push(session),
      onSessionEnd: (session, reason) => this.ended.push({ session, reason }),
      ...options,
    })
    await until('the gateway', () => this.service.gateway().kind === 'online')
  }

  async close(): Promise<void> {
    await this.service.close()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

export async function until(what: string, holds: () => boolean, ms = PATIENCE_MS): Promise<void> {
  for (const deadline = performance.now() + ms; !holds(); ) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** The test client's topic, as the terminal's link offers its own. */
function portOf(client: GatewayClient): FramePort {
  const inTopic = buildTopic({ kind: 'terminal-in', terminal: client.terminal })
  return {
    terminal: client.terminal,
    send: (topic, frame, qos) => client.broker.publish(topic, frame, { qos }),
    receive: (listener) =>
      client.broker.onMessage((topic, payload) => {
        const frame = topic === inTopic ? decodeFrame(payload) : undefined
        if (frame !== undefined) listener(frame)
      }),
  }
}

export interface SessionOptions {
  readonly session: Uint8Array
  readonly operator?: Uint8Array
  readonly service: string
  readonly scopes?: readonly string[]
  readonly times?: Partial<NodeSessionTimes>
}

/** The terminal's own code, over the test client's channel to the gateway. */
export function sessionOf(gateway: TestGateway, client: GatewayClient, options: SessionOptions): NodeSession {
  const { root } = gateway.gateway.registry.authority
  const trust = createTrust({ crypto: nodeCrypto, root, now: Date.now })
  if (trust === undefined) throw new Error('the root is no authority')
  return openNodeSession({
    port: portOf(client),
    crypto: nodeCrypto,
    trust,
    requestToken: (body: RequestBody<'token.request'>) =>
      client.request('token.request', body).catch((error: unknown) => {
        throw error instanceof ClientRefused ? new RefusedError({ code: error.code }) : error
      }),
    ...options,
  })
}

/** Resolves once requests can be made. */
export async function opened(session: NodeSession): Promise<NodeSession> {
  await until('the session', () => session.state().kind === 'open')
  return session
}
