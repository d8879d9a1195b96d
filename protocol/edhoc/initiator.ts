/**
 * The initiator's side of EDHOC (RFC 9528): one class for each protocol state, so that a wrong order does not compile.
 *
 *   startInitiator -> InitiatorStarted --processMessage2--> ReceivedMessage2 --verify--> VerifiedMessage2
 *     --prepareMessage3--> PreparedMessage3 --complete--> SentMessage3 --processMessage4--> session
 *
 * Everything up to prepareMessage3 needs no private key of ours, so a card's PIN may be typed meanwhile.
 */
import { equalConstantTime, wipe } from '../bytes.ts'
import { encode } from '../cbor.ts'
import type { Crypto, KeyPair } from '../crypto.ts'
import {
  type Authenticator,
  agreeWith,
  isSameCredential,
  type OwnCredential,
  ownCopy,
  type PeerCredential,
} from './credentials.ts'
import { decodeByteString, EdhocError } from './errors.ts'
import { type CredentialReference, type EadItem, encodeEad, encodeIdentifier, type IdCred, parseIdCred } from './items.ts'
import * as keys from './keys.ts'
import {
  encodeMessage1,
  encodePlaintext3,
  expandEphemeral,
  type Plaintext2,
  parsePlaintext2,
  parsePlaintext4,
  splitMessage2,
} from './messages.ts'
import { EdhocSession, Once } from './session.ts'
import {
  type Context,
  ephemeralLength,
  initiatorKey,
  type Method,
  macLengthOf,
  responderKey,
  type SuiteNumber,
  signatureLength,
  suites,
} from './suites.ts'

export interface InitiatorOptions {
  readonly crypto: Crypto
  readonly method: Method
  /** All that are supported, in order of preference: the same list in every session (RFC 9528 section 5.2.2). */
  readonly suites: readonly SuiteNumber[]
  /** Otherwise the most preferred one; `selectSuite` chooses after an error message. */
  readonly selectedSuite?: SuiteNumber
  readonly cI: Uint8Array
  readonly ead1?: readonly EadItem[]
  /** Labels, without sign, of critical EAD items that the application understands. */
  readonly knownEad?: readonly number[]
  /** For test vectors only: an ephemeral key must never be used twice (RFC 9528 section 9.2). */
  readonly ephemeral?: KeyPair
}

/** What all states of one session share. */
interface InitiatorCore extends Context {
  readonly method: Method
  readonly cI: Uint8Array
  readonly knownEad: readonly number[]
}

/** Composes message_1 (RFC 9528 section 5.2.2). Throws a RangeError where the selected suite is not among the supported ones. */
export function startInitiator(options: InitiatorOptions): InitiatorStarted {
  const { crypto, method, cI } = options
  const selected = options.selectedSuite ?? options.suites[0]
  const place = selected === undefined ? -1 : options.suites.indexOf(selected)
  if (selected === undefined || place < 0) throw new RangeError('EDHOC: the selected suite must be one of the supported ones')
  const suite = suites[selected]
  const ephemeral = ownCopy(options.ephemeral) ?? crypto.generateKeyPair(suite.group)
  const gX = ephemeral.publicKey.slice(0, ephemeralLength[suite.group])
  // All suites that are preferred to the selected one come before it, whatever an error message said.
  const message1 = encodeMessage1({ method, suitesI: options.suites.slice(0, place + 1), gX, cI }, encodeEad(options.ead1 ?? []))
  return new InitiatorStarted({ crypto, suite, method, cI, knownEad: options.knownEad ?? [] }, ephemeral, message1)
}

export class InitiatorStarted extends Once {
  readonly message1: Uint8Array
  readonly #core: InitiatorCore
  readonly #ephemeral: KeyPair

  constructor(core: InitiatorCore, ephemeral: KeyPair, message1: Uint8Array) {
    super()
    this.#core = core
    this.#ephemeral = ephemeral
    this.message1 = message1
  }

