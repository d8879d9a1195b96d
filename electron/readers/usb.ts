/**
 * Card readers that the system sees on USB, whether or not PC/SC can use them: devices with an interface of class 0B, Smart Card
 * (USB-IF, Defined Class Codes; CCID revision 1.1). Linux tells by sysfs; elsewhere nothing can be told without a program of its own.
 */
import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface UsbReader {
  /** Where it is plugged in, such as 1-2: the same as long as it stays in that socket. */
  readonly port: string
  /** What it calls itself. */
  readonly name: string
  readonly serial?: string
}

/** 'unknown': this system does not tell. */
export type UsbReaders = { readonly kind: 'unknown' } | { readonly kind: 'known'; readonly readers: readonly UsbReader[] }

const SYSFS = '/sys/bus/usb/devices'
const SMART_CARD_CLASS = '0b'

/** An interface of a device: 1-2:1.0 is configuration 1, interface 0 of the device at 1-2 (Documentation/ABI/stable/sysfs-bus-usb). */
const INTERFACE = /^(\d+-\d+(?:\.\d+)*):\d+\.\d+$/

/** Never rejects. */
export async function listUsbReaders(folder: string = SYSFS): Promise<UsbReaders> {
  let names: readonly string[]
  try {
    names = await readdir(folder)
  } catch {
    return { kind: 'unknown' }
  }
  const ports = new Set<string>()
  for (const name of names) {
    const port = INTERFACE.exec(name)?.[1]
    if (port !== undefined && (await attribute(join(folder, name), 'bInterfaceClass')) === SMART_CARD_CLASS) ports.add(port)
  }
  const readers = await Promise.all([...ports].sort().map((port) => describe(folder, port)))
  return { kind: 'known', readers }
}

async function describe(folder: string, port: string): Promise<UsbReader> {
  const device = join(folder, port)
  const [manufacturer, product, serial, vendorId, productId] = await Promise.all(
    ['manufacturer', 'product', 'serial', 'idVendor', 'idProduct'].map((name) => attribute(device, name)),
  )
  const called = [manufacturer, product].filter((part) => part !== undefined && part !== '').join(' ')
  return {
    port,
    name: called === '' ? `USB ${vendorId ?? '?'}:${productId ?? '?'}` : called,
    ...(serial === undefined || serial === '' ? {} : { serial }),
  }
}

/** Undefined where the device has none, or was unplugged meanwhile. */
async function attribute(device: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(device, name), 'utf8')).trim()
  } catch {
    return undefined
  }
}

/** PC/SC tells of a reader that it can use; one that it cannot is found by looking: this often where nothing tells of devices. */
const LOOK_MS = 3000
/** This often where something does, or where looking never tells anything. */
const REST_MS = 60_000
/** When to look after a device came or went: soon, and once its attributes and interfaces are there as well. */
const SETTLING_MS = [250, 2000]

/** Where Linux keeps a node for each USB device, in a folder for each bus (Documentation/driver-api/usb/usb.rst). */
const DEVICES = '/dev/bus/usb'

export interface UsbWatchOptions {
  /** Default `listUsbReaders`. */
  readonly list?: () => Promise<UsbReaders>
  /** Where devices come and go. */
  readonly devices?: string
}

/** Looks at once and whenever a device comes or goes; tells changes only. Returns the way to stop. */
export function watchUsbReaders(tell: (readers: UsbReaders) => void, options: UsbWatchOptions = {}): () => void {
  const { list = listUsbReaders, devices = DEVICES } = options
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let next: ReturnType<typeof setTimeout> | undefined
  let told = ''
  let stopped = false
  const later = (ms: number) => {
    const timer = setTimeout(() => void look(), ms)
    timer.unref?.()
    return timer
  }
  const plugs = watchPlugs(devices, () => {
    for (const timer of timers) clearTimeout(timer)
    timers.clear()
    for (const ms of SETTLING_MS) timers.add(later(ms))
  })
  const look = async (): Promise<void> => {
    const readers = await list()
    if (stopped) return
    clearTimeout(next)
    next = later(plugs.isWatching() || readers.kind === 'unknown' ? REST_MS : LOOK_MS)
    const words = JSON.stringify(readers)
    if (words === told) return
    told = words
    tell(readers)
  }
  void look()
  return () => {
    stopped = true
    plugs.stop()
    clearTimeout(next)
    for (const timer of timers) clearTimeout(timer)
  }
}

interface Plugs {
  /** The system tells: looking now and then is not needed. */
  isWatching(): boolean
  stop(): void
}

/** Calls `changed` when a device comes or goes (inotify). A bus more is watched too, one that goes no more. */
function watchPlugs(folder: string, changed: () => void): Plugs {
  const watched = new Map<string, FSWatcher>()
  const watchOne = (path: string, heard: () => void): void => {
    if (watched.has(path)) return
    const lose = () => {
      watched.get(path)?.close()
      watched.delete(path)
    }
    try {
      watched.set(path, watch(path, { persistent: false }, heard).once('error', lose))
    } catch {
      // It is not there, or there are no more watches to be had: then it is looked at now and then.
    }
  }
  const watchBuses = (): void => {
    for (const [path, watcher] of watched) {
      if (path === folder || existsSync(path)) continue
      watcher.close()
      watched.delete(path)
    }
    try {
      for (const bus of readdirSync(folder)) watchOne(join(folder, bus), changed)
    } catch {
      // Gone meanwhile.
    }
  }
  watchOne(folder, () => {
    watchBuses()
    changed()
  })
  watchBuses()
  return {
    isWatching: () => watched.has(folder),
    stop() {
      for (const watcher of watched.values()) watcher.close()
      watched.clear()
    },
  }
}
