/**
 * What terminal and gateway say to each other inside the protected channel: requests with one answer
 * each. A request is the CBOR array [id, operation, body]; an answer is [id, 0, body] or
 * [id, 1, refusal]. Bodies are maps with text keys. One table, `operations`, holds every operation with
 * the schema of its request and of its answer; both ends parse by it.
 */
import * as v from 'valibot'
import { IDENTIFIER } from '../topics.ts'
import { findingOperations } from './finding-operations.ts'
import { blockCauseSchema, NOTICE_KEY_LENGTH } from './notices.ts'
import { bytes, exactly, identifier, natural, text, time } from './schema.ts'
import { nodeOperations, tokenOperations } from './token-operations.ts'

/** Roles of an operator; each includes the ones before it (desk, registrar, supervisor). */
export const ROLES = ['desk', 'registrar', 'supervisor'] as const
export type Role = (typeof ROLES)[number]

export function includesRole(held: Role | undefined, needed: Role): boolean {
  return held !== undefined && ROLES.indexOf(held) >= ROLES.indexOf(needed)
}

/** Why the gateway refuses. The words for people are in the renderer's locales, under the same code. */
export const REFUSALS = [
  'bad-request',
  'not-allowed',
  'unknown-card',
  'card-pending',
  'card-blocked',
  'card-expired',
  'card-withdrawn',
  'holder-suspended',
  'terminal-blocked',
  'not-an-operator',
  'role-missing',
  'session-unknown',
  'login-failed',
  'slow-down',
  'already-registered',
  'registration-unknown',
  'registration-conflict',
  'management-key-unknown',
  'proof-failed',
  'invitation-unknown',
  'invitation-expired',
  'invitation-used',
  'too-many',
  'gateway-failed',
] as const
export type RefusalCode = (typeof REFUSALS)[number]

const role = v.picklist(ROLES)
const millis = v.pipe(v.number(), v.minValue(0), v.maxValue(600_000))

export const refusalSchema = v.strictObject({
  code: v.picklist(REFUSALS),
  /** How long to wait before trying again, with 'slow-down'. */
  retryAfterMs: v.optional(natural),
})
export type Refusal = v.InferOutput<typeof refusalSchema>

export const personSchema = v.strictObject({
  givenName: text(80),
  familyName: text(80),
  /** The house's own number of the person: customer, patient or staff number. */
  reference: text(40),
})
export type Person = v.InferOutput<typeof personSchema>

const managementKeyAlgorithmSchema = v.picklist(['3DES', 'AES-128', 'AES-192', 'AES-256'])

/** What a login tells: EAD_4 of the login's message_4 carries it, so that it is bound to the card's own handshake. */
export const loginResultSchema = v.strictObject({
  /** Names the login in later requests of the same terminal. */
  session: identifier,
  holder: v.strictObject({ id: identifier, givenName: text(80), familyName: text(80), reference: text(40), registeredAt: time }),
  role: v.optional(role),
  /** The card's CHUID GUID. */
  card: v.strictObject({ guid: identifier, expiresAt: time }),
  at: time,
  /** The login before this one; absent for the first. */
  last: v.optional(v.strictObject({ at: time, site: v.pipe(v.string(), v.maxLength(80)) })),
})
export type LoginResult = v.InferOutput<typeof loginResultSchema>

/**
 * 'registration' proves that a card works, at the end of a registration or an unblocking. 'approval' is a supervisor's fresh
 * login that approves one unblocking ('unblock.begin') and opens no session.
 */
export const loginPurposeSchema = v.picklist(['holder', 'operator', 'registration', 'approval'])
export type LoginPurpose = v.InferOutput<typeof loginPurposeSchema>

/**
 * How long the card took for what a login asks of it; findings judge it against that card's own history. A relay adds to each
 * exchange, a busy computer to one or the other: so the more of them are told, the better the two are told apart.
 */
const cardTimingsSchema = v.strictObject({
  /** VERIFY with the PIN; absent where the PIN was entered on the reader, whose answer waits for the person. */
  verifyMs: v.optional(millis),
  /** The 9A signature. */
  signMs: millis,
  /** VERIFY without data, before the PIN is asked: the card computes nothing, so this is mostly the way to it. */
  emptyMs: v.optional(millis),
  /** The reader by its name, because each adds its own to every answer. */
  reader: v.optional(text(128)),
})

/** How a card stands at the gateway. 'unblocking': an unblocking is under way, the card is refused until its proof. */
export const cardStandingSchema = v.picklist(['pending', 'active', 'blocked', 'unblocking', 'withdrawn'])
export type CardStanding = v.InferOutput<typeof cardStandingSchema>

/** One change of the block list. A later one of the same card takes its place. */
const blockChangeSchema = v.strictObject({ guid: identifier, blocked: v.boolean(), at: time })
/** How old a supervisor's approval may be. */
export const APPROVAL_MS = 120_000
/** Changes in one answer of 'blocks.fetch'. */
export const BLOCKS_PAGE = 500

