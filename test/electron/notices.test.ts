/** Notices from the gateway to this desk: what is believed, what is kept, what the block list learns, and how presence is told. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BlockChange, type BlockList, createBlockList } from '../../electron/notices/block-list.ts'
import { createKeptNotices } from '../../electron/notices/kept-notices.ts'
import { listenToNotices } from '../../electron/notices/listener.ts'
import { createNoticeDesk } from '../../electron/notices/notice-desk.ts'
import { createSeenCards } from '../../electron/presence/seen-cards.ts'
import { LinkError, RefusedError } from '../../electron/session/link.ts'
import { createNoticeKeyStore, sameKeys } from '../../electron/session/notice-keys.ts'
import type { Broker, BrokerState } from '../../native/broker.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { toHex } from '../../protocol/bytes.ts'
import { type Notice, sealNotice, signBlockListVersion, signNotice } from '../../protocol/messages/notices.ts'
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import { BLOCKS_NOTICE, buildTopic } from '../../protocol/topics.ts'
import { newCard, until } from './ceremonies-world.ts'

const TERMINAL = 'ab'.repeat(16)
const noticeKey = nodeCrypto.randomBytes(32)
const gatewayKey = nodeCrypto.generateKeyPair('P-256')
const signer = async (bytes: Uint8Array) => nodeCrypto.sign('ES256', gatewayKey.privateKey, bytes)
const guidOf = (number: number) => new Uint8Array(16).fill(number)

const block = (over: Partial<Extract<Notice, { kind: 'block' }>> = {}): Extract<Notice, { kind: 'block' }> => ({
  kind: 'block',
  notice: nodeCrypto.randomBytes(16),
  guid: guidOf(1),
  at: 1000,
  cause: 'supervisor',
  blockPin: false,
  ...over,
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-notices-'))
})
const lists: BlockList[] = []
afterEach(async () => {
  for (const list of lists.splice(0)) await list.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** A broker that the test plays. */
function fakeBroker() {
  const messages = new Set<(topic: string, payload: Uint8Array) => void>()
  const states = new Set<(state: BrokerState) => void>()
  let state: BrokerState = { kind: 'connecting' }
  const subscriptions: string[] = []
  const broker = {
    state: () => state,
    onState: (listener: (state: BrokerState) => void) => {
      states.add(listener)
      return () => states.delete(listener)
    },
    onMessage: (listener: (topic: string, payload: Uint8Array) => void) => {
      messages.add(listener)
      return () => messages.delete(listener)
    },
    subscribe: async (filter: string) => void subscriptions.push(filter),
    unsubscribe: async () => undefined,
    publish: async () => undefined,
    connected: async () => undefined,
    cut: () => undefined,
    mend: () => undefined,
    close: async () => undefined,
  } satisfies Broker
  return {
    broker,
    subscriptions,
    deliver: (topic: string, payload: Uint8Array) => {
      for (const listener of messages) listener(topic, payload)
    },
    connect: () => {
      state = { kind: 'connected', protocol: '5' }
      for (const listener of states) listener(state)
    },
  }
}

describe('what is taken for a notice', () => {
  const topic = buildTopic({ kind: 'terminal-notice', terminal: TERMINAL })

  function listening() {
    const fake = fakeBroker()
    const notices: Notice[] = []
    const versions: number[] = []
    const refused: string[] = []
    const stop = listenToNotices({
      broker: fake.broker,
      terminal: TERMINAL,
      noticeKey,
      trust: { noticeKeys: () => [nodeCrypto.generateKeyPair('P-256').publicKey, gatewayKey.publicKey] },
      crypto: nodeCrypto,
      onNotice: (notice) => notices.push(notice),
      onBlockListVersion: (version) => versions.push(version),
      onRefused: (why) => refused.push(why),
    })
    return { ...fake, notices, versions, refused, stop }
  }
  const sealed = async (notice: Notice, key = noticeKey, terminal = TERMINAL) =>
    sealNotice(nodeCrypto, key, terminal, await signNotice(notice, signer))

  test('what the gateway signed and sealed for this terminal', async () => {
    const { deliver, notices, refused } = listening()
    const notice = block()
    deliver(topic, await sealed(notice))
    expect(notices).toEqual([notice])
    expect(refused).toEqual([])
  })

  test('nothing else: another terminal’s, another key’s, another signer’s, a changed byte, garbage', async () => {
    const { deliver, notices, refused } = listening()
    const good = await sealed(block())
    const changed = good.slice()
    changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1
    const stranger = nodeCrypto.generateKeyPair('P-256')
    const forged = await signNotice(block(), async (bytes) => nodeCrypto.sign('ES256', stranger.privateKey, bytes))
    deliver(topic, await sealed(block(), nodeCrypto.randomBytes(32)))
    deliver(topic, await sealed(block(), noticeKey, 'cd'.repeat(16)))
    deliver(topic, changed)
    deliver(topic, sealNotice(nodeCrypto, noticeKey, TERMINAL, forged))
    deliver(topic, Uint8Array.of(1, 2, 3))
    deliver(topic, new Uint8Array(0))
    expect(notices).toEqual([])
    expect(refused).toHaveLength(6)
  })

  test('the block list’s version with the gateway’s signature', async () => {
    const { deliver, versions, refused } = listening()
    deliver(BLOCKS_NOTICE, await signBlockListVersion({ kind: 'block-list', version: 7, at: 1 }, signer))
    deliver(BLOCKS_NOTICE, await signNotice(block(), signer))
    expect(versions).toEqual([7])
    expect(refused).toHaveLength(1)
  })

  test('from both topics, at every connection, until it is told to stop', async () => {
    const { connect, deliver, subscriptions, notices, stop } = listening()
    expect(subscriptions).toEqual([])
    connect()
    expect(subscriptions).toEqual([topic, BLOCKS_NOTICE])
    stop()
    deliver(topic, await sealed(block()))
    expect(notices).toEqual([])
  })
})

