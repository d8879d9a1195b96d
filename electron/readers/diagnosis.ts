/**
 * Why each reader at this desk can or cannot be used, by comparing what the system sees on USB with what PC/SC offers. What cannot
 * be told is said to be unknown, not guessed.
 */
import type { ReaderStatus, ReadersStatus, ServiceState } from '../../native/reader.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import type { Problem } from '../contract/problems.ts'
import type { DeskReader } from '../contract/snapshot.ts'
import type { UsbReader, UsbReaders } from './usb.ts'

export interface Diagnosis {
  /** What keeps every reader from use; undefined where nothing does or where it is too early to say. */
  readonly problem?: Problem
  readonly readers: readonly DeskReader[]
}

/** `strangers` are the cards that a ceremony found to be no PIV cards. */
export function diagnose(status: ReadersStatus, usb: UsbReaders, strangers: readonly Insertion[]): Diagnosis {
  const problem = serviceProblem(status.service) ?? absence(status, usb)
  const known = status.readers.map((reader) => ofReader(reader, strangers))
  const silent = withoutDriver(status.readers, usb).map(
    ({ name }): DeskReader => ({ name, simulated: false, ...silence(status.service) }),
  )
  return { readers: [...known, ...silent], ...(problem === undefined ? {} : { problem }) }
}

function serviceProblem(service: ServiceState): Problem | undefined {
  switch (service.kind) {
    case 'ready':
    case 'starting':
      return undefined
    case 'no-library':
      return { code: 'reader-library-missing' }
    case 'service-down':
      return { code: 'reader-service-down' }
    case 'no-permission':
      return { code: 'reader-no-permission' }
    case 'failed':
      return { code: 'reader-failed' }
    default:
      return service satisfies never
  }
}

/** The service works and offers nothing. */
function absence({ service, readers }: ReadersStatus, usb: UsbReaders): Problem | undefined {
  if (service.kind !== 'ready' || readers.length > 0) return undefined
  if (usb.kind === 'unknown') return { code: 'reader-none' }
  return { code: usb.readers.length === 0 ? 'reader-no-device' : 'reader-no-driver' }
}

function ofReader(reader: ReaderStatus, strangers: readonly Insertion[]): DeskReader {
  const { name, simulated, insertions, state } = reader
  const about = { name, simulated }
  switch (state.kind) {
    case 'empty':
      return { ...about, state: 'no-card' }
    case 'mute':
      return { ...about, state: 'unknown-card', problem: { code: 'card-mute' } }
    case 'in-use':
      return { ...about, state: 'busy', problem: { code: 'reader-in-use' } }
    case 'card':
      return strangers.some((card) => card.reader === name && card.insertions === insertions)
        ? { ...about, state: 'unknown-card', problem: { code: 'card-not-piv' } }
        : { ...about, state: 'ready' }
    default:
      return state satisfies never
  }
}

/** A device that PC/SC does not offer, by what the service says of itself. */
function silence(service: ServiceState): Pick<DeskReader, 'state' | 'problem'> {
  const problem = serviceProblem(service)
  switch (service.kind) {
    case 'ready':
      return { state: 'no-driver', problem: { code: 'reader-no-driver' } }
    case 'starting':
      return { state: 'starting' }
    case 'no-permission':
      return { state: 'no-permission', ...(problem && { problem }) }
    case 'no-library':
    case 'service-down':
    case 'failed':
      return { state: 'service-down', ...(problem && { problem }) }
    default:
      return service satisfies never
  }
}

/**
 * Devices that no reader of PC/SC stands for. Drivers name readers as they like, mostly after the device and often with its serial
 * number; what remains is paired by number, so that a reader with an odd name is not called missing.
 */
function withoutDriver(readers: readonly ReaderStatus[], usb: UsbReaders): readonly UsbReader[] {
  if (usb.kind === 'unknown') return []
  const real = readers.filter(({ simulated }) => !simulated)
  const unnamed = usb.readers.filter((device) => !real.some((reader) => standsFor(reader, device)))
  const unclaimed = real.filter((reader) => !usb.readers.some((device) => standsFor(reader, device)))
  return unnamed.slice(unclaimed.length)
}

function standsFor({ name }: ReaderStatus, device: UsbReader): boolean {
  if (device.serial !== undefined && name.includes(`(${device.serial})`)) return true
  return plain(name).includes(plain(device.name))
}

const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
