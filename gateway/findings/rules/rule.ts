import type { Response } from '../../../protocol/messages/finding-operations.ts'
import type { GatewayEvent } from '../event.ts'
import type { Suspicion } from '../finding.ts'

/** One kind of attack: sees every event, constant time and memory for each. */
export interface Rule {
  observe(event: GatewayEvent): { readonly suspicion: Suspicion; readonly response: Response } | undefined
}

/** How many terminals, or cards, a rule remembers at a time. */
export const REMEMBERED = 100_000
