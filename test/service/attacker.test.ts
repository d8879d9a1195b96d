/**
 * An attacker who owns the broker, has a terminal and a node of their own, and any token that was ever issued to them: thousands of
 * generated attempts, none of which may be accepted. `seed` gives a run again.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shakeHands } from '../../native/conversation/handshake.ts'
import { createPostbox } from '../../native/conversation/postbox.ts'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import { decode, encode } from '../../protocol/cbor.ts'
import type { KeyPair } from '../../protocol/crypto.ts'
import type { CwtClaims } from '../../protocol/cwt.ts'
import {
  kccsCredential,
  kcwtCredential,
  type OwnCredential,
  x5chainCredential,
  x5tCredential,
} from '../../protocol/edhoc/credentials.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import { encodeMessage1, parseMessage1 } from '../../protocol/edhoc/messages.ts'
import { processMessage1 } from '../../protocol/edhoc/responder.ts'
import type { Frame } from '../../protocol/messages/frame.ts'
import { HostileWorld, Random, type Session } from './hostile-world.ts'

const seed = Number(process.env.TESSERA_SEED ?? 20_261_122)
const CHANNEL_RUNS = 9000
const NODE_RUNS = 1200
const TERMINAL_RUNS = 600
const MINUTES = 10 * 60_000

const world = new HostileWorld()
const random = new Random(seed)
const [a, b] = world.nodes
/** Runs that were generated, by what was tried. */
const counts = new Map<string, number>()
const count = (attack: string): void => void counts.set(attack, (counts.get(attack) ?? 0) + 1)

const sessions: Session[] = []
beforeAll(async () => {
  for (const node of [a, a, a, b, b]) sessions.push(await world.session(node))
})
afterAll(() => world.close())

type Sealed = Extract<Frame, { kind: 'sealed' }>

function other(session: Session): Session {
  return random.of(sessions.filter((candidate) => candidate !== session))
}

function doneAnywhere(): number {
  return world.nodes.reduce((sum, { done }) => sum + done.length, 0)
}

/** The request is genuine; what the attacker makes of it must be done by nobody, and believed by no terminal. */
const channelAttacks: Record<string, (session: Session, genuine: Sealed, i: number) => Promise<{ expected: number }>> = {
  async replay(session, genuine) {
    await world.deliver(session.node, genuine)
    for (let n = 1 + random.below(3); n > 0; n -= 1) await world.deliver(session.node, genuine)
    return { expected: 1 }
  },
  async 'late replay'(session, genuine) {
    await world.deliver(session.node, genuine)
    for (let n = random.below(5); n > 0; n -= 1) await world.deliver(session.node, world.request(session, 'between'))
    const between = doneAnywhere()
    const old = random.of(session.transcript.filter((frame) => frame.kind === 'sealed'))
    await world.deliver(session.node, old)
    expect(doneAnywhere()).toBe(between)
    return { expected: Number.NaN }
  },
  async reorder(session, genuine) {
    const later = world.request(session, 'later')
    await world.deliver(session.node, later)
    // The earlier one, after the later one was done: the node takes no step back.
    await world.deliver(session.node, genuine)
    return { expected: 1 }
  },
  async drop() {
    return { expected: 0 }
  },
  async 'reflect to the terminal'(session, genuine) {
    expect(world.open(session, { ...genuine, connection: session.cI })).toBeUndefined()
    return { expected: 0 }
  },
  async 'reflect to the node'(session, genuine) {
    const [answer] = await world.deliver(session.node, genuine)
    if (answer?.kind !== 'sealed') throw new Error('an answer is due')
    await world.deliver(session.node, { ...answer, connection: session.cR })
    expect(world.open(session, answer)).toMatchObject({ kind: 'answer' })
    expect(world.open(session, answer), 'an answer that comes again').toBeUndefined()
    return { expected: 1 }
  },
  async 'splice into another session'(session, genuine) {
    const into = other(session)
    await world.deliver(into.node, { ...genuine, connection: into.cR })
    return { expected: 0 }
  },
  async "another session's connection in the message"(session, genuine) {
    const into = other(session)
    const message = decode(genuine.message) as [Uint8Array, Map<number, unknown>, Uint8Array]
    message[1].set(4, into.cR)
    await world.deliver(into.node, { kind: 'sealed', connection: into.cR, message: encode(message) })
    return { expected: 0 }
  },
  async "another session's answer"(session, genuine) {
    const into = other(session)
    const [answer] = await world.deliver(session.node, genuine)
    if (answer?.kind !== 'sealed') throw new Error('an answer is due')
    expect(world.open(into, { ...answer, connection: into.cI })).toBeUndefined()
    return { expected: 1 }
  },
  async 'splice to another node'(session, genuine) {
    await world.deliver(session.node === a ? b : a, genuine)
    return { expected: 0 }
  },
  async 'another number'(session, genuine, i) {
    const message = decode(genuine.message) as [Uint8Array, Map<number, unknown>, Uint8Array]
    message[1].set(6, Uint8Array.of(1 + (i % 255), random.below(256)))
    await world.deliver(session.node, { ...genuine, message: encode(message) })
    return { expected: 0 }
  },
  async damage(session, genuine) {
    await world.deliver(session.node, { ...genuine, message: random.damaged(genuine.message) })
    return { expected: 0 }
  },
  async 'damaged answer'(session, genuine) {
    const [answer] = await world.deliver(session.node, genuine)
    if (answer?.kind !== 'sealed') throw new Error('an answer is due')
    expect(world.open(session, { ...answer, message: random.damaged(answer.message) })).toBeUndefined()
    return { expected: 1 }
  },
}

