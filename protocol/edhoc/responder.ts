/**
 * The responder's side of EDHOC (RFC 9528): one class for each protocol state, so that a wrong order does not compile.
 *
 *   processMessage1 -> ReceivedMessage1 --prepareMessage2--> SentMessage2 --processMessage3--> ReceivedMessage3
 *     --verify--> VerifiedMessage3 --prepareMessage4--> session
 */
import { equalConstantTime, wipe } from '../bytes.ts'
import { encode } from '../cbor.ts'
import type { Crypto, KeyPair } from '../crypto.ts'
import { type Authenticator, agreeWith, ownCopy, type PeerCredential } from './credentials.ts'
import { decodeByteString, EdhocError, malformed } from './errors.ts'
import { type CredentialReference, type EadItem, encodeEad, encodeIdentifier, parseEad, parseIdCred } from './items.ts'
import * as keys from './keys.ts'
import { encodePlaintext2, expandEphemeral, type Plaintext3, parseMessage1, parsePlaintext3 } from './messages.ts'
import { EdhocSession, Once } from './session.ts'
import {
  type Context,
  ephemeralLength,
  initiatorKey,
  isMethod,
  isSuiteNumber,
  type Method,
  macLengthOf,
  responderKey,
  type SuiteNumber,
  signatureOrMacLength,
  suites,
} from './suites.ts'

export interface ResponderOptions {
  readonly crypto: Crypto
  readonly methods: readonly Method[]
  /** Their order has no meaning: the initiator's preference decides. */
  readonly suites: readonly SuiteNumber[]
  /** Labels, without sign, of critical EAD items that the application understands. */
  readonly knownEad?: readonly number[]
  /** For test vectors only: an ephemeral key must never be used twice (RFC 9528 section 9.2). */
  readonly ephemeral?: KeyPair
}

interface ResponderCore extends Context {
  readonly method: Method
  readonly cI: Uint8Array
  readonly knownEad: readonly number[]
  readonly ephemeral: KeyPair
  readonly ephemeralX: Uint8Array
  readonly th2: Uint8Array
  readonly prk2e: Uint8Array
}

/** RFC 9528 section 5.2.3. Throws an EdhocError, whose `errorMessage` is the answer then. */
export function processMessage1(message1: Uint8Array, options: ResponderOptions): ReceivedMessage1 {
  const { crypto } = options
  const parsed = parseMessage1(message1)
  const { method, suitesI, gX, cI } = parsed
  if (!isMethod(method) || !options.methods.includes(method)) throw new EdhocError({ kind: 'unsupported-method', method })
  const selected = suitesI[suitesI.length - 1]
  const best = suitesI.find((number) => isSuiteNumber(number) && options.suites.includes(number))
  // Only the first suite of SUITES_I that we support will do: a more preferred one means that somebody tampered (section 6.3.1).
  if (best !== selected || !isSuiteNumber(best)) {
    throw new EdhocError({ kind: 'wrong-suite', suitesI, supported: options.suites })
  }
  const suite = suites[best]
  if (gX.length !== ephemeralLength[suite.group]) throw malformed(1, 'G_X')
  const ead1 = parseEad(1, parsed.rest, options.knownEad ?? [])
  const ephemeralX = expandEphemeral(crypto, suite, gX)
  if (ephemeralX === undefined) throw new EdhocError({ kind: 'bad-ephemeral-key' })
  const ephemeral = ownCopy(options.ephemeral) ?? crypto.generateKeyPair(suite.group)
  const gXY = crypto.sharedSecret(suite.group, ephemeral.privateKey, ephemeralX)
  if (gXY === undefined) throw new EdhocError({ kind: 'bad-ephemeral-key' })
  const context = { crypto, suite }
  const gY = ephemeral.publicKey.slice(0, ephemeralLength[suite.group])
  const th2 = keys.computeTh2(context, gY, crypto.hash(suite.hash, message1))
  const prk2e = keys.computePrk2e(context, th2, gXY)
  wipe(gXY)
  const core = { crypto, suite, method, cI, knownEad: options.knownEad ?? [], ephemeral, ephemeralX, th2, prk2e }
  return new ReceivedMessage1(core, gY, ead1.items)
}

export class ReceivedMessage1 extends Once {
  readonly method: Method
  readonly suite: number
  readonly cI: Uint8Array
  /** Nobody has authenticated it. */
  readonly ead1: readonly EadItem[]
  readonly #core: ResponderCore
  readonly #gY: Uint8Array

