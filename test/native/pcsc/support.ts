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

/** Waits until the status is as wanted; throws after `limitMs` with what it was instead. Returns the milliseconds that it took. */
export async function until(readers: Readers, holds: (status: ReadersStatus) => boolean, limitMs = 30_000): Promise<number> {
  const started = performance.now()
  while (!holds(readers.status())) {
    if (performance.now() - started > limitMs) throw new Error(`after ${limitMs} ms: ${JSON.stringify(readers.status())}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - started
}

export function isReady(readers: Readers, limitMs?: number): Promise<number> {
  return until(readers, (status) => status.service.kind === 'ready', limitMs)
}

export function hasCard(readers: Readers, reader: string, limitMs?: number): Promise<number> {
  return until(readers, (status) => status.readers.find(({ name }) => name === reader)?.state.kind === 'card', limitMs)
}

export function isEmpty(readers: Readers, reader: string, limitMs?: number): Promise<number> {
  return until(readers, (status) => status.readers.find(({ name }) => name === reader)?.state.kind === 'empty', limitMs)
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
