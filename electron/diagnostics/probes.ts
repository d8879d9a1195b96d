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

export interface Probes {
  /** The readers of this desk with their reasons, as the Readers page shows them. */
  readers(): { readonly service: ServiceState; readonly desk: readonly DeskReader[]; readonly problem?: Problem }
  /** Undefined where the broker takes this terminal. */
  broker(): Promise<BrokerErrorKind | undefined>
  brokerCertificate(): Promise<CertificateSeen>
  gateway(): Promise<GatewaySeen>
  /** The end of the validity of this terminal's certificate; undefined while it has none. */
  terminalCertificate(): Promise<number | undefined>
  /** Undefined where the terminal's folder can be written, else the system's code, such as ENOSPC. */
  storage(): Promise<string | undefined>
  /** The version that runs, and the one that is installed now. */
  versions(): { readonly running: string; readonly installed: string }
}
