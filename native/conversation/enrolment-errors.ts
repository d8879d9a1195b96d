/** What can go wrong with an invitation's code, apart from the way to the gateway (link.ts). */
import type { RefusalCode } from '../../protocol/messages/operations.ts'

/** The code has a typing error; nothing was sent. */
export class InvitationMistyped extends Error {
  constructor() {
    super('the invitation code is mistyped')
    this.name = 'InvitationMistyped'
  }
}

/** The gateway would not take the code. `code` is what its error message says, which nobody has authenticated: told, not acted upon. */
export class InvitationRefused extends Error {
  readonly code: RefusalCode
  constructor(code: RefusalCode, options?: ErrorOptions) {
    super(`the gateway refused the invitation: ${code}`, options)
    this.name = 'InvitationRefused'
    this.code = code
  }
}
