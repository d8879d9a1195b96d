/**
 * Who this node is: a random identifier, a P-256 key, the certificate that the gateway issued for it, and the gateway's root,
 * pinned at enrolment. One file that only its user can read (0600), replaced whole or not at all.
 */
import * as v from 'valibot'
import type { Broker } from '../native/broker.ts'
import { converseEnrolment, invitationDigest } from '../native/conversation/enrolment.ts'
import { InvitationMistyped } from '../native/conversation/enrolment-errors.ts'
import { readPrivateFile, removePrivateFile, writePrivateFile } from '../native/conversation/private-file.ts'
import { equalConstantTime, fromUtf8, toHex, utf8 } from '../protocol/bytes.ts'
import type { Crypto, KeyPair } from '../protocol/crypto.ts'
import { parseInvitation } from '../protocol/messages/enrolment.ts'
import { IDENTIFIER } from '../protocol/topics.ts'

export interface NodeIdentity {
  readonly node: string
  /** As terminals ask for it. */
  readonly name: string
  /** P-256, the formats of protocol/crypto.ts. */
  readonly key: KeyPair
  /** DER, as are the two below. */
  readonly certificate: Uint8Array
  readonly root: Uint8Array
  readonly gateway: Uint8Array
}

/** The file is no identity of this version, or there is none and no invitation to make one with. */
export class IdentityError extends Error {
  readonly kind: 'damaged' | 'missing'
  readonly path: string
  constructor(kind: IdentityError['kind'], path: string, options?: ErrorOptions) {
    super(kind === 'missing' ? `no identity in ${path}, and no invitation` : `the identity is damaged: ${path}`, options)
    this.name = 'IdentityError'
    this.kind = kind
    this.path = path
  }
}

const base64 = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/),
  v.transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
)
const begun = {
  version: v.literal(1),
  node: v.pipe(v.string(), v.regex(IDENTIFIER)),
  key: v.strictObject({ privateKey: base64, publicKey: base64 }),
}
const identitySchema = v.strictObject({ ...begun, name: v.string(), certificate: base64, root: base64, gateway: base64 })
/** An enrolment that was begun: the same key with the same code gets the same certificate again. */
const pendingSchema = v.strictObject({ ...begun, invitation: base64 })

async function load<S extends v.GenericSchema>(schema: S, path: string): Promise<v.InferOutput<S> | undefined> {
  const content = await readPrivateFile(path)
  if (content === undefined) return undefined
  try {
    return v.parse(schema, JSON.parse(fromUtf8(content)))
  } catch (cause) {
    throw new IdentityError('damaged', path, { cause })
  }
}

function save(path: string, value: object): Promise<void> {
  const text = JSON.stringify(
    value,
    (_key, item) => (item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item),
    2,
  )
  return writePrivateFile(path, utf8(`${text}\n`))
}

export interface ObtainOptions {
  readonly path: string
  /** The code of `npm run gateway -- invite --node`; needed once. */
  readonly invitation?: string
  readonly crypto: Crypto
  /** Connects under this node's identifier; closed at the end of an enrolment. */
  readonly connect: (node: string) => Broker
  readonly now: () => number
  /** For the broker's consent and for each message of an enrolment. */
  readonly timeoutMs: number
}

/**
 * The identity on disk, or a new one by the invitation. Rejects with IdentityError, InvitationMistyped, InvitationRefused and
 * LinkError ('offline', 'silent', 'untrusted' where the gateway's root is not the code's).
 */
export async function obtainIdentity(options: ObtainOptions): Promise<NodeIdentity> {
  const { path, crypto, now, timeoutMs } = options
  const known = await load(identitySchema, path)
  if (known !== undefined) {
    const { version: _version, ...identity } = known
    return identity
  }
  if (options.invitation === undefined) throw new IdentityError('missing', path)
  const invitation = parseInvitation(options.invitation)
  if (invitation === undefined) throw new InvitationMistyped()
  const pendingPath = `${path}.pending`
  const { node, key } = await resumeOrBegin(pendingPath, crypto, invitationDigest(crypto, invitation))
  const broker = options.connect(node)
  try {
    const party = { kind: 'node', id: node } as const
    const enrolled = await converseEnrolment({ crypto, broker, party, key, invitation, now, timeoutMs })
    const { certificate, root, gateway, site: name } = enrolled
    const identity = { node, name, key, certificate, root, gateway }
    await save(path, { version: 1, ...identity })
    await removePrivateFile(pendingPath)
    return identity
  } finally {
    await broker.close()
  }
}

async function resumeOrBegin(path: string, crypto: Crypto, invitation: Uint8Array): Promise<Pick<NodeIdentity, 'node' | 'key'>> {
  const before = await load(pendingSchema, path)
  if (before !== undefined && equalConstantTime(before.invitation, invitation)) return before
  const { privateKey, publicKey } = crypto.generateKeyPair('P-256')
  const made = { node: toHex(crypto.randomBytes(16)), key: { privateKey, publicKey } }
  await save(path, { version: 1, ...made, invitation })
  return made
}
