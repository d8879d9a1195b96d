import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { concat, fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { decode, decodeSequence, encode, encodeSequence } from '../../protocol/cbor.ts'
import { asHeaderMap } from '../../protocol/cose/headers.ts'
import { encodeCcs, kccsCredential, type OwnCredential, parseCcs } from '../../protocol/edhoc/credentials.ts'
import { EdhocError, encodeErrorMessage, parseErrorMessage, parseSuites } from '../../protocol/edhoc/errors.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import {
  type EadItem,
  encodeCompactIdCred,
  encodeEad,
  encodeIdentifier,
  paddingItems,
  parseCompactIdCred,
  parseIdCred,
  parseIdentifier,
} from '../../protocol/edhoc/items.ts'
import { computeKeystream2, edhocKdf, encodeInfo } from '../../protocol/edhoc/keys.ts'
import { processMessage1 } from '../../protocol/edhoc/responder.ts'
import { type Method, type SuiteNumber, selectSuite, suites } from '../../protocol/edhoc/suites.ts'
import { type CredentialType, type Ends, handshake, makeEnd, makeEnds } from './edhoc-ends.ts'

const everySuite = [0, 1, 2, 3, 6, 24] as const
const everyMethod = [0, 1, 2, 3] as const
const responderOptions = { crypto: nodeCrypto, methods: everyMethod, suites: everySuite }

async function failureOf(work: () => unknown): Promise<EdhocError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof EdhocError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a handshake', () => {
  const combinations = everyMethod.flatMap((method) => everySuite.map((suite) => ({ method, suite })))

  it.each(combinations)('with method $method and suite $suite gives both ends the same keys', async ({ method, suite }) => {
    const ends = makeEnds(method, suite)
    const { initiator, responder } = await handshake(ends)
    const { session } = initiator
    expect(session.prkOut).toEqual(responder.prkOut)
    expect(session.prkOut).toHaveLength(suite === 24 ? 48 : 32)
    for (const label of [0, 23, 24, 255, 256, 32768, 65535]) {
      const context = utf8(`context ${label}`)
      expect(session.exporter(label, context, 40)).toEqual(responder.exporter(label, context, 40))
      expect(session.exporter(label, context, 40)).not.toEqual(session.exporter(label, utf8('other'), 40))
    }
    expect(session.facts).toMatchObject({ role: 'initiator', method, cI: ends.cI, cR: ends.cR, peer: ends.r.credential })
    expect(responder.facts).toMatchObject({ role: 'responder', method, cI: ends.cI, cR: ends.cR, peer: ends.i.credential })
  })

  it.each(['x5t', 'x5chain', 'kid', 'kccs'] as CredentialType[])('names credentials by %s', async (type) => {
    const ends = makeEnds(0, 6, type)
    const started = startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: ends.cI })
    const sent2 = await processMessage1(started.message1, responderOptions).prepareMessage2(ends.r, ends.cR)
    const received2 = started.processMessage2(sent2.message2)
    expect(received2.reference.kind).toBe(type)
    const sent3 = await received2.verify(ends.r.credential).completeMessage3(ends.i)
    const received3 = sent2.processMessage3(sent3.message3)
    expect(received3.reference).toEqual(parseIdCred(ends.i.credential.idCred).reference)
    const { message4 } = received3.verify(ends.i.credential).prepareMessage4()
    expect(sent3.processMessage4(message4).ead4).toEqual([])
  })

  it('gives nothing any more once its keys are wiped, used before or not', async () => {
    const { initiator, responder } = await handshake(makeEnds(0, 6))
    initiator.session.exporter(32768, utf8(''), 16)
    for (const session of [initiator.session, responder]) {
      session.wipe()
      for (const use of [() => session.exporter(32768, utf8(''), 16), () => session.updateKey(utf8('next'))]) {
        expect(await failureOf(use)).toMatchObject({ kind: 'state-used' })
      }
    }
  })

  it('may end without message_4, where the application says so', async () => {
    const ends = makeEnds(0, 6)
    const { sent2, sent3 } = await unfinished(ends)
    const responder = sent2.processMessage3(sent3.message3).verify(ends.i.credential).completeWithoutMessage4()
    expect(sent3.completeWithoutMessage4().prkOut).toEqual(responder.prkOut)
  })

  it('signs what a card can sign: SHA-256 of toBeSigned, outside', async () => {
    const ends = makeEnds(0, 6, 'x5t')
    const { sent2, verified2 } = await untilVerified(ends)
    const prepared = verified2.prepareMessage3(ends.i.credential)
    const { privateKey } = ends.i as ReturnType<typeof makeEnd>
    const sent3 = prepared.complete(nodeCrypto.sign('ES256', privateKey, prepared.toBeSigned))
    const { session } = sent2.processMessage3(sent3.message3).verify(ends.i.credential).prepareMessage4()
    expect(sent3.completeWithoutMessage4().prkOut).toEqual(session.prkOut)
  })

  it('carries a credential longer than one output of HKDF in message_2 (appendix G)', async () => {
    const ends = makeEnds(0, 6)
    const { privateKey, ...own } = makeEnd('signature', 6, 'r') as ReturnType<typeof makeEnd> & { kind: 'signature' }
    const ccs = { subject: 'r'.repeat(20000), group: 'P-256', publicKey: own.credential.publicKey } as const
    const { responder } = await handshake({ ...ends, r: { ...own, credential: kccsCredential(ccs) } })
    expect(responder.facts.cR).toEqual(ends.cR)
    const context = { crypto: nodeCrypto, suite: suites[6] }
    const keystream = computeKeystream2(context, privateKey, utf8('th'), 255 * 32 + 5)
    expect(keystream.slice(0, 255 * 32)).toEqual(edhocKdf(context, privateKey, 0, utf8('th'), 255 * 32))
    expect(keystream.slice(255 * 32)).toEqual(edhocKdf(context, privateKey, -1, utf8('th'), 5))
  })
})

