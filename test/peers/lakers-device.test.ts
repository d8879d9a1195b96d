/** A small device speaks to a service node: EDHOC method 3 with suite 2 by lakers, then requests over the protected channel. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import { fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { createChannel } from '../../protocol/channel.ts'
import { EdhocSession } from '../../protocol/edhoc/session.ts'
import { suites } from '../../protocol/edhoc/suites.ts'
import type { Frame } from '../../protocol/messages/frame.ts'
import { decodeNodeMessage, encodeTerminalMessage } from '../../protocol/messages/service.ts'
import { buildTopic } from '../../protocol/topics.ts'
import { nodeCcs } from '../../service/devices.ts'
import { ServiceNode } from '../../service/node.ts'
import { operation, type ServiceSession } from '../../service/operations.ts'
import { Tokens } from '../../service/tokens.ts'
import { HostileWorld } from '../service/hostile-world.ts'
import { LakersPeer, lakers } from '../support/lakers.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-lakers-'))
const scenarioFile = join(folder, 'scenario.txt')
const vectors = readFileSync(join(import.meta.dirname, '../vectors/edhoc-scenarios/m3-s2-kid.txt'), 'ascii')
const world = new HostileWorld()
const id = world.newTerminal()
const access = { privateKey: crypto.generateKeyPair('P-256').privateKey, kid: Uint8Array.of(0x0a) }

function given(key: string): Uint8Array {
  const line = vectors.split('\n').find((candidate) => candidate.startsWith(`${key}=`))
  return fromHex(line?.slice(key.length + 1) ?? '')
}

beforeAll(() => {
  lakers()
  // The node in the place of the scenario's responder.
  const lines = vectors
    .split('\n')
    .map((line) => (line.startsWith('cred_r=') ? `cred_r=${toHex(nodeCcs(crypto, id, access))}` : line))
  writeFileSync(scenarioFile, lines.join('\n'))
}, 600_000)
afterAll(() => {
  world.close()
  rmSync(folder, { recursive: true, force: true })
})

function makeNode(known: boolean) {
  const sent: Frame[] = []
  const started: ServiceSession[] = []
  const device = {
    kid: Uint8Array.of(0x2b),
    ccs: given('cred_i'),
    publicKey: given('pk_i'),
    name: 'pump-4',
    scopes: ['measure'],
  }
  const key = crypto.generateKeyPair('P-256')
  const node = new ServiceNode({
    crypto,
    node: id,
    certificate: utf8('not shown to devices'),
    key,
    tokens: new Tokens({ crypto, node: id, trust: world.trust, root: world.authority.root, now: Date.now }),
    operations: {
      measure: operation({
        scope: 'measure',
        request: v.strictObject({ millibar: v.number() }),
        answer: v.strictObject({ from: v.string() }),
        handle: (_body, session) => ({ from: session.subject }),
      }),
    },
    devices: { ...access, known: known ? [device] : [] },
    now: Date.now,
    send: (_terminal, frame) => sent.push(frame),
    events: {
      sessionStarted: (session) => started.push(session),
      sessionEnded: () => undefined,
      requested: () => undefined,
      handshakeRefused: () => undefined,
    },
  })
  const deliver = async (frame: Frame): Promise<Frame | undefined> => {
    sent.length = 0
    await node.receiveFrame(frame)
    return sent[0]
  }
  return { deliver, started }
}

describe.each(['reference', 'value'] as const)('a device with lakers, its credential by %s', (transfer) => {
  it('opens a session, and what it asks over the channel is answered under the name that it was registered by', async () => {
    const { deliver, started } = makeNode(true)
    const from = world.newTerminal()
    const peer = new LakersPeer('initiator', transfer, scenarioFile)
    try {
      const frame2 = await deliver({ kind: 'message_1', from, message: await peer.message('message_1') })
      if (frame2?.kind !== 'message_2') throw new Error('message_2 is due')
      peer.write('message_2', frame2.message)
      const message = await peer.message('message_3')
      const frame4 = await deliver({ kind: 'message_3', connection: peer.cR, message })
      expect(frame4?.kind, 'message_4').toBe('message_4')
      if (frame4?.kind !== 'message_4') return
      peer.write('message_4', frame4.message)
      const words = await peer.read()
      expect(words[0]).toBe('prk_out')
      expect(started).toMatchObject([{ subject: 'pump-4', scopes: new Set(['measure']) }])

      // The device's channel, from the key that lakers came to.
      const facts = {
        role: 'initiator',
        method: 3,
        suite: suites[2],
        cI: given('c_i'),
        cR: peer.cR,
        peer: { cred: new Uint8Array(0), publicKey: new Uint8Array(64) },
      } as const
      const { exporter } = new EdhocSession({ crypto, suite: suites[2] }, facts, fromHex(words[1] ?? ''))
      const channel = createChannel({ ...facts, exporter, crypto, sendId: facts.cR, receiveId: facts.cI })
      const topic = buildTopic({ kind: 'node-in', node: id })
      const request = encodeTerminalMessage({ kind: 'request', id: 1, operation: 'measure', body: { millibar: 1013 } })
      const answer = await deliver({ kind: 'sealed', connection: facts.cR, message: channel.seal(topic, request) })
      if (answer?.kind !== 'sealed') throw new Error('an answer is due')
      const opened = channel.open(buildTopic({ kind: 'terminal-in', terminal: from }), answer.message)
      expect(opened.ok && decodeNodeMessage(opened.plaintext)).toEqual({ kind: 'answer', id: 1, body: { from: 'pump-4' } })
    } finally {
      peer.end()
    }
  })

  it('that was not registered gets none', async () => {
    const { deliver, started } = makeNode(false)
    const peer = new LakersPeer('initiator', transfer, scenarioFile)
    try {
      const frame2 = await deliver({ kind: 'message_1', from: world.newTerminal(), message: await peer.message('message_1') })
      if (frame2?.kind !== 'message_2') throw new Error('message_2 is due')
      peer.write('message_2', frame2.message)
      const message = await peer.message('message_3')
      expect((await deliver({ kind: 'message_3', connection: peer.cR, message }))?.kind).toBe('error')
      expect(started).toEqual([])
    } finally {
      peer.end()
    }
  })
})
