/** The store's part that knows service nodes and the tokens that were issued for them (gateway/tokens/). */
import type { ScopeRule } from '../../protocol/messages/service.ts'

/** A service node. Its name is for good: pseudonyms are made with it. */
export interface ServiceNode {
  readonly name: string
  /** 'invited': nobody has used the invitation yet, so it has no identity. */
  readonly state: 'invited' | 'active' | 'withdrawn'
  readonly scopes: readonly ScopeRule[]
  /** How long a token for it lives. */
  readonly tokenMs: number
  /** SHA-256 of the secret of its last invitation. */
  readonly invitation: Uint8Array
  readonly invitedAt: number
  readonly invitationExpiresAt: number
  readonly invitationUsed: boolean
  /** From here on: once enrolled. Lower case hexadecimal, as in topics. */
  readonly id?: string | undefined
  readonly fingerprint?: Uint8Array | undefined
  readonly publicKey?: Uint8Array | undefined
  readonly certificate?: Uint8Array | undefined
  readonly enrolledAt?: number | undefined
  /** Its last device channel: the gateway's connection identifier. */
  readonly connection?: Uint8Array | undefined
  readonly seenAt?: number | undefined
}

export type EnrolledNode = ServiceNode & {
  readonly [K in 'id' | 'fingerprint' | 'publicKey' | 'certificate']: NonNullable<ServiceNode[K]>
}

export interface Token {
  /** cti. */
  readonly id: Uint8Array
  /** The node's name, and its identifier when the token was issued. */
  readonly node: string
  readonly audience: string
  readonly session: Uint8Array
  /** The operator's session whose role was needed. */
  readonly operator?: Uint8Array | undefined
  readonly guid: Uint8Array
  readonly holder: Uint8Array
  readonly terminal: string
  readonly expiresAt: number
}

/** Whose tokens. `session` is a login's, or that of an operator whose role was needed. */
export type TokensOf =
  | { readonly session: Uint8Array }
  | { readonly guid: Uint8Array }
  | { readonly holder: Uint8Array }
  | { readonly terminal: string }
  | { readonly node: string }

export interface NodeReader {
  node(name: string): Promise<ServiceNode | undefined>
  nodeById(id: string): Promise<EnrolledNode | undefined>
  nodeByInvitation(invitation: Uint8Array): Promise<ServiceNode | undefined>
  nodeByConnection(connection: Uint8Array): Promise<EnrolledNode | undefined>
  /** By name. */
  nodes(): Promise<ServiceNode[]>
  /** Tokens of that login that are neither over nor revoked. */
  liveTokens(session: Uint8Array, now: number): Promise<number>
  /** cti of up to `limit` tokens for that node (by identifier) that are revoked and not yet over, the latest first. */
  revokedTokens(audience: string, now: number, limit: number): Promise<Uint8Array[]>
  /** Up to `limit` revoked tokens that are not yet over and that their node has not been told of. */
  unannouncedTokens(now: number, limit: number): Promise<Pick<Token, 'id' | 'audience'>[]>
}

export interface NodeWriter {
  insertNode(node: ServiceNode): Promise<void>
  updateNode(name: string, changes: Partial<Omit<ServiceNode, 'name'>>): Promise<void>
  insertToken(token: Token): Promise<void>
  /** How many there were. */
  revokeTokens(of: TokensOf, at: number): Promise<number>
  tokensAnnounced(ids: readonly Uint8Array[], at: number): Promise<void>
  /** Forgets those that were over before that time. */
  forgetTokens(before: number): Promise<void>
}
