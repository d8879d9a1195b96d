import type { Crypto } from '../../protocol/crypto.ts'
import type { Audit } from '../audit/chain.ts'
import type { Authority } from '../authority/authority.ts'
import type { HandoverKeys } from '../authority/handover-keys.ts'
import type { NodeKeys } from '../authority/node-keys.ts'
import type { CardSecretsSealer } from '../authority/sealing.ts'
import type { TerminalKeys } from '../authority/terminal-keys.ts'
import type { Store } from '../store/store.ts'

/** What the registry's functions work with; made once, in gateway/main.ts. */
export interface Registry {
  readonly crypto: Crypto
  readonly store: Store
  readonly audit: Audit
  readonly authority: Authority
  readonly sealer: CardSecretsSealer
  readonly terminalKeys: TerminalKeys
  readonly nodeKeys: NodeKeys
  readonly handoverKeys: HandoverKeys
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number
}
