/**
 * What the audit log tells. Pseudonyms only: holders, cards, terminals and sessions stand by their identifiers, so that
 * the log can be kept and handed over without naming anybody.
 */
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
  | { readonly event: 'card-withdrawn'; readonly guid: Uint8Array }
  | { readonly event: 'holder-suspended'; readonly holder: Uint8Array }
  | { readonly event: 'holder-restored'; readonly holder: Uint8Array }
