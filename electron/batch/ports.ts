/** What a batch is handed by the terminal's main process, and what it offers to it. */
import type { Readers } from '../../native/reader.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { Role } from '../../protocol/messages/operations.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import type { Guide } from '../ceremonies/guide.ts'
import type { Registered, Registration, Unattended } from '../ceremonies/register.ts'
import type { BatchAction, BatchView, Slip, SlipFormat } from '../contract/batch.ts'
import type { GatewayView } from '../contract/snapshot.ts'
import type { GatewayLink } from '../session/link.ts'
import type { BatchFile } from './batch-file.ts'

/** What the terminal hands on, with the session of the registrar who works here. */
export type BatchCommand = { readonly session: Uint8Array; readonly role: Role } & (
  | { readonly kind: 'action'; readonly action: BatchAction /** The card that is in. */; readonly card?: Insertion }
  | { readonly kind: 'card'; readonly card: Insertion }
)

/** The system's dialogs and what comes of them; each answers undefined or false where the technician gave up. */
export interface BatchDialogs {
  /** Rejects where the file cannot be read. No more than `mostBytes` and one are read. */
  chooseFile(mostBytes: number): Promise<Uint8Array | undefined>
  /** Rejects with a SlipsError, or where the file cannot be written. */
  saveSlips(slips: readonly Slip[], format: SlipFormat): Promise<boolean>
  saveReport(csv: Uint8Array): Promise<boolean>
}

export interface BatchDeskOptions {
  readonly file: BatchFile
  readonly dialogs: BatchDialogs
  readonly readers: Pick<Readers, 'status' | 'subscribe'>
  readonly crypto: Pick<Crypto, 'randomBytes'>
  readonly link: () => Pick<GatewayLink, 'state' | 'request'> | undefined
  register(card: Insertion, registration: Registration, guide: Guide, unattended: Unattended): Promise<Registered>
  /** The number of the card that is in; undefined where it tells none. Rejects as a ceremony does. */
  identify(card: Insertion): Promise<Uint8Array | undefined>
  readonly now: () => number
  readonly monotonic: () => number
  /** BCP 47: of slips whose holder's language nobody knows. */
  readonly locale: () => string
  readonly show: (view: BatchView) => void
  readonly onUnexpected: (where: string, error: unknown) => void
}

export interface BatchDesk {
  /** Reads what an earlier start has left; it is shown as paused. Never rejects. */
  open(): Promise<void>
  perform(command: BatchCommand): Promise<void>
  gatewayChanged(view: GatewayView): void
  close(): void
}
