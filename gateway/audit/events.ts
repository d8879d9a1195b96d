/**
 * What the audit log tells. Pseudonyms only: holders, cards, terminals and sessions stand by their identifiers, so that
 * the log can be kept and handed over without naming anybody.
 */

import type { FindingKind, Response, Severity } from '../../protocol/messages/finding-operations.ts'
import type { BlockCause } from '../../protocol/messages/notices.ts'
import type { Role } from '../../protocol/messages/operations.ts'
import type { LoginPurposeKind, SessionEnd } from '../store/store.ts'

export type AuditEvent =
  | { readonly event: 'gateway-started'; readonly worker: string }
  | { readonly event: 'invitation-made'; readonly invitation: Uint8Array; readonly firstOperator: boolean }
  | { readonly event: 'terminal-enrolled'; readonly terminal: string; readonly fingerprint: Uint8Array }
  | { readonly event: 'terminal-connected'; readonly terminal: string; readonly worker: string }
  | { readonly event: 'terminal-withdrawn'; readonly terminal: string }
  | {
      readonly event: 'registration-begun'
      readonly registration: Uint8Array
      readonly guid: Uint8Array
      readonly holder: Uint8Array
      readonly terminal: string
      readonly mode: 'new' | 'resume' | 'link'
      readonly registrar?: Uint8Array
      readonly role?: Role
    }
  | {
      readonly event: 'card-secrets-released'
      readonly guid: Uint8Array
      readonly registration: Uint8Array
      readonly terminal: string
    }
  | { readonly event: 'certificate-issued'; readonly guid: Uint8Array; readonly fingerprint: Uint8Array }
  | { readonly event: 'certificate-linked'; readonly guid: Uint8Array; readonly fingerprint: Uint8Array }
  | { readonly event: 'registration-abandoned'; readonly registration: Uint8Array; readonly guid: Uint8Array }
  | { readonly event: 'card-activated'; readonly guid: Uint8Array; readonly holder: Uint8Array; readonly role?: Role }
  | {
      readonly event: 'login'
      readonly session: Uint8Array
      readonly guid: Uint8Array
      readonly holder: Uint8Array
      readonly terminal: string
      readonly purpose: LoginPurposeKind
    }
  | { readonly event: 'login-refused'; readonly terminal: string; readonly code: string; readonly guid?: Uint8Array }
  | { readonly event: 'session-ended'; readonly session: Uint8Array; readonly reason: SessionEnd }
  | {
      readonly event: 'pin-changed'
      readonly guid: Uint8Array
      readonly terminal: string
      readonly at: number
      readonly outcome: 'changed' | 'unknown'
    }
  | {
      readonly event: 'wrong-pin'
      readonly guid: Uint8Array
      readonly terminal: string
      readonly retriesLeft: number
    }
  | {
      readonly event: 'card-blocked'
      readonly guid: Uint8Array
      readonly notice: Uint8Array
      readonly cause: BlockCause
      readonly finding?: string
      /** The holder who blocked it. */
      readonly supervisor?: Uint8Array
      /** The commit was lost; that terminal handed the notice back. */
      readonly terminal?: string
    }
  | {
      readonly event: 'unblocking-begun'
      readonly guid: Uint8Array
      readonly registration: Uint8Array
      readonly supervisor: Uint8Array
      readonly approval: Uint8Array
      readonly terminal: string
      /** Whether the card's PUK was given to the terminal. */
      readonly pukReleased: boolean
    }
  | {
      readonly event: 'card-unblocked'
      readonly guid: Uint8Array
      readonly by: 'proof' | 'administrator'
      readonly registration?: Uint8Array
    }
  | { readonly event: 'unblocking-done'; readonly guid: Uint8Array; readonly registration: Uint8Array }
  | { readonly event: 'card-withdrawn'; readonly guid: Uint8Array }
  | { readonly event: 'holder-suspended'; readonly holder: Uint8Array }
  | { readonly event: 'holder-restored'; readonly holder: Uint8Array }
  | {
      readonly event: 'finding'
      readonly finding: Uint8Array
      readonly kind: FindingKind
      readonly severity: Severity
      readonly response: Response
      readonly terminal: string
      readonly card?: Uint8Array
    }
  | { readonly event: 'terminal-quarantined'; readonly terminal: string; readonly kind: FindingKind }
  | { readonly event: 'terminal-restored'; readonly terminal: string }
  | { readonly event: 'node-invited'; readonly node: string; readonly invitation: Uint8Array }
  | { readonly event: 'node-enrolled'; readonly node: string; readonly id: string; readonly fingerprint: Uint8Array }
  | { readonly event: 'node-connected'; readonly node: string; readonly worker: string }
  | { readonly event: 'node-withdrawn'; readonly node: string }
  | {
      readonly event: 'token-issued'
      readonly token: Uint8Array
      readonly node: string
      readonly session: Uint8Array
      /** The operator's session whose role stood behind it. */
      readonly operator?: Uint8Array
      readonly terminal: string
      readonly scopes: readonly string[]
    }
  | {
      readonly event: 'login-handed-over'
      readonly token: Uint8Array
      /** The program, by its origin or name. */
      readonly audience: string
      readonly session: Uint8Array
      /** The operator's session that answers for it. */
      readonly operator: Uint8Array
      readonly terminal: string
    }
