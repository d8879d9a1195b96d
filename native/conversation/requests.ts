/** Requests with one answer each over one channel: their numbers, their time, and what still waits. */
import { LinkError } from './link-error.ts'

interface Waiting {
  readonly resolve: (body: unknown) => void
  readonly reject: (error: Error) => void
}

export class Requests {
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  /** How many wait for their answers. */
  get count(): number {
    return this.#waiting.size
  }

  /**
   * `send` is called at once, with the number that the answer will bear; nothing is kept for later. Rejects with what `send`
   * throws, LinkError ('offline' where it rejects, 'silent' after the time), and what `refuse` and `rejectAll` give.
   */
  async ask(send: (id: number) => Promise<unknown>, timeoutMs: number): Promise<unknown> {
    const id = this.#nextId
    this.#nextId += 1
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject })
        send(id).catch((cause) => reject(new LinkError('offline', { cause })))
        // The request is on its way while it is made.
        timer = setTimeout(() => reject(new LinkError('silent')), timeoutMs)
      })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  /** False where nobody waits for it: it came too late, or was never asked for. */
  answer(id: number, body: unknown): boolean {
    const waiting = this.#waiting.get(id)
    waiting?.resolve(body)
    return waiting !== undefined
  }

  /** As `answer`. */
  refuse(id: number, error: Error): boolean {
    const waiting = this.#waiting.get(id)
    waiting?.reject(error)
    return waiting !== undefined
  }

  rejectAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
  }
}
