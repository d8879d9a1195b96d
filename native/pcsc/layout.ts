/**
 * PC/SC's types as the three platforms lay them out in memory.
 *
 * - pcsc-lite (`wintypes.h`, `pcsclite.h`): DWORD is `unsigned long`, handles are `long`, natural alignment, ATR of 33 bytes.
 * - macOS (PCSC.framework, the same headers under `__APPLE__`): DWORD and handles have 32 bits, structures are packed.
 *   The function that pcsc-lite calls SCardControl is exported as SCardControl132.
 * - Windows (`winsmcrd.h`, `winscard.h`): DWORD has 32 bits, handles are ULONG_PTR, ATR of 36 bytes; the functions
 *   that take names exist for UTF-16 with the ending W.
 *
 * All of them are little-endian here: PC/SC desktops are x86 and ARM.
 */

export type Platform = 'linux' | 'darwin' | 'win32'

export interface ReaderStateLayout {
  readonly size: number
  readonly name: number
  readonly currentState: number
  readonly eventState: number
  readonly atrLength: number
  readonly atr: number
  readonly atrCapacity: number
}

export interface Layout {
  readonly platform: Platform
  /** What to hand to the loader of shared libraries. */
  readonly library: string
  /** koffi's names of LONG, DWORD and of SCARDCONTEXT and SCARDHANDLE. */
  readonly types: { readonly long: string; readonly dword: string; readonly handle: string }
  readonly dwordSize: number
  readonly handleSize: number
  readonly pointerSize: number
  /** The size of SCARD_IO_REQUEST: dwProtocol, cbPciLength. */
  readonly ioRequestSize: number
  readonly readerState: ReaderStateLayout
  /** How reader names are encoded; a name ends with one zero character, a list with two. */
  readonly encoding: 'utf8' | 'utf16le'
  /** Functions whose exported name differs from PC/SC's. */
  readonly symbols: Readonly<Record<string, string>>
}

export function layoutFor(platform: Platform, pointerSize: 4 | 8): Layout {
  switch (platform) {
    case 'linux':
      return {
        platform,
        library: 'libpcsclite.so.1',
        types: { long: 'long', dword: 'unsigned long', handle: 'long' },
        dwordSize: pointerSize,
        handleSize: pointerSize,
        pointerSize,
        ioRequestSize: 2 * pointerSize,
        readerState: readerState(pointerSize, pointerSize, 33, pointerSize),
        encoding: 'utf8',
        symbols: {},
      }
    case 'darwin':
      return {
        platform,
        library: '/System/Library/Frameworks/PCSC.framework/PCSC',
        types: { long: 'int32', dword: 'uint32', handle: 'int32' },
        dwordSize: 4,
        handleSize: 4,
        pointerSize,
        ioRequestSize: 8,
        readerState: readerState(pointerSize, 4, 33, 1),
        encoding: 'utf8',
        symbols: { SCardControl: 'SCardControl132' },
      }
    case 'win32':
      return {
        platform,
        library: 'WinSCard.dll',
        types: { long: 'int32', dword: 'uint32', handle: 'uintptr' },
        dwordSize: 4,
        handleSize: pointerSize,
        pointerSize,
        ioRequestSize: 8,
        readerState: readerState(pointerSize, 4, 36, pointerSize),
        encoding: 'utf16le',
        symbols: {
          SCardListReaders: 'SCardListReadersW',
          SCardConnect: 'SCardConnectW',
          SCardStatus: 'SCardStatusW',
          SCardGetStatusChange: 'SCardGetStatusChangeW',
        },
      }
    default:
      return unknownPlatform(platform)
  }
}

/** SCARD_READERSTATE: szReader, pvUserData, dwCurrentState, dwEventState, cbAtr, rgbAtr. */
function readerState(pointerSize: number, dwordSize: number, atrCapacity: number, alignment: number): ReaderStateLayout {
  const currentState = 2 * pointerSize
  const atr = currentState + 3 * dwordSize
  return {
    size: Math.ceil((atr + atrCapacity) / alignment) * alignment,
    name: 0,
    currentState,
    eventState: currentState + dwordSize,
    atrLength: currentState + 2 * dwordSize,
    atr,
    atrCapacity,
  }
}

