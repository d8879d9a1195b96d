/** What each operation does: the table that the worker dispatches by (protocol/messages/operations.ts). */

import type { AnswerBody, Operation, RequestBody } from '../../protocol/messages/operations.ts'
import { nodeOperations } from '../../protocol/messages/token-operations.ts'
import type { Blocks } from '../blocks/blocks.ts'
import { cardStatus, confirmNotice, fetchBlocks } from '../blocks/commit.ts'
import { blockBySupervisor } from '../blocks/supervisor.ts'
import { beginUnblocking } from '../blocks/unblock.ts'
import { listFindings, summariseFindings } from '../findings/answers.ts'
import { answerLocate, answerReadersList } from '../locator/answers.ts'
import type { Presences } from '../locator/presences.ts'
import type { Registry } from '../registry/context.ts'
import { endSessionOf, pinChanged } from '../registry/logins.ts'
import { abandon, beginRegistration, certify } from '../registry/registrations.ts'
import { greet, greetAgain } from '../registry/terminals.ts'
import { issueHandover } from '../tokens/handover.ts'
import { issueToken, listServices } from '../tokens/issue.ts'
import { greetNode, greetNodeAgain } from '../tokens/nodes.ts'
import type { Revocations } from '../tokens/revocations.ts'
import { answerWitness, authenticated } from './authentication.ts'
import type { Device } from './device.ts'
import { Logins } from './login.ts'
import type { See } from './sightings.ts'
import { wrongPin } from './wrong-pin.ts'

/** Each rejects with Refused where the gateway says no. */
export type Handlers = { readonly [O in Operation]: (device: Device, body: RequestBody<O>) => Promise<AnswerBody<O>> }

export interface HandlerOptions {
  readonly registry: Registry
  /** This worker's identifier. */
  readonly worker: string
  readonly blocks: Blocks
  readonly presences: Presences
  readonly revocations: Revocations
  /** Takes what was verified (gateway/findings/watch.ts). */
  readonly see: See
}

/** What service nodes ask; everything else is for terminals. */
export function isForNodes(operation: Operation): boolean {
  return Object.hasOwn(nodeOperations, operation)
}

export function createHandlers({ registry, worker, blocks, presences, revocations, see }: HandlerOptions): Handlers {
  const logins = new Logins(registry, see)
  return {
    async hello(device, body) {
      if (device.greeted) return greetAgain(registry, device.terminal)
      const answer = await greet(registry, device.terminal, { worker, connection: device.cR, sessions: body.sessions ?? [] })
      device.greeted = true
      return answer
    },
    'login.begin': (device, body) => logins.begin(device, body),
    'login.finish': (device, body) => logins.finish(device, body),
    async 'login.cancel'(device, body) {
      logins.cancel(device, body)
      return {}
    },
    async 'session.end'(device, body) {
      await endSessionOf(registry, device.terminal, body)
      void revocations.announce()
      return {}
    },
    'register.begin': (device, body) => beginRegistration(registry, device.terminal, body),
    'register.witness': (device, body) => answerWitness(registry, device, body),
    'register.authenticated': (device, body) => authenticated(registry, device, body),
    async 'register.certify'(device, body) {
      return { certificate: await certify(registry, device.terminal, body) }
    },
    async 'register.abandon'(device, body) {
      await abandon(registry, device.terminal, body.registration)
      return {}
    },
    async 'pin.changed'(device, body) {
      await pinChanged(registry, device.terminal, body)
      return {}
    },
    async 'pin.wrong'(device, body) {
      await wrongPin(registry, device, body, see)
      return {}
    },
    'card.block': (device, body) => blockBySupervisor(registry, blocks, device.terminal, body),
    'card.status': (device, body) => cardStatus(registry, device.terminal, body),
    'blocks.fetch': (device, body) => fetchBlocks(registry, device.terminal, body),
    async 'notice.confirm'(device, body) {
      await confirmNotice(registry, device.terminal, body)
      return {}
    },
    'unblock.begin': (device, body) => beginUnblocking(registry, device.terminal, body),
    locate: (device, body) => answerLocate(registry, presences, device.terminal, body),
    'readers.list': (device, body) => answerReadersList(registry, presences, device.terminal, body),
    'findings.list': (device, body) => listFindings(registry, device.terminal, body),
    'findings.summary': (device, body) => summariseFindings(registry, device.terminal, body),
    'services.list': (device, body) => listServices(registry, device.terminal, body),
    'token.request': (device, body) => issueToken(registry, device.terminal, body),
    'token.handover': (device, body) => issueHandover(registry, device.terminal, body),
    async 'node.hello'(device) {
      if (device.greeted) return greetNodeAgain(registry, device.terminal)
      const answer = await greetNode(registry, device.terminal, { worker, connection: device.cR })
      device.greeted = true
      return answer
    },
  }
}
