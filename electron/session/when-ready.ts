import { LinkError } from './link.ts'

/** A set of listeners that are called at each change. */
interface Listeners {
  add(listener: () => void): unknown
  delete(listener: () => void): unknown
}

/**
 * What `look` finds, now or at one of the changes; undefined means that it may still come. Rejects with the error that `look`
 * finds, and LinkError 'silent' after the time.
 */
export function whenReady<T>(look: () => T | Error | undefined, changes: Listeners, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const again = (): void => {
      const found = look()
      if (found !== undefined) settle(() => (found instanceof Error ? reject(found) : resolve(found)))
    }
    const settle = (done: () => void): void => {
      clearTimeout(timer)
      changes.delete(again)
      done()
    }
    const timer = setTimeout(() => settle(() => reject(new LinkError('silent'))), timeoutMs)
    changes.add(again)
    again()
  })
}
