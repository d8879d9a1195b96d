/** The terminal's way to the gateway, as the ceremonies see it. */

import type { AnswerBody, Operation, RequestBody } from '../../protocol/messages/operations.ts'
import type { GatewayView } from '../contract/snapshot.ts'

export { RefusedError } from '../../native/conversation/gateway-exchange.ts'
export { LinkError } from '../../native/conversation/link-error.ts'

export interface GatewayLink {
  state(): GatewayView
  subscribe(listener: (state: GatewayView) => void): () => void
  /** One request, one answer over the protected channel. Rejects with LinkError or RefusedError; never retries by itself. */
  request<O extends Operation>(
    operation: O,
    body: RequestBody<O>,
    options?: { readonly timeoutMs?: number },
  ): Promise<AnswerBody<O>>
  /**
   * A login opened this session. It is named when the link comes back over a new channel, so that the gateway keeps it, until
   * 'session.end' is requested for it.
   */
  opened(session: Uint8Array): void
  /** That session is over at the gateway already: it is named no more. */
  ended(session: Uint8Array): void
  close(): Promise<void>
}
