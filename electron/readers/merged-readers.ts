/** Real and simulated readers as one: simulated ones where the settings say so, or where there is no real one. */
import { type CardConnection, type ConnectOptions, ReaderError, type Readers, type ReadersStatus } from '../../native/reader.ts'

/** 'only': no real card is touched, whatever is plugged in. */
export type SimulationMode = 'on' | 'off' | 'auto' | 'only'

export interface MergedReaders extends Readers {
  /** Simulated readers are on offer now. */
  simulates(): boolean
}

/**
 * With 'auto' the simulated readers are there while there is no real one, and as long as a simulated card is in: nobody's
 * training ends because a reader was plugged in. Closing closes both.
 */
export function mergeReaders(real: Readers, simulated: Readers, mode: SimulationMode): MergedReaders {
  const listeners = new Set<(status: ReadersStatus) => void>()
  let simulates = mode === 'on' || mode === 'only'

  function decide(): void {
    if (mode !== 'auto') return
    const { service, readers } = real.status()
    const inUse = simulated.status().readers.some(({ state }) => state.kind !== 'empty')
    if (inUse && simulates) return
    // While PC/SC starts, nobody knows yet whether there is a real reader.
    if (service.kind === 'starting' && readers.length === 0) return
    simulates = readers.length === 0
  }

  function status(): ReadersStatus {
    decide()
    if (!simulates) return real.status()
    if (mode === 'only') return simulated.status()
    return { service: { kind: 'ready' }, readers: [...real.status().readers, ...simulated.status().readers] }
  }

  function changed(): void {
    const now = status()
    for (const listener of [...listeners]) listener(now)
  }

  const stops = [real.subscribe(changed), simulated.subscribe(changed)]

  return {
    status,
    simulates: () => {
      decide()
      return simulates
    },
    subscribe(listener) {
      const own = (now: ReadersStatus): void => listener(now)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    async connect(reader: string, options: ConnectOptions): Promise<CardConnection> {
      const found = status().readers.find(({ name }) => name === reader)
      if (found === undefined) throw new ReaderError('reader-gone', 'SCARD_E_UNKNOWN_READER')
      return (found.simulated ? simulated : real).connect(reader, options)
    },
    async close() {
      for (const stop of stops) stop()
      listeners.clear()
      await Promise.all([real.close(), simulated.close()])
    },
  }
}
