/** Linux's TCP_QUICKACK, which Node has no name for: without it every APDU through vpcd waits for a delayed acknowledgement. */

import type { Socket } from 'node:net'
import koffi from 'koffi'

/** linux/in.h, linux/tcp.h */
const IPPROTO_TCP = 6
const TCP_QUICKACK = 12

/**
 * Returns what acknowledges everything received so far at once. The kernel goes back to delaying after each answer that is
 * sent, so it is called again with each message. Does nothing where there is no such option: slow, never wrong.
 */
export function createQuickAck(socket: Socket): () => void {
  const descriptor = descriptorOf(socket)
  const setSocketOption = loadSetSocketOption()
  if (descriptor === undefined || setSocketOption === undefined) return () => {}
  const on = new Int32Array([1])
  return () => {
    // A descriptor that is closed may belong to somebody else by now.
    if (!socket.destroyed) setSocketOption(descriptor, IPPROTO_TCP, TCP_QUICKACK, on, on.byteLength)
  }
}

type SetSocketOption = (fd: number, level: number, name: number, value: Int32Array, length: number) => number

let loaded: SetSocketOption | undefined

function loadSetSocketOption(): SetSocketOption | undefined {
  if (process.platform !== 'linux') return undefined
  // A null library is the process itself, which has the C library whatever its name is on this system.
  loaded ??= koffi.load(null).func('int setsockopt(int, int, int, const void *, uint32_t)') as unknown as SetSocketOption
  return loaded
}

/** Node keeps the descriptor in a property without documentation; nothing depends on finding it. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return undefined
  const descriptor: unknown = Reflect.get(handle, 'fd')
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined
}