async function untilVerified(ends: Ends) {
  const { method, suite, r, cI, cR } = ends
  const started = startInitiator({ crypto: nodeCrypto, method, suites: [suite], cI })
  const received1 = processMessage1(started.message1, responderOptions)
  const sent2 = await received1.prepareMessage2(r, cR)
  const received2 = started.processMessage2(sent2.message2)
  const verified2 = received2.verify(r.credential)
  return { started, received1, sent2, received2, verified2 }
}

async function unfinished(ends: Ends) {
  const states = await untilVerified(ends)
  const sent3 = await states.verified2.completeMessage3(ends.i)
  return { ...states, sent3 }
}

describe.each([
  { method: 0, suite: 6, type: 'x5t' },
  { method: 3, suite: 2, type: 'kid' },
] as const)('method $method, suite $suite, $type: whatever is changed on the way', ({ method, suite, type }) => {
  const ends = makeEnds(method, suite, type)

  it.each([1, 2, 3, 4] as const)('each bit of message_%i flipped gives no session and a typed error', async (target) => {
    let length = 0
    await handshake(ends, (number, message) => {
      if (number === target) length = message.length
      return message
    })
    // The length is that of this session: identifiers, and so messages, have fixed lengths.
    for (let bit = 0; bit < 8 * length; bit += 1) {
      const error = await failureOf(() =>
        handshake(ends, (number, message) => {
          if (number !== target) return message
          expect(message).toHaveLength(length)
          const changed = message.slice()
          changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
          return changed
        }),
      )
      expect(error.errorMessage === undefined || parseErrorMessage(error.errorMessage) !== undefined).toBe(true)
    }
  })

  it.each([1, 2, 3, 4] as const)('message_%i cut anywhere, or with a byte more, is refused', async (target) => {
    let length = 0
    await handshake(ends, (number, message) => {
      if (number === target) length = message.length
      return message
    })
    for (let cut = 0; cut < length; cut += 1) {
      const error = await failureOf(() =>
        handshake(ends, (number, message) => (number === target ? message.slice(0, cut) : message)),
      )
      expect(error.kind).toBe('malformed')
    }
    for (const extra of ['00', '40', 'f6', 'ff']) {
      await failureOf(() => handshake(ends, (number, message) => (number === target ? concat(message, fromHex(extra)) : message)))
    }
  })

  it.each([1, 2, 3, 4] as const)('anything instead of message_%i is refused', async (target) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), fc.boolean(), async (bytes, wrapped) => {
        await failureOf(() =>
          handshake(ends, (number, message) => (number === target ? (wrapped ? encode(bytes) : bytes) : message)),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('messages of another session with the same parties are refused', async () => {
    const recorded = new Map<number, Uint8Array>()
    await handshake(ends, (number, message) => {
      recorded.set(number, message)
      return message
    })
    for (const target of [1, 2, 3, 4]) {
      const error = await failureOf(() =>
        handshake(ends, (n, message) => (n === target ? (recorded.get(n) as Uint8Array) : message)),
      )
      expect(['malformed', 'authentication-failed', 'decryption-failed', 'unsupported-credential', 'critical-ead']).toContain(
        error.kind,
      )
    }
  })
})

describe('each state is left once', () => {
  it('and throws when used again, whatever came of the first time', async () => {
    const ends = makeEnds(0, 6)
    const { started, received1, sent2, received2, verified2 } = await untilVerified(ends)
    expect((await failureOf(() => started.processMessage2(sent2.message2))).kind).toBe('state-used')
    expect((await failureOf(() => received1.prepareMessage2(ends.r, ends.cR))).kind).toBe('state-used')
    expect((await failureOf(() => received2.verify(ends.r.credential))).kind).toBe('state-used')
    const prepared = verified2.prepareMessage3(ends.i.credential)
    expect((await failureOf(() => verified2.prepareMessage3(ends.i.credential))).kind).toBe('state-used')
    const sent3 = prepared.complete(new Uint8Array(64))
    // An ES256 signature is random: a second message_3 would use key and nonce again.
    expect((await failureOf(() => prepared.complete(new Uint8Array(64).fill(1)))).kind).toBe('state-used')
    expect((await failureOf(() => sent3.processMessage4(fromHex('40')))).kind).toBe('decryption-failed')
    expect((await failureOf(() => sent3.processMessage4(fromHex('40')))).kind).toBe('state-used')
    expect((await failureOf(() => sent3.completeWithoutMessage4())).kind).toBe('state-used')
    expect((await failureOf(() => sent2.processMessage3(sent3.message3).verify(ends.i.credential))).kind).toBe(
      'authentication-failed',
    )
    expect((await failureOf(() => sent2.processMessage3(sent3.message3))).kind).toBe('state-used')
    expect(new EdhocError({ kind: 'state-used' }).errorMessage).toBeUndefined()
  })

  it("and on the responder's last state too", async () => {
    const ends = makeEnds(3, 2)
    const { sent2, sent3 } = await unfinished(ends)
    const received3 = sent2.processMessage3(sent3.message3)
    const verified3 = received3.verify(ends.i.credential)
    expect((await failureOf(() => received3.verify(ends.i.credential))).kind).toBe('state-used')
    verified3.prepareMessage4()
    expect((await failureOf(() => verified3.prepareMessage4())).kind).toBe('state-used')
    expect((await failureOf(() => verified3.completeWithoutMessage4())).kind).toBe('state-used')
  })

  it('message_2 and message_3 that are sent again are the stored bytes', async () => {
    const { sent2, sent3 } = await unfinished(makeEnds(0, 6))
    const first = sent3.message3
    first.fill(0)
    expect(sent3.message3).toEqual(sent3.message3)
    expect(sent3.message3).not.toEqual(first)
    expect(sent2.message2).toEqual(sent2.message2)
  })

  it('a key of the wrong kind is refused without leaving the state', async () => {
    const ends = makeEnds(0, 6)
    const { sent2, verified2 } = await untilVerified(ends)
    const wrong = makeEnd('static-dh', 6, 'wrong')
    await expect(verified2.completeMessage3(wrong)).rejects.toThrow(RangeError)
    const sent3 = await verified2.completeMessage3(ends.i)
    expect(sent2.processMessage3(sent3.message3).reference.kind).toBe('kid')
    const dh = makeEnds(3, 2)
    const states = await untilVerified(dh)
    expect(() => states.verified2.prepareMessage3(dh.i.credential)).toThrow(RangeError)
    const received1 = processMessage1(states.started.message1, responderOptions)
    await expect(received1.prepareMessage2(ends.r, dh.cR)).rejects.toThrow(RangeError)
  })
})

describe('identifiers (section 3.3.2)', () => {
  it('of one byte travel as the integer that they encode, or as byte string, and never the other way', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const identifier = Uint8Array.of(byte)
      const integer = byte <= 0x17 || (byte >= 0x20 && byte <= 0x37)
      const encoded = encodeIdentifier(identifier)
      expect(toHex(encoded)).toBe(integer ? toHex(identifier) : `41${toHex(identifier)}`)
      expect(parseIdentifier(decode(encoded))).toEqual(identifier)
      expect(parseIdentifier(identifier)).toEqual(integer ? undefined : identifier)
    }
    for (const item of [24, -25, 1.5, 'a', null, true, [], {}, 1n << 60n]) expect(parseIdentifier(item)).toBeUndefined()
    expect(parseIdentifier(new Uint8Array(0))).toEqual(new Uint8Array(0))
  })

  it.each(['', '00', '17', '18', '20', '27', '37', '38', 'ff', '0000', 'deadbeef'])(
    "h'%s' works as C_I, C_R and kid",
    async (hex) => {
      const identifier = fromHex(hex)
      const i = makeEnd('static-dh', 2, 'i', 'kid', identifier)
      const r = makeEnd('static-dh', 2, 'r', 'kid', identifier)
      const { initiator } = await handshake({ method: 3, suite: 2, i, r, cI: identifier, cR: identifier })
      expect(initiator.session.facts.cR).toEqual(identifier)
    },
  )
})

