import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { concat, equalConstantTime, toHex, utf8 } from '../../protocol/bytes.ts'
import { decode, encode } from '../../protocol/cbor.ts'
import { type Channel, ChannelError, channelOfSession, createChannel } from '../../protocol/channel.ts'
import { edhocKdf } from '../../protocol/edhoc/keys.ts'
import { EdhocSession, type SessionFacts } from '../../protocol/edhoc/session.ts'
import { type SuiteNumber, suites } from '../../protocol/edhoc/suites.ts'

const idI = utf8('terminal')
const idR = utf8('gateway')

function exporterOf(secret: Uint8Array, suiteNumber: SuiteNumber) {
  const context = { crypto: nodeCrypto, suite: suites[suiteNumber] }
  return (label: number, ctx: Uint8Array, length: number) => edhocKdf(context, secret, label, ctx, length)
}

function pair(suiteNumber: SuiteNumber = 6, firstSequence = 0, sameId = false): { i: Channel; r: Channel } {
  const exporter = exporterOf(nodeCrypto.randomBytes(32), suiteNumber)
  const both = { exporter, suite: suites[suiteNumber], crypto: nodeCrypto, firstSequence }
  const other = sameId ? idI : idR
  return {
    i: createChannel({ ...both, role: 'initiator', sendId: other, receiveId: idI }),
    r: createChannel({ ...both, role: 'responder', sendId: idI, receiveId: other }),
  }
}

function reasonOf(result: ReturnType<Channel['open']>): string {
  return result.ok ? 'ok' : result.reason
}

describe.each([0, 3, 6, 24] as const)('the channel with suite %i', (suiteNumber) => {
  it('carries any plaintext on any topic, both ways', () => {
    const { i, r } = pair(suiteNumber)
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 500 }), (topic, plaintext) => {
        expect(r.open(topic, i.seal(topic, plaintext))).toEqual({ ok: true, plaintext })
        expect(i.open(topic, r.seal(topic, plaintext))).toEqual({ ok: true, plaintext })
      }),
      { numRuns: 30 },
    )
  })

  it('has no bit that may change', () => {
    const { i, r } = pair(suiteNumber)
    const sealed = i.seal('t', utf8('hello'))
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = sealed.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(['forged', 'malformed']).toContain(reasonOf(r.open('t', changed)))
    }
    expect(reasonOf(r.open('t', sealed))).toBe('ok')
  })
})

