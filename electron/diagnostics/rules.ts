/** What each check makes of what was seen: pure, so that every answer can be tried without the trouble that it is about. */
import type { CertificateSeen } from '../../native/broker/certificate.ts'
import type { BrokerErrorKind } from '../../native/broker/errors.ts'
import type { ServiceState } from '../../native/reader.ts'
import type { CheckFact, CheckResult } from '../contract/diagnostics.ts'
import type { Problem, ProblemCode } from '../contract/problems.ts'
import type { DeskReader } from '../contract/snapshot.ts'
import type { GatewaySeen, StorageSeen } from './probes.ts'

const DAY_MS = 86_400_000
/** A certificate that ends within this time is told, so that a new one is there before. */
const EXPIRES_SOON_MS = 30 * DAY_MS
/** A round trip within a house takes milliseconds, one around the world a third of a second. */
export const SLOW_MS = 1000
/** Tokens live for minutes: a clock that is off by half a minute is noticed before anything fails, one off by five breaks them. */
export const CLOCK_OFF_MS = 30_000
export const CLOCK_WRONG_MS = 300_000
/** The terminal itself keeps a few MiB; with less than this the rest of the computer is about to fail, and the terminal with it. */
export const LOW_BYTES = 512 * 1024 * 1024

function passed(fact?: CheckFact): CheckResult {
  return { state: 'passed', problems: [], ...(fact && { fact }) }
}

function told(state: 'warning' | 'failed' | 'unknown', problem: Problem | ProblemCode, fact?: CheckFact): CheckResult {
  const problems = [typeof problem === 'string' ? { code: problem } : problem]
  return { state, problems, ...(fact && { fact }) }
}

/** The check itself broke: nothing is said of what it was to look at. */
export const CHECK_BROKE: CheckResult = told('unknown', 'check-failed')

export function readerService({ kind }: ServiceState): CheckResult {
  switch (kind) {
    case 'ready':
    // Whoever is refused has been answered by a service that runs.
    case 'no-permission':
      return passed()
    case 'starting':
      return told('unknown', 'check-failed')
    case 'no-library':
      return told('failed', 'reader-library-missing')
    case 'service-down':
      return told('failed', 'reader-service-down')
    case 'failed':
      return told('failed', 'reader-failed')
    default:
      return kind satisfies never
  }
}

export function readerPermission(service: ServiceState): CheckResult {
  if (service.kind === 'no-permission') return told('failed', 'reader-no-permission')
  if (service.kind === 'ready') return passed()
  // A service that does not answer says nothing of permissions.
  return { ...readerService(service), state: 'unknown' }
}

/** `problem` keeps every reader from use. */
export function readers(desk: readonly DeskReader[], problem: Problem | undefined): CheckResult {
  const fact: CheckFact = { kind: 'readers', count: desk.filter(isUsable).length }
  if (problem !== undefined) return told('failed', problem, fact)
  const problems = desk.filter((reader) => !isUsable(reader)).map(problemOfReader)
  if (problems.length === 0) return passed(fact)
  // One that works is enough to work with.
  return { state: fact.count > 0 ? 'warning' : 'failed', problems, fact }
}

/** What stops a card does not stop the reader that it is in. */
const isUsable = ({ state }: DeskReader): boolean => state === 'ready' || state === 'no-card' || state === 'unknown-card'

function problemOfReader({ name, problem }: DeskReader): Problem {
  return { code: problem?.code ?? 'check-failed', reader: name }
}

export function cards(desk: readonly DeskReader[]): CheckResult {
  const inside = desk.filter(({ state }) => state === 'ready' || state === 'unknown-card')
  if (inside.length === 0) return told('unknown', 'card-none')
  const problems = inside.filter(({ state }) => state === 'unknown-card').map(problemOfReader)
  const fact: CheckFact = { kind: 'cards', count: inside.length - problems.length }
  return problems.length === 0 ? passed(fact) : { state: 'failed', problems, fact }
}

export function broker(refusal: BrokerErrorKind | undefined): CheckResult {
  switch (refusal) {
    case undefined:
      return passed()
    case 'unreachable':
    case 'offline':
    case 'closed':
      return told('failed', 'broker-unreachable')
    case 'untrusted':
      return told('failed', 'broker-untrusted')
    case 'refused':
    case 'not-accepted':
      return told('failed', 'broker-refused')
    case 'tls-required':
    case 'bad-options':
      return told('failed', 'broker-address-wrong')
    default:
      return refusal satisfies never
  }
}

export function brokerCertificate(seen: CertificateSeen, now: number): CheckResult {
  switch (seen.kind) {
    case 'none':
      return passed({ kind: 'same-computer' })
    case 'unreachable':
      return told('unknown', 'broker-unreachable')
    case 'seen': {
      const fact: CheckFact = { kind: 'valid-until', at: seen.validUntil }
      if (seen.refusedFor !== undefined) return told('failed', 'broker-untrusted', fact)
      if (seen.validUntil - now < EXPIRES_SOON_MS) return told('warning', 'broker-certificate-expiring', fact)
      return passed(fact)
    }
    default:
      return seen satisfies never
  }
}

export function gateway(seen: GatewaySeen): CheckResult {
  // A terminal that belongs to no gateway has none that could fail.
  if (seen.kind === 'failed') return told(seen.problem.code === 'not-enrolled' ? 'unknown' : 'failed', seen.problem)
  const fact: CheckFact = { kind: 'round-trip', ms: seen.ms }
  return seen.ms > SLOW_MS ? told('warning', 'gateway-slow', fact) : passed(fact)
}

export function terminalCertificate(validUntil: number | undefined, now: number): CheckResult {
  if (validUntil === undefined) return told('unknown', 'not-enrolled')
  const fact: CheckFact = { kind: 'valid-until', at: validUntil }
  if (validUntil <= now) return told('failed', 'terminal-certificate-expired', fact)
  if (validUntil - now < EXPIRES_SOON_MS) return told('warning', 'terminal-certificate-expiring', fact)
  return passed(fact)
}

/** The gateway's time is known to half the round trip: no more is blamed on the clock than it must have done. */
export function clock(seen: GatewaySeen): CheckResult {
  if (seen.kind === 'failed') return told('unknown', seen.problem)
  const apart = Math.abs(seen.at - seen.time)
  const fact: CheckFact = { kind: 'clock', ms: apart }
  const sure = apart - seen.ms / 2
  if (sure > CLOCK_WRONG_MS) return told('failed', 'clock-wrong', fact)
  return sure > CLOCK_OFF_MS ? told('warning', 'clock-wrong', fact) : passed(fact)
}

export function storage(seen: StorageSeen): CheckResult {
  if (seen.kind === 'failed') {
    return told('failed', seen.code === 'ENOSPC' || seen.code === 'EDQUOT' ? 'storage-full' : 'storage-unwritable')
  }
  if (seen.freeBytes === undefined) return passed()
  const fact: CheckFact = { kind: 'free-space', bytes: seen.freeBytes }
  return seen.freeBytes < LOW_BYTES ? told('warning', 'storage-low', fact) : passed(fact)
}

export function program({ running, installed }: { readonly running: string; readonly installed: string }): CheckResult {
  const fact: CheckFact = { kind: 'version', version: running }
  return running === installed ? passed(fact) : told('warning', 'program-replaced', fact)
}