describe('ID_CRED (section 3.5.3)', () => {
  it('of a lone kid is {4: bstr} in the contexts, whatever travels', () => {
    for (const [map, compact] of [
      ['a1044132', '32'],
      ['a10441ff', '41ff'],
      ['a104420102', '420102'],
      ['a10440', '40'],
    ] as const) {
      const idCred = parseIdCred(fromHex(map))
      expect(toHex(encodeCompactIdCred(idCred))).toBe(compact)
      expect(toHex(parseCompactIdCred(2, decode(fromHex(compact))).bytes)).toBe(map)
    }
  })

  it.each([
    ['a kid in its map', 'a1044132', 'malformed'],
    ['32 as byte string', '4132', 'malformed'],
    ['an integer beyond one byte', '1818', 'malformed'],
    ['text', '6161', 'malformed'],
    ['an array', '8100', 'malformed'],
    ['an empty map', 'a0', 'unsupported-credential'],
    ['a kid as integer in a map', 'a10412', 'unsupported-credential'],
    ['a kid with more', 'a204413205f6', 'unsupported-credential'],
    ['x5t that is no pair', 'a118228126', 'unsupported-credential'],
    ['x5chain of one in an array', 'a118218141aa', 'unsupported-credential'],
    ['kccs that is no map', 'a10e00', 'unsupported-credential'],
    ['an unknown label', 'a11863f6', 'unsupported-credential'],
    ['a text label', 'a1616100', 'unsupported-credential'],
  ])('%s is refused', async (_, hex, kind) => {
    expect((await failureOf(() => parseCompactIdCred(3, decode(fromHex(hex))))).kind).toBe(kind)
  })

  it('of a kid that several credentials share: each is tried', async () => {
    const ends = makeEnds(3, 2)
    const twin = makeEnd('static-dh', 2, 'responder').credential
    const { started } = await untilVerified(ends)
    const sent2 = await processMessage1(started.message1, responderOptions).prepareMessage2(ends.r, ends.cR)
    const again = startInitiator({ crypto: nodeCrypto, method: 3, suites: [2], cI: ends.cI })
    expect(again.message1).not.toEqual(started.message1)
    expect((await failureOf(() => again.processMessage2(sent2.message2))).kind).toBeDefined()
    const outcome = await untilReceived2(ends)
    expect(outcome.verify(twin, ends.r.credential).peer).toBe(ends.r.credential)
    const wrong = await untilReceived2(ends)
    expect((await failureOf(() => wrong.verify(twin, twin))).kind).toBe('authentication-failed')
  })

  it('that nobody knows ends the session with error code 3', async () => {
    const ends = makeEnds(0, 6)
    const received2 = await untilReceived2(ends)
    const error = await failureOf(() => received2.verify())
    expect([error.kind, toHex(error.errorMessage as Uint8Array)]).toEqual(['unknown-credential', '03f5'])
    const { sent2, sent3 } = await unfinished(ends)
    const received3 = sent2.processMessage3(sent3.message3)
    expect(toHex((await failureOf(() => received3.verify())).errorMessage as Uint8Array)).toBe('03f5')
  })
})

