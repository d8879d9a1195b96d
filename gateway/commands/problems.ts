/** What went wrong with a command, in words that say what to do. */
import { BrokerError, type BrokerErrorKind } from '../../native/broker.ts'
import { StoreError } from '../store/store.ts'

const BROKER: Readonly<Record<BrokerErrorKind, string>> = {
  'tls-required': 'A broker on another machine must be reached over TLS: mqtts://HOST. mqtt:// is for this machine only.',
  'bad-options': "The broker's address, certificate or key cannot be used: mqtts://HOST[:PORT], and files in PEM form.",
  offline: 'The broker cannot be reached. Is it running, and is the address right?',
  unreachable: 'The broker cannot be reached. Is it running, and is the address right?',
  untrusted:
    "The TLS connection to the broker failed: --ca must lead to the broker's certificate, and its name be the address's.",
  refused: 'The broker refused this gateway: check user name, password and client certificate.',
  'not-accepted': "The broker refused a topic of the gateway's: docs/operations.md lists the rights that it needs.",
  closed: 'The connection to the broker was closed.',
}

const STORE: Readonly<Record<StoreError['kind'], string>> = {
  'newer-version': 'The store was written by a newer Tessera: use that one.',
  damaged: 'The store is damaged: put back a backup (docs/operations.md, "Files and backup").',
  unavailable: 'The store cannot be opened: is the data folder right, writable, and its store.sqlite a store of Tessera?',
}

/** Undefined for a fault of ours, which is shown with its place. */
export function wordsFor(error: unknown): string | undefined {
  if (error instanceof BrokerError) return `${BROKER[error.kind]} (${error.code})`
  if (error instanceof StoreError) return STORE[error.kind]
  if (error instanceof CommandError) return error.message
  // The system's errors name the file; those of keys and settings speak for themselves.
  const isKnown = error instanceof Error && ('syscall' in error || ['KeysError', 'PolicyError'].includes(error.name))
  return isKnown ? error.message : undefined
}

/** The command cannot be done as things are; its message says why, and what would help. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CommandError'
  }
}
