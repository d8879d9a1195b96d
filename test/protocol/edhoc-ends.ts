/** Two ends of EDHOC for tests: keys, credentials, and a whole handshake in memory. */
import { nodeCrypto } from '../../native/crypto.ts'
import { utf8 } from '../../protocol/bytes.ts'
import type { Group } from '../../protocol/crypto.ts'
import {
  type Authenticator,
  encodeCcs,
  kccsCredential,
  kidCredential,
  type OwnCredential,
  x5chainCredential,
  x5tCredential,
} from '../../protocol/edhoc/credentials.ts'
import {
  type CompletedInitiator,
  type InitiatorStarted,
  type SentMessage3,
  startInitiator,
} from '../../protocol/edhoc/initiator.ts'
import type { EadItem } from '../../protocol/edhoc/items.ts'
import { processMessage1, type SentMessage2 } from '../../protocol/edhoc/responder.ts'
import type { EdhocSession } from '../../protocol/edhoc/session.ts'
import { initiatorKey, type KeyKind, type Method, responderKey, type SuiteNumber, suites } from '../../protocol/edhoc/suites.ts'

export type CredentialType = 'x5t' | 'x5chain' | 'kid' | 'kccs'

const signatureGroup = { ES256: 'P-256', ES384: 'P-384', EdDSA: 'Ed25519' } as const

export function makeEnd(
  kind: KeyKind,
  suiteNumber: SuiteNumber,
  name: string,
  type: CredentialType = 'kid',
  kid = utf8(name),
): Authenticator & { readonly privateKey: Uint8Array } {
  const suite = suites[suiteNumber]
  const group: Group | 'Ed25519' = kind === 'signature' ? signatureGroup[suite.signature] : suite.group
  const privateKey = group === 'Ed25519' ? nodeCrypto.randomBytes(32) : nodeCrypto.generateKeyPair(group).privateKey
  const publicKey = nodeCrypto.publicKey(group, privateKey)
  // EDHOC does not look into a certificate: any bytes with a name in them will do here.
  const certificate = utf8(`certificate of ${name} ${publicKey.join()}`)
  const ccs = { subject: name, group, publicKey, kid }
  const credential: OwnCredential = {
    x5t: () => x5tCredential(nodeCrypto, certificate, publicKey),
    x5chain: () => x5chainCredential([certificate, utf8('issuer')], publicKey),
    kid: () => kidCredential(kid, encodeCcs(ccs), publicKey),
    kccs: () => kccsCredential(ccs),
  }[type]()
  return kind === 'signature'
    ? { kind, credential, privateKey, sign: async (bytes) => nodeCrypto.sign(suite.signature, privateKey, bytes) }
    : { kind, credential, privateKey, agree: async (peer) => nodeCrypto.sharedSecret(suite.group, privateKey, peer) }
}

export interface Ends {
  readonly method: Method
  readonly suite: SuiteNumber
  readonly i: Authenticator
  readonly r: Authenticator
  readonly cI: Uint8Array
  readonly cR: Uint8Array
  readonly knownEad?: readonly number[]
  readonly ead?: readonly [EadItem[], EadItem[], EadItem[], EadItem[]]
}

export function makeEnds(method: Method, suite: SuiteNumber, type: CredentialType = 'kid'): Ends {
  return {
    method,
    suite,
    i: makeEnd(initiatorKey[method], suite, 'initiator', type),
    r: makeEnd(responderKey[method], suite, 'responder', type),
    cI: utf8('ci'),
    cR: utf8('cr'),
  }
}

/** What the broker may do to a message on its way. */
export type Tamper = (number: 1 | 2 | 3 | 4, message: Uint8Array) => Uint8Array

export interface Outcome {
  readonly started: InitiatorStarted
  readonly sent2: SentMessage2
  readonly sent3: SentMessage3
  readonly initiator: CompletedInitiator
  readonly responder: EdhocSession
  readonly ead1: readonly EadItem[]
  readonly ead2: readonly EadItem[]
  readonly ead3: readonly EadItem[]
}

/** Rejects as the end does that notices. */
export async function handshake(ends: Ends, tamper: Tamper = (_, message) => message): Promise<Outcome> {
  const { method, suite, i, r, cI, cR, knownEad = [], ead = [[], [], [], []] } = ends
  const started = startInitiator({ crypto: nodeCrypto, method, suites: [suite], cI, knownEad, ead1: ead[0] })
  const options = { crypto: nodeCrypto, methods: [0, 1, 2, 3], suites: [0, 1, 2, 3, 6, 24], knownEad } as const
  const received1 = processMessage1(tamper(1, started.message1), options)
  // Where a changed message_1 asks for another method or suite, this responder has a key for that too.
  const own =
    received1.method === method && received1.suite === suite
      ? r
      : makeEnd(responderKey[received1.method], received1.suite as SuiteNumber, 'responder')
  const sent2 = await received1.prepareMessage2(own, cR, ead[1])
  const received2 = started.processMessage2(tamper(2, sent2.message2))
  const sent3 = await received2.verify(r.credential).completeMessage3(i, ead[2])
  const received3 = sent2.processMessage3(tamper(3, sent3.message3))
  const { message4, session: responder } = received3.verify(i.credential).prepareMessage4(ead[3])
  const initiator = sent3.processMessage4(tamper(4, message4))
  return { started, sent2, sent3, initiator, responder, ead1: received1.ead1, ead2: received2.ead2, ead3: received3.ead3 }
}
