/** What the terminal and electron/records/ tell each other of one person's record. */
import type { RecordEntry, RecordLink } from '../contract/record.ts'

export interface RecordLogin {
  readonly session: Uint8Array
  /** The operator's session, whose role may allow more. */
  readonly operator?: Uint8Array
}

export interface RecordReport {
  readonly link: RecordLink
  readonly entries?: readonly RecordEntry[]
  readonly mayNote: boolean
}

/** Undefined where the gateway knows no such service: then there is nothing to show. */
export type ShowRecord = (record: RecordReport | undefined) => void

export interface NewNote {
  readonly text: string
  /** The operator's name: the service itself knows nobody by name. */
  readonly author?: string
}
