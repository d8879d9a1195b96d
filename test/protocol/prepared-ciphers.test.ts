import { setImmediate as afterEverything } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { toHex, utf8 } from '../../protocol/bytes.ts'
import { type Channel, createChannel } from '../../protocol/channel.ts'
import type { AeadAlgorithm, Crypto } from '../../protocol/crypto.ts'
import { edhocKdf } from '../../protocol/edhoc/keys.ts'
import { suites } from '../../protocol/edhoc/suites.ts'

const key = new Uint8Array(16).fill(7)
const nonceOf = (n: number, length = 12) => new Uint8Array(length).fill(n)

describe.each([
  ['A128GCM', 12],
  ['AES-CCM-16-64-128', 13],
] as const satisfies readonly (readonly [AeadAlgorithm, number])[])('a key of %s that prepares', (algorithm, nonceLength) => {
  /** What is expected, whether it is waited for, and what then comes: mostly the same, sometimes not. */
  const step = fc.record({ expected: fc.option(fc.nat(3)), prepared: fc.boolean(), used: fc.nat(3), text: fc.uint8Array() })

  it('seals and opens as one that does not, whatever was expected and whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const sealer = nodeCrypto.sealer(algorithm, key)
        const opener = nodeCrypto.opener(algorithm, key)
        for (const { expected, prepared, used, text } of steps) {
          if (expected !== null) {
            sealer.expect(nonceOf(expected, nonceLength))
            opener.expect(nonceOf(expected, nonceLength))
          }
          if (prepared) await afterEverything()
          const nonce = nonceOf(used, nonceLength)
          const sealed = sealer.seal(nonce, utf8('aad'), text)
          expect(sealed).toEqual(nodeCrypto.aeadSeal(algorithm, key, nonce, utf8('aad'), text))
          expect(opener.open(nonce, utf8('aad'), sealed)).toEqual(text)
          expect(opener.open(nonce, utf8('other'), sealed)).toBeUndefined()
        }
        sealer.close()
        opener.close()
      }),
      { numRuns: 40 },
    )
  })

  it('opens the true message after a forged one has used what was prepared for it', async () => {
    const opener = nodeCrypto.opener(algorithm, key)
    const nonce = nonceOf(1, nonceLength)
    const sealed = nodeCrypto.aeadSeal(algorithm, key, nonce, utf8('aad'), utf8('text'))
    opener.expect(nonce)
    await afterEverything()
    expect(
      opener.open(
        nonce,
        utf8('aad'),
        sealed.map((byte) => byte ^ 1),
      ),
    ).toBeUndefined()
    expect(opener.open(nonce, utf8('aad'), sealed)).toEqual(utf8('text'))
  })

  it('has nothing left of its key once it is closed and the key wiped', async () => {
    const own = key.slice()
    const sealer = nodeCrypto.sealer(algorithm, own)
    sealer.expect(nonceOf(1, nonceLength))
    await afterEverything()
    sealer.close()
    own.fill(0)
    const sealed = sealer.seal(nonceOf(1, nonceLength), utf8('aad'), utf8('text'))
    expect(sealed).toEqual(nodeCrypto.aeadSeal(algorithm, own, nonceOf(1, nonceLength), utf8('aad'), utf8('text')))
  })
})

describe('more keys than may have something ready', () => {
  it('all seal as they should', async () => {
    const sealers = Array.from({ length: 600 }, () => nodeCrypto.sealer('A128GCM', key))
    for (const sealer of sealers) sealer.expect(nonceOf(1))
    await afterEverything()
    await afterEverything()
    const due = toHex(nodeCrypto.aeadSeal('A128GCM', key, nonceOf(1), utf8(''), utf8('x')))
    expect(new Set(sealers.map((sealer) => toHex(sealer.seal(nonceOf(1), utf8(''), utf8('x')))))).toEqual(new Set([due]))
    for (const sealer of sealers) sealer.close()
  })
})

/** A channel's two ends over a crypto that writes down each nonce that it seals with. */
function watched() {
  const nonces: string[] = []
  const crypto: Crypto = {
    ...nodeCrypto,
    sealer(algorithm, sealingKey) {
      const sealer = nodeCrypto.sealer(algorithm, sealingKey)
      const name = toHex(sealingKey)
      return {
        ...sealer,
        seal(nonce, aad, plaintext) {
          nonces.push(`${name} ${toHex(nonce)}`)
          if (plaintext.length === 3) throw new Error('the cipher failed')
          return sealer.seal(nonce, aad, plaintext)
        },
      }
    },
  }
  const secret = nodeCrypto.randomBytes(32)
  const exporter = (label: number, context: Uint8Array, length: number) =>
    edhocKdf({ crypto: nodeCrypto, suite: suites[6] }, secret, label, context, length)
  const end = (role: 'initiator' | 'responder'): Channel =>
    createChannel({ role, exporter, suite: suites[6], crypto, sendId: utf8('a'), receiveId: utf8('a') })
  return { nonces, ends: [end('initiator'), end('responder')] as const }
}

describe('a channel over keys that prepare', () => {
  const step = fc.record({
    from: fc.nat(1),
    /** Three bytes make the cipher fail. */
    length: fc.nat(5),
    fate: fc.constantFrom('delivered', 'lost', 'twice', 'forged first'),
    pause: fc.boolean(),
  })

  it('never seals twice with one nonce, and delivers what is not lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { nonces, ends } = watched()
        for (const { from, length, fate, pause } of steps) {
          const [sender, receiver] = from === 0 ? [ends[0], ends[1]] : [ends[1], ends[0]]
          if (pause) await afterEverything()
          if (length === 3) {
            expect(() => sender.seal('t', new Uint8Array(3))).toThrow('the cipher failed')
            continue
          }
          const message = sender.seal('t', new Uint8Array(length))
          if (fate === 'lost') continue
          if (fate === 'forged first') {
            const forged = message.slice()
            forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
            expect(receiver.open('t', forged)).toEqual({ ok: false, reason: 'forged' })
          }
          expect(receiver.open('t', message)).toEqual({ ok: true, plaintext: new Uint8Array(length) })
          if (fate === 'twice') expect(receiver.open('t', message)).toEqual({ ok: false, reason: 'replay' })
        }
        expect(new Set(nonces).size).toBe(nonces.length)
        for (const end of ends) end.close()
      }),
      { numRuns: 60 },
    )
  })
})
