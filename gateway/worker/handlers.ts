/** What each operation does: the table that the worker dispatches by (protocol/messages/operations.ts). */
import type { AnswerBody, Operation, RequestBody } from '../../protocol/messages/operations.ts'
import type { Registry } from '../registry/context.ts'
import { endSessionOf, pinChanged } from '../registry/logins.ts'
import { abandon, beginRegistration, certify } from '../registry/registrations.ts'
import { greet, greetAgain } from '../registry/terminals.ts'
import { answerWitness, authenticated } from './authentication.ts'
import type { Device } from './device.ts'
import { Logins } from './login.ts'

/** Each rejects with Refused where the gateway says no. */
export type Handlers = { readonly [O in Operation]: (device: Device, body: RequestBody<O>) => Promise<AnswerBody<O>> }

export function createHandlers(registry: Registry, worker: string): Handlers {
  const logins = new Logins(registry)
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
  }
}
