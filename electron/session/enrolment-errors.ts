/** What can go wrong with an invitation's code, apart from the way to the gateway (link.ts). */

/** The code has a typing error; nothing was sent. */
export class InvitationMistyped extends Error {
  constructor() {
    super('the invitation code is mistyped')
    this.name = 'InvitationMistyped'
  }
}

/** The gateway would not take the code: unknown, used or expired; an EDHOC error cannot say which. */
export class InvitationRefused extends Error {
  constructor(options?: ErrorOptions) {
    super('the gateway refused the invitation', options)
    this.name = 'InvitationRefused'
  }
}