describe('the block list', () => {
  interface GatewaySide {
    readonly entries: readonly BlockChange[]
    online: boolean
    failures: number
    asked: number[]
  }

  function listWith(entries: readonly BlockChange[], page = 2) {
    const gateway: GatewaySide = { entries, online: true, failures: 0, asked: [] }
    const make = (): BlockList => {
      const list = createBlockList({
        path: join(folder, 'blocks.json'),
        link: () => ({
          state: () =>
            gateway.online
              ? { kind: 'online', site: '', since: 0 }
              : { kind: 'offline', since: 0, problem: { code: 'gateway-offline' } },
          request: async (_: string, body: unknown) => {
            const { since } = body as RequestBody<'blocks.fetch'>
            gateway.asked.push(since)
            if (gateway.failures > 0) {
              gateway.failures -= 1
              throw new LinkError('silent')
            }
            const found = gateway.entries.slice(since, since + page)
            const version = since + found.length
            return { version, entries: found, more: version < gateway.entries.length } as never
          },
        }),
        onUnwritten: (error) => {
          throw error
        },
      })
      lists.push(list)
      return list
    }
    return { gateway, list: make(), make }
  }
  const change = (number: number, blocked: boolean, at = number): BlockChange => ({ guid: guidOf(number), blocked, at })

  test('fetches what is new, page after page, and knows it after the next start', async () => {
    const { gateway, list, make } = listWith([
      change(1, true),
      change(2, true),
      change(1, false, 5),
      change(3, true),
      change(4, true),
    ])
    list.greeted(5)
    await list.current(1000)
    expect(gateway.asked).toEqual([0, 2, 4])
    expect([1, 2, 3, 4].map((number) => list.isBlocked(guidOf(number)))).toEqual([false, true, true, true])
    gateway.online = false
    // By then it is on the disk.
    await list.close()
    const again = make()
    await again.open()
    expect(again.version()).toBe(5)
    expect([1, 2, 3, 4].map((number) => again.isBlocked(guidOf(number)))).toEqual([false, true, true, true])
  })

  test('asks only for what it does not know, and not at all for an old version that is delivered again', async () => {
    const { gateway, list } = listWith([change(1, true)])
    list.announced(1)
    await list.current(1000)
    list.announced(1)
    list.announced(0)
    await list.current(1000)
    expect(gateway.asked).toEqual([0])
  })

  test('tries again where the gateway did not answer', async () => {
    const { gateway, list } = listWith([change(1, true)])
    gateway.failures = 1
    list.greeted(1)
    await list.current(3000)
    expect(list.isBlocked(guidOf(1))).toBe(true)
  })

  test('keeps nobody waiting longer than told', async () => {
    const { gateway, list } = listWith([change(1, true)])
    gateway.failures = 100
    list.greeted(1)
    // The gateway fails for a hundred seconds from now: this resolves before it answers, or not in this test.
    await list.current(50)
    expect(list.isBlocked(guidOf(1))).toBe(false)
    gateway.failures = 0
  })

  test('begins anew where the gateway has a shorter list than it had: another one, or one that was restored', async () => {
    const { gateway, list, make } = listWith([change(1, true), change(2, true), change(3, true)])
    list.greeted(3)
    await list.current(1000)
    await list.close()
    const other = make()
    await other.open()
    expect(other.version()).toBe(3)
    Object.assign(gateway, { entries: [change(9, true)] })
    other.greeted(1)
    await other.current(1000)
    expect(other.isBlocked(guidOf(9))).toBe(true)
    expect(other.isBlocked(guidOf(1))).toBe(false)
  })

  test('takes a notice before the list says it, and none that is older than a block that was lifted', async () => {
    const { list } = listWith([])
    expect(list.note(change(1, true, 100))).toBe(true)
    expect(list.isBlocked(guidOf(1))).toBe(true)
    expect(list.note(change(1, false, 200))).toBe(true)
    expect(list.note(change(1, true, 100))).toBe(false)
    expect(list.isBlocked(guidOf(1))).toBe(false)
  })

  test('keeps of what is on disk and of what is told before that is read what is the later', async () => {
    const { list, make } = listWith([])
    list.note(change(1, false, 200))
    list.note(change(2, true, 200))
    await list.close()
    const again = make()
    again.note(change(1, true, 100))
    again.note(change(2, false, 300))
    await again.open()
    expect([1, 2].map((number) => again.isBlocked(guidOf(number)))).toEqual([false, false])
  })

  test('that is damaged is an empty one, which the gateway fills again', async () => {
    await writeFile(join(folder, 'blocks.json'), '{"version":3,"cards":')
    const { list } = listWith([change(1, true)])
    await list.open()
    expect(list.version()).toBe(0)
    list.greeted(1)
    await list.current(1000)
    expect(list.isBlocked(guidOf(1))).toBe(true)
  })
})

