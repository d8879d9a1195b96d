/**
 * The card's own EDHOC handshake inside the device channel (docs/protocol.md, "Login"): the card is the initiator, and its 9A
 * key makes the one signature. Everything up to that signature goes on while the person still types.
 */
import * as v from 'valibot'
import { certificateKey } from '../../native/conversation/trust.ts'
import { CborError, decode } from '../../protocol/cbor.ts'
import type { HashAlgorithm } from '../../protocol/crypto.ts'
import { x5tCredential } from '../../protocol/edhoc/credentials.ts'
import { EdhocError } from '../../protocol/edhoc/errors.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { EadItem } from '../../protocol/edhoc/items.ts'
import type { SuiteNumber } from '../../protocol/edhoc/suites.ts'
import { EAD_LOGIN_RESULT } from '../../protocol/messages/enrolment.ts'
import { type LoginPurpose, type LoginResult, loginResultSchema, type RequestBody } from '../../protocol/messages/operations.ts'
import type { PivCard } from '../../protocol/piv/card.ts'
import { type KeyAlgorithm, OBJECT, SLOT } from '../../protocol/piv/constants.ts'
import { PivError, unless } from '../../protocol/piv/errors.ts'
import { parseCertificateObject } from '../../protocol/piv/objects.ts'
import { TlvError } from '../../protocol/tlv.ts'
import { LinkError } from '../session/link.ts'
import type { HeldCard } from './card-access.ts'
import type { OnlineDesk } from './desk.ts'
import { CeremonyFailed } from './guide.ts'

/** A person waits for these answers with the PIN just typed. */
const LOGIN_TIMEOUT_MS = 3000

/** Suites 6 and 24 (RFC 9528 section 3.6): the hash is also the signature's (RFC 9053 section 2.1). */
const BY_CURVE: Readonly<Record<KeyAlgorithm, { readonly suite: SuiteNumber; readonly hash: HashAlgorithm }>> = {
  'P-256': { suite: 6, hash: 'SHA-256' },
  'P-384': { suite: 24, hash: 'SHA-384' },
}

/** The certificate of slot 9A and its key. */
export interface CardCredential {
  readonly certificate: Uint8Array
  readonly algorithm: KeyAlgorithm
  readonly publicKey: Uint8Array
}

type CardTimings = NonNullable<RequestBody<'login.finish'>['timings']>

export interface CardLogin {
  /** The gateway's name for it. */
  readonly login: Uint8Array
  /** What the card signs with 9A. */
  readonly digest: Uint8Array
  /** `signature` is r || s. Rejects with RefusedError, LinkError, EdhocError. */
  finish(signature: Uint8Array, timings: CardTimings): Promise<LoginResult>
  /** Tells the gateway that nothing will come of it. Never rejects. */
  cancel(): Promise<void>
}

/** Reads the certificate object. Rejects with CeremonyFailed where the card has none, or one that cannot log in here. */
export async function readCredential(card: PivCard): Promise<CardCredential> {
  const value = await unless(card.getData(OBJECT.authenticationCertificate), 'not-found')
  if (value === undefined) throw new CeremonyFailed({ code: 'card-not-registered' })
  let certificate: Uint8Array
  try {
    certificate = parseCertificateObject(value)
  } catch (cause) {
    if (cause instanceof PivError || cause instanceof TlvError) throw new CeremonyFailed({ code: 'card-foreign' }, { cause })
    throw cause
  }
  return credentialOf(certificate)
}

/** Throws a CeremonyFailed for a key that is neither P-256 nor P-384. */
export function credentialOf(certificate: Uint8Array): CardCredential {
  const key = certificateKey(certificate)
  if (key === undefined) throw new CeremonyFailed({ code: 'card-unsupported' })
  return { certificate, algorithm: key.curve, publicKey: key.publicKey }
}

