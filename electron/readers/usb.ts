/**
 * Card readers that the system sees on USB, whether or not PC/SC can use them: devices with an interface of class 0B, Smart Card
 * (USB-IF, Defined Class Codes; CCID revision 1.1). Linux tells by sysfs; elsewhere nothing can be told without a program of its own.
 */
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

/** PC/SC tells of a reader that it can use; one that it cannot is found by looking now and then. */
const LOOK_MS = 3000

/** Looks at once and every few seconds; tells changes only. Returns the way to stop. */
export function watchUsbReaders(
  tell: (readers: UsbReaders) => void,
  list: () => Promise<UsbReaders> = listUsbReaders,
): () => void {
  let told = ''
  let stopped = false
  const look = async (): Promise<void> => {
    const readers = await list()
    const words = JSON.stringify(readers)
    if (stopped || words === told) return
    told = words
    tell(readers)
  }
  void look()
  const timer = setInterval(() => void look(), LOOK_MS)
  timer.unref?.()
  return () => {
    stopped = true
    clearInterval(timer)
  }
}