  /** Decrypts message_2 (RFC 9528 section 5.3.3). Throws an EdhocError, 'peer-error' where an error message came instead. */
  processMessage2(message2: Uint8Array): ReceivedMessage2 {
    this.leave()
    const core = this.#core
    const { gY, ciphertext2 } = splitMessage2(core.suite, decodeByteString(2, message2))
    const peerEphemeral = expandEphemeral(core.crypto, core.suite, gY)
    const gXY = peerEphemeral && core.crypto.sharedSecret(core.suite.group, this.#ephemeral.privateKey, peerEphemeral)
    if (peerEphemeral === undefined || gXY === undefined) throw new EdhocError({ kind: 'bad-ephemeral-key' })
    const th2 = keys.computeTh2(core, gY, core.crypto.hash(core.suite.hash, this.message1))
    const prk2e = keys.computePrk2e(core, th2, gXY)
    wipe(gXY)
    const plaintext2 = keys.xor(ciphertext2, keys.computeKeystream2(core, prk2e, th2, ciphertext2.length))
    const parsed = parsePlaintext2(plaintext2, core.suite, responderKey[core.method], core.knownEad)
    return new ReceivedMessage2(core, this.#ephemeral, peerEphemeral, { th2, prk2e, plaintext2 }, parsed)
  }
}

/** message_2 is decrypted; who sent it is not known yet. */
export class ReceivedMessage2 extends Once {
  readonly cR: Uint8Array
  readonly reference: CredentialReference
  /** Not authenticated before `verify`. */
  readonly ead2: readonly EadItem[]
  readonly #core: InitiatorCore
  readonly #ephemeral: KeyPair
  readonly #peerEphemeral: Uint8Array
  readonly #secrets: { readonly th2: Uint8Array; readonly prk2e: Uint8Array; readonly plaintext2: Uint8Array }
  readonly #parsed: Plaintext2

  constructor(
    core: InitiatorCore,
    ephemeral: KeyPair,
    peerEphemeral: Uint8Array,
    secrets: { readonly th2: Uint8Array; readonly prk2e: Uint8Array; readonly plaintext2: Uint8Array },
    parsed: Plaintext2,
  ) {
    super()
    this.cR = parsed.cR
    this.reference = parsed.idCredR.reference
    this.ead2 = parsed.ead2.items
    this.#core = core
    this.#ephemeral = ephemeral
    this.#peerEphemeral = peerEphemeral
    this.#secrets = secrets
    this.#parsed = parsed
  }

  /**
   * Verifies Signature_or_MAC_2 with the credentials that the application found for `reference` (a kid may have several),
   * and takes the first that fits. Throws an EdhocError: 'unknown-credential' for none given, 'authentication-failed'.
   */
  verify(...candidates: readonly PeerCredential[]): VerifiedMessage2 {
    this.leave()
    if (candidates.length === 0) throw new EdhocError({ kind: 'unknown-credential' })
    const core = this.#core
    const { th2, plaintext2 } = this.#secrets
    for (const peer of candidates) {
      const prk3e2m = this.#verifyWith(peer)
      if (prk3e2m === undefined) continue
      const th3 = keys.computeTh3(core, th2, plaintext2, peer.cred)
      wipe(this.#ephemeral.privateKey)
      return new VerifiedMessage2(core, { peer, cR: this.cR, ephemeralY: this.#peerEphemeral, prk3e2m, th3 })
    }
    throw new EdhocError({ kind: 'authentication-failed', message: 2 })
  }

  /** PRK_3e2m where the message is this credential's. */
  #verifyWith(peer: PeerCredential): Uint8Array | undefined {
    const core = this.#core
    const { crypto, suite } = core
    const { th2, prk2e } = this.#secrets
    const { idCredR, signatureOrMac2, ead2 } = this.#parsed
    const key = responderKey[core.method]
    let prk3e2m = prk2e
    if (key === 'static-dh') {
      const gRX = crypto.sharedSecret(suite.group, this.#ephemeral.privateKey, peer.publicKey)
      if (gRX === undefined) return undefined
      prk3e2m = keys.computePrk3e2m(core, keys.computeSalt3e2m(core, prk2e, th2), gRX)
      wipe(gRX)
    }
    const context2 = keys.encodeContext2(encodeIdentifier(this.cR), idCredR.bytes, th2, peer.cred, ead2.bytes)
    const mac2 = keys.computeMac2(core, prk3e2m, context2, macLengthOf(suite, key))
    if (key === 'static-dh') return equalConstantTime(mac2, signatureOrMac2) ? prk3e2m : undefined
    const toBeSigned = keys.encodeToBeSigned(idCredR.bytes, th2, peer.cred, ead2.bytes, mac2)
    return crypto.verify(suite.signature, peer.publicKey, toBeSigned, signatureOrMac2) ? prk3e2m : undefined
  }
}

interface VerifiedFacts {
  readonly peer: PeerCredential
  readonly cR: Uint8Array
  readonly ephemeralY: Uint8Array
  readonly prk3e2m: Uint8Array
  readonly th3: Uint8Array
}

/** The responder is authenticated. */
export class VerifiedMessage2 extends Once {
  readonly peer: PeerCredential
  readonly #core: InitiatorCore
  readonly #facts: VerifiedFacts

  constructor(core: InitiatorCore, facts: VerifiedFacts) {
    super()
    this.peer = facts.peer
    this.#core = core
    this.#facts = facts
  }

  /**
   * Methods 0 and 1: everything of message_3 but the signature (RFC 9528 section 5.4.2). Throws an EdhocError
   * ('own-credential'), a RangeError where the method takes a static Diffie-Hellman key.
   */
  prepareMessage3(credential: OwnCredential, ead3: readonly EadItem[] = []): PreparedMessage3 {
    if (initiatorKey[this.#core.method] !== 'signature')
      throw new RangeError('EDHOC: this method takes a static Diffie-Hellman key')
    this.#leaveAs(credential)
    return this.#prepare(credential, ead3, this.#facts.prk3e2m)
  }

  /** prepareMessage3 and complete in one, for either kind of key. Rejects with an EdhocError, and as the signer does. */
  async completeMessage3(own: Authenticator, ead3: readonly EadItem[] = []): Promise<SentMessage3> {
    const core = this.#core
    if (own.kind !== initiatorKey[core.method]) throw new RangeError(`EDHOC: method ${core.method} takes another kind of key`)
    if (own.kind === 'signature') {
      const prepared = this.prepareMessage3(own.credential, ead3)
      return prepared.complete(await own.sign(prepared.toBeSigned))
    }
    this.#leaveAs(own.credential)
    const { prk3e2m, th3 } = this.#facts
    const gIY = await agreeWith(own.agree, this.#facts.ephemeralY)
    const prk4e3m = keys.computePrk4e3m(core, keys.computeSalt4e3m(core, prk3e2m, th3), gIY)
    wipe(gIY)
    const prepared = this.#prepare(own.credential, ead3, prk4e3m)
    return prepared.complete(prepared.mac3)
  }

  #leaveAs(credential: OwnCredential): void {
    this.leave()
    if (isSameCredential(credential, this.peer)) throw new EdhocError({ kind: 'own-credential' })
  }

  #prepare(credential: OwnCredential, ead3Items: readonly EadItem[], prk4e3m: Uint8Array): PreparedMessage3 {
    const core = this.#core
    const { th3 } = this.#facts
    const idCred = parseIdCred(credential.idCred)
    const ead3 = encodeEad(ead3Items)
    const context3 = keys.encodeContext3(idCred.bytes, th3, credential.cred, ead3)
    const mac3 = keys.computeMac3(core, prk4e3m, context3, macLengthOf(core.suite, initiatorKey[core.method]))
    const toBeSigned = keys.encodeToBeSigned(idCred.bytes, th3, credential.cred, ead3, mac3)
    // The person may still be typing; what follows the signature is waited for.
    const [k3, iv3] = [keys.computeK3(core, this.#facts.prk3e2m, th3), keys.computeIv3(core, this.#facts.prk3e2m, th3)]
    return new PreparedMessage3(core, { ...this.#facts, prk4e3m, idCred, cred: credential.cred, ead3, mac3, toBeSigned, k3, iv3 })
  }
}

interface PreparedFacts extends VerifiedFacts {
  readonly prk4e3m: Uint8Array
  readonly idCred: IdCred
  readonly cred: Uint8Array
  readonly ead3: Uint8Array
  readonly mac3: Uint8Array
  readonly toBeSigned: Uint8Array
  readonly k3: Uint8Array
  readonly iv3: Uint8Array
}

/** message_3 lacks the signature only. */
export class PreparedMessage3 extends Once {
  /** The Sig_structure: a card is given its SHA-256 (ES256) or SHA-384 (ES384). */
  readonly toBeSigned: Uint8Array
  readonly #core: InitiatorCore
  readonly #facts: PreparedFacts

  constructor(core: InitiatorCore, facts: PreparedFacts) {
    super()
    this.toBeSigned = facts.toBeSigned
    this.#core = core
    this.#facts = facts
  }

  /** Signature_or_MAC_3 where the initiator has a static Diffie-Hellman key. */
  get mac3(): Uint8Array {
    return this.#facts.mac3
  }

  /** Encrypts message_3. `signature` is r || s, or EdDSA's. Throws an EdhocError ('own-key-failed') for a wrong length. */
  complete(signature: Uint8Array): SentMessage3 {
    this.leave()
    const core = this.#core
    const { idCred, cred, ead3, th3, prk4e3m, peer, cR, k3, iv3 } = this.#facts
    const due = initiatorKey[core.method] === 'signature' ? signatureLength[core.suite.signature] : core.suite.macLength
    if (signature.length !== due) throw new EdhocError({ kind: 'own-key-failed', reason: `the signature must have ${due} bytes` })
    const plaintext3 = encodePlaintext3(idCred, signature, ead3)
    const message3 = encode(core.crypto.aeadSeal(core.suite.aead, k3, iv3, keys.computeA(th3), plaintext3))
    wipe(k3)
    const th4 = keys.computeTh4(core, th3, plaintext3, cred)
    const facts = { role: 'initiator', method: core.method, suite: core.suite, cI: core.cI, cR, peer } as const
    const session = new EdhocSession(core, facts, keys.computePrkOut(core, prk4e3m, th4))
    return new SentMessage3(core, message3, session, { th4, prk4e3m })
  }
}

export interface CompletedInitiator {
  readonly session: EdhocSession
  /** Authenticated. */
  readonly ead4: readonly EadItem[]
}

/** message_3 is made: to send it again, send these same bytes (RFC 9528 section 7). */
export class SentMessage3 extends Once {
  readonly #core: InitiatorCore
  readonly #message3: Uint8Array
  readonly #session: EdhocSession
  readonly #secrets: { readonly th4: Uint8Array; readonly prk4e3m: Uint8Array }

  constructor(
    core: InitiatorCore,
    message3: Uint8Array,
    session: EdhocSession,
    secrets: { readonly th4: Uint8Array; readonly prk4e3m: Uint8Array },
  ) {
    super()
    this.#core = core
    this.#message3 = message3
    this.#session = session
    this.#secrets = secrets
  }

  get message3(): Uint8Array {
    return this.#message3.slice()
  }

  /** RFC 9528 section 5.5.3: the responder holds the same key. Throws an EdhocError. */
  processMessage4(message4: Uint8Array): CompletedInitiator {
    this.leave()
    const core = this.#core
    const { th4, prk4e3m } = this.#secrets
    const ciphertext4 = decodeByteString(4, message4)
    const [k4, iv4] = [keys.computeK4(core, prk4e3m, th4), keys.computeIv4(core, prk4e3m, th4)]
    const plaintext4 = core.crypto.aeadOpen(core.suite.aead, k4, iv4, keys.computeA(th4), ciphertext4)
    wipe(k4, prk4e3m)
    if (plaintext4 === undefined) throw new EdhocError({ kind: 'decryption-failed', message: 4 })
    return { session: this.#session, ead4: parsePlaintext4(plaintext4, core.knownEad).items }
  }

  /** For an application whose profile has no message_4: the responder is not yet known to hold the key (RFC 9528 section 5.4.2). */
  completeWithoutMessage4(): EdhocSession {
    this.leave()
    return this.#session
  }
}
