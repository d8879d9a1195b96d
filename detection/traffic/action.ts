/**
 * What people, devices and attackers do, in the words of the wire, each with the truth about who did it. The generator knows
 * nothing of the gateway's rules: it shares no code with them, and the layer rule keeps it so.
 */

/** What the terminal measures of the card, in milliseconds. */
export interface AnswerTimes {
  /** Absent where the PIN is entered on the reader, whose answer waits for the person. */
  readonly verifyMs?: number
  readonly signMs: number
  readonly emptyMs: number
  readonly reader: string
}

export type Action = {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number
  /** The terminal, by its number in the world. */
  readonly terminal: number
  /** The attack that it belongs to, by its number; absent for what honest people and machines do. */
  readonly attack?: number | undefined
} & (
  | { readonly kind: 'connect' }
  /** A device handshake that comes to nothing: the network lost it, or its signature is wrong. */
  | {
      readonly kind: 'handshake'
      readonly outcome: 'lost' | 'wrong-key' /** Not the terminal's own name. */
      readonly name?: number
    }
  /** Ordinary requests, evenly over that time. */
  | { readonly kind: 'requests'; readonly count: number; readonly overMs: number }
  /** Proven by the card's key; `takesMs` from message_1 to message_3. */
  | { readonly kind: 'login'; readonly card: number; readonly takesMs: number; readonly times: AnswerTimes }
  | { readonly kind: 'pulled'; readonly card: number }
  /** A signature that is not the card's. */
  | { readonly kind: 'wrong-signature' }
  /** `present`: the card itself signs that it is there. */
  | { readonly kind: 'wrong-pin'; readonly card: number; readonly present: boolean; readonly retriesLeft: number }
  /** The three texts of a registration, and the card that it is for. */
  | {
      readonly kind: 'person'
      readonly newCard?: number
      readonly givenName: string
      readonly familyName: string
      readonly reference: string
    }
  /** A request whose body is not what the operation takes. */
  | { readonly kind: 'misshapen'; readonly variant: number }
  /** A frame of this terminal that was recorded, so many messages after it was sent. */
  | { readonly kind: 'replay'; readonly behind: number }
  /** A frame of this terminal with changed bytes. */
  | { readonly kind: 'tampered' }
  /** A frame that is none. */
  | { readonly kind: 'garbage' }
)

/** What should find it, in the words of the issue. */
export type AttackKind = 'replay' | 'brute-force-pin' | 'brute-force-handshake' | 'injection' | 'delay' | 'clone' | 'flooding'

export interface Attack {
  readonly id: number
  readonly kind: AttackKind
  /** Which one, and how strong. */
  readonly variant: string
  readonly from: number
  readonly to: number
  /** Cards and terminals whose honest use shows the attack as well while it lasts and for a day after. */
  readonly cards: readonly number[]
  readonly terminals: readonly number[]
}

export interface Traffic {
  /** In the order of time. */
  readonly actions: readonly Action[]
  readonly attacks: readonly Attack[]
}
