/** What a worker knows of one authenticated terminal while its channel is open. */
import type { Party } from '../../native/conversation/handshake.ts'
import type { Channel } from '../../protocol/channel.ts'
import type { SentMessage2 } from '../../protocol/edhoc/responder.ts'
import type { LoginPurpose } from '../../protocol/messages/operations.ts'
import type { ManagementKeyAlgorithm } from '../store/store.ts'

/** message_2 was sent; the card's message_3 is awaited. */
export interface PendingLogin {
  readonly purpose: LoginPurpose
  readonly sent: SentMessage2
  readonly begunAt: number
  readonly expiresAt: number
  /** Tries left at the last wrong PIN that was reported, by card (hexadecimal GUID): each is taken once. */
  readonly wrongPins: Map<string, number>
}

/** The card's answer to this challenge is awaited. */
export interface PendingAuthentication {
  readonly algorithm: ManagementKeyAlgorithm
  readonly key: Uint8Array
  readonly challenge: Uint8Array
}

/** An authenticated terminal or service node, and its channel. */
export interface Device {
  readonly party: Party
  /** Its identifier. */
  readonly terminal: string
  /** Where it stands; of a node, its name. */
  readonly site: string
  readonly cI: Uint8Array
  readonly cR: Uint8Array
  readonly channel: Channel
  /** Its own topic. */
  readonly topic: string
  readonly message3: Uint8Array
  readonly message4: Uint8Array
  readonly logins: Map<string, PendingLogin>
  readonly authentications: Map<string, PendingAuthentication>
  greeted: boolean
  requestsInFlight: number
  heardAt: number
}
