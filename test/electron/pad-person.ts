/** A person at the keys of a simulated reader, and readers whose pads are not as they should be. */
import type { CardConnection, PinPad, Readers } from '../../native/reader.ts'
import { type PadKey, SimulatedPad } from '../../native/virtual-card/simulated-pad.ts'

/** Types an entry as soon as the reader asks for it. Each is typed and confirmed; one that is a key alone ('cancel') is only pressed. Who runs out of entries is away. */
export function padTypedOn(entries: readonly string[]): SimulatedPad {
  const waiting = [...entries]
  let typing = false
  const pad = new SimulatedPad(() => {
    if (typing || pad.asks === undefined) return
    typing = true
    // The reader has just begun to wait, and is not through with saying so.
    queueMicrotask(() => {
      while (pad.asks !== undefined) {
        const entry = waiting.shift()
        if (entry === undefined) break
        const keys = entry === 'cancel' ? [entry] : [...entry, 'ok']
        for (const key of keys) pad.press(key as PadKey)
      }
      typing = false
    })
  })
  return pad
}

/** Readers whose pads are what `change` makes of them. */
export function withPads(readers: Readers, change: (pad: PinPad) => PinPad): Readers {
  const pinPad = async (connection: CardConnection) => {
    const pad = await connection.pinPad()
    return pad && change(pad)
  }
  return {
    status: () => readers.status(),
    subscribe: (listener) => readers.subscribe(listener),
    close: () => readers.close(),
    connect: async (reader, options) => {
      const connection = await readers.connect(reader, options)
      return new Proxy(connection, {
        get: (target, name) => {
          if (name === 'pinPad') return () => pinPad(target)
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
}
