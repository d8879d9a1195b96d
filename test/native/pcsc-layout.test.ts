import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  controlCode,
  decodeNames,
  decodeReaderStates,
  encodeName,
  encodeReaderStates,
  ioRequest,
  type Layout,
  layoutFor,
  type Platform,
  readDword,
  readHandle,
} from '../../native/pcsc/layout.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'

const pointer = 'void *'

/** The structures as the platforms' headers declare them, laid out by koffi's own rules. */
const declared = {
  linux: {
    state: koffi.struct({
      szReader: pointer,
      pvUserData: pointer,
      dwCurrentState: 'uint64',
      dwEventState: 'uint64',
      cbAtr: 'uint64',
      rgbAtr: koffi.array('uint8', 33),
    }),
    request: koffi.struct({ dwProtocol: 'uint64', cbPciLength: 'uint64' }),
  },
  darwin: {
    state: koffi.pack({
      szReader: pointer,
      pvUserData: pointer,
      dwCurrentState: 'uint32',
      dwEventState: 'uint32',
      cbAtr: 'uint32',
      rgbAtr: koffi.array('uint8', 33),
    }),
    request: koffi.pack({ dwProtocol: 'uint32', cbPciLength: 'uint32' }),
  },
  win32: {
    state: koffi.struct({
      szReader: pointer,
      pvUserData: pointer,
      dwCurrentState: 'uint32',
      dwEventState: 'uint32',
      cbAtr: 'uint32',
      rgbAtr: koffi.array('uint8', 36),
    }),
    request: koffi.struct({ dwProtocol: 'uint32', cbPciLength: 'uint32' }),
  },
}

/** Sizes on 64-bit systems, counted by hand. */
const sizes: Record<Platform, { state: number; request: number; handle: number; dword: number }> = {
  linux: { state: 80, request: 16, handle: 8, dword: 8 },
  darwin: { state: 61, request: 8, handle: 4, dword: 4 },
  win32: { state: 64, request: 8, handle: 8, dword: 4 },
}

describe.each(['linux', 'darwin', 'win32'] as const)('the layout of PC/SC on %s', (platform) => {
  const layout = layoutFor(platform, 8)

  it('has the sizes and offsets of the declared structures', () => {
    const { state, request } = declared[platform]
    const at = layout.readerState
    expect(at.size).toBe(state.size)
    expect(at.currentState).toBe(koffi.offsetof(state, 'dwCurrentState'))
    expect(at.eventState).toBe(koffi.offsetof(state, 'dwEventState'))
    expect(at.atrLength).toBe(koffi.offsetof(state, 'cbAtr'))
    expect(at.atr).toBe(koffi.offsetof(state, 'rgbAtr'))
    expect(layout.ioRequestSize).toBe(request.size)
  })

  it('has the sizes that the documentation gives', () => {
    expect({
      state: layout.readerState.size,
      request: layout.ioRequestSize,
      handle: layout.handleSize,
      dword: layout.dwordSize,
    }).toEqual(sizes[platform])
  })

  it('writes reader states and reads back what the service fills in', () => {
    const looks = [
      { name: 'First', currentState: 0x00010022 },
      { name: 'Second', currentState: 0 },
    ]
    const bytes = encodeReaderStates(layout, looks, (index) => 0x1000n + BigInt(index))
    const at = layout.readerState
    expect(bytes.length).toBe(2 * at.size)
    expect(bytes.readBigUInt64LE(at.size)).toBe(0x1001n)
    expect(readDword(bytes, at.currentState)).toBe(0x00010022)
    bytes.writeUInt32LE(0xffff0022, at.size + at.eventState)
    bytes.writeUInt32LE(2, at.size + at.atrLength)
    bytes.set([0x3b, 0x00], at.size + at.atr)
    const [, second] = decodeReaderStates(layout, looks, bytes)
    expect(second).toEqual({ name: 'Second', currentState: 0, eventState: 0xffff0022, atr: Uint8Array.of(0x3b, 0) })
  })

  it('never reads an ATR beyond its room, whatever length a driver gives', () => {
    const looks = [{ name: 'One', currentState: 0 }]
    const bytes = encodeReaderStates(layout, looks, () => 0n)
    bytes.writeUInt32LE(0xffffffff, layout.readerState.atrLength)
    expect(decodeReaderStates(layout, looks, bytes)[0]?.atr.length).toBe(layout.readerState.atrCapacity)
  })

  it('encodes names as its functions take them, beyond ASCII too', () => {
    const one = encodeName(layout, 'Lecteur à puce')
    const list = Buffer.concat([one, encodeName(layout, '読取機 0'), encodeName(layout, '')])
    expect(decodeNames(layout, list)).toEqual(['Lecteur à puce', '読取機 0'])
    expect(decodeNames(layout, encodeName(layout, ''))).toEqual([])
  })

  it('gives the protocol control information of T=0 and T=1', () => {
    const words = layout.ioRequestSize / 2
    expect(toHex(ioRequest(layout, 2))).toBe(
      `02${'00'.repeat(words - 1)}${layout.ioRequestSize.toString(16).padStart(2, '0')}${'00'.repeat(words - 1)}`,
    )
    expect(readDword(ioRequest(layout, 1), 0)).toBe(1)
  })
})