/** Where a reader is, or a card. What terminals tell by presence is their word: it proves no card (docs/security.md). */
export const placeSchema = v.strictObject({
  terminal: v.pipe(v.string(), v.regex(IDENTIFIER)),
  site: v.pipe(v.string(), v.maxLength(80)),
  reader: text(128),
  simulated: v.boolean(),
  /** What the reader was seen in last. */
  state: v.picklist(['empty', 'card', 'mute', 'in-use']),
  /** The card in it, or the one that was asked for. */
  card: v.optional(identifier),
  /** Since when it is in that state; for a card that was asked for, when it was put in. */
  since: time,
  /** When the gateway heard of it last. */
  seenAt: time,
  /** Whether the terminal is connected. */
  online: v.boolean(),
  /** The reader is attached, and the card that was asked for is in it, as far as the terminal has told. */
  present: v.boolean(),
})
export type Place = v.InferOutput<typeof placeSchema>
/** Places in one answer. */
export const PLACES_PAGE = 100

const placesPage = v.pipe(v.array(placeSchema), v.maxLength(PLACES_PAGE))

export const operations = {
  /** First request on a fresh channel. */
  hello: {
    request: v.strictObject({
      software: text(40),
      site: v.optional(text(80)),
      /** The sessions that this terminal still shows, when it comes back over a new channel: all its others end (none named: all). */
      sessions: v.optional(v.pipe(v.array(identifier), v.maxLength(64))),
    }),
    answer: v.strictObject({
      time,
      site: v.pipe(v.string(), v.maxLength(80)),
      /** True while no operator exists and this terminal's invitation allows to register the first one. */
      mayRegisterFirstOperator: v.boolean(),
      /** This terminal's keys for notices and presence (notices.ts); the same at every greeting. */
      noticeKey: exactly(NOTICE_KEY_LENGTH),
      presenceKey: exactly(NOTICE_KEY_LENGTH),
      /** How far the block list has grown: a terminal that knows less fetches the rest before its next ceremony. */
      blockListVersion: natural,
      /** The latest connection whose presence the gateway knows (`connectedAt`), 0 for none: one that begins earlier counts for nothing. */
      presenceAt: time,
    }),
  },

  /** The card's message_1, sent while the person still types. */
  'login.begin': {
    request: v.strictObject({ purpose: loginPurposeSchema, message1: bytes(2048) }),
    answer: v.strictObject({ login: identifier, message2: bytes(4096) }),
  },
  'login.finish': {
    request: v.strictObject({ login: identifier, message3: bytes(8192), timings: v.optional(cardTimingsSchema) }),
    /** message_4, whose EAD_4 carries the LoginResult. */
    answer: v.strictObject({ message4: bytes(4096) }),
  },
  /** A person gave up before the PIN was complete. */
  'login.cancel': { request: v.strictObject({ login: identifier }), answer: v.strictObject({}) },
  'session.end': {
    request: v.strictObject({ session: identifier, reason: v.picklist(['card-removed', 'operator', 'idle', 'quit']) }),
    answer: v.strictObject({}),
  },

  /**
   * Begins or resumes the registration of one card. With `guid` (read from the card's CHUID) a registration
   * that was interrupted goes on; without, a new GUID is made.
   */
  'register.begin': {
    request: v.strictObject({
      /** The registrar's session; absent only for the first operator. */
      session: v.optional(identifier),
      person: personSchema,
      role: v.optional(role),
      card: v.strictObject({
        guid: v.optional(identifier),
        serial: v.optional(natural),
        managementKeyAlgorithm: managementKeyAlgorithmSchema,
        simulated: v.boolean(),
        /** Present when the card already carries a PIV certificate that is to be linked (no key or object of the card is changed). */
        certificate: v.optional(bytes(8192)),
      }),
    }),
    answer: v.strictObject({
      registration: identifier,
      guid: identifier,
      /** 'link': only the first login is left. 'resume': an earlier begin of the same card goes on. */
      mode: v.picklist(['new', 'resume', 'link']),
      /** The CHUID and CCC objects to write (SP 800-73-5 part 1), as the card's data objects. */
      chuid: bytes(4096),
      ccc: bytes(4096),
      /** The certificate that this registration already issued, when it is resumed past that point. */
      certificate: v.optional(bytes(8192)),
      algorithm: v.picklist(['P-256', 'P-384']),
      subject: text(200),
    }),
  },
  /**
   * The 9B mutual authentication, computed by the gateway; may run again with another `key` when nobody can know which one is
   * set: 'factory', the card's 'own', or the 'fresh' one of an unblocking that was interrupted.
   */
  'register.witness': {
    request: v.strictObject({ registration: identifier, key: v.picklist(['factory', 'own', 'fresh']), witness: bytes(16) }),
    answer: v.strictObject({ decryptedWitness: bytes(16), challenge: bytes(16) }),
  },
  /** After the card's answer is verified, the fresh PUK and management key, stored durably before they are sent. */
  'register.authenticated': {
    request: v.strictObject({ registration: identifier, response: bytes(16) }),
    answer: v.strictObject({ puk: exactly(8), managementKey: bytes(32), managementKeyAlgorithm: managementKeyAlgorithmSchema }),
  },
  /** The card signed a certificate request (RFC 2986). The same key gets the same certificate again, another key withdraws the first. */
  'register.certify': {
    request: v.strictObject({
      registration: identifier,
      certificateRequest: bytes(8192),
      /** The P-256 public key of slot 9E, which signs without a PIN, and its signature of presence-proof.ts: both or neither. */
      presenceKey: v.optional(exactly(64)),
      presenceProof: v.optional(exactly(64)),
    }),
    answer: v.strictObject({ certificate: bytes(8192) }),
  },
  /** The registration is given up; what was issued is withdrawn. */
  'register.abandon': { request: v.strictObject({ registration: identifier }), answer: v.strictObject({}) },

  /** A PIN was changed on the card (told afterwards: the change itself needs no gateway). */
  'pin.changed': {
    request: v.strictObject({ guid: identifier, at: time, outcome: v.picklist(['changed', 'unknown']) }),
    answer: v.strictObject({}),
  },
  /**
   * The card has refused a PIN, while that login waits. `proof` is the 9E key's signature of presence-proof.ts: without it
   * the report is held against the terminal only, because anybody can name a card.
   */
  'pin.wrong': {
    request: v.strictObject({
      login: identifier,
      guid: identifier,
      retriesLeft: v.pipe(natural, v.maxValue(15)),
      proof: v.optional(exactly(64)),
    }),
    answer: v.strictObject({}),
  },

  /** A supervisor blocks a card. Answered once the block is announced and on the disk. */
  'card.block': { request: v.strictObject({ session: identifier, guid: identifier }), answer: v.strictObject({ at: time }) },
  /** For a supervisor. */
  'card.status': {
    request: v.strictObject({ session: identifier, guid: identifier }),
    answer: v.strictObject({
      standing: cardStandingSchema,
      expiresAt: time,
      /** The block in force. */
      block: v.optional(v.strictObject({ at: time, cause: blockCauseSchema, finding: v.optional(text(80)) })),
    }),
  },
  /** What the block list has grown by since that version, oldest first; `version` is where the next request goes on. */
  'blocks.fetch': {
    request: v.strictObject({ since: natural }),
    answer: v.strictObject({
      version: natural,
      entries: v.pipe(v.array(blockChangeSchema), v.maxLength(BLOCKS_PAGE)),
      more: v.boolean(),
    }),
  },
  /**
   * The terminal hands back a notice that it keeps. Answered once what it announced is on the disk, also where the gateway
   * had lost it in a crash: the notice may then be forgotten.
   */
  'notice.confirm': { request: v.strictObject({ notice: bytes(1024) }), answer: v.strictObject({}) },

  /**
   * Begins, or goes on with, the unblocking of one card. `approval` is the session of a supervisor's login with purpose
   * 'approval' on this terminal, at most APPROVAL_MS old; it is good once. Then 'register.witness' with key 'own' (or 'fresh', after
   * an interruption), 'register.authenticated' for a fresh PUK and management key, and a login with purpose 'registration', which
   * alone makes a blocked card active. Also for a card whose PIN is blocked and which the gateway never blocked.
   */
  'unblock.begin': {
    request: v.strictObject({ approval: identifier, guid: identifier }),
    answer: v.strictObject({
      registration: identifier,
      /** 8 digits; absent for a linked card, whose PUK the gateway never had: it needs the proof only. */
      puk: v.optional(exactly(8)),
      /** Where an unblocking was interrupted after it had made a fresh PUK, the card may have that one already. */
      freshPuk: v.optional(exactly(8)),
    }),
  },

  /** For a supervisor: where a card is, or every reader of that name. */
  locate: {
    request: v.union([
      v.strictObject({ session: identifier, card: identifier }),
      v.strictObject({ session: identifier, reader: text(128) }),
    ]),
    answer: v.strictObject({ places: placesPage, /** There are more than fit. */ more: v.boolean() }),
  },
  /** For a supervisor: every reader, by terminal and name. `next` is what to ask with for the following page. */
  'readers.list': {
    request: v.strictObject({ session: identifier, after: v.optional(text(200)) }),
    answer: v.strictObject({ places: placesPage, next: v.optional(text(200)) }),
  },

  ...findingOperations,
  ...tokenOperations,
  ...nodeOperations,
} as const

export type Operation = keyof typeof operations
export type RequestBody<O extends Operation> = v.InferOutput<(typeof operations)[O]['request']>
export type AnswerBody<O extends Operation> = v.InferOutput<(typeof operations)[O]['answer']>
