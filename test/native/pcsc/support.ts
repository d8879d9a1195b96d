import { fileURLToPath } from 'node:url'
import type { Readers, ReadersStatus } from '../../../native/reader.ts'

/** The program of the PC/SC process, as Node runs it without a bundle. */
export const hostEntry = fileURLToPath(new URL('../../../native/pcsc/host.ts', import.meta.url))

/** The two readers of vpcd, and the TCP ports on which they wait for a card. */
export const VPCD_READERS = [
  { name: 'Virtual PCD 00 00', port: 35963 },
  { name: 'Virtual PCD 00 01', port: 35964 },
] as const

/** Another program in its place. */
export function testHost(name: 'garbage' | 'no-library' | 'dying'): string {
  return fileURLToPath(new URL(`./host-${name}.ts`, import.meta.url))
}

/** Far more than any change takes: a busy machine is no failure. */
const LIMIT_MS = 30_000

/** Waits until the status is as wanted; throws after LIMIT_MS with what it was instead. */
export async function until(readers: Readers, holds: (status: ReadersStatus) => boolean): Promise<void> {
  for (const deadline = performance.now() + LIMIT_MS; !holds(readers.status()); ) {
    if (performance.now() > deadline) throw new Error(`after ${LIMIT_MS} ms: ${JSON.stringify(readers.status())}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export function isReady(readers: Readers): Promise<void> {
  return until(readers, (status) => status.service.kind === 'ready')
}

export function hasCard(readers: Readers, reader: string): Promise<void> {
  return until(readers, (status) => status.readers.find(({ name }) => name === reader)?.state.kind === 'card')
}

export function isEmpty(readers: Readers, reader: string): Promise<void> {
  return until(readers, (status) => status.readers.find(({ name }) => name === reader)?.state.kind === 'empty')
}

/**
 * pcscd looks into a reader every 400 ms. Where a connection ends with a reset just after its card was pulled, pcscd says 'empty' before
 * that look, and loses a card that comes in between. No hand is that fast, a test is.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000))
}

/** What a promise rejects with; fails where it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not reject')
    },
    (reason: unknown) => reason,
  )
}