async function untilReceived2(ends: Ends) {
  const started = startInitiator({ crypto: nodeCrypto, method: ends.method, suites: [ends.suite], cI: ends.cI })
  const sent2 = await processMessage1(started.message1, responderOptions).prepareMessage2(ends.r, ends.cR)
  return started.processMessage2(sent2.message2)
}

describe('credentials', () => {
  it('that are our own are refused (section 9.2)', async () => {
    const ends = makeEnds(0, 6)
    const mirrored = { ...ends, r: ends.i }
    const { verified2 } = await untilVerified(mirrored)
    expect((await failureOf(() => verified2.completeMessage3(ends.i))).kind).toBe('own-credential')
  })

  it.each(['P-256', 'P-384', 'X25519', 'Ed25519'] as const)('a CCS with a %s key reads as it was written', (group) => {
    const privateKey =
      group === 'P-256' || group === 'P-384' ? nodeCrypto.generateKeyPair(group).privateKey : nodeCrypto.randomBytes(32)
    const ccs = { subject: 'reader 7', group, publicKey: nodeCrypto.publicKey(group, privateKey), kid: utf8('k') }
    const claims = asHeaderMap(decode(encodeCcs(ccs)))
    expect(claims && parseCcs(claims)).toEqual(ccs)
    const { kid: _, ...nameless } = ccs
    const bare = asHeaderMap(decode(encodeCcs(nameless)))
    expect(bare && parseCcs(bare)).toEqual(nameless)
  })

  it.each([
    ['without subject', 'a108a101a3010120042158200000000000000000000000000000000000000000000000000000000000000000'],
    ['without key', 'a1026161'],
    ['with an unknown curve', 'a202616108a101a301012018632141aa'],
    ['with a short x', 'a202616108a101a3010120042141aa'],
    ['with P-256 and no y', 'a202616108a101a3010220012158200000000000000000000000000000000000000000000000000000000000000000'],
    ['with P-256 as OKP', 'a202616108a101a3010120012158200000000000000000000000000000000000000000000000000000000000000000'],
  ])('a CCS %s is none', (_, hex) => {
    const claims = asHeaderMap(decode(fromHex(hex)))
    expect(claims && parseCcs(claims)).toBeUndefined()
  })

  it('with a static key off the curve or of low order verify nothing', async () => {
    const p256 = makeEnds(3, 2)
    const off = p256.r.credential.publicKey.slice()
    off[63] = (off[63] as number) ^ 1
    const received2 = await untilReceived2(p256)
    expect((await failureOf(() => received2.verify({ ...p256.r.credential, publicKey: off }))).kind).toBe('authentication-failed')
    const x25519 = makeEnds(3, 6)
    const { sent2, sent3 } = await unfinished(x25519)
    const received3 = sent2.processMessage3(sent3.message3)
    const low = { ...x25519.i.credential, publicKey: new Uint8Array(32) }
    expect((await failureOf(() => received3.verify(low))).kind).toBe('authentication-failed')
  })
})