/** message_1 and message_2: the gateway is verified when this resolves. Rejects with RefusedError, LinkError, EdhocError. */
export async function beginCardLogin(desk: OnlineDesk, card: CardCredential, purpose: LoginPurpose): Promise<CardLogin> {
  const { link, trust, crypto } = desk
  const { suite, hash } = BY_CURVE[card.algorithm]
  // C_I tells nothing apart here: the channel's own request ids do. The shortest one serves (RFC 9528 section 3.3.2).
  const cI = Uint8Array.of(0)
  const started = startInitiator({ crypto, method: 0, suites: [suite], cI, knownEad: [EAD_LOGIN_RESULT] })
  const timeout = { timeoutMs: LOGIN_TIMEOUT_MS }
  const { login, message2 } = await link.request('login.begin', { purpose, message1: started.message1 }, timeout)
  const received = started.processMessage2(message2)
  const gateway = trust.credentialOf(received.reference)
  if (gateway === undefined) throw new EdhocError({ kind: 'unknown-credential' })
  const prepared = received.verify(gateway).prepareMessage3(x5tCredential(crypto, card.certificate, card.publicKey))
  return {
    login,
    digest: crypto.hash(hash, prepared.toBeSigned),
    async finish(signature, timings) {
      const sent = prepared.complete(signature)
      const { message4 } = await link.request('login.finish', { login, message3: sent.message3, timings }, timeout)
      const { ead4, session } = sent.processMessage4(message4)
      session.wipe()
      const result = parseResult(ead4)
      if (result === undefined) throw new LinkError('malformed-answer')
      return result
    },
    async cancel() {
      await link.request('login.cancel', { login }).catch(() => undefined)
    },
  }
}

/**
 * The login that ends a registration or an unblocking: only this makes the card active at the gateway, which closes the session at
 * once, because the person was registered, not logged in.
 */
export async function proveByFirstLogin(
  desk: OnlineDesk,
  card: HeldCard,
  credential: CardCredential,
  pin: Uint8Array,
): Promise<LoginResult> {
  const handshake = await beginCardLogin(desk, credential, 'registration')
  const [verify, sign] = [card.metered(), card.metered()]
  await verify.piv.verifyPin(pin)
  const signature = await sign.piv.sign(SLOT.authentication, credential.algorithm, handshake.digest)
  return handshake.finish(signature, { verifyMs: verify.ms(), signMs: sign.ms(), reader: card.reader.slice(0, 128) })
}

function parseResult(ead4: readonly EadItem[]): LoginResult | undefined {
  const value = ead4.find(({ label }) => Math.abs(label) === EAD_LOGIN_RESULT)?.value
  if (value === undefined) return undefined
  try {
    const parsed = v.safeParse(loginResultSchema, decode(value))
    return parsed.success ? parsed.output : undefined
  } catch (error) {
    if (error instanceof CborError) return undefined
    throw error
  }
}

/** A gateway forgets a handshake after five minutes; one that is older than this is begun again after the PIN. */
const FRESH_MS = 4 * 60_000

/** The handshake that runs ahead of the PIN, and begins again where it was lost or has become old meanwhile. */
export class LoginAhead {
  readonly #begin: () => Promise<CardLogin>
  readonly #monotonic: () => number
  #login: Promise<CardLogin>
  #begunAt: number
  #taken = false

  constructor(begin: () => Promise<CardLogin>, monotonic: () => number) {
    this.#begin = begin
    this.#monotonic = monotonic
    this.#begunAt = monotonic()
    this.#login = this.#start()
  }

  #start(): Promise<CardLogin> {
    const login = this.#begin()
    // Looked at after the PIN; a failure in between is no unhandled one.
    login.catch(() => undefined)
    return login
  }

  /** Rejects as `beginCardLogin` does, when a second attempt has failed too: before the PIN is sent to the card. */
  async ready(): Promise<CardLogin> {
    if (this.#monotonic() - this.#begunAt <= FRESH_MS) {
      try {
        return await this.#login
      } catch {
        // A message was lost, or the link came back only now.
      }
    } else {
      this.abandon()
    }
    this.#begunAt = this.#monotonic()
    this.#login = this.#start()
    return this.#login
  }

  /** From here on the handshake is used up. */
  take(): void {
    this.#taken = true
  }

  /** Lets the gateway forget a handshake that was not used. */
  abandon(): void {
    if (!this.#taken) this.#login.then((login) => login.cancel()).catch(() => undefined)
  }
}
