/**
 * The machine's PC/SC service for tests: pcscd with vpcd's two virtual readers. It is one for the whole machine, and stays
 * running after the tests: whoever comes next uses it again.
 */

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { loadPcsc } from '../../native/pcsc/binding.ts'
import { SCARD_STATE_PRESENT, SCARD_STATE_UNAWARE } from '../../native/pcsc/constants.ts'
import { ReaderError } from '../../native/reader.ts'

const SOCKET = '/run/pcscd/pcscd.comm'
const PID_FILE = '/run/pcscd/pcscd.pid'
const START_LIMIT_MS = 60_000
const EMPTY_LIMIT_MS = 20_000

/** Whoever listens here has the virtual readers to itself. The system takes the port back from a process that ends in any way. */
const RESERVATION_PORT = 35962
const RESERVATION_LIMIT_MS = 110_000

/**
 * Waits until no other test program on this machine uses the virtual readers, and keeps the others waiting until this
 * process ends. For tests that put cards in, or kill the service.
 */
export function reserveVirtualReaders(): Promise<void> {
  reserved ??= waitForReservation()
  return reserved
}

let reserved: Promise<void> | undefined

async function waitForReservation(): Promise<void> {
  const deadline = performance.now() + RESERVATION_LIMIT_MS
  while (!(await reserve())) {
    if (performance.now() > deadline) throw new Error(`another program keeps the virtual readers (port ${RESERVATION_PORT})`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function reserve(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(RESERVATION_PORT, '127.0.0.1', () => {
      server.unref()
      resolve(true)
    })
  })
}

/** Starts pcscd where it does not run, and resolves once it takes connections. */
export async function ensurePcscd(): Promise<void> {
  if (await answers()) return
  // A service that was killed leaves its socket behind, and one that starts takes it for a sign that another runs.
  if (pcscdPids().length === 0) for (const file of [SOCKET, PID_FILE]) rmSync(file, { force: true })
  const child = spawn('pcscd', ['--foreground'], { stdio: 'ignore', detached: true })
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  child.unref()
  const deadline = performance.now() + START_LIMIT_MS
  while (!(await Promise.race([answers(), failed]))) {
    if (performance.now() > deadline) throw new Error(`pcscd does not answer at ${SOCKET}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Kills pcscd as a fault does: without a chance to clean up. It stays down until ensurePcscd. */
export async function killPcscd(): Promise<void> {
  for (const pid of pcscdPids()) process.kill(pid, 'SIGKILL')
  while (pcscdPids().length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Waits until the service itself says that no card is in that reader. Without a service there is nothing to wait for. */
export async function untilEmpty(reader: string): Promise<void> {
  const pcsc = loadPcsc()
  const deadline = performance.now() + EMPTY_LIMIT_MS
  try {
    const context = await pcsc.establishContext()
    for (let seen = SCARD_STATE_UNAWARE; ; ) {
      // A look that waits in vain ends by 'timeout', and what was seen before it still holds.
      const [sight] = await pcsc.getStatusChange(context, 1000, [{ name: reader, currentState: seen }]).catch((error) => {
        if (error instanceof ReaderError && error.kind === 'timeout') return []
        throw error
      })
      seen = sight?.eventState ?? seen
      if ((seen & SCARD_STATE_PRESENT) === 0) break
      if (performance.now() > deadline) throw new Error(`the service still sees a card in ${reader}`)
    }
    await pcsc.releaseContext(context)
  } catch (error) {
    if (!(error instanceof ReaderError)) throw error
  }
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(SOCKET)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function pcscdPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        // The third field is the state: a zombie is gone and waits for its parent only.
        const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? []
        return name === 'pcscd' && state !== 'Z'
      } catch {
        return false
      }
    })
    .map(Number)
}