describe('what our own signer or key gives back', () => {
  it('must have the length of r || s: a DER signature is not sent', async () => {
    const ends = makeEnds(0, 6)
    for (const length of [0, 63, 65, 70, 71, 72, 96]) {
      const signer = { ...ends.i, kind: 'signature', sign: async () => new Uint8Array(length) } as const
      const { verified2 } = await untilVerified(ends)
      expect((await failureOf(() => verified2.completeMessage3(signer))).kind).toBe('own-key-failed')
      const started = startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: ends.cI })
      const received1 = processMessage1(started.message1, responderOptions)
      expect((await failureOf(() => received1.prepareMessage2(signer, ends.cR))).kind).toBe('own-key-failed')
    }
  })

  it("ends the session where there is no key agreement, and a signer's own error comes through", async () => {
    const ends = makeEnds(3, 2)
    const { verified2 } = await untilVerified(ends)
    const broken = { kind: 'static-dh', credential: ends.i.credential, agree: async () => undefined } as const
    expect((await failureOf(() => verified2.completeMessage3(broken))).kind).toBe('own-key-failed')
    const signing = makeEnds(0, 6)
    const states = await untilVerified(signing)
    const pulled = async (): Promise<Uint8Array> => Promise.reject(new Error('card pulled'))
    await expect(
      states.verified2.completeMessage3({ kind: 'signature', credential: signing.i.credential, sign: pulled }),
    ).rejects.toThrow('card pulled')
  })
})