describe('a broker that reorders, duplicates and drops', () => {
  it('gets each message taken at most once, and each within the window exactly once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }).chain((n) =>
          fc.record({
            n: fc.constant(n),
            deliveries: fc.array(fc.nat(n - 1), { maxLength: 400 }),
          }),
        ),
        ({ n, deliveries }) => {
          const { i, r } = pair()
          const sealed = Array.from({ length: n }, (_, k) => i.seal('t', encode(k)))
          const taken = new Set<number>()
          let highest = -1
          for (const k of deliveries) {
            const result = r.open('t', sealed[k] as Uint8Array)
            const due = k <= highest - 64 ? 'stale' : taken.has(k) ? 'replay' : 'ok'
            expect(reasonOf(result)).toBe(due)
            if (!result.ok) continue
            expect(decode(result.plaintext)).toBe(k)
            taken.add(k)
            highest = Math.max(highest, k)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('takes a message 63 behind the latest, not one 64 behind', () => {
    const { i, r } = pair()
    const sealed = Array.from({ length: 65 }, () => i.seal('t', utf8('x')))
    expect(reasonOf(r.open('t', sealed[64] as Uint8Array))).toBe('ok')
    expect(reasonOf(r.open('t', sealed[1] as Uint8Array))).toBe('ok')
    expect(reasonOf(r.open('t', sealed[1] as Uint8Array))).toBe('replay')
    expect(reasonOf(r.open('t', sealed[0] as Uint8Array))).toBe('stale')
  })

  it('cannot move the window with a forgery', () => {
    const { i, r } = pair()
    const first = i.seal('t', utf8('x'))
    for (let k = 0; k < 100; k += 1) i.seal('t', utf8('x'))
    const ahead = i.seal('t', utf8('x'))
    ahead[ahead.length - 1] = (ahead[ahead.length - 1] as number) ^ 1
    expect(reasonOf(r.open('t', ahead))).toBe('forged')
    expect(reasonOf(r.open('t', first))).toBe('ok')
  })
})

describe('a broker that moves messages', () => {
  it('to another topic', () => {
    const { i, r } = pair()
    const sealed = i.seal('login', utf8('x'))
    expect(reasonOf(r.open('block', sealed))).toBe('forged')
    expect(reasonOf(r.open('login', sealed))).toBe('ok')
  })

  it('back to the sender, even where both ends chose the same identifier', () => {
    const { i } = pair()
    expect(reasonOf(i.open('t', i.seal('t', utf8('x'))))).toBe('malformed')
    const same = pair(6, 0, true)
    expect(reasonOf(same.i.open('t', same.i.seal('t', utf8('x'))))).toBe('forged')
  })

  it('between channels with the same identifiers, whole or in parts', () => {
    const a = pair()
    const b = pair()
    const [fromA, fromB] = [a.i.seal('t', utf8('aaaa')), b.i.seal('t', utf8('bbbb'))]
    expect(reasonOf(b.r.open('t', fromA))).toBe('forged')
    fc.assert(
      fc.property(fc.nat(fromA.length), (cut) => {
        const spliced = concat(fromA.subarray(0, cut), fromB.subarray(cut))
        if (equalConstantTime(spliced, fromA)) return
        expect(['forged', 'malformed']).toContain(reasonOf(a.r.open('t', spliced)))
      }),
    )
    expect(reasonOf(a.r.open('t', fromA))).toBe('ok')
  })

  it('to a receiver with another identifier', () => {
    const exporter = exporterOf(new Uint8Array(32), 6)
    const both = { exporter, suite: suites[6], crypto: nodeCrypto }
    const i = createChannel({ ...both, role: 'initiator', sendId: utf8('other'), receiveId: idI })
    const r = createChannel({ ...both, role: 'responder', sendId: idI, receiveId: idR })
    expect(reasonOf(r.open('t', i.seal('t', utf8('x'))))).toBe('malformed')
  })
})

describe('what is no message of the channel', () => {
  const items = () => {
    const { i, r } = pair()
    const parts = decode(i.seal('t', utf8('x'))) as [Uint8Array, Map<number, Uint8Array>, Uint8Array]
    return { r, parts }
  }

  it('is malformed, whatever the bytes', () => {
    const { r } = pair()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(reasonOf(r.open('t', bytes))).toBe('malformed')
      }),
    )
  })

  it.each([
    ['a longer Partial IV', (headers: Map<number, unknown>) => headers.set(6, Uint8Array.of(0, 0))],
    ['an empty Partial IV', (headers: Map<number, unknown>) => headers.set(6, new Uint8Array(0))],
    ['a Partial IV of 6 bytes', (headers: Map<number, unknown>) => headers.set(6, new Uint8Array(6).fill(1))],
    ['a Partial IV that is a number', (headers: Map<number, unknown>) => headers.set(6, 0)],
    ['no Partial IV', (headers: Map<number, unknown>) => headers.delete(6)],
    ['no kid', (headers: Map<number, unknown>) => headers.delete(4)],
    ['one more parameter', (headers: Map<number, unknown>) => headers.set(5, new Uint8Array(12))],
  ])('is malformed with %s', (_, change) => {
    const { r, parts } = items()
    change(parts[1] as Map<number, unknown>)
    expect(reasonOf(r.open('t', encode(parts)))).toBe('malformed')
  })

  it('is malformed with a protected header', () => {
    const { r, parts } = items()
    expect(reasonOf(r.open('t', encode([encode(new Map([[1, 1]])), parts[1], parts[2]])))).toBe('malformed')
  })
})

