/** Waits for one certain message among all that arrive. */
import { LinkError } from './link-error.ts'

export interface Postbox<T> {
  /** The next item that `match` takes. Rejects with LinkError 'silent' after the time. */
  wait(match: (item: T) => boolean, timeoutMs: number): Promise<T>
  /** False where nobody waits for it. */
  deliver(item: T): boolean
  rejectAll(error: Error): void
}

interface Waiter<T> {
  readonly match: (item: T) => boolean
  readonly resolve: (item: T) => void
  readonly reject: (error: Error) => void
}

export function createPostbox<T>(): Postbox<T> {
  const waiters = new Set<Waiter<T>>()
  return {
    wait(match, timeoutMs) {
      return new Promise((resolve, reject) => {
        const waiter: Waiter<T> = {
          match,
          resolve: (item) => settle(() => resolve(item)),
          reject: (error) => settle(() => reject(error)),
        }
        const timer = setTimeout(() => waiter.reject(new LinkError('silent')), timeoutMs)
        function settle(done: () => void): void {
          clearTimeout(timer)
          waiters.delete(waiter)
          done()
        }
        waiters.add(waiter)
      })
    },
    deliver(item) {
      for (const waiter of waiters) {
        if (waiter.match(item)) {
          waiter.resolve(item)
          return true
        }
      }
      return false
    },
    rejectAll(error) {
      for (const waiter of [...waiters]) waiter.reject(error)
    },
  }
}