describe('EAD (section 3.8)', () => {
  const value = utf8('value')
  const mixed: EadItem[] = [
    { label: 0, value: utf8('padding') },
    { label: 40000, value },
    { label: 7 },
    { label: -40001, value },
    { label: 0 },
  ]

  it('reaches the application in all four messages, without the padding', async () => {
    const seen = [{ label: 40000, value }, { label: 7 }, { label: -40001, value }]
    const outcome = await handshake({ ...makeEnds(0, 6), ead: [mixed, mixed, mixed, mixed], knownEad: [40001] })
    expect([outcome.ead1, outcome.ead2, outcome.ead3, outcome.initiator.ead4]).toEqual([seen, seen, seen, seen])
  })

  it.each([0, 1, 2, 3] as const)(
    'that is critical and unknown ends the session (EAD_%i + 1), with an error message',
    async (index) => {
      for (const method of [0, 3] as const) {
        const ead: [EadItem[], EadItem[], EadItem[], EadItem[]] = [[], [], [], []]
        ead[index] = [
          { label: 3, value },
          { label: -40001, value },
        ]
        const error = await failureOf(() => handshake({ ...makeEnds(method, 2), ead, knownEad: [3, 40002] }))
        expect(error.failure).toEqual({ kind: 'critical-ead', label: -40001 })
        expect(decodeSequence(error.errorMessage as Uint8Array)[0]).toBe(1)
      }
    },
  )

  it('counts into the MAC, padding and unknown items too', async () => {
    const ends = makeEnds(0, 6)
    const padding: EadItem = { label: 0, value: new Uint8Array(8) }
    // message_2's plaintext is malleable: the last byte is the padding's.
    const ead: [EadItem[], EadItem[], EadItem[], EadItem[]] = [[], [padding], [], []]
    const error = await failureOf(() =>
      handshake({ ...ends, ead }, (number, message) => {
        if (number !== 2) return message
        const changed = message.slice()
        changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1
        return changed
      }),
    )
    expect(error.kind).toBe('authentication-failed')
  })

  it('pads to any length', () => {
    for (const length of [...Array.from({ length: 600 }, (_, i) => i), 65535, 65538, 65539]) {
      const items = paddingItems(nodeCrypto.randomBytes, length)
      expect(encodeEad(items)).toHaveLength(length)
      expect(items.every(({ label }) => label === 0)).toBe(true)
    }
    expect(() => paddingItems(nodeCrypto.randomBytes, 65540)).toThrow(RangeError)
  })

  it('labels beyond 65535 are refused, sent or received', async () => {
    expect(() => encodeEad([{ label: 65536 }])).toThrow(RangeError)
    const { message1 } = startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI: utf8('ci') })
    for (const rest of ['1a00010000', 'f6', '4100', '6161', '0780', '074100f6', '40']) {
      expect((await failureOf(() => processMessage1(concat(message1, fromHex(rest)), responderOptions))).kind).toBe('malformed')
    }
  })
})