it('agrees with the C compiler on this machine', () => {
  const own = layoutFor('linux', 8)
  const source = `#include <winscard.h>\n#include <stddef.h>\n#include <stdio.h>
    int main(void) { printf("%zu %zu %zu %zu %zu", sizeof(SCARD_READERSTATE), offsetof(SCARD_READERSTATE, rgbAtr),
    sizeof(SCARD_IO_REQUEST), sizeof(SCARDHANDLE), sizeof(DWORD)); }`
  const folder = mkdtempSync(join(tmpdir(), 'tessera-layout-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'layout')
  const compiled = spawnSync('cc', ['-I/usr/include/PCSC', '-x', 'c', '-', '-o', program], { input: source })
  const at = own.readerState
  const ours = `${at.size} ${at.atr} ${own.ioRequestSize} ${own.handleSize} ${own.dwordSize}`
  // Where there is no compiler, what it says on x86-64 and 64-bit ARM.
  const theirs = compiled.status === 0 ? spawnSync(program).stdout.toString() : '80 40 16 8 8'
  expect(ours).toBe(theirs)
})

describe('handles', () => {
  const cases: [Platform, string, number | bigint][] = [
    ['linux', 'ffffffff00000000', 0xffffffff],
    ['linux', 'ffffffffffffffff', -1],
    ['darwin', 'feffffff00000000', -2],
    ['win32', '010000000000ffcd', 0xcdff000000000001n],
    ['win32', '00000000000000cd', 0xcd00000000000000],
  ]
  it.each(cases)('on %s, %s is exact', (platform, hex, expected) => {
    const handle = readHandle(layoutFor(platform, 8), Buffer.from(fromHex(hex)))
    expect(BigInt(handle)).toBe(BigInt(expected))
  })
})

describe('32-bit systems', () => {
  it.each([
    ['linux', 56, 8],
    ['win32', 56, 8],
  ] as const)('%s: %i bytes of reader state', (platform, state, request) => {
    const layout: Layout = layoutFor(platform, 4)
    // 2 pointers, 3 DWORDs, 33 bytes rounded up to 36 or 36 bytes.
    expect(layout.readerState.size).toBe(state)
    expect(layout.ioRequestSize).toBe(request)
  })
})

it('numbers control codes as each platform does', () => {
  expect(controlCode('linux', 3400)).toBe(0x42000d48)
  expect(controlCode('darwin', 3400)).toBe(0x42000d48)
  expect(controlCode('win32', 3400)).toBe(0x00313520)
})