test(`on open sessions: replay, reorder, drop, reflect, splice, damage (${CHANNEL_RUNS} runs)`, async () => {
  const names = Object.keys(channelAttacks)
  for (let i = 0; i < CHANNEL_RUNS; i += 1) {
    const name = random.of(names)
    const session = random.of(sessions)
    const before = doneAnywhere()
    const genuine = world.request(session, `${i}`)
    const { expected } = await (channelAttacks[name] as (typeof channelAttacks)[string])(session, genuine, i)
    if (!Number.isNaN(expected)) expect(doneAnywhere() - before, `${name}, seed ${seed}, run ${i}`).toBe(expected)
    // A transcript as long as the run would make the late replays slow, and all of it is stale by then.
    session.transcript.splice(0, Math.max(0, session.transcript.length - 200))
    count(name)
  }
  // And the sessions still work: nothing of this has worn them out.
  for (const session of sessions) {
    const [answer] = await world.deliver(session.node, world.request(session, 'honest'))
    expect(world.open(session, answer as Frame)).toMatchObject({ kind: 'answer', body: { text: 'honest' } })
  }
}, 120_000)

/** What an attacker may show in message_3 instead of a token of their own for this node. */
type Forged = { readonly credential: OwnCredential; readonly key: KeyPair; readonly terminal?: string }
const credentialAttacks: Record<string, (terminal: string, key: KeyPair) => Promise<Forged>> = {
  'expired token': async (terminal, key) =>
    forged(terminal, key, { expiresAt: world.now - MINUTES, notBefore: world.now - 2 * MINUTES }),
  'token not yet valid': async (terminal, key) =>
    forged(terminal, key, { notBefore: world.now + MINUTES, expiresAt: world.now + 2 * MINUTES }),
  'token for another node': async (terminal, key) => ({
    key,
    credential: kcwtCredential(await world.token(b, terminal, key.publicKey), key.publicKey),
  }),
  'token of another terminal': async (_terminal, key) => forged(world.newTerminal(), key, {}),
  'token signed by the attacker': async (terminal, key) => forged(terminal, key, {}, key.privateKey),
  'token signed by a node': async (terminal, key) => forged(terminal, key, {}, b.key.privateKey),
  'token of another gateway': async (terminal, key) =>
    forged(terminal, key, { issuer: 'tessera:gateway/00000000000000000000000000000000' }),
  'token without issuer': async (terminal, key) => forged(terminal, key, { issuer: undefined }),
  'token without audience': async (terminal, key) => forged(terminal, key, { audience: undefined }),
  'token without end': async (terminal, key) => forged(terminal, key, { expiresAt: undefined }),
  'token without person': async (terminal, key) => forged(terminal, key, { subject: undefined }),
  'token without scopes': async (terminal, key) => forged(terminal, key, { scopes: undefined }),
  'token without name': async (terminal, key) => forged(terminal, key, { id: undefined }),
  'token without terminal': async (terminal, key) => forged(terminal, key, { key: { group: 'P-256', publicKey: key.publicKey } }),
  'token without key': async (terminal, key) => forged(terminal, key, { key: undefined }),
  "somebody else's token": async (terminal, key) => {
    const owner = crypto.generateKeyPair('P-256')
    // All of it right, but the attacker has not the key: signed with their own.
    return { key, credential: kcwtCredential(await world.token(a, terminal, owner.publicKey), owner.publicKey) }
  },
  'revoked token': async (terminal, key) => {
    const id = crypto.randomBytes(16)
    a.node.revoke([id])
    return forged(terminal, key, { id })
  },
  'changed token': async (terminal, key) => {
    const token = await world.token(a, terminal, key.publicKey)
    const items = decode(token) as [Uint8Array, Map<number, unknown>, Uint8Array, Uint8Array]
    const place = random.below(2) === 0 ? 2 : 3
    items[place] = flipped(items[place])
    return { key, credential: kcwtCredential(encode(items), key.publicKey) }
  },
  // An honest initiator refuses to show its peer's own credential; the attacker's has no such scruple.
  "the node's own certificate": async () => ({
    key: a.key,
    credential: { ...x5tCredential(crypto, a.certificate, a.key.publicKey), cred: encode('not looked at') },
  }),
  "another node's certificate": async () => ({ key: b.key, credential: x5chainCredential([b.certificate], b.key.publicKey) }),
  'a key that nobody certified': async (terminal, key) => ({
    key,
    credential: kccsCredential({ subject: terminal, group: 'P-256', publicKey: key.publicKey }),
  }),
}