  constructor(core: ResponderCore, gY: Uint8Array, ead1: readonly EadItem[]) {
    super()
    this.method = core.method
    this.suite = core.suite.number
    this.cI = core.cI
    this.ead1 = ead1
    this.#core = core
    this.#gY = gY
  }

  /** RFC 9528 section 5.3.2. Rejects with an EdhocError ('own-key-failed'), and as the signer does; RangeError for the wrong kind of key. */
  async prepareMessage2(own: Authenticator, cR: Uint8Array, ead2Items: readonly EadItem[] = []): Promise<SentMessage2> {
    const core = this.#core
    const { suite, th2, prk2e } = core
    const key = responderKey[core.method]
    if (own.kind !== key) throw new RangeError(`EDHOC: method ${core.method} takes another kind of key`)
    this.leave()
    let prk3e2m = prk2e
    if (own.kind === 'static-dh') {
      const gRX = await agreeWith(own.agree, core.ephemeralX)
      prk3e2m = keys.computePrk3e2m(core, keys.computeSalt3e2m(core, prk2e, th2), gRX)
      wipe(gRX)
    }
    const idCredR = parseIdCred(own.credential.idCred)
    const { cred } = own.credential
    const ead2 = encodeEad(ead2Items)
    const context2 = keys.encodeContext2(encodeIdentifier(cR), idCredR.bytes, th2, cred, ead2)
    const mac2 = keys.computeMac2(core, prk3e2m, context2, macLengthOf(suite, key))
    const signatureOrMac2 =
      own.kind === 'signature' ? await own.sign(keys.encodeToBeSigned(idCredR.bytes, th2, cred, ead2, mac2)) : mac2
    const due = signatureOrMacLength(suite, key)
    if (signatureOrMac2.length !== due)
      throw new EdhocError({ kind: 'own-key-failed', reason: `the signature must have ${due} bytes` })
    const plaintext2 = encodePlaintext2(cR, idCredR, signatureOrMac2, ead2)
    const keystream2 = keys.computeKeystream2(core, prk2e, th2, plaintext2.length)
    const gYCiphertext2 = new Uint8Array(this.#gY.length + plaintext2.length)
    gYCiphertext2.set(this.#gY)
    gYCiphertext2.set(keys.xor(plaintext2, keystream2), this.#gY.length)
    const th3 = keys.computeTh3(core, th2, plaintext2, cred)
    return new SentMessage2(core, encode(gYCiphertext2), { cR, prk3e2m, th3 })
  }
}

interface SentFacts {
  readonly cR: Uint8Array
  readonly prk3e2m: Uint8Array
  readonly th3: Uint8Array
}

/** message_2 is made: to send it again, send these same bytes (RFC 9528 section 7). */
export class SentMessage2 extends Once {
  readonly #core: ResponderCore
  readonly #message2: Uint8Array
  readonly #facts: SentFacts

  constructor(core: ResponderCore, message2: Uint8Array, facts: SentFacts) {
    super()
    this.#core = core
    this.#message2 = message2
    this.#facts = facts
  }

  get message2(): Uint8Array {
    return this.#message2.slice()
  }

  /** RFC 9528 section 5.4.3. Throws an EdhocError, 'peer-error' where an error message came instead. */
  processMessage3(message3: Uint8Array): ReceivedMessage3 {
    this.leave()
    const core = this.#core
    const { prk3e2m, th3 } = this.#facts
    const ciphertext3 = decodeByteString(3, message3)
    const [k3, iv3] = [keys.computeK3(core, prk3e2m, th3), keys.computeIv3(core, prk3e2m, th3)]
    const plaintext3 = core.crypto.aeadOpen(core.suite.aead, k3, iv3, keys.computeA(th3), ciphertext3)
    wipe(k3)
    if (plaintext3 === undefined) throw new EdhocError({ kind: 'decryption-failed', message: 3 })
    const parsed = parsePlaintext3(plaintext3, core.suite, initiatorKey[core.method], core.knownEad)
    return new ReceivedMessage3(core, this.#facts, plaintext3, parsed)
  }
}

/** message_3 is decrypted: it comes from whom message_1 came from; who that is is not known yet. */
export class ReceivedMessage3 extends Once {
  readonly reference: CredentialReference
  /** Not authenticated before `verify`. */
  readonly ead3: readonly EadItem[]
  readonly #core: ResponderCore
  readonly #facts: SentFacts
  readonly #plaintext3: Uint8Array
  readonly #parsed: Plaintext3

  constructor(core: ResponderCore, facts: SentFacts, plaintext3: Uint8Array, parsed: Plaintext3) {
    super()
    this.reference = parsed.idCredI.reference
    this.ead3 = parsed.ead3.items
    this.#core = core
    this.#facts = facts
    this.#plaintext3 = plaintext3
    this.#parsed = parsed
  }

  /**
   * Verifies Signature_or_MAC_3 with the credentials that the application found for `reference` (a kid may have several),
   * and takes the first that fits. Throws an EdhocError: 'unknown-credential' for none given, 'authentication-failed'.
   */
  verify(...candidates: readonly PeerCredential[]): VerifiedMessage3 {
    this.leave()
    if (candidates.length === 0) throw new EdhocError({ kind: 'unknown-credential' })
    const core = this.#core
    const { th3, cR } = this.#facts
    for (const peer of candidates) {
      const prk4e3m = this.#verifyWith(peer)
      if (prk4e3m === undefined) continue
      const th4 = keys.computeTh4(core, th3, this.#plaintext3, peer.cred)
      wipe(core.ephemeral.privateKey)
      const facts = { role: 'responder', method: core.method, suite: core.suite, cI: core.cI, cR, peer } as const
      return new VerifiedMessage3(core, new EdhocSession(core, facts, keys.computePrkOut(core, prk4e3m, th4)), { th4, prk4e3m })
    }
    throw new EdhocError({ kind: 'authentication-failed', message: 3 })
  }

  /** PRK_4e3m where the message is this credential's. */
  #verifyWith(peer: PeerCredential): Uint8Array | undefined {
    const core = this.#core
    const { crypto, suite } = core
    const { prk3e2m, th3 } = this.#facts
    const { idCredI, signatureOrMac3, ead3 } = this.#parsed
    const key = initiatorKey[core.method]
    let prk4e3m = prk3e2m
    if (key === 'static-dh') {
      const gIY = crypto.sharedSecret(suite.group, core.ephemeral.privateKey, peer.publicKey)
      if (gIY === undefined) return undefined
      prk4e3m = keys.computePrk4e3m(core, keys.computeSalt4e3m(core, prk3e2m, th3), gIY)
      wipe(gIY)
    }
    const context3 = keys.encodeContext3(idCredI.bytes, th3, peer.cred, ead3.bytes)
    const mac3 = keys.computeMac3(core, prk4e3m, context3, macLengthOf(suite, key))
    if (key === 'static-dh') return equalConstantTime(mac3, signatureOrMac3) ? prk4e3m : undefined
    const toBeSigned = keys.encodeToBeSigned(idCredI.bytes, th3, peer.cred, ead3.bytes, mac3)
    return crypto.verify(suite.signature, peer.publicKey, toBeSigned, signatureOrMac3) ? prk4e3m : undefined
  }
}

/** The initiator is authenticated. */
export class VerifiedMessage3 extends Once {
  readonly peer: PeerCredential
  readonly #core: ResponderCore
  readonly #session: EdhocSession
  readonly #secrets: { readonly th4: Uint8Array; readonly prk4e3m: Uint8Array }

  constructor(core: ResponderCore, session: EdhocSession, secrets: { readonly th4: Uint8Array; readonly prk4e3m: Uint8Array }) {
    super()
    this.peer = session.facts.peer
    this.#core = core
    this.#session = session
    this.#secrets = secrets
  }

  /** RFC 9528 section 5.5.2: confirms the key, and carries the application's result in EAD_4. */
  prepareMessage4(ead4: readonly EadItem[] = []): { readonly message4: Uint8Array; readonly session: EdhocSession } {
    this.leave()
    const core = this.#core
    const { th4, prk4e3m } = this.#secrets
    const [k4, iv4] = [keys.computeK4(core, prk4e3m, th4), keys.computeIv4(core, prk4e3m, th4)]
    const message4 = encode(core.crypto.aeadSeal(core.suite.aead, k4, iv4, keys.computeA(th4), encodeEad(ead4)))
    wipe(k4, prk4e3m)
    return { message4, session: this.#session }
  }

  /** For an application whose profile has no message_4. */
  completeWithoutMessage4(): EdhocSession {
    this.leave()
    return this.#session
  }
}
