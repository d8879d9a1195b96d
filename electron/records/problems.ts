/** From what a session with the records service failed with to the one Problem that the person is told. */
import { LinkError } from '../../native/conversation/link-error.ts'
import type { Problem } from '../contract/problems.ts'
import { ServiceRefused } from '../session/node-conversation.ts'
import { type NodeSessionEnd, NodeSessionEnded } from '../session/node-session.ts'

/** The answer does not fit what was asked. */
export class AnswerWrong extends Error {
  constructor(operation: string) {
    super(`the service's answer to ${operation} makes no sense`)
    this.name = 'AnswerWrong'
  }
}

/** For what came from the service's side; the gateway's refusals have their own (electron/ceremonies/problems.ts). */
export function problemOfService(error: unknown): Problem {
  if (error instanceof ServiceRefused) return problemOfRefusal(error)
  if (error instanceof LinkError) return { code: error.kind === 'untrusted' ? 'service-untrusted' : 'service-silent' }
  if (error instanceof NodeSessionEnded) return problemOfEnd(error.reason)
  if (error instanceof AnswerWrong) return { code: 'service-failed' }
  // A handshake that another node, or nobody who knows the protocol, answered.
  return { code: 'service-untrusted' }
}

function problemOfRefusal({ refusal }: ServiceRefused): Problem {
  const { code } = refusal
  switch (code) {
    case 'scope-missing':
      return { code: 'role-missing' }
    case 'too-many':
      return { code: 'too-many' }
    case 'refused':
      return { code: 'service-refused' }
    case 'bad-request':
    case 'unknown-operation':
    case 'service-failed':
      return { code: 'service-failed' }
    default:
      return code satisfies never
  }
}

function problemOfEnd(reason: NodeSessionEnd): Problem {
  switch (reason) {
    case 'service':
    case 'revoked':
    case 'login-over':
      return { code: 'service-ended' }
    case 'expired':
    case 'stopping':
    case 'card-removed':
    case 'operator':
    case 'idle':
    case 'quit':
    case 'renewed':
      return { code: 'service-silent' }
    default:
      return reason satisfies never
  }
}
