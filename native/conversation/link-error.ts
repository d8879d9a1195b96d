/** What can go wrong on the way to another party over the broker. */
export class LinkError extends Error {
  readonly kind: 'offline' | 'silent' | 'untrusted' | 'malformed-answer' | 'not-enrolled'
  constructor(kind: LinkError['kind'], options?: ErrorOptions) {
    super(`the other end is ${kind}`, options)
    this.name = 'LinkError'
    this.kind = kind
  }
}