async function forged(
  terminal: string,
  key: KeyPair,
  changes: Partial<Record<keyof CwtClaims, unknown>>,
  signer?: Uint8Array,
): Promise<Forged> {
  return { key, credential: kcwtCredential(await world.token(a, terminal, key.publicKey, changes, signer), key.publicKey) }
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  const place = random.below(copy.length)
  copy[place] = (copy[place] as number) ^ (1 << random.below(8))
  return copy
}

/** What is done to the messages of a handshake that would be honest. */
const handshakeAttacks: Record<string, () => Promise<void>> = {
  async 'message_1 with another method or suite'() {
    const started = startInitiator({ crypto, method: 0, suites: [6], cI: crypto.randomBytes(8) })
    const parsed = parseMessage1(started.message1)
    const method = random.of([0, 1, 2, 3])
    const suitesI = random.of([[6], [0], [2], [3], [24], [6, 2], [24, 6], [2, 6], [25]])
    const message = encodeMessage1({ ...parsed, method, suitesI }, new Uint8Array(0))
    const answers = await world.deliver(a, { kind: 'message_1', from: world.newTerminal(), message })
    const answer = answers.find((frame) => frame.kind === 'message_2')
    // Where the node goes on at all, the terminal that never said so finds message_2 not authentic.
    if (answer !== undefined && (method !== 0 || suitesI.length > 1 || suitesI[0] !== 6)) {
      const end = (): unknown => {
        const received = started.processMessage2(answer.message)
        return received.verify(
          world.trust.nodeCredential(received.reference, a.id, a.certificate) ?? {
            cred: a.certificate,
            publicKey: a.key.publicKey,
          },
        )
      }
      expect(end).toThrow()
    }
  },
  async 'messages of an old handshake'() {
    const old = random.of(sessions)
    for (const frame of old.transcript.slice(0, 4)) await world.deliver(old.node, frame)
  },
  async 'message_3 of another handshake'() {
    const started = startInitiator({ crypto, method: 0, suites: [6], cI: crypto.randomBytes(8) })
    const [answer] = await world.deliver(a, { kind: 'message_1', from: world.newTerminal(), message: started.message1 })
    if (answer?.kind !== 'message_2') throw new Error('message_2 is due')
    const { cR } = started.processMessage2(answer.message)
    const old = random.of(sessions).transcript.find((frame) => frame.kind === 'message_3') as Extract<
      Frame,
      { kind: 'message_3' }
    >
    await world.deliver(a, { ...old, connection: cR })
  },
  async 'damaged message_3'() {
    const [terminal, key] = [world.newTerminal(), crypto.generateKeyPair('P-256')]
    const credential = kcwtCredential(await world.token(a, terminal, key.publicKey), key.publicKey)
    await world.shake(a, terminal, credential, key, {
      tamper: (frame) => (frame.kind === 'message_3' ? { ...frame, message: random.damaged(frame.message) } : frame),
    })
  },
  async 'a token that has opened a session'() {
    const [terminal, key] = [world.newTerminal(), crypto.generateKeyPair('P-256')]
    const credential = kcwtCredential(await world.token(a, terminal, key.publicKey), key.publicKey)
    expect(await world.shake(a, terminal, credential, key)).toBeDefined()
    a.started.pop()
    expect(await world.shake(a, terminal, credential, key)).toBeUndefined()
  },
}

