/** From whatever a ceremony or the link failed with to the one Problem that the person is told. */

import { BrokerError } from '../../native/broker.ts'
import { InvitationMistyped, InvitationRefused } from '../../native/conversation/enrolment-errors.ts'
import { ReaderError } from '../../native/reader.ts'
import { EdhocError } from '../../protocol/edhoc/errors.ts'
import type { Refusal } from '../../protocol/messages/operations.ts'
import { PivError, type PivProblem } from '../../protocol/piv/errors.ts'
import type { Problem, ProblemCode } from '../contract/problems.ts'
import { LinkError, RefusedError } from '../session/link.ts'
import { CeremonyCancelled, CeremonyFailed } from './guide.ts'

/** `reader`: the one that the ceremony used. */
export function problemOf(error: unknown, reader?: string): Problem {
  if (error instanceof CeremonyFailed) return error.problem
  if (error instanceof ReaderError) return { code: codeOfReader(error), ...(reader === undefined ? {} : { reader }) }
  if (error instanceof PivError) return problemOfCard(error.problem)
  if (error instanceof RefusedError) return problemOfRefusal(error.refusal)
  if (error instanceof LinkError) return { code: codeOfLink(error) }
  if (error instanceof BrokerError) return { code: error.kind === 'untrusted' ? 'gateway-untrusted' : 'gateway-offline' }
  if (error instanceof EdhocError) return { code: codeOfHandshake(error) }
  if (error instanceof InvitationMistyped) return { code: 'invitation-mistyped' }
  if (error instanceof InvitationRefused) return { code: error.code }
  return { code: 'unexpected' }
}

/** Runs a ceremony to its end: what it rejects with is CeremonyCancelled or CeremonyFailed. */
export async function failingWell<T>(reader: string, ceremony: () => Promise<T>): Promise<T> {
  try {
    return await ceremony()
  } catch (error) {
    if (error instanceof CeremonyCancelled || error instanceof CeremonyFailed) throw error
    throw new CeremonyFailed(problemOf(error, reader), { cause: error })
  }
}

function codeOfReader({ kind }: ReaderError): ProblemCode {
  switch (kind) {
    case 'no-service':
      return 'reader-service-down'
    case 'no-permission':
      return 'reader-no-permission'
    case 'reader-gone':
      return 'reader-gone'
    case 'no-card':
    case 'card-removed':
      return 'card-removed'
    case 'card-reset':
      return 'card-reset'
    case 'card-mute':
      return 'card-mute'
    case 'in-use':
      return 'reader-in-use'
    case 'protocol-mismatch':
      return 'card-unsupported'
    case 'timeout':
      return 'card-slow'
    case 'communication':
    case 'cancelled':
    case 'bad-argument':
    case 'unexpected':
      return 'reader-failed'
    default:
      return kind satisfies never
  }
}

function problemOfCard(problem: PivProblem): Problem {
  switch (problem.kind) {
    case 'not-piv':
      return { code: 'card-not-piv' }
    case 'pin-wrong':
      // 63C0 says in one what 6983 says the next time.
      return { code: problem.retriesLeft === 0 ? 'pin-blocked' : 'pin-wrong', retriesLeft: problem.retriesLeft }
    case 'pin-blocked':
      return { code: 'pin-blocked', retriesLeft: 0 }
    case 'puk-wrong':
      return problem.retriesLeft === 0 ? { code: 'puk-blocked' } : { code: 'card-not-blank' }
    case 'puk-blocked':
      return { code: 'puk-blocked' }
    case 'pin-malformed':
      return { code: 'pin-refused' }
    case 'not-supported':
    case 'no-room':
      return { code: 'card-unsupported' }
    case 'not-authenticated':
    case 'not-found':
    case 'conditions-not-satisfied':
    case 'bad-response':
    case 'unexpected-status':
      return { code: 'card-answer-wrong' }
    default:
      return problem satisfies never
  }
}

function problemOfRefusal({ code, retryAfterMs }: Refusal): Problem {
  if (code === 'already-registered') return { code: 'card-already-registered' }
  return retryAfterMs === undefined ? { code } : { code, retryAfterMs }
}

function codeOfLink({ kind }: LinkError): ProblemCode {
  switch (kind) {
    case 'offline':
      return 'gateway-offline'
    case 'silent':
      return 'gateway-silent'
    case 'untrusted':
      return 'gateway-untrusted'
    case 'malformed-answer':
      return 'gateway-answer-wrong'
    case 'not-enrolled':
      return 'not-enrolled'
    default:
      return kind satisfies never
  }
}

/** The card's own handshake, inside the device channel: who answers there has been authenticated already. */
function codeOfHandshake({ kind }: EdhocError): ProblemCode {
  switch (kind) {
    case 'authentication-failed':
    case 'unknown-credential':
    case 'unsupported-credential':
    case 'own-credential':
      return 'gateway-untrusted'
    case 'own-key-failed':
      return 'card-answer-wrong'
    case 'malformed':
    case 'unsupported-method':
    case 'wrong-suite':
    case 'bad-ephemeral-key':
    case 'decryption-failed':
    case 'critical-ead':
    case 'peer-error':
      return 'gateway-answer-wrong'
    case 'state-used':
      return 'unexpected'
    default:
      return kind satisfies never
  }
}
