/** A person at the keys of a simulated reader, who types an entry as soon as the reader asks for it. */
import { type PadKey, SimulatedPad } from '../../native/virtual-card/simulated-pad.ts'

/** Each entry is typed and confirmed; one that is a key alone ('cancel') is only pressed. Who runs out of entries is away. */
export function padTypedOn(entries: readonly string[]): SimulatedPad {
  const waiting = [...entries]
  let typing = false
  const pad = new SimulatedPad(() => {
    if (typing || pad.shown !== 0) return
    const entry = waiting.shift()
    if (entry === undefined) return
    typing = true
    // The reader has just begun to wait, and is not through with saying so.
    queueMicrotask(() => {
      typing = false
      const keys = entry === 'cancel' ? [entry] : [...entry, 'ok']
      for (const key of keys) pad.press(key as PadKey)
    })
  })
  return pad
}
