/**
 * A login within the device channel (docs/protocol.md, "Login"): the card is the EDHOC initiator, the gateway the
 * responder. What can be done ahead of the PIN is done in `begin`; `finish` is one verification and one commit.
 */
import { equalConstantTime, toHex } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import { EdhocError } from '../../protocol/edhoc/errors.ts'
import type { SentMessage2 } from '../../protocol/edhoc/responder.ts'
import { EAD_LOGIN_RESULT } from '../../protocol/messages/enrolment.ts'
import type { AnswerBody, RequestBody } from '../../protocol/messages/operations.ts'
import { BoundedMap } from '../findings/bounded-map.ts'
import type { Registry } from '../registry/context.ts'
import { auditRefusedLogin, logIn } from '../registry/logins.ts'
import { Refused } from '../registry/refused.ts'
import type { CardCertificate } from '../store/store.ts'
import type { Device, PendingLogin } from './device.ts'
import { FailureLimiter } from './limiter.ts'
import { authenticatorFor, fingerprintPrefix, peerCredential, receiveMessage1 } from './responder.ts'
import type { See } from './sightings.ts'

/** A person may take their time over the PIN. */
const LOGIN_MS = 5 * 60_000
/** Readers side by side, and attempts that were given up. The oldest goes first. */
const MAX_LOGINS = 8
const CACHED_CERTIFICATES = 50_000

export class Logins {
  readonly #registry: Registry
  readonly #see: See
  readonly #failures = new FailureLimiter()
  /** Certificates do not change; whether one is still valid is asked in the commit. */
  readonly #certificates = new BoundedMap<{ found: readonly CardCertificate[] }>(CACHED_CERTIFICATES)

  constructor(registry: Registry, see: See) {
    this.#registry = registry
    this.#see = see
  }

  /** Throws Refused. */
  async begin(device: Device, body: RequestBody<'login.begin'>): Promise<AnswerBody<'login.begin'>> {
    const { crypto, now } = this.#registry
    this.#requirePatienceOf(device)
    const sent = await this.#respond(body.message1)
    const login = crypto.randomBytes(16)
    const oldest = device.logins.size >= MAX_LOGINS ? device.logins.keys().next().value : undefined
    if (oldest !== undefined) device.logins.delete(oldest)
    const begunAt = now()
    const pending = { purpose: body.purpose, sent, begunAt, expiresAt: begunAt + LOGIN_MS, wrongPins: new Map() }
    device.logins.set(toHex(login), pending)
    return { login, message2: sent.message2 }
  }

  async #respond(message1: Uint8Array): Promise<SentMessage2> {
    const { crypto, authority } = this.#registry
    try {
      const received = receiveMessage1(crypto, message1, [])
      return await received.prepareMessage2(
        authenticatorFor(crypto, authority, received.suite, 'without-root'),
        crypto.randomBytes(8),
      )
    } catch (error) {
      if (error instanceof EdhocError) throw new Refused('bad-request')
      throw error
    }
  }

  /** Throws Refused: 'login-failed' where the signature is not the card's, 'unknown-card', or what the registry says. */
  async finish(device: Device, body: RequestBody<'login.finish'>): Promise<AnswerBody<'login.finish'>> {
    const { now } = this.#registry
    const pending = device.logins.get(toHex(body.login))
    device.logins.delete(toHex(body.login))
    if (pending === undefined || pending.expiresAt <= now()) throw new Refused('login-failed')
    this.#requirePatienceOf(device)
    const { verified, certificate } = await this.#verify(device, pending, body.message3)
    // From here on the card has proved its key: what it does is held against it, not against the terminal.
    const card = `card ${toHex(certificate.guid)}`
    this.#requirePatience(card)
    try {
      const { purpose, begunAt } = pending
      const { terminal, site } = device
      const result = await logIn(this.#registry, { terminal, purpose, begunAt, certificate })
      const { at, session: id } = result
      this.#see({ kind: 'login', at, begunAt, terminal, site, card: toHex(certificate.guid), timing: body.timings }, id)
      this.#failures.succeeded(card)
      this.#failures.succeeded(`terminal ${device.terminal}`)
      const { message4, session } = verified.prepareMessage4([{ label: -EAD_LOGIN_RESULT, value: encode(result) }])
      session.wipe()
      return { message4 }
    } catch (error) {
      if (error instanceof Refused) {
        this.#failures.failed(card, now())
        await auditRefusedLogin(this.#registry, device.terminal, error.refusal.code, certificate.guid)
      }
      throw error
    }
  }

  cancel(device: Device, body: RequestBody<'login.cancel'>): void {
    device.logins.delete(toHex(body.login))
  }

  async #verify(device: Device, { sent }: PendingLogin, message3: Uint8Array) {
    try {
      const received = sent.processMessage3(message3)
      const prefix = fingerprintPrefix(received.reference)
      const found = prefix === undefined ? [] : await this.#find(prefix)
      const candidates = found.map((certificate) => ({ certificate, peer: peerCredential(certificate) }))
      if (candidates.length === 0) throw new Refused('unknown-card')
      const verified = received.verify(...candidates.map(({ peer }) => peer))
      const match = candidates.find(({ peer }) => equalConstantTime(peer.cred, verified.peer.cred))
      if (match === undefined) throw new Error('a peer that was not among the candidates')
      return { verified, certificate: match.certificate }
    } catch (error) {
      if (!(error instanceof EdhocError)) throw error
      this.#seeFailure(device)
      this.#failures.failed(`terminal ${device.terminal}`, this.#registry.now())
      await auditRefusedLogin(this.#registry, device.terminal, 'login-failed')
      throw new Refused('login-failed')
    }
  }

  async #find(prefix: Uint8Array): Promise<readonly CardCertificate[]> {
    const key = toHex(prefix)
    const cached = this.#certificates.get(key)
    if (cached !== undefined) return cached.found
    const found = await this.#registry.store.read((reader) => reader.certificates(prefix))
    // Nothing is remembered of cards that are not known: the next one may be registered by then.
    if (found.length > 0) this.#certificates.obtain(key, () => ({ found }))
    return found
  }

  /** Who goes on all the same is still guessing. */
  #requirePatienceOf(device: Device): void {
    try {
      this.#requirePatience(`terminal ${device.terminal}`)
    } catch (error) {
      this.#seeFailure(device)
      throw error
    }
  }

  #seeFailure({ terminal, site }: Device): void {
    this.#see({ kind: 'login-failed', at: this.#registry.now(), terminal, site })
  }

  #requirePatience(key: string): void {
    const retryAfterMs = this.#failures.waitMs(key, this.#registry.now())
    if (retryAfterMs !== undefined) throw new Refused('slow-down', { retryAfterMs })
  }
}
