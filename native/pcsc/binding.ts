import { accessSync, constants as fsConstants } from 'node:fs'
import koffi, { type LibraryHandle } from 'koffi'
import { ReaderError } from '../reader.ts'
import { MAX_BUFFER_SIZE_EXTENDED, SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1, SCARD_SCOPE_SYSTEM } from './constants.ts'
import { pcscError } from './errors.ts'
import {
  decodeNames,
  decodeReaderStates,
  encodeName,
  encodeReaderStates,
  ioRequest,
  type Layout,
  layoutFor,
  type Platform,
  type ReaderLook,
  type ReaderSight,
  readDword,
  readHandle,
  writeDword,
} from './layout.ts'
import { toT0Tpdu } from './t0.ts'

/** A context or a card, as the library counts them. */
export type Handle = number | bigint

export interface Connected {
  readonly card: Handle
  readonly protocol: 'T=0' | 'T=1'
}

/**
 * PC/SC's functions, one by one. Each throws (or rejects with) the ReaderError of its return code.
 * What can wait for a reader, a card or another program runs on a worker thread. `transmit` alone does not: a
 * third of its time would go into the change of threads.
 */
export interface Pcsc {
  establishContext(): Promise<Handle>
  releaseContext(context: Handle): Promise<void>
  isValidContext(context: Handle): boolean
  /** Ends a getStatusChange that waits in this context: it rejects with 'cancelled'. */
  cancel(context: Handle): void
  listReaders(context: Handle): Promise<string[]>
  /** Waits until a reader's state differs from `currentState`; rejects with 'timeout' after `timeoutMs`. */
  getStatusChange(context: Handle, timeoutMs: number, looks: readonly ReaderLook[]): Promise<ReaderSight[]>
  connect(context: Handle, reader: string, shareMode: number): Promise<Connected>
  reconnect(card: Handle, shareMode: number, disposition: number): Promise<'T=0' | 'T=1'>
  disconnect(card: Handle, disposition: number): Promise<void>
  beginTransaction(card: Handle): Promise<void>
  endTransaction(card: Handle, disposition: number): Promise<void>
  /** The ATR of the connected card (SCardStatus). */
  atr(card: Handle): Promise<Uint8Array>
  transmit(card: Handle, protocol: 'T=0' | 'T=1', command: Uint8Array): Uint8Array
  control(card: Handle, code: number, input: Uint8Array): Promise<Uint8Array>
}

/** The PC/SC library is not installed, or is not one. */
export class LibraryMissing extends Error {
  readonly library: string
  constructor(library: string, cause: unknown) {
    super(`${library} cannot be loaded`, { cause })
    this.name = 'LibraryMissing'
    this.library = library
  }
}

const anyProtocol = SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1

/** Loads this platform's PC/SC library. Throws LibraryMissing. `library` replaces its usual name. */
export function loadPcsc(library?: string): Pcsc {
  const platform: Platform = process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux'
  const layout = layoutFor(platform, koffi.sizeof('void *') === 4 ? 4 : 8)
  const name = library ?? layout.library
  try {
    return bind(koffi.load(name), layout)
  } catch (error) {
    throw new LibraryMissing(name, error)
  }
}

