import { createServer, type Server } from 'node:net'

/**
 * Vitest's global set-up for tests on the virtual readers: the machine has two, so one test run at a time uses them, and
 * another one waits. The hold is a socket in Linux's abstract namespace, which the kernel gives back when its holder ends.
 */

const HOLD = '\0tessera-tests-readers'
const LONGEST_WAIT_MS = 20 * 60_000
const RETRY_MS = 500

/** Each project of a run calls the set-up, from a copy of this module of its own; they share the hold through the process. */
type Shared = { users: number; server?: Server }
const owner = process as { tesseraReaders?: Shared }
if (!owner.tesseraReaders) owner.tesseraReaders = { users: 0 }
const shared = owner.tesseraReaders

/** @returns the hold, or undefined where another process has it */
function tryHold(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(HOLD, () => resolve(server.unref()))
  })
}

async function hold(): Promise<Server> {
  const began = performance.now()
  for (let told = false; ; told = true) {
    const server = await tryHold()
    if (server) return server
    if (performance.now() - began > LONGEST_WAIT_MS)
      throw new Error('Another test run has held the virtual readers for too long.')
    if (!told) console.log('Waiting for the virtual readers, which another test run is using.')
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

export default async function setUp(): Promise<() => void> {
  if (process.platform !== 'linux') return () => {}
  shared.users += 1
  if (shared.users === 1) shared.server = await hold()
  return () => {
    shared.users -= 1
    if (shared.users === 0) shared.server?.close()
  }
}
