/**
 * The key of a session with a service node is known to its two ends alone (docs/protocol.md): what an attacker can do who holds
 * everything that gateway and broker hold, and what is to be seen at the broker.
 */
import { afterAll, expect, test } from 'vitest'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import { fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { decode, encode } from '../../protocol/cbor.ts'
import { createChannel } from '../../protocol/channel.ts'
import type { KeyPair } from '../../protocol/crypto.ts'
import { kcwtCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError } from '../../protocol/edhoc/errors.ts'
import * as keys from '../../protocol/edhoc/keys.ts'
import { parseMessage1, parsePlaintext3 } from '../../protocol/edhoc/messages.ts'
import { EdhocSession } from '../../protocol/edhoc/session.ts'
import { suites } from '../../protocol/edhoc/suites.ts'
import type { Frame } from '../../protocol/messages/frame.ts'
import { decodeTerminalMessage } from '../../protocol/messages/service.ts'
import { HostileWorld, type Session } from './hostile-world.ts'

const world = new HostileWorld()
const [node] = world.nodes
afterAll(() => world.close())

const context = { crypto, suite: suites[6] }
const messageOf = (transcript: readonly Frame[], kind: Frame['kind']): Uint8Array => {
  const frame = transcript.find((candidate) => candidate.kind === kind)
  if (frame === undefined || !('message' in frame)) throw new Error(`no ${kind}`)
  return frame.message
}

async function recorded(ephemeral?: KeyPair): Promise<{ session: Session; request: Extract<Frame, { kind: 'sealed' }> }> {
  const terminal = world.newTerminal()
  const key = crypto.generateKeyPair('P-256')
  const token = await world.token(node, terminal, key.publicKey)
  const hands = await world.shake(node, terminal, kcwtCredential(token, key.publicKey), key, ephemeral && { ephemeral })
  if (hands === undefined) throw new Error('no session')
  const session: Session = { node, terminal, nextId: 1, ...hands }
  const request = world.request(session, 'the secret of this session')
  await world.deliver(node, request)
  return { session, request }
}

/**
 * The whole key schedule of RFC 9528 sections 4 and 5 with the public transcript and a candidate for G_XY, which is all that it
 * takes with method 0. What the recorded request says, or undefined where the candidate is not the secret.
 */
function read({ session, request }: Awaited<ReturnType<typeof recorded>>, gXY: Uint8Array): string | undefined {
  const message1 = messageOf(session.transcript, 'message_1')
  const gYCiphertext2 = decode(messageOf(session.transcript, 'message_2')) as Uint8Array
  const [gY, ciphertext2] = [gYCiphertext2.slice(0, 32), gYCiphertext2.slice(32)]
  const th2 = keys.computeTh2(context, gY, crypto.hash('SHA-256', message1))
  const prk = keys.computePrk2e(context, th2, gXY)
  const plaintext2 = keys.xor(ciphertext2, keys.computeKeystream2(context, prk, th2, ciphertext2.length))
  const th3 = keys.computeTh3(context, th2, plaintext2, encode(node.certificate))
  const [k3, iv3] = [keys.computeK3(context, prk, th3), keys.computeIv3(context, prk, th3)]
  const ciphertext3 = decode(messageOf(session.transcript, 'message_3')) as Uint8Array
  const plaintext3 = crypto.aeadOpen('A128GCM', k3, iv3, keys.computeA(th3), ciphertext3)
  if (plaintext3 === undefined) return undefined
  try {
    const { reference } = parsePlaintext3(plaintext3, context.suite, 'signature', []).idCredI
    if (reference.kind !== 'kcwt') return undefined
    const th4 = keys.computeTh4(context, th3, plaintext3, reference.cred)
    const peer = { cred: reference.cred, publicKey: new Uint8Array(64) }
    const facts = { role: 'responder', method: 0, suite: context.suite, cI: session.cI, cR: session.cR, peer } as const
    const { exporter } = new EdhocSession(context, facts, keys.computePrkOut(context, prk, th4))
    const channel = createChannel({ ...facts, exporter, crypto, sendId: session.cI, receiveId: session.cR })
    const opened = channel.open(world.topicOf(node), request.message)
    const message = opened.ok ? decodeTerminalMessage(opened.plaintext) : undefined
    return message?.kind === 'request' ? (message.body as { text: string }).text : undefined
  } catch (error) {
    if (error instanceof EdhocError) return undefined
    throw error
  }
}

test('with the ephemeral secret the recorded session can be read: the reading below is a real one', async () => {
  const ephemeral = crypto.generateKeyPair('X25519')
  const copy = ephemeral.privateKey.slice()
  const made = await recorded(ephemeral)
  const gY = (decode(messageOf(made.session.transcript, 'message_2')) as Uint8Array).slice(0, 32)
  const gXY = crypto.sharedSecret('X25519', copy, gY)
  expect(read(made, gXY as Uint8Array)).toBe('the secret of this session')
})

test('every long-term key of gateway, broker and node, with the transcript, does not read it: forward secrecy', async () => {
  const made = await recorded()
  const { gX } = parseMessage1(messageOf(made.session.transcript, 'message_1'))
  const gY = (decode(messageOf(made.session.transcript, 'message_2')) as Uint8Array).slice(0, 32)
  // The gateway's keys and what it derives; the broker holds none. The node's own key is more than either of them has.
  const held = [world.gatewayKey.privateKey, world.rootKey, world.masterKey, node.key.privateKey]
  const tried: Uint8Array[] = [gX, gY, new Uint8Array(32), ...held]
  for (const privateKey of held) {
    for (const point of [gX, gY]) {
      const shared = crypto.sharedSecret('X25519', privateKey, point)
      if (shared !== undefined) tried.push(shared)
    }
  }
  expect(tried.length).toBe(15)
  for (const candidate of tried) expect(read(made, candidate)).toBeUndefined()
})

test('each session has keys of its own: what opens one opens no other', async () => {
  const ephemeral = crypto.generateKeyPair('X25519')
  const copy = ephemeral.privateKey.slice()
  const made = await recorded(ephemeral)
  const gY = (decode(messageOf(made.session.transcript, 'message_2')) as Uint8Array).slice(0, 32)
  const gXY = crypto.sharedSecret('X25519', copy, gY) as Uint8Array
  expect(read(await recorded(), gXY)).toBeUndefined()
})

const PIECE = 8
function pieces(bytes: Uint8Array): string[] {
  return Array.from({ length: Math.max(0, bytes.length - PIECE + 1) }, (_, i) => toHex(bytes.subarray(i, i + PIECE)))
}

test('at the broker there is no name, pseudonym, token, key or certificate, and nothing that two logins of one person share', async () => {
  const terminal = world.newTerminal()
  const subject = 'feedfacefeedfacefeedfacefeedface'
  const logins: { readonly seen: ReadonlySet<string>; readonly secrets: readonly string[] }[] = []
  for (let login = 0; login < 2; login += 1) {
    const key = crypto.generateKeyPair('P-256')
    const token = await world.token(node, terminal, key.publicKey, { subject })
    const hands = await world.shake(node, terminal, kcwtCredential(token, key.publicKey), key)
    if (hands === undefined) throw new Error('no session')
    world.request({ node, terminal, nextId: 1, ...hands }, 'what the person wants')
    const seen = new Set(hands.transcript.flatMap((frame) => ('message' in frame ? pieces(frame.message) : [])))
    const hidden = [token, key.publicKey, node.certificate, utf8(subject), utf8('what the person wants'), fromHex(node.id)]
    logins.push({ seen, secrets: hidden.flatMap(pieces) })
  }
  for (const { seen, secrets } of logins) expect(secrets.filter((piece) => seen.has(piece))).toEqual([])
  const [first, second] = logins
  expect([...(first?.seen ?? [])].filter((piece) => second?.seen.has(piece))).toEqual([])
  // There was something to look through.
  expect(first?.seen.size).toBeGreaterThan(500)
})
