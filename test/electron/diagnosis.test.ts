/** Why a reader cannot be used: USB devices of fixture trees beside what PC/SC says. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { diagnose } from '../../electron/readers/diagnosis.ts'
import { listUsbReaders, type UsbReader, type UsbReaders, watchUsbReaders } from '../../electron/readers/usb.ts'
import type { ReaderState, ReaderStatus, ServiceState } from '../../native/reader.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-usb-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A device as sysfs shows it: attributes in files, interfaces in folders beside it. */
function plug(port: string, classes: readonly string[], attributes: Readonly<Record<string, string>> = {}): void {
  mkdirSync(join(folder, port))
  for (const [name, value] of Object.entries(attributes)) writeFileSync(join(folder, port, name), `${value}\n`)
  for (const [index, number] of classes.entries()) {
    const at = join(folder, `${port}:1.${index}`)
    mkdirSync(at)
    writeFileSync(join(at, 'bInterfaceClass'), `${number}\n`)
  }
}

describe('card readers on USB', () => {
  test('are those with a smart card interface, also beside other interfaces and behind hubs', async () => {
    plug('usb1', ['09'])
    plug('1-1', ['03'], { manufacturer: 'Logitech', product: 'USB Keyboard' })
    plug('1-2', ['0b'], { manufacturer: 'Identiv', product: 'uTrust 2700 R', serial: '53691' })
    plug('2-1.4.3', ['03', '0b'], { product: 'Token', idVendor: '1050', idProduct: '0407' })
    expect(await listUsbReaders(folder)).toEqual({
      kind: 'known',
      readers: [
        { port: '1-2', name: 'Identiv uTrust 2700 R', serial: '53691' },
        { port: '2-1.4.3', name: 'Token' },
      ],
    })
  })

  test('without a name are called by their numbers', async () => {
    plug('1-2', ['0b'], { idVendor: '072f', idProduct: '90cc' })
    expect(await listUsbReaders(folder)).toMatchObject({ readers: [{ name: 'USB 072f:90cc' }] })
  })

  test('are unknown where the system does not tell', async () => {
    expect(await listUsbReaders(join(folder, 'missing'))).toEqual({ kind: 'unknown' })
  })

  test('are told of once for each change, also where the system does not tell when to look', async () => {
    vi.useFakeTimers()
    const told: UsbReaders[] = []
    let readers: readonly UsbReader[] = []
    const stop = watchUsbReaders((usb) => told.push(usb), {
      list: async () => ({ kind: 'known', readers }),
      devices: join(folder, 'missing'),
    })
    onTestFinished(() => {
      stop()
      vi.useRealTimers()
    })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual([{ kind: 'known', readers: [] }])
    readers = [{ port: '1-2', name: 'Reader' }]
    await vi.advanceTimersByTimeAsync(5000)
    expect(told.slice(1)).toEqual([{ kind: 'known', readers }])
    stop()
    readers = []
    await vi.advanceTimersByTimeAsync(300_000)
    expect(told).toHaveLength(2)
  })

  test('are not looked for again and again where the system tells that a device came, on whatever bus', async () => {
    const buses = join(folder, 'bus')
    mkdirSync(join(buses, '001'), { recursive: true })
    const told: UsbReaders[] = []
    let readers: readonly UsbReader[] = []
    let looks = 0
    const list = async (): Promise<UsbReaders> => {
      looks += 1
      return { kind: 'known', readers }
    }
    onTestFinished(watchUsbReaders((usb) => told.push(usb), { list, devices: buses }))
    await expect.poll(() => told.length).toBe(1)
    expect(looks).toBe(1)
    readers = [{ port: '1-2', name: 'Reader' }]
    writeFileSync(join(buses, '001', '004'), '')
    await expect.poll(() => told.at(-1)).toEqual({ kind: 'known', readers })
    readers = []
    rmSync(join(buses, '001', '004'))
    await expect.poll(() => told.at(-1)).toEqual({ kind: 'known', readers })
    mkdirSync(join(buses, '002'))
    // The folder of the new bus is watched with the next turn.
    await expect.poll(() => looks).toBeGreaterThan(4)
    readers = [{ port: '2-1', name: 'Another' }]
    writeFileSync(join(buses, '002', '001'), '')
    await expect.poll(() => told.at(-1)).toEqual({ kind: 'known', readers })
  })

  test('are hardly ever looked for where nothing can be told', async () => {
    vi.useFakeTimers()
    let looks = 0
    const list = async (): Promise<UsbReaders> => {
      looks += 1
      return { kind: 'unknown' }
    }
    const stop = watchUsbReaders(() => undefined, { list, devices: join(folder, 'missing') })
    onTestFinished(() => {
      stop()
      vi.useRealTimers()
    })
    await vi.advanceTimersByTimeAsync(59_000)
    expect(looks).toBe(1)
  })
})