describe('nonces', () => {
  it('are never used twice: every message has the next Partial IV, in each direction its own key', () => {
    const { i, r } = pair()
    const seen = new Set<string>()
    for (let k = 0; k < 300; k += 1) {
      const [, headers] = decode(i.seal('t', utf8('x'))) as [unknown, Map<number, Uint8Array>]
      seen.add(toHex(headers.get(6) as Uint8Array))
    }
    expect(seen.size).toBe(300)
    expect(seen.has('00') && seen.has('ff') && seen.has('0100') && seen.has('012b')).toBe(true)
    // Same plaintext, topic and number the other way: another ciphertext.
    const fresh = pair()
    const ciphertext = (bytes: Uint8Array) => toHex((decode(bytes) as Uint8Array[])[2] as Uint8Array)
    expect(ciphertext(fresh.i.seal('t', utf8('x')))).not.toBe(ciphertext(fresh.r.seal('t', utf8('x'))))
    expect(reasonOf(r.open('t', fresh.i.seal('t', utf8('x'))))).toBe('forged')
  })

  it('end at 2^40 messages', () => {
    const { i, r } = pair(6, 2 ** 40 - 2)
    expect(reasonOf(r.open('t', i.seal('t', utf8('x'))))).toBe('ok')
    expect(reasonOf(r.open('t', i.seal('t', utf8('x'))))).toBe('ok')
    expect(() => i.seal('t', utf8('x'))).toThrow(ChannelError)
    expect(() => i.seal('t', utf8('x'))).toThrow('exhausted')
  })

  it('are spent even where sealing fails', () => {
    const exporter = exporterOf(new Uint8Array(32), 6)
    let fail = true
    const crypto = {
      ...nodeCrypto,
      sealer(...args: Parameters<typeof nodeCrypto.sealer>) {
        const sealer = nodeCrypto.sealer(...args)
        return {
          ...sealer,
          seal(...message: Parameters<typeof sealer.seal>) {
            if (fail) throw new Error('no')
            return sealer.seal(...message)
          },
        }
      },
    }
    const i = createChannel({ exporter, suite: suites[6], crypto, role: 'initiator', sendId: idR, receiveId: idI })
    expect(() => i.seal('t', utf8('x'))).toThrow('no')
    fail = false
    const [, headers] = decode(i.seal('t', utf8('x'))) as [unknown, Map<number, Uint8Array>]
    expect(headers.get(6)).toEqual(Uint8Array.of(1))
  })
})

describe('the channel of a session', () => {
  const secret = nodeCrypto.randomBytes(32)
  const sessionOf = (role: SessionFacts['role']) =>
    new EdhocSession(
      { crypto: nodeCrypto, suite: suites[6] },
      { role, method: 0, suite: suites[6], cI: idI, cR: idR, peer: { cred: new Uint8Array(0), publicKey: new Uint8Array(0) } },
      secret.slice(),
    )

  it('works between its two ends, and after a key update only with the new keys', () => {
    const [i, r] = [sessionOf('initiator'), sessionOf('responder')]
    const old = { i: channelOfSession(nodeCrypto, i), r: channelOfSession(nodeCrypto, r) }
    expect(reasonOf(old.r.open('t', old.i.seal('t', utf8('x'))))).toBe('ok')
    i.updateKey(utf8('next'))
    r.updateKey(utf8('next'))
    const next = { i: channelOfSession(nodeCrypto, i), r: channelOfSession(nodeCrypto, r) }
    expect(reasonOf(next.r.open('t', next.i.seal('t', utf8('x'))))).toBe('ok')
    expect(reasonOf(next.i.open('t', next.r.seal('t', utf8('x'))))).toBe('ok')
    expect(reasonOf(next.r.open('t', old.i.seal('t', utf8('x'))))).toBe('forged')
  })

  it('is of no use once closed', () => {
    const channel = channelOfSession(nodeCrypto, sessionOf('initiator'))
    channel.close()
    expect(() => channel.seal('t', utf8('x'))).toThrow('closed')
    expect(() => channel.open('t', utf8('x'))).toThrow('closed')
  })
})