describe('what a desk does about a notice', () => {
  type Confirm = (body: RequestBody<'notice.confirm'>) => Promise<AnswerBody<'notice.confirm'>>

  function noticeDesk(confirm: Confirm, online = () => true) {
    const happened: string[] = []
    const readers = createSimulatedReaders({ names: ['A'] })
    const cards = createSeenCards(readers)
    const lifted = new Map<string, number>()
    const desk = createNoticeDesk({
      terminal: {
        noticed: (notice, card) => void happened.push(`${notice.kind} ${card?.reader ?? 'nowhere'}`),
        pinBlockedOnCard: (_, done) => void happened.push(`PIN blocked: ${done}`),
      },
      kept: createKeptNotices(join(folder, 'notices')),
      blocks: { note: ({ guid, at }) => at > (lifted.get(toHex(guid)) ?? 0) },
      readers,
      cards,
      link: () => ({
        state: () =>
          online() ? { kind: 'online', site: '', since: 0 } : { kind: 'offline', since: 0, problem: { code: 'gateway-offline' } },
        request: async (_: string, body: unknown) => {
          const answer = await confirm(body as RequestBody<'notice.confirm'>)
          happened.push('confirmed')
          return answer as never
        },
      }),
      onFailure: (where) => void happened.push(where),
    })
    return { desk, happened, readers, cards, lifted }
  }
  const kept = async () => (await readdir(join(folder, 'notices')).catch(() => [])).length

  test('ends the session first, keeps the notice, and forgets it once the gateway has confirmed', async () => {
    let keptAtConfirm = 0
    const { desk, happened } = noticeDesk(async () => {
      keptAtConfirm = await kept()
      return {}
    })
    await desk.received(block(), Uint8Array.of(1, 2, 3))
    expect(happened).toEqual(['block nowhere', 'confirmed'])
    expect(keptAtConfirm).toBe(1)
    expect(await kept()).toBe(0)
  })

  test('hands back after a crash what was never confirmed, byte for byte', async () => {
    const first = noticeDesk(
      async () => ({}),
      () => false,
    )
    await first.desk.received(block(), Uint8Array.of(1, 2, 3))
    expect(await kept()).toBe(1)
    const handed: string[] = []
    const second = noticeDesk(async ({ notice }) => {
      handed.push(toHex(notice))
      return {}
    })
    await second.desk.handBack()
    expect(handed).toEqual(['010203'])
    expect(await kept()).toBe(0)
  })

  test('keeps it through silence and passing refusals; a lasting refusal ends it', async () => {
    const answers = [
      new LinkError('silent'),
      new RefusedError({ code: 'slow-down' }),
      new RefusedError({ code: 'gateway-failed' }),
      new RefusedError({ code: 'bad-request' }),
    ]
    const { desk } = noticeDesk(async () => {
      throw answers.shift() ?? new Error('asked too often')
    })
    await desk.received(block(), Uint8Array.of(1))
    for (const left of [1, 1, 0]) {
      await desk.handBack()
      expect(await kept()).toBe(left)
    }
  })

  test('does nothing twice, and nothing about a block that was lifted since', async () => {
    const { desk, happened, lifted } = noticeDesk(async () => ({}))
    const notice = block()
    await desk.received(notice, Uint8Array.of(1))
    await desk.received(notice, Uint8Array.of(1))
    lifted.set(toHex(notice.guid), 2000)
    await desk.received(block({ at: 1500 }), Uint8Array.of(2))
    expect(happened).toEqual(['block nowhere', 'confirmed'])
  })

  test('blocks the PIN on the card where the policy says so and the card is in', async () => {
    const { desk, happened, readers, cards } = noticeDesk(async () => ({}))
    const { card, storage } = newCard()
    readers.insert('A', card)
    cards.seen({ reader: 'A', insertions: 1 }, guidOf(1))
    await desk.received(block({ blockPin: false }), Uint8Array.of(1))
    expect(storage.load().pin.retriesLeft).toBe(3)
    await desk.received(block({ blockPin: true, at: 1001 }), Uint8Array.of(2))
    expect(storage.load().pin.retriesLeft).toBe(0)
    expect(happened).toContain('PIN blocked: true')
    expect(happened[0]).toBe('block A')
  })

  test('leaves another card alone that was put in since', async () => {
    const { desk, readers, cards } = noticeDesk(async () => ({}))
    readers.insert('A', newCard().card)
    cards.seen({ reader: 'A', insertions: 1 }, guidOf(1))
    const other = newCard()
    readers.insert('A', other.card)
    await desk.received(block({ blockPin: true }), Uint8Array.of(1))
    expect(other.storage.load().pin.retriesLeft).toBe(3)
  })

  test('says where the PIN could not be blocked: another program does not let go of the card', async () => {
    const { desk, happened, readers, cards } = noticeDesk(async () => ({}))
    readers.insert('A', newCard().card)
    cards.seen({ reader: 'A', insertions: 1 }, guidOf(1))
    const other = await readers.openForAnotherProgram().connect('A', { share: 'exclusive' })
    const done = desk.received(block({ blockPin: true }), Uint8Array.of(1))
    await until(() => happened.includes('confirmed'), 10_000, 'the block is confirmed meanwhile')
    await done
    expect(happened).toContain('pin-not-blocked')
    expect(happened).toContain('PIN blocked: false')
    await other.disconnect('leave')
  })

  test('tells of a stopped session and of a finding without keeping anything', async () => {
    const { desk, happened } = noticeDesk(async () => ({}))
    const notice = nodeCrypto.randomBytes(16)
    await desk.received({ kind: 'end-session', notice, guid: guidOf(1), at: 1, finding: 'delay' }, Uint8Array.of(1))
    await desk.received(
      { kind: 'finding', notice: nodeCrypto.randomBytes(16), at: 1, finding: 'replay', severity: 'low' },
      Uint8Array.of(2),
    )
    expect(happened).toEqual(['end-session nowhere', 'finding nowhere'])
    expect(await kept()).toBe(0)
  })
})

describe('the keys of notices and presence', () => {
  const keys = { noticeKey: nodeCrypto.randomBytes(32), presenceKey: nodeCrypto.randomBytes(32) }
  const protection = {
    protect: (secret: Uint8Array) => secret.map((byte) => byte ^ 0x55),
    unprotect: (wrapped: Uint8Array) => wrapped.map((byte) => byte ^ 0x55),
  }

  test('are the same after the next start, wrapped where there is a key store', async () => {
    for (const [name, options] of [
      ['plain', {}],
      ['wrapped', { protection }],
    ] as const) {
      const store = createNoticeKeyStore({ path: join(folder, name), ...options })
      expect(await store.load()).toBeUndefined()
      await store.save(keys)
      expect(sameKeys(await store.load(), keys)).toBe(true)
    }
    expect(sameKeys(await createNoticeKeyStore({ path: join(folder, 'wrapped') }).load(), keys)).toBe(false)
  })

  test('that cannot be read are none: the next greeting brings them', async () => {
    await writeFile(join(folder, 'keys'), 'no keys')
    expect(await createNoticeKeyStore({ path: join(folder, 'keys') }).load()).toBeUndefined()
    expect(sameKeys(undefined, undefined)).toBe(false)
  })
})