const reader = (name: string, state: ReaderState = { kind: 'empty' }, simulated = false): ReaderStatus => ({
  name,
  simulated,
  insertions: 1,
  state,
})
const usb = (...readers: readonly Partial<UsbReader>[]): UsbReaders => ({
  kind: 'known',
  readers: readers.map((one, index) => ({ port: `1-${index}`, name: 'Reader', ...one })),
})
const ready: ServiceState = { kind: 'ready' }
const card: ReaderState = { kind: 'card', atr: Uint8Array.of(0x3b) }
const problemOf = (service: ServiceState, readers: readonly ReaderStatus[], seen: UsbReaders) =>
  diagnose({ service, readers }, seen, []).problem?.code

describe('what keeps every reader from use', () => {
  test.each<[string, ServiceState, UsbReaders, string | undefined]>([
    ['no library', { kind: 'no-library', library: 'libpcsclite' }, usb(), 'reader-library-missing'],
    ['no service', { kind: 'service-down' }, usb({}), 'reader-service-down'],
    ['no permission', { kind: 'no-permission' }, usb({}), 'reader-no-permission'],
    ['a fault of the service', { kind: 'failed', code: 'X' }, usb(), 'reader-failed'],
    ['nothing is plugged in', ready, usb(), 'reader-no-device'],
    ['something is, and has no driver', ready, usb({}), 'reader-no-driver'],
    ['nobody can tell', ready, { kind: 'unknown' }, 'reader-none'],
    ['too early to say', { kind: 'starting' }, usb(), undefined],
  ])('%s', (_, service, seen, code) => {
    expect(problemOf(service, [], seen)).toBe(code)
  })

  test('nothing, where one reader works', () => {
    expect(problemOf(ready, [reader('R')], usb())).toBeUndefined()
  })
})

describe('what is said of one reader', () => {
  const stateOf = (state: ReaderState, strangers = false) =>
    diagnose(
      { service: ready, readers: [reader('R', state)] },
      { kind: 'unknown' },
      strangers ? [{ reader: 'R', insertions: 1 }] : [],
    ).readers[0]

  test('ready, no card, busy, a card that does not answer, a card that is none of ours', () => {
    expect(stateOf(card)).toEqual({ name: 'R', simulated: false, state: 'ready' })
    expect(stateOf({ kind: 'empty' })?.state).toBe('no-card')
    expect(stateOf({ kind: 'in-use', atr: Uint8Array.of() })).toMatchObject({ state: 'busy', problem: { code: 'reader-in-use' } })
    expect(stateOf({ kind: 'mute' })).toMatchObject({ state: 'unknown-card', problem: { code: 'card-mute' } })
    expect(stateOf(card, true)).toMatchObject({ state: 'unknown-card', problem: { code: 'card-not-piv' } })
  })

  test('a device that PC/SC does not offer is named, with the reason that the service gives', () => {
    const seen = usb({ name: 'ACS ACR39U' })
    const of = (service: ServiceState) => diagnose({ service, readers: [] }, seen, []).readers
    expect(of(ready)).toEqual([
      { name: 'ACS ACR39U', simulated: false, state: 'no-driver', problem: { code: 'reader-no-driver' } },
    ])
    expect(of({ kind: 'no-permission' })).toMatchObject([{ state: 'no-permission', problem: { code: 'reader-no-permission' } }])
    expect(of({ kind: 'service-down' })).toMatchObject([{ state: 'service-down' }])
    expect(of({ kind: 'starting' })).toEqual([{ name: 'ACS ACR39U', simulated: false, state: 'starting' }])
  })

  test('drivers name readers after the device or its serial number', () => {
    const names = (readers: readonly ReaderStatus[], seen: UsbReaders) =>
      diagnose({ service: ready, readers }, seen, []).readers.map(({ name, state }) => `${name} ${state}`)
    expect(names([reader('ACS ACR39U ICC Reader 00 00')], usb({ name: 'ACS ACR39U' }))).toEqual([
      'ACS ACR39U ICC Reader 00 00 no-card',
    ])
    expect(names([reader('Reader of a Kind (53691) 00 00')], usb({ name: 'Other', serial: '53691' }))).toHaveLength(1)
  })

  test('a reader with a name of its own stands for one device, not for two; simulated ones stand for none', () => {
    const missing = (readers: readonly ReaderStatus[], seen: UsbReaders) =>
      diagnose({ service: ready, readers }, seen, []).readers.filter(({ state }) => state === 'no-driver')
    expect(missing([reader('A name')], usb({ name: 'One' }))).toHaveLength(0)
    expect(missing([reader('A name')], usb({ name: 'One' }, { name: 'Two' }))).toHaveLength(1)
    expect(missing([reader('Simulated', card, true)], usb({ name: 'One' }))).toHaveLength(1)
  })
})
