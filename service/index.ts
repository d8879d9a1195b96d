/** The library for who writes a service (docs/integrate.md). */
export { BrokerError, type BrokerTls } from '../native/broker.ts'
export { InvitationMistyped, InvitationRefused } from '../native/conversation/enrolment-errors.ts'
export { LinkError } from '../native/conversation/link-error.ts'
export type { DeviceAccess, KnownDevice } from './devices.ts'
export { IdentityError } from './identity.ts'
export type { SessionEnd } from './node.ts'
export { type Operation, type Operations, operation, Refusal, type ServiceSession } from './operations.ts'
export { type AuditEvent, createService, type Service, type ServiceOptions } from './service.ts'