function bind(library: LibraryHandle, layout: Layout): Pcsc {
  const { long, dword, handle } = layout.types
  const pointer = 'void *'
  const declare = (name: string, ...parameters: string[]) =>
    library.func('__stdcall', layout.symbols[name] ?? name, long, parameters)

  const establishContext = declare('SCardEstablishContext', dword, pointer, pointer, pointer)
  const releaseContext = declare('SCardReleaseContext', handle)
  const isValidContext = declare('SCardIsValidContext', handle)
  const cancel = declare('SCardCancel', handle)
  const listReaders = declare('SCardListReaders', handle, pointer, pointer, pointer)
  const getStatusChange = declare('SCardGetStatusChange', handle, dword, pointer, dword)
  const connect = declare('SCardConnect', handle, pointer, dword, dword, pointer, pointer)
  const reconnect = declare('SCardReconnect', handle, dword, dword, dword, pointer)
  const disconnect = declare('SCardDisconnect', handle, dword)
  const beginTransaction = declare('SCardBeginTransaction', handle)
  const endTransaction = declare('SCardEndTransaction', handle, dword)
  const status = declare('SCardStatus', handle, pointer, pointer, pointer, pointer, pointer, pointer)
  const transmit = declare('SCardTransmit', handle, pointer, pointer, dword, pointer, pointer, pointer)
  const control = declare('SCardControl', handle, dword, pointer, dword, pointer, dword, pointer)

  // Room for the largest list that 16-bit counts allow, and for the largest answer. The answer's is used again for
  // each command, which is safe because transmit never runs twice at once.
  const listCapacity = 65536
  const answer = Buffer.alloc(MAX_BUFFER_SIZE_EXTENDED)
  const answerLength = Buffer.alloc(8)
  const requests = { 'T=0': ioRequest(layout, SCARD_PROTOCOL_T0), 'T=1': ioRequest(layout, SCARD_PROTOCOL_T1) }
  const characterSize = layout.encoding === 'utf16le' ? 2 : 1

  const room = (value: number): Buffer => {
    const bytes = Buffer.alloc(8)
    writeDword(layout, bytes, 0, value)
    return bytes
  }

  return {
    async establishContext() {
      const context = Buffer.alloc(8)
      const establish = () => wait(establishContext, SCARD_SCOPE_SYSTEM, null, null, context)
      try {
        // pcsc-lite takes a service that hangs up at once for one that refuses; a service that dies does so too. Ask twice.
        await establish().catch((error) => (isRefusal(error) ? establish() : Promise.reject(error)))
      } catch (error) {
        throw layout.platform === 'linux' && isSocketForbidden() ? new ReaderError('no-permission', 'SCARD_E_NO_ACCESS') : error
      }
      return readHandle(layout, context)
    },
    releaseContext: (context) => wait(releaseContext, context),
    isValidContext: (context) => isValidContext(context) >>> 0 === 0,
    cancel: (context) => check(cancel(context)),

    async listReaders(context) {
      const length = room(listCapacity / characterSize)
      const names = Buffer.alloc(listCapacity)
      try {
        await wait(listReaders, context, null, names, length)
      } catch (error) {
        if (error instanceof ReaderError && error.code === 'SCARD_E_NO_READERS_AVAILABLE') return []
        throw error
      }
      return decodeNames(layout, names.subarray(0, Math.min(listCapacity, readDword(length, 0) * characterSize)))
    },

    async getStatusChange(context, timeoutMs, looks) {
      const names = looks.map((look) => encodeName(layout, look.name))
      const states = encodeReaderStates(layout, looks, (index) => koffi.address(names[index]))
      await wait(getStatusChange, context, timeoutMs, states, looks.length)
      // The names are kept alive up to here: the structure holds nothing but their addresses.
      return names.length === looks.length ? decodeReaderStates(layout, looks, states) : []
    },

    async connect(context, reader, shareMode) {
      const card = Buffer.alloc(8)
      const protocol = room(0)
      await wait(connect, context, encodeName(layout, reader), shareMode, anyProtocol, card, protocol)
      return { card: readHandle(layout, card), protocol: protocolName(readDword(protocol, 0)) }
    },
    async reconnect(card, shareMode, disposition) {
      const protocol = room(0)
      await wait(reconnect, card, shareMode, anyProtocol, disposition, protocol)
      return protocolName(readDword(protocol, 0))
    },
    disconnect: (card, disposition) => wait(disconnect, card, disposition),
    beginTransaction: (card) => wait(beginTransaction, card),
    endTransaction: (card, disposition) => wait(endTransaction, card, disposition),

    async atr(card) {
      const atr = Buffer.alloc(layout.readerState.atrCapacity)
      const length = room(atr.length)
      const name = Buffer.alloc(1024)
      await wait(status, card, name, room(name.length / characterSize), room(0), room(0), atr, length)
      return Uint8Array.from(atr.subarray(0, Math.min(atr.length, readDword(length, 0))))
    },

    transmit(card, protocol, command) {
      const sent = protocol === 'T=0' ? toT0Tpdu(command) : command
      writeDword(layout, answerLength, 0, answer.length)
      check(transmit(card, requests[protocol], sent, sent.length, null, answer, answerLength))
      return takeAnswer(answer, readDword(answerLength, 0))
    },

    async control(card, code, input) {
      const output = Buffer.alloc(MAX_BUFFER_SIZE_EXTENDED)
      const length = room(0)
      await wait(control, card, code, input, input.length, output, output.length, length)
      const used = Math.min(output.length, readDword(length, 0))
      const result = Uint8Array.from(output.subarray(0, used))
      output.fill(0, 0, used)
      return result
    },
  }
}

function check(code: number): void {
  if (code !== 0) throw pcscError(code)
}

/** Runs a function of the library on a worker thread. */
function wait(fn: { async: (...parameters: unknown[]) => void }, ...parameters: unknown[]): Promise<void> {
  return new Promise((resolve, reject) => {
    fn.async(...parameters, (error: unknown, code: number) => {
      if (error) reject(error)
      else if (code !== 0) reject(pcscError(code))
      else resolve()
    })
  })
}

/** Copies an answer out and wipes it where it lay. Every answer ends with SW1 SW2 (ISO/IEC 7816-4 section 5.1). */
function takeAnswer(buffer: Buffer, length: number): Uint8Array {
  if (length < 2 || length > buffer.length) {
    throw new ReaderError('communication', 'SCARD_E_COMM_DATA_LOST', `an answer of ${length} bytes`)
  }
  const result = Uint8Array.from(buffer.subarray(0, length))
  buffer.fill(0, 0, length)
  return result
}

function isRefusal(error: unknown): boolean {
  return error instanceof ReaderError && error.code === 'SCARD_W_SECURITY_VIOLATION'
}

function protocolName(protocol: number): 'T=0' | 'T=1' {
  if (protocol === SCARD_PROTOCOL_T0) return 'T=0'
  if (protocol === SCARD_PROTOCOL_T1) return 'T=1'
  throw new ReaderError('protocol-mismatch', 'SCARD_E_PROTO_MISMATCH', `protocol ${protocol} is neither T=0 nor T=1`)
}

/** pcsc-lite says 'no service' also where the service's socket is there and this user may not use it. */
function isSocketForbidden(): boolean {
  try {
    accessSync(process.env.PCSCLITE_CSOCK_NAME ?? '/run/pcscd/pcscd.comm', fsConstants.W_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}