test(`towards a node: forged, stolen and stale credentials, downgrade, old messages (${NODE_RUNS} runs)`, async () => {
  const names = [...Object.keys(credentialAttacks), ...Object.keys(handshakeAttacks)]
  a.started.length = 0
  b.started.length = 0
  for (let i = 0; i < NODE_RUNS; i += 1) {
    const name = names[i % names.length] as string
    const attack = credentialAttacks[name]
    if (attack === undefined) await handshakeAttacks[name]?.()
    else {
      const terminal = world.newTerminal()
      const { credential, key } = await attack(terminal, crypto.generateKeyPair('P-256'))
      await world.shake(a, terminal, credential, key)
    }
    expect(a.started.length + b.started.length, `${name}, seed ${seed}, run ${i}`).toBe(0)
    count(name)
  }
}, 120_000)

/** Who answers a terminal that wants a session with node A, and is not node A. */
const impostors: Record<string, (message1: Uint8Array) => Promise<Uint8Array>> = {
  'another node': (message1) => respond(message1, x5tCredential(crypto, b.certificate, b.key.publicKey), b.key),
  'another node by value': (message1) => respond(message1, x5chainCredential([b.certificate], b.key.publicKey), b.key),
  'another node under this name': (message1) =>
    respond(
      message1,
      {
        ...x5tCredential(crypto, b.certificate, b.key.publicKey),
        idCred: x5tCredential(crypto, a.certificate, a.key.publicKey).idCred,
      },
      b.key,
    ),
  'the gateway': (message1) => {
    const { privateKey, publicKey } = world.gatewayKey
    return respond(message1, x5chainCredential([world.gatewayCertificate], publicKey), { privateKey, publicKey })
  },
  "this node's certificate without its key": (message1) =>
    respond(message1, x5tCredential(crypto, a.certificate, a.key.publicKey), crypto.generateKeyPair('P-256')),
  'a terminal of that name': (message1) => {
    const key = crypto.generateKeyPair('P-256')
    const certificate = world.authority.issueTerminal(a.id, { algorithm: 'ES256', publicKey: key.publicKey }, world.now)
    return respond(message1, x5tCredential(crypto, certificate, key.publicKey), key)
  },
  'nobody, with an old message_2': async () =>
    (random.of(sessions).transcript.find((frame) => frame.kind === 'message_2') as Extract<Frame, { kind: 'message_2' }>).message,
  'node A, damaged': async (message1) =>
    random.damaged(await respond(message1, x5tCredential(crypto, a.certificate, a.key.publicKey), a.key)),
}

async function respond(message1: Uint8Array, credential: OwnCredential, key: KeyPair): Promise<Uint8Array> {
  const own = {
    kind: 'signature',
    credential,
    sign: async (bytes: Uint8Array) => crypto.sign('ES256', key.privateKey, bytes),
  } as const
  const sent = await processMessage1(message1, { crypto, methods: [0], suites: [6] }).prepareMessage2(own, crypto.randomBytes(8))
  return sent.message2
}

test(`towards a terminal: whoever answers for the node (${TERMINAL_RUNS} runs)`, async () => {
  const names = Object.keys(impostors)
  for (let i = 0; i < TERMINAL_RUNS; i += 1) {
    const name = names[i % names.length] as string
    const postbox = createPostbox<Frame>()
    const key = crypto.generateKeyPair('P-256')
    let shown = false
    const hands = shakeHands({
      party: { kind: 'terminal', id: world.newTerminal() },
      postbox,
      timeoutMs: 1000,
      crypto,
      firstTopic: world.topicOf(a),
      restTopic: () => world.topicOf(a),
      trusted: (reference) => world.trust.nodeCredential(reference, a.id, a.certificate),
      own: async () => {
        shown = true
        return {
          credential: kcwtCredential(await world.token(a, world.newTerminal(), key.publicKey), key.publicKey),
          privateKey: key.privateKey,
        }
      },
      async send(_topic, frame) {
        if (frame.kind !== 'message_1') return
        const { cI } = parseMessage1(frame.message)
        const message = await (impostors[name] as (typeof impostors)[string])(frame.message)
        postbox.deliver({ kind: 'message_2', worker: a.id, connection: cI, message })
      },
    })
    await expect(hands, `${name}, seed ${seed}, run ${i}`).rejects.toThrow()
    expect(shown, `${name}: the token was shown to an impostor`).toBe(false)
    count(name)
  }
}, 120_000)

test('at least 10,000 attempts were made, of every kind, and none was accepted', () => {
  const kinds = [channelAttacks, credentialAttacks, handshakeAttacks, impostors].flatMap(Object.keys)
  expect([...counts.keys()].sort()).toEqual(kinds.sort())
  expect(Math.min(...counts.values())).toBeGreaterThan(40)
  expect([...counts.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(10_000)
})
