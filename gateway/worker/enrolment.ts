/** Enrolment of terminals and service nodes: message_3 with an invitation's secret (protocol/messages/enrolment.ts). */
import * as v from 'valibot'
import type { Party } from '../../native/conversation/handshake.ts'
import { CborError, decode, encode } from '../../protocol/cbor.ts'
import { parseCcs } from '../../protocol/edhoc/credentials.ts'
import type { ReceivedMessage3 } from '../../protocol/edhoc/responder.ts'
import {
  EAD_ENROLMENT_REQUEST,
  EAD_ENROLMENT_RESULT,
  type EnrolmentRequest,
  enrolmentRequestSchema,
} from '../../protocol/messages/enrolment.ts'
import type { Registry } from '../registry/context.ts'
import { Refused } from '../registry/refused.ts'
import { enrol } from '../registry/terminals.ts'
import { enrolNode } from '../tokens/nodes.ts'

/** message_4 with the certificate; `from` is who message_1 claimed to be. Throws Refused or an EdhocError. */
export async function acceptEnrolment(registry: Registry, from: Party, received: ReceivedMessage3): Promise<Uint8Array> {
  const request = parseEnrolment(received)
  if (request === undefined || received.reference.kind !== 'kccs') throw new Refused('bad-request')
  const { cred, claims } = received.reference
  const ccs = parseCcs(claims)
  const party: Party = 'node' in request ? { kind: 'node', id: request.node } : { kind: 'terminal', id: request.terminal }
  if (ccs?.group !== 'P-256' || party.id !== from.id || party.kind !== from.kind) throw new Refused('bad-request')
  // The signature proves the key before the code is looked at.
  const verified = received.verify({ cred, publicKey: ccs.publicKey })
  const result =
    'node' in request ? await enrolNode(registry, request, ccs.publicKey) : await enrol(registry, request, ccs.publicKey)
  const { message4, session } = verified.prepareMessage4([{ label: -EAD_ENROLMENT_RESULT, value: encode(result) }])
  session.wipe()
  return message4
}

function parseEnrolment(received: ReceivedMessage3): EnrolmentRequest | undefined {
  const value = received.ead3.find(({ label }) => Math.abs(label) === EAD_ENROLMENT_REQUEST)?.value
  if (value === undefined) return undefined
  try {
    const parsed = v.safeParse(enrolmentRequestSchema, decode(value))
    return parsed.success ? parsed.output : undefined
  } catch (error) {
    if (error instanceof CborError) return undefined
    throw error
  }
}
