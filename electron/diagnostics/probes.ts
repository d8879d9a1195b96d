/** What the checks ask of the terminal. Each may reject: then its check says that it could not be made. */

import type { CertificateSeen } from '../../native/broker/certificate.ts'
import type { BrokerErrorKind } from '../../native/broker/errors.ts'
import type { ServiceState } from '../../native/reader.ts'
import type { Problem } from '../contract/problems.ts'
import type { DeskReader } from '../contract/snapshot.ts'

export type GatewaySeen =
  /** `time` is the gateway's clock, `at` this computer's halfway between question and answer: milliseconds since 1970. */
  | { readonly kind: 'answered'; readonly ms: number; readonly time: number; readonly at: number }
  | { readonly kind: 'failed'; readonly problem: Problem }

export type StorageSeen =
  /** `freeBytes` is what this user may still fill; absent where the runtime cannot measure it (before Node.js 18.15). */
  | { readonly kind: 'written'; readonly freeBytes?: number }
  /** The system's code, such as ENOSPC. */
  | { readonly kind: 'failed'; readonly code: string }

export interface ReadersSeen {
  readonly service: ServiceState
  readonly desk: readonly DeskReader[]
  readonly problem?: Problem
}

export interface Probes {
  /** The readers of this desk with their reasons, as the Readers page shows them; waits for a service that has just been asked. */
  readers(): Promise<ReadersSeen>
  /** Undefined where the broker takes this terminal. */
  broker(): Promise<BrokerErrorKind | undefined>
  brokerCertificate(): Promise<CertificateSeen>
  gateway(): Promise<GatewaySeen>
  /** The end of the validity of this terminal's certificate; undefined while it has none. */
  terminalCertificate(): Promise<number | undefined>
  /** Whether the terminal's folder can be written, by writing to it. */
  storage(): Promise<StorageSeen>
  /** The version that runs, and the one that is installed now. */
  versions(): { readonly running: string; readonly installed: string }
}
