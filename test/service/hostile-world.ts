/**
 * Two service nodes and their terminals with nothing between them but what a test does: every frame passes through the test's hands,
 * as through a broker that belongs to the attacker. The gateway's part is its keys alone.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { type Authority, createAuthority } from '../../gateway/authority/authority.ts'
import { openKeys } from '../../gateway/authority/keys.ts'
import type { Signer } from '../../gateway/authority/x509.ts'
import { createTrust, type GatewayTrust } from '../../native/conversation/trust.ts'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { type Channel, channelOfSession } from '../../protocol/channel.ts'
import { computeX5t, header } from '../../protocol/cose/headers.ts'
import type { KeyPair } from '../../protocol/crypto.ts'
import { type CwtClaims, signCwt } from '../../protocol/cwt.ts'
import { kcwtCredential, type OwnCredential } from '../../protocol/edhoc/credentials.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { Frame } from '../../protocol/messages/frame.ts'
import {
  decodeNodeMessage,
  encodeTerminalMessage,
  gatewayUri,
  type NodeMessage,
  nodeUri,
} from '../../protocol/messages/service.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { ServiceNode } from '../../service/node.ts'
import { operation, type ServiceSession } from '../../service/operations.ts'
import { Tokens } from '../../service/tokens.ts'

/** A small generator with a seed (mulberry32), so that a run that fails can be had again. */
export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
  /** The bytes with something done to them; never the same. */
  damaged(bytes: Uint8Array): Uint8Array {
    const copy = bytes.slice()
    switch (this.below(4)) {
      case 0:
        return copy.subarray(0, this.below(copy.length))
      case 1:
        return new Uint8Array([...copy, this.below(256)])
      default:
        for (let n = 1 + this.below(3); n > 0; n -= 1) {
          const place = this.below(copy.length)
          copy[place] = (copy[place] as number) ^ (1 << this.below(8))
        }
        return equal(copy, bytes) ? copy.subarray(1) : copy
    }
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

export interface Node {
  readonly id: string
  readonly node: ServiceNode
  readonly tokens: Tokens
  readonly certificate: Uint8Array
  readonly key: KeyPair
  /** What it has sent since the last look. */
  readonly sent: { readonly terminal: string; readonly frame: Frame }[]
  readonly started: ServiceSession[]
  /** Texts of the requests that the service has done. */
  readonly done: string[]
}

/** A session of an honest terminal. */
export interface Session {
  readonly node: Node
  readonly terminal: string
  readonly channel: Channel
  readonly cI: Uint8Array
  readonly cR: Uint8Array
  /** Everything that crossed the broker for it. */
  readonly transcript: Frame[]
  nextId: number
}

const NOW = 1_800_000_000_000

export class HostileWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'tessera-hostile-'))
  readonly authority: Authority
  readonly gatewayKey: Signer
  readonly gatewayCertificate: Uint8Array
  readonly masterKey: Uint8Array
  readonly rootKey: Uint8Array
  readonly trust: GatewayTrust
  readonly nodes: readonly [Node, Node]
  now = NOW

  constructor() {
    const keys = openKeys(join(this.folder, 'keys'), crypto, NOW)
    this.authority = createAuthority(crypto, keys)
    this.masterKey = keys.master
    this.rootKey = keys.root.key.privateKey
    const { key, certificate } = this.authority.identity('ES256')
    this.gatewayKey = key
    this.gatewayCertificate = certificate
    const trust = createTrust({ crypto, root: this.authority.root, gateway: certificate, now: () => this.now })
    if (trust === undefined) throw new Error('the root is no authority')
    this.trust = trust
    this.nodes = [this.#makeNode(), this.#makeNode()]
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #makeNode(): Node {
    const id = toHex(crypto.randomBytes(16))
    const key = crypto.generateKeyPair('P-256')
    const certificate = this.authority.issueNode(id, { algorithm: 'ES256', publicKey: key.publicKey }, NOW)
    const tokens = new Tokens({ crypto, node: id, trust: this.trust, root: this.authority.root, now: () => this.now })
    const sent: Node['sent'] = []
    const started: ServiceSession[] = []
    const done: string[] = []
    const node = new ServiceNode({
      crypto,
      node: id,
      certificate,
      key,
      tokens,
      operations: {
        note: operation({
          scope: 'note',
          request: v.strictObject({ text: v.string() }),
          answer: v.strictObject({ text: v.string() }),
          handle(body) {
            done.push(body.text)
            return body
          },
        }),
      },
      now: () => this.now,
      send: (terminal, frame) => sent.push({ terminal, frame }),
      events: {
        sessionStarted: (session) => started.push(session),
        sessionEnded: () => undefined,
        requested: () => undefined,
        handshakeRefused: () => undefined,
      },
    })
    return { id, node, tokens, certificate, key, sent, started, done }
  }

  newTerminal(): string {
    return toHex(crypto.randomBytes(16))
  }

  /** As the gateway would issue it, with whatever is to be different. */
  token(
    node: Node,
    terminal: string,
    publicKey: Uint8Array,
    changes: Partial<Record<keyof CwtClaims, unknown>> = {},
    signer: Uint8Array = this.gatewayKey.privateKey,
  ): Promise<Uint8Array> {
    const all = {
      issuer: gatewayUri(toHex(this.authority.rootFingerprint)),
      subject: toHex(crypto.randomBytes(16)),
      audience: nodeUri(node.id),
      expiresAt: this.now + 300_000,
      notBefore: this.now,
      issuedAt: this.now,
      id: crypto.randomBytes(16),
      key: { group: 'P-256', publicKey, kid: fromHex(terminal) },
      scopes: ['note'],
      ...changes,
    }
    const claims = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as CwtClaims
    const x5t = computeX5t(crypto, this.gatewayCertificate)
    return signCwt(claims, 'ES256', async (bytes) => crypto.sign('ES256', signer, bytes), new Map([[header.x5t, x5t]]))
  }

  /** A whole honest handshake. */
  async session(node: Node): Promise<Session> {
    const terminal = this.newTerminal()
    const key = crypto.generateKeyPair('P-256')
    const token = await this.token(node, terminal, key.publicKey)
    const hands = await this.shake(node, terminal, kcwtCredential(token, key.publicKey), key)
    if (hands === undefined) throw new Error('an honest handshake failed')
    return { node, terminal, nextId: 1, ...hands }
  }

  /** The initiator's part towards a node; undefined where the node takes no message_3. */
  async shake(
    node: Node,
    terminal: string,
    credential: OwnCredential,
    key: KeyPair,
    options: { readonly ephemeral?: KeyPair; readonly tamper?: (frame: Frame) => Frame } = {},
  ): Promise<Pick<Session, 'channel' | 'cI' | 'cR' | 'transcript'> | undefined> {
    const cI = crypto.randomBytes(8)
    const { ephemeral, tamper = (frame) => frame } = options
    const started = startInitiator({ crypto, method: 0, suites: [6], cI, ...(ephemeral && { ephemeral }) })
    const transcript: Frame[] = [{ kind: 'message_1', from: terminal, message: started.message1 }]
    const answer2 = await this.deliver(node, transcript[0] as Frame)
    const frame2 = answer2.find((frame) => frame.kind === 'message_2')
    if (frame2 === undefined) return undefined
    const received = started.processMessage2(frame2.message)
    const responder = this.trust.nodeCredential(received.reference, node.id, node.certificate)
    if (responder === undefined) throw new Error('the node is not trusted')
    const sent = await received.verify(responder).completeMessage3({
      kind: 'signature',
      credential,
      sign: async (bytes) => crypto.sign('ES256', key.privateKey, bytes),
    })
    const frame3: Frame = { kind: 'message_3', connection: received.cR, message: sent.message3 }
    const answer4 = await this.deliver(node, tamper(frame3))
    transcript.push(frame2, frame3, ...answer4)
    const frame4 = answer4.find((frame) => frame.kind === 'message_4')
    if (frame4 === undefined) return undefined
    const { session } = sent.processMessage4(frame4.message)
    return { channel: channelOfSession(crypto, session), cI, cR: received.cR, transcript }
  }

  /** What the node sends in answer. */
  async deliver(node: Node, frame: Frame): Promise<Frame[]> {
    node.sent.length = 0
    await node.node.receiveFrame(frame)
    return node.sent.map(({ frame }) => frame)
  }

  topicOf(node: Node): string {
    return buildTopic({ kind: 'node-in', node: node.id })
  }

  /** A genuine request, sealed and not yet delivered. */
  request(session: Session, text: string): Extract<Frame, { kind: 'sealed' }> {
    const plaintext = encodeTerminalMessage({ kind: 'request', id: session.nextId, operation: 'note', body: { text } })
    session.nextId += 1
    const message = session.channel.seal(this.topicOf(session.node), plaintext)
    const frame = { kind: 'sealed', connection: session.cR, message } as const
    session.transcript.push(frame)
    return frame
  }

  /** What the terminal takes from a frame: undefined for nothing. */
  open(session: Session, frame: Frame): NodeMessage | undefined {
    if (frame.kind !== 'sealed') return undefined
    const opened = session.channel.open(buildTopic({ kind: 'terminal-in', terminal: session.terminal }), frame.message)
    return opened.ok ? decodeNodeMessage(opened.plaintext) : undefined
  }
}
