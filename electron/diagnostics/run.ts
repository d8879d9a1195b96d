/** A round of checks, one after the other, each within its time: a check that hangs or breaks keeps none of the others. */
import { CHECKS, type CheckId, type CheckResult } from '../contract/diagnostics.ts'
import type { GatewaySeen, Probes, ReadersSeen } from './probes.ts'
import * as rules from './rules.ts'

/** Longer than every probe waits by itself. */
const LIMIT_MS = 8000

export interface RoundOptions {
  readonly probes: Probes
  readonly now: () => number
  readonly begun: (id: CheckId) => void
  readonly done: (id: CheckId, result: CheckResult) => void
  /** A check that broke, for the log. */
  readonly broke: (id: CheckId, error: unknown) => void
  readonly limitMs?: number
}

/** Never rejects. */
export async function runRound({ probes, now, begun, done, broke, limitMs = LIMIT_MS }: RoundOptions): Promise<void> {
  // One answer of the gateway tells of its speed and of the clock.
  let gateway: Promise<GatewaySeen> | undefined
  const askGateway = (): Promise<GatewaySeen> => {
    gateway ??= probes.gateway()
    return gateway
  }
  let readers: Promise<ReadersSeen> | undefined
  const askReaders = (): Promise<ReadersSeen> => {
    readers ??= probes.readers()
    return readers
  }
  for (const id of CHECKS) {
    begun(id)
    let result: CheckResult
    try {
      result = await within(limitMs, check(id, probes, askReaders, askGateway, now))
    } catch (error) {
      broke(id, error)
      result = rules.CHECK_BROKE
    }
    done(id, result)
  }
}

async function check(
  id: CheckId,
  probes: Probes,
  askReaders: () => Promise<ReadersSeen>,
  askGateway: () => Promise<GatewaySeen>,
  now: () => number,
): Promise<CheckResult> {
  switch (id) {
    case 'reader-service':
      return rules.readerService((await askReaders()).service)
    case 'reader-permission':
      return rules.readerPermission((await askReaders()).service)
    case 'readers': {
      const { desk, problem } = await askReaders()
      return rules.readers(desk, problem)
    }
    case 'cards':
      return rules.cards((await askReaders()).desk)
    case 'broker':
      return rules.broker(await probes.broker())
    case 'broker-certificate':
      return rules.brokerCertificate(await probes.brokerCertificate(), now())
    case 'gateway':
      return rules.gateway(await askGateway())
    case 'terminal-certificate':
      return rules.terminalCertificate(await probes.terminalCertificate(), now())
    case 'clock':
      return rules.clock(await askGateway())
    case 'storage':
      return rules.storage(await probes.storage())
    case 'program':
      return rules.program(probes.versions())
    default:
      return id satisfies never
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the check took too long')), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