function unknownPlatform(platform: never): never {
  throw new RangeError(`no PC/SC on ${String(platform)}`)
}

export interface ReaderLook {
  readonly name: string
  /** What the caller believes (SCARD_STATE_*, with the event counter in the upper 16 bits); 0 asks for the state at once. */
  readonly currentState: number
}

export interface ReaderSight extends ReaderLook {
  readonly eventState: number
  readonly atr: Uint8Array
}

export function encodeName(layout: Layout, name: string): Buffer {
  return Buffer.from(`${name}\0`, layout.encoding)
}

/** A multi-string: names that each end with a zero, and one more zero at the end. */
export function decodeNames(layout: Layout, bytes: Buffer): string[] {
  return bytes
    .toString(layout.encoding)
    .split('\0')
    .filter((name) => name !== '')
}

/** DWORDs of PC/SC never use more than 32 bits, whatever the room they have. */
export function writeDword(layout: Layout, target: Buffer, offset: number, value: number): void {
  target.fill(0, offset, offset + layout.dwordSize)
  target.writeUInt32LE(value >>> 0, offset)
}

export function readDword(source: Buffer, offset: number): number {
  return source.readUInt32LE(offset)
}

/** A handle as the binding passes it on: a number where that is exact, which is faster than a bigint. */
export function readHandle(layout: Layout, source: Buffer): number | bigint {
  if (layout.handleSize === 4) return layout.platform === 'win32' ? source.readUInt32LE(0) : source.readInt32LE(0)
  const wide = layout.platform === 'win32' ? source.readBigUInt64LE(0) : source.readBigInt64LE(0)
  const exact = Number(wide)
  return Number.isSafeInteger(exact) ? exact : wide
}

/** An array of SCARD_READERSTATE. `addressOf` gives the address of a name's bytes, which the caller keeps alive during the call. */
export function encodeReaderStates(layout: Layout, looks: readonly ReaderLook[], addressOf: (index: number) => bigint): Buffer {
  const { readerState: at, pointerSize } = layout
  const bytes = Buffer.alloc(at.size * looks.length)
  for (const [index, look] of looks.entries()) {
    const base = index * at.size
    if (pointerSize === 8) bytes.writeBigUInt64LE(addressOf(index), base + at.name)
    else bytes.writeUInt32LE(Number(addressOf(index)), base + at.name)
    writeDword(layout, bytes, base + at.currentState, look.currentState)
    writeDword(layout, bytes, base + at.atrLength, at.atrCapacity)
  }
  return bytes
}

export function decodeReaderStates(layout: Layout, looks: readonly ReaderLook[], bytes: Buffer): ReaderSight[] {
  const at = layout.readerState
  return looks.map((look, index) => {
    const base = index * at.size
    const atrLength = Math.min(readDword(bytes, base + at.atrLength), at.atrCapacity)
    return {
      ...look,
      eventState: readDword(bytes, base + at.eventState),
      atr: Uint8Array.from(bytes.subarray(base + at.atr, base + at.atr + atrLength)),
    }
  })
}

/** SCARD_IO_REQUEST for T=0 (1) or T=1 (2): what SCARD_PCI_T0 and SCARD_PCI_T1 point to. */
export function ioRequest(layout: Layout, protocol: number): Buffer {
  const bytes = Buffer.alloc(layout.ioRequestSize)
  writeDword(layout, bytes, 0, protocol)
  writeDword(layout, bytes, layout.dwordSize, layout.ioRequestSize)
  return bytes
}

/**
 * The number of a reader's control code: SCARD_CTL_CODE of pcsc-lite's `reader.h` (0x42000000 + function), and
 * CTL_CODE(FILE_DEVICE_SMARTCARD, function, METHOD_BUFFERED, FILE_ANY_ACCESS) of Windows.
 * PC/SC part 10 section 2.2 begins with function 3400, the request for the reader's features.
 */
export function controlCode(platform: Platform, controlFunction: number): number {
  return platform === 'win32' ? ((0x31 << 16) | (controlFunction << 2)) >>> 0 : 0x42000000 + controlFunction
}