describe('the choice of a suite (section 6.3)', () => {
  const start = (supported: readonly SuiteNumber[], selectedSuite: SuiteNumber) =>
    startInitiator({ crypto: nodeCrypto, method: 0, suites: supported, selectedSuite, cI: utf8('ci') })

  it('follows example 2: the responder says what it supports, the initiator takes its best and still names the better ones', async () => {
    const supported = [24, 6, 3, 2, 0] as const
    const responder = { ...responderOptions, suites: [0, 2] as const }
    const first = start(supported, 6)
    expect(decodeSequence(first.message1)[1]).toEqual([24, 6])
    const refusal = await failureOf(() => processMessage1(first.message1, responder))
    expect(refusal.failure).toEqual({ kind: 'wrong-suite', suitesI: [24, 6], supported: [0, 2] })
    const heard = await failureOf(() => first.processMessage2(refusal.errorMessage as Uint8Array))
    expect(heard.failure).toEqual({ kind: 'peer-error', error: { kind: 'wrong-suite', suitesR: [0, 2] } })
    expect(heard.errorMessage).toBeUndefined()
    const second = start(supported, selectSuite(supported, [0, 2]) as SuiteNumber)
    expect(decodeSequence(second.message1)[1]).toEqual([24, 6, 3, 2])
    expect(processMessage1(second.message1, responder).suite).toBe(2)
  })

  it('refuses a selected suite where a more preferred one is supported too', async () => {
    const { message1 } = start([24, 6, 2], 2)
    const error = await failureOf(() => processMessage1(message1, { ...responderOptions, suites: [2, 6] }))
    expect(error.kind).toBe('wrong-suite')
    expect(processMessage1(message1, { ...responderOptions, suites: [2] }).suite).toBe(2)
  })

  it('a list that was shortened on the way is noticed in message_2', async () => {
    const supported = [6, 2] as const
    const i = makeEnd('signature', 2, 'i')
    const r = makeEnd('signature', 2, 'r')
    expect(i.credential.cred).not.toEqual(r.credential.cred)
    const started = start(supported, 2)
    const [method, , gX, cI] = decodeSequence(started.message1)
    const shortened = encodeSequence([method, 2, gX, cI])
    const sent2 = await processMessage1(shortened, responderOptions).prepareMessage2(r, utf8('cr'))
    await failureOf(() => started.processMessage2(sent2.message2).verify(r.credential))
  })

  it('SUITES_I of one element is an integer, of several an array', () => {
    expect(parseSuites(2)).toEqual([2])
    expect(parseSuites([2, -24])).toEqual([2, -24])
    for (const item of [[], [2], [2, 'a'], [2, 1.5], 'a', null, { a: 1 }, new Uint8Array(1)])
      expect(parseSuites(item)).toBeUndefined()
    expect(selectSuite([6, 24], [0, 2])).toBeUndefined()
    expect(() => start([6], 2)).toThrow(RangeError)
    expect(() => startInitiator({ crypto: nodeCrypto, method: 0, suites: [], cI: utf8('ci') })).toThrow(RangeError)
  })

  it('a method that the responder does not take is refused with error code 1', async () => {
    const { message1 } = start([6], 6)
    const error = await failureOf(() => processMessage1(message1, { ...responderOptions, methods: [3] }))
    expect(error.failure).toEqual({ kind: 'unsupported-method', method: 0 })
    expect(decodeSequence(error.errorMessage as Uint8Array)).toEqual([1, 'Method not supported'])
    const unknown = concat(fromHex('04'), message1.slice(1))
    expect((await failureOf(() => processMessage1(unknown, responderOptions))).kind).toBe('unsupported-method')
  })
})

