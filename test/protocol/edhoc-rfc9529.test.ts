import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { concat, fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import { coseAlgorithm } from '../../protocol/cose/headers.ts'
import type { Authenticator, OwnCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError, encodeErrorMessage, encodeSuites } from '../../protocol/edhoc/errors.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import { encodeCompactIdCred, encodeIdentifier, parseIdCred } from '../../protocol/edhoc/items.ts'
import * as keys from '../../protocol/edhoc/keys.ts'
import { encodeMessage1, encodePlaintext2, encodePlaintext3, parsePlaintext2 } from '../../protocol/edhoc/messages.ts'
import { processMessage1 } from '../../protocol/edhoc/responder.ts'
import {
  aeadIvLength,
  aeadKeyLength,
  ephemeralLength,
  hashLength,
  initiatorKey,
  type Method,
  macLengthOf,
  responderKey,
  type SuiteNumber,
  selectSuite,
  suites,
} from '../../protocol/edhoc/suites.ts'
import rfc9529 from '../vectors/rfc9529.json' with { type: 'json' }

interface Value {
  readonly section: string
  readonly name: string
  readonly kind: string
  readonly hex: string
}

interface Trace {
  readonly title: string
  readonly method: number
  readonly suite: number
  readonly values: readonly Value[]
}

const empty = new Uint8Array(0)
const raw = 'raw value'
const item = 'cbor data item'
const sequence = 'cbor sequence'

/** One value of a trace. Only private keys, credentials and identifiers are taken as given; the test computes the rest. */
function given(trace: Trace, section: string, name: string, kind = raw): Uint8Array {
  const value = trace.values.find((v) => v.section === section && v.name === name && v.kind === kind)
  if (value === undefined) throw new Error(`${section}: no ${name} as ${kind}`)
  return fromHex(value.hex)
}

function credentialOf(trace: Trace, end: 'I' | 'R'): { own: Authenticator; privateKey: Uint8Array; credential: OwnCredential } {
  const section = end === 'I' ? 'message_3' : 'message_2'
  const privateKey = given(trace, section, `SK_${end}`)
  const { group, signature } = suites[trace.suite as SuiteNumber]
  const kind = end === 'I' ? initiatorKey[trace.method as Method] : responderKey[trace.method as Method]
  const publicKey = nodeCrypto.publicKey(kind === 'signature' ? 'Ed25519' : group, privateKey)
  const credential = {
    idCred: given(trace, section, `ID_CRED_${end}`, item),
    cred: given(trace, section, `CRED_${end}`, item),
    publicKey,
  }
  const own: Authenticator =
    kind === 'signature'
      ? { kind, credential, sign: async (bytes) => nodeCrypto.sign(signature, privateKey, bytes) }
      : { kind, credential, agree: async (peer) => nodeCrypto.sharedSecret(group, privateKey, peer) }
  return { own, privateKey, credential }
}

/**
 * The first message_1 of section 3 selects suite 6, whose keys are X25519, yet its G_X is the P-256 key of X. The session
 * ends with the responder's refusal of the suite, so that no secret ever comes of it.
 */
function groupOfFirstMessage(section: string): 'P-256' | undefined {
  return section === 'message_1 (first time)' ? 'P-256' : undefined
}

/** Every value of a trace by our own functions, under the names that the RFC gives them. */
function compute(trace: Trace): Map<string, string[]> {
  const values = new Map<string, string[]>()
  const put = (section: string, name: string, kind: string, bytes: Uint8Array): void => {
    const key = `${section} | ${name} | ${kind}`
    values.set(key, [...(values.get(key) ?? []), toHex(bytes)])
  }
  const putBoth = (section: string, name: string, bytes: Uint8Array): void => {
    put(section, name, raw, bytes)
    put(section, name, item, encode(bytes))
  }
  const method = trace.method as Method
  const suite = suites[trace.suite as SuiteNumber]
  const context = { crypto: nodeCrypto, suite }
  const size = ephemeralLength[suite.group]
  const compressed = suite.group !== 'X25519'
  const hash = (bytes: Uint8Array): Uint8Array => nodeCrypto.hash(suite.hash, bytes)

  const message1Of = (
    section: string,
    suiteNumber: SuiteNumber,
    suitesI: readonly number[],
  ): { message1: Uint8Array; x: Uint8Array } => {
    const group = groupOfFirstMessage(section) ?? suites[suiteNumber].group
    const x = given(trace, section, 'X')
    const publicKey = nodeCrypto.publicKey(group, x)
    const gX = publicKey.slice(0, ephemeralLength[group])
    const cI = given(trace, section, 'C_I')
    put(section, 'METHOD', item, encode(method))
    put(section, 'SUITES_I', item, encode(encodeSuites(suitesI)))
    put(section, 'X', raw, x)
    putBoth(section, 'G_X', gX)
    if (suites[suiteNumber].group !== 'X25519') put(section, "Initiator's ephemeral public key", raw, publicKey.slice(gX.length))
    put(section, 'C_I', raw, cI)
    put(section, 'C_I', item, encodeIdentifier(cI))
    put(section, 'EAD_1', sequence, empty)
    const message1 = encodeMessage1({ method, suitesI, gX, cI }, empty)
    put(section, 'message_1', sequence, message1)
    return { message1, x }
  }

  let m1 = 'message_1'
  let suitesI: readonly SuiteNumber[] = [trace.suite as SuiteNumber]
  if (method === 3) {
    message1Of('message_1 (first time)', 6, [6])
    put('error', 'SUITES_R', '', encode(encodeSuites([2])))
    put('error', 'error', sequence, encodeErrorMessage({ kind: 'wrong-suite', suitesR: [2] }))
    m1 = 'message_1 (second time)'
    suitesI = [6, 2]
  }
  const { message1, x } = message1Of(m1, trace.suite as SuiteNumber, suitesI)

  // message_2
  const y = given(trace, 'message_2', 'Y')
  const publicY = nodeCrypto.publicKey(suite.group, y)
  const publicX = nodeCrypto.publicKey(suite.group, x)
  const gY = publicY.slice(0, size)
  const cR = given(trace, 'message_2', 'C_R')
  put('message_2', 'Y', raw, y)
  putBoth('message_2', 'G_Y', gY)
  if (compressed) put('message_2', "Responder's ephemeral public key", raw, publicY.slice(size))
  put('message_2', 'C_R', raw, cR)
  put('message_2', 'C_R', item, encodeIdentifier(cR))
  putBoth('message_2', 'H(message_1)', hash(message1))
  put('message_2', 'Input to calculate TH_2', sequence, concat(encode(gY), encode(hash(message1))))
  const th2 = keys.computeTh2(context, gY, hash(message1))
  putBoth('message_2', 'TH_2', th2)
  const gXY = nodeCrypto.sharedSecret(suite.group, x, publicY) as Uint8Array
  expect(nodeCrypto.sharedSecret(suite.group, y, publicX)).toEqual(gXY)
  put('message_2', 'G_XY', raw, gXY)
  put('message_2', 'salt', raw, th2)
  const prk2e = keys.computePrk2e(context, th2, gXY)
  put('message_2', 'PRK_2e', raw, prk2e)
  const r = credentialOf(trace, 'R')
  const i = credentialOf(trace, 'I')
  const putKeyPair = (section: string, end: 'I' | 'R', whose: string): void => {
    const { privateKey, credential } = end === 'I' ? i : r
    put(section, `SK_${end}`, raw, privateKey)
    if (method === 0) put(section, `PK_${end}`, raw, credential.publicKey)
    else {
      put(section, `${whose} public authentication key`, raw, credential.publicKey.slice(0, size))
      put(section, `${whose} public authentication key`, raw, credential.publicKey.slice(size))
    }
  }
  putKeyPair('message_2', 'R', "Responder's")
  const infoOf = keys.encodeInfo
  let prk3e2m = prk2e
  if (r.own.kind === 'static-dh') {
    put('message_2', 'info for SALT_3e2m', sequence, infoOf(1, th2, hashLength[suite.hash]))
    const salt3e2m = keys.computeSalt3e2m(context, prk2e, th2)
    put('message_2', 'SALT_3e2m', raw, salt3e2m)
    const gRX = nodeCrypto.sharedSecret(suite.group, r.privateKey, publicX) as Uint8Array
    put('message_2', 'G_RX', raw, gRX)
    prk3e2m = keys.computePrk3e2m(context, salt3e2m, gRX)
  }
  put('message_2', 'PRK_3e2m', raw, prk3e2m)
  const putCredential = (section: string, end: 'I' | 'R'): void => {
    const { credential } = end === 'I' ? i : r
    put(section, `ID_CRED_${end}`, item, parseIdCred(credential.idCred).bytes)
    put(section, `CRED_${end}`, item, credential.cred)
    if (method === 0) {
      const certificate = given(trace, section, `CRED_${end}`)
      put(section, `CRED_${end}`, raw, certificate)
      expect(encode(certificate)).toEqual(credential.cred)
    }
  }
  putCredential('message_2', 'R')
  put('message_2', 'EAD_2', sequence, empty)
  const idCredR = parseIdCred(r.credential.idCred)
  const context2 = keys.encodeContext2(encodeIdentifier(cR), idCredR.bytes, th2, r.credential.cred, empty)
  put('message_2', 'context_2', sequence, context2)
  put('message_2', 'context_2', 'cbor byte string', encode(context2))
  const macLength2 = macLengthOf(suite, responderKey[method])
  put('message_2', 'info for MAC_2', sequence, infoOf(2, context2, macLength2))
  const mac2 = keys.computeMac2(context, prk3e2m, context2, macLength2)
  putBoth('message_2', 'MAC_2', mac2)
  const toBeSigned2 = keys.encodeToBeSigned(idCredR.bytes, th2, r.credential.cred, empty, mac2)
  if (method === 0) put('message_2', 'Message to be signed 2', item, toBeSigned2)
  const signatureOrMac2 = method === 0 ? nodeCrypto.sign(suite.signature, r.privateKey, toBeSigned2) : mac2
  putBoth('message_2', 'Signature_or_MAC_2', signatureOrMac2)
  const plaintext2 = encodePlaintext2(cR, idCredR, signatureOrMac2, empty)
  put('message_2', 'PLAINTEXT_2', sequence, plaintext2)
  put('message_2', 'info for KEYSTREAM_2', sequence, infoOf(0, th2, plaintext2.length))
  const keystream2 = keys.computeKeystream2(context, prk2e, th2, plaintext2.length)
  put('message_2', 'KEYSTREAM_2', raw, keystream2)
  const ciphertext2 = keys.xor(plaintext2, keystream2)
  put('message_2', 'CIPHERTEXT_2', raw, ciphertext2)
  put('message_2', 'message_2', sequence, encode(concat(gY, ciphertext2)))

  // message_3
  putKeyPair('message_3', 'I', "Initiator's")
  put('message_3', 'Input to calculate TH_3', sequence, concat(encode(th2), plaintext2, r.credential.cred))
  const th3 = keys.computeTh3(context, th2, plaintext2, r.credential.cred)
  putBoth('message_3', 'TH_3', th3)
  let prk4e3m = prk3e2m
  if (i.own.kind === 'static-dh') {
    put('message_3', 'info for SALT_4e3m', sequence, infoOf(5, th3, hashLength[suite.hash]))
    const salt4e3m = keys.computeSalt4e3m(context, prk3e2m, th3)
    put('message_3', 'SALT_4e3m', raw, salt4e3m)
    const gIY = nodeCrypto.sharedSecret(suite.group, i.privateKey, publicY) as Uint8Array
    put('message_3', 'G_IY', raw, gIY)
    prk4e3m = keys.computePrk4e3m(context, salt4e3m, gIY)
  }
  put('message_3', 'PRK_4e3m', raw, prk4e3m)
  putCredential('message_3', 'I')
  put('message_3', 'EAD_3', sequence, empty)
  const idCredI = parseIdCred(i.credential.idCred)
  const context3 = keys.encodeContext3(idCredI.bytes, th3, i.credential.cred, empty)
  put('message_3', 'context_3', sequence, context3)
  put('message_3', 'context_3', 'cbor byte string', encode(context3))
  const macLength3 = macLengthOf(suite, initiatorKey[method])
  put('message_3', 'info for MAC_3', sequence, infoOf(6, context3, macLength3))
  const mac3 = keys.computeMac3(context, prk4e3m, context3, macLength3)
  putBoth('message_3', 'MAC_3', mac3)
  const toBeSigned3 = keys.encodeToBeSigned(idCredI.bytes, th3, i.credential.cred, empty, mac3)
  if (method === 0) put('message_3', 'Message to be signed 3', item, toBeSigned3)
  const signatureOrMac3 = method === 0 ? nodeCrypto.sign(suite.signature, i.privateKey, toBeSigned3) : mac3
  putBoth('message_3', 'Signature_or_MAC_3', signatureOrMac3)
  const plaintext3 = encodePlaintext3(idCredI, signatureOrMac3, empty)
  put('message_3', 'PLAINTEXT_3', sequence, plaintext3)
  put('message_3', 'A_3', item, keys.computeA(th3))
  put('message_3', 'info for K_3', sequence, infoOf(3, th3, aeadKeyLength(suite)))
  const k3 = keys.computeK3(context, prk3e2m, th3)
  put('message_3', 'K_3', raw, k3)
  put('message_3', 'info for IV_3', sequence, infoOf(4, th3, aeadIvLength(suite)))
  const iv3 = keys.computeIv3(context, prk3e2m, th3)
  put('message_3', 'IV_3', raw, iv3)
  const ciphertext3 = nodeCrypto.aeadSeal(suite.aead, k3, iv3, keys.computeA(th3), plaintext3)
  put('message_3', 'CIPHERTEXT_3', raw, ciphertext3)
  put('message_3', 'message_3', sequence, encode(ciphertext3))
  put('message_3', 'Input to calculate TH_4', sequence, concat(encode(th3), plaintext3, i.credential.cred))
  const th4 = keys.computeTh4(context, th3, plaintext3, i.credential.cred)
  putBoth('message_3', 'TH_4', th4)

  // message_4
  put('message_4', 'EAD_4', sequence, empty)
  put('message_4', 'PLAINTEXT_4', sequence, empty)
  put('message_4', 'A_4', item, keys.computeA(th4))
  put('message_4', 'info for K_4', sequence, infoOf(8, th4, aeadKeyLength(suite)))
  const k4 = keys.computeK4(context, prk4e3m, th4)
  put('message_4', 'K_4', raw, k4)
  put('message_4', 'info for IV_4', sequence, infoOf(9, th4, aeadIvLength(suite)))
  const iv4 = keys.computeIv4(context, prk4e3m, th4)
  put('message_4', 'IV_4', raw, iv4)
  const ciphertext4 = nodeCrypto.aeadSeal(suite.aead, k4, iv4, keys.computeA(th4), empty)
  put('message_4', 'CIPHERTEXT_4 (8 bytes)', '', ciphertext4)
  put('message_4', 'message_4', sequence, encode(ciphertext4))

  // The session key and what is derived from it
  const out = 'PRK_out and PRK_exporter'
  put(out, 'info for PRK_out', sequence, infoOf(7, th4, hashLength[suite.hash]))
  const prkOut = keys.computePrkOut(context, prk4e3m, th4)
  put(out, 'PRK_out', raw, prkOut)
  put(out, 'info for PRK_exporter', sequence, infoOf(10, empty, hashLength[suite.hash]))
  const prkExporter = keys.computePrkExporter(context, prkOut)
  put(out, 'PRK_exporter', raw, prkExporter)
  const oscore = 'OSCORE Parameters'
  put(oscore, 'Application AEAD Algorithm (int)', '', fromHex(String(coseAlgorithm[suite.applicationAead])))
  put(oscore, "Client's OSCORE Sender ID", raw, cR)
  put(oscore, "Server's OSCORE Sender ID", raw, given(trace, m1, 'C_I'))
  put(oscore, 'info for OSCORE Master Secret', sequence, infoOf(0, empty, 16))
  put(oscore, 'OSCORE Master Secret', raw, keys.edhocKdf(context, prkExporter, 0, empty, 16))
  put(oscore, 'info for OSCORE Master Salt', sequence, infoOf(1, empty, 8))
  put(oscore, 'OSCORE Master Salt', raw, keys.edhocKdf(context, prkExporter, 1, empty, 8))
  const updateContext = given(trace, 'Key Update', 'context for KeyUpdate')
  putBoth('Key Update', 'context for KeyUpdate', updateContext)
  const updated = keys.computeUpdatedPrkOut(context, prkOut, updateContext)
  put('Key Update', 'PRK_out after KeyUpdate', raw, updated)
  const updatedExporter = keys.computePrkExporter(context, updated)
  put('Key Update', 'PRK_exporter after KeyUpdate', raw, updatedExporter)
  put('Key Update', 'OSCORE Master Secret after KeyUpdate', raw, keys.edhocKdf(context, updatedExporter, 0, empty, 16))
  put('Key Update', 'OSCORE Master Salt after KeyUpdate', raw, keys.edhocKdf(context, updatedExporter, 1, empty, 8))

  // The certificates of section 2.9: their last 64 bytes are the root's signature.
  if (method === 0) {
    const root = given(trace, 'Common Root Certificate', 'public key and signature', '')
    put('Common Root Certificate', 'public key and signature', '', root)
    for (const [section, certificate, publicKey] of [
      ['Responder Certificate', given(trace, 'message_2', 'CRED_R'), r.credential.publicKey],
      ['Initiator Certificate', given(trace, 'message_3', 'CRED_I'), i.credential.publicKey],
    ] as const) {
      const signature = certificate.slice(-64)
      // TBSCertificate: 30 81 a1 and 161 bytes, after the 3 bytes that open the certificate.
      expect(nodeCrypto.verify('EdDSA', root.slice(0, 32), certificate.slice(3, 3 + 3 + 161), signature)).toBe(true)
      put(section, 'public key and signature', '', concat(publicKey, signature))
    }
  }
  return values
}

describe.each(rfc9529.traces)('RFC 9529, $title', (trace) => {
  const computed = compute(trace)

  it.each(trace.values.map((value, index) => ({ index, ...value })))(
    '$section: $name ($kind)',
    ({ index, section, name, kind, hex }) => {
      const same = (v: Value): boolean => v.section === section && v.name === name && v.kind === kind
      const occurrence = trace.values.slice(0, index).filter(same).length
      expect(computed.get(`${section} | ${name} | ${kind}`)?.[occurrence]).toBe(hex)
    },
  )

  it('comes out of the protocol states byte by byte', async () => {
    const method = trace.method as Method
    const suiteNumber = trace.suite as SuiteNumber
    const { group } = suites[suiteNumber]
    const pairOf = (privateKey: Uint8Array) => ({ privateKey, publicKey: nodeCrypto.publicKey(group, privateKey) })
    const r = credentialOf(trace, 'R')
    const i = credentialOf(trace, 'I')
    const responder = { crypto: nodeCrypto, methods: [method], suites: [suiteNumber] } as const
    const m1 = method === 3 ? 'message_1 (second time)' : 'message_1'
    const supported: SuiteNumber[] = method === 3 ? [6, 2] : [0]
    const initiator = { crypto: nodeCrypto, method, suites: supported, cI: given(trace, m1, 'C_I') }
    let selectedSuite = supported[0] as SuiteNumber
    if (method === 3) {
      const x = given(trace, 'message_1 (first time)', 'X')
      const cI = given(trace, 'message_1 (first time)', 'C_I')
      const ephemeral = { privateKey: x, publicKey: nodeCrypto.publicKey('P-256', x) }
      const first = startInitiator({ ...initiator, cI, ephemeral })
      expect(first.message1).toEqual(given(trace, 'message_1 (first time)', 'message_1', sequence))
      const refusal = catchEdhoc(() => processMessage1(first.message1, responder))
      expect(refusal.errorMessage).toEqual(given(trace, 'error', 'error', sequence))
      const answer = catchEdhoc(() => first.processMessage2(refusal.errorMessage as Uint8Array)).failure
      if (answer.kind !== 'peer-error' || answer.error.kind !== 'wrong-suite') throw new Error(`got ${answer.kind}`)
      selectedSuite = selectSuite(supported, answer.error.suitesR) as SuiteNumber
    }
    const started = startInitiator({ ...initiator, selectedSuite, ephemeral: pairOf(given(trace, m1, 'X')) })
    expect(started.message1).toEqual(given(trace, m1, 'message_1', sequence))
    const received1 = processMessage1(started.message1, { ...responder, ephemeral: pairOf(given(trace, 'message_2', 'Y')) })
    const sent2 = await received1.prepareMessage2(r.own, given(trace, 'message_2', 'C_R'))
    expect(sent2.message2).toEqual(given(trace, 'message_2', 'message_2', sequence))
    const sent3 = await started.processMessage2(sent2.message2).verify(r.credential).completeMessage3(i.own)
    expect(sent3.message3).toEqual(given(trace, 'message_3', 'message_3', sequence))
    const { message4, session } = sent2.processMessage3(sent3.message3).verify(i.credential).prepareMessage4()
    expect(message4).toEqual(given(trace, 'message_4', 'message_4', sequence))
    const { session: ours } = sent3.processMessage4(message4)
    for (const end of [session, ours]) {
      expect(end.prkOut).toEqual(given(trace, 'PRK_out and PRK_exporter', 'PRK_out'))
      expect(end.exporter(0, empty, 16)).toEqual(given(trace, 'OSCORE Parameters', 'OSCORE Master Secret'))
      end.updateKey(given(trace, 'Key Update', 'context for KeyUpdate'))
      expect(end.exporter(1, empty, 8)).toEqual(given(trace, 'Key Update', 'OSCORE Master Salt after KeyUpdate'))
    }
  })
})

function catchEdhoc(action: () => unknown): EdhocError {
  try {
    action()
  } catch (error) {
    if (error instanceof EdhocError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('RFC 9529 section 4: what must be refused', () => {
  const trace = rfc9529.traces[1] as Trace
  const everything = { crypto: nodeCrypto, methods: [0, 1, 2, 3], suites: [0, 1, 2, 3, 6, 24] } as const

  const kinds: Record<string, string> = {
    'Error in elliptic curve representation': 'bad-ephemeral-key',
    'Error in elliptic curve point': 'bad-ephemeral-key',
    'Curve point of low order': 'bad-ephemeral-key',
  }

  const of = (message: string) => rfc9529.invalid.filter(({ name }) => name.startsWith(`Invalid ${message} `))

  it('has 11 messages_1, 1 message_2 and 3 plaintexts', () => {
    expect([of('message_1').length, of('message_2').length, of('PLAINTEXT_2').length]).toEqual([11, 1, 3])
  })

  it.each(of('message_1'))('message_1: $fault', ({ fault, hex }) => {
    // [2, 24] selects 24, which is right only for a responder that does not know 2.
    const options = fault === 'Error in length of ephemeral key' ? { ...everything, suites: [24] as const } : everything
    const error = catchEdhoc(() => processMessage1(fromHex(hex), options))
    expect(error.kind).toBe(kinds[fault] ?? 'malformed')
    expect(error.errorMessage?.[0]).toBe(1)
  })

  it.each(of('message_2'))('message_2: $fault', ({ hex }) => {
    const x = given(trace, 'message_1 (second time)', 'X')
    const ephemeral = { privateKey: x, publicKey: nodeCrypto.publicKey('P-256', x) }
    const started = startInitiator({ crypto: nodeCrypto, method: 3, suites: [2], cI: Uint8Array.of(0x37), ephemeral })
    expect(catchEdhoc(() => started.processMessage2(fromHex(hex))).kind).toBe('malformed')
  })

  it.each(of('PLAINTEXT_2'))('PLAINTEXT_2: $fault, as it stands and encrypted in a message_2', ({ hex }) => {
    const plaintext2 = fromHex(hex)
    expect(catchEdhoc(() => parsePlaintext2(plaintext2, suites[2], 'static-dh', [])).kind).toBe('malformed')
    const started = startInitiator({ crypto: nodeCrypto, method: 3, suites: [2], cI: utf8('i') })
    const context = { crypto: nodeCrypto, suite: suites[2] }
    const ephemeral = nodeCrypto.generateKeyPair('P-256')
    const gY = ephemeral.publicKey.slice(0, 32)
    const gX = nodeCrypto.decompressPoint('P-256', started.message1.slice(4, 36)) as Uint8Array
    const th2 = keys.computeTh2(context, gY, nodeCrypto.hash('SHA-256', started.message1))
    const prk2e = keys.computePrk2e(context, th2, nodeCrypto.sharedSecret('P-256', ephemeral.privateKey, gX) as Uint8Array)
    const ciphertext2 = keys.xor(plaintext2, keys.computeKeystream2(context, prk2e, th2, plaintext2.length))
    expect(catchEdhoc(() => started.processMessage2(encode(concat(gY, ciphertext2)))).kind).toBe('malformed')
  })

  it('the compact form of a kid is the one that is accepted', () => {
    expect(toHex(encodeCompactIdCred(parseIdCred(fromHex('a1044132'))))).toBe('32')
    expect(toHex(encodeCompactIdCred(parseIdCred(fromHex('a1044118'))))).toBe('4118')
  })
})