describe('error messages (section 6)', () => {
  it.each([
    [{ kind: 'unspecified', text: 'no' }, '01626e6f'],
    [{ kind: 'wrong-suite', suitesR: [2] }, '0202'],
    [{ kind: 'wrong-suite', suitesR: [2, 3] }, '02820203'],
    [{ kind: 'unknown-credential' }, '03f5'],
  ] as const)('%j is %s', (error, hex) => {
    expect(toHex(encodeErrorMessage(error))).toBe(hex)
    expect(parseErrorMessage(fromHex(hex))).toEqual(error)
  })

  it.each(['00f6', '0001', '01', '0101', '02f5', '028102', '03f4', '03f500', '40', '', 'ff', 'f5f5'])('%s is none', (hex) => {
    expect(parseErrorMessage(fromHex(hex))).toBeUndefined()
  })

  it('with a code that is not defined is an error all the same', () => {
    expect(parseErrorMessage(fromHex('18636161'))).toEqual({ kind: 'other', code: 99 })
    expect(parseErrorMessage(fromHex('20a0'))).toEqual({ kind: 'other', code: -1 })
  })

  it('instead of message_2, 3 or 4 ends the session', async () => {
    const ends = makeEnds(0, 6)
    const message = encodeErrorMessage({ kind: 'unspecified', text: 'no' })
    for (const target of [2, 3, 4]) {
      const error = await failureOf(() => handshake(ends, (number, m) => (number === target ? message : m)))
      expect(error.failure).toEqual({ kind: 'peer-error', error: { kind: 'unspecified', text: 'no' } })
    }
  })

  it('tell nothing that is secret: no key, no identifier of a credential', async () => {
    const ends = makeEnds(0, 6, 'x5t')
    const received2 = await untilReceived2(ends)
    const other = makeEnd('signature', 6, 'other').credential as OwnCredential
    const error = await failureOf(() => received2.verify(other))
    expect(decodeSequence(error.errorMessage as Uint8Array)).toEqual([1, 'message_2 is not authentic'])
  })
})

describe('the session', () => {
  it('writes a label as the CBOR integer that it is, above 23 and 255 too (section 4.1.2)', () => {
    expect(toHex(encodeInfo(23, utf8('a'), 16))).toBe('17416110')
    expect(toHex(encodeInfo(24, new Uint8Array(0), 32))).toBe('1818401820')
    expect(toHex(encodeInfo(40, fromHex('c0ffee'), 48))).toBe('182843c0ffee1830')
    expect(toHex(encodeInfo(32768, new Uint8Array(24), 256))).toBe(`1980005818${'00'.repeat(24)}190100`)
  })

  it('updates its key alike at both ends, and forgets the old one', async () => {
    const { initiator, responder } = await handshake(makeEnds(0, 24))
    const { session } = initiator
    const before = session.exporter(32768, utf8('c'), 16)
    session.updateKey(utf8('update'))
    expect(session.exporter(32768, utf8('c'), 16)).not.toEqual(before)
    responder.updateKey(utf8('update'))
    expect(session.prkOut).toEqual(responder.prkOut)
    session.updateKey(utf8('one'))
    responder.updateKey(utf8('other'))
    expect(session.prkOut).not.toEqual(responder.prkOut)
  })

  it('exports nothing for a label or length that is no unsigned integer', async () => {
    const { responder } = await handshake(makeEnds(3, 2))
    for (const [label, length] of [
      [-1, 16],
      [1.5, 16],
      [1, -1],
      [Number.NaN, 1],
    ] as const) {
      expect(() => responder.exporter(label, utf8(''), length)).toThrow(RangeError)
    }
  })

  it('is different each time, with the same keys', async () => {
    const ends = makeEnds(3 satisfies Method, 2)
    const [a, b] = [await handshake(ends), await handshake(ends)]
    expect(a.responder.prkOut).not.toEqual(b.responder.prkOut)
  })
})
