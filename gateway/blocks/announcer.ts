/**
 * What must reach the broker, also when it is away just now: each message is offered until the broker has taken it, again
 * at its return. Only the latest of those with one key is kept.
 */
import type { Broker } from '../../native/broker.ts'
import { describeError, type Log } from '../log.ts'

interface Waiting {
  readonly topic: string
  readonly payload: Uint8Array
  readonly retain: boolean
  readonly settle: (published: boolean) => void
}

/** While there is a connection; after a loss its return is what counts. */
const RETRY_MS = 1000
/** More than these only pile up where no broker came back for days; the list of blocks tells the terminals all the same. */
const MAX_WAITING = 10_000

export class Announcer {
  readonly #broker: Broker
  readonly #log: Log
  readonly #waiting = new Map<string, Waiting>()
  readonly #stop: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(broker: Broker, log: Log) {
    this.#broker = broker
    this.#log = log
    this.#stop = broker.onState((state) => {
      if (state.kind === 'connected') for (const key of [...this.#waiting.keys()]) this.#offer(key)
    })
  }

  /** Hands it to the system before it returns, where there is a connection. True once the broker has it, false where it is given up. */
  publish(key: string, topic: string, payload: Uint8Array, options: { readonly retain: boolean }): Promise<boolean> {
    this.#settle(key, false)
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size >= MAX_WAITING && oldest !== undefined) this.#settle(oldest, false)
    return new Promise((settle) => {
      this.#waiting.set(key, { topic, payload, retain: options.retain, settle })
      this.#offer(key)
    })
  }

  close(): void {
    this.#stop()
    clearTimeout(this.#timer)
    for (const key of [...this.#waiting.keys()]) this.#settle(key, false)
  }

  #offer(key: string): void {
    const message = this.#waiting.get(key)
    if (message === undefined) return
    this.#broker.publish(message.topic, message.payload, { qos: 1, retain: message.retain }).then(
      () => {
        if (this.#waiting.get(key) === message) this.#settle(key, true)
      },
      (error: unknown) => {
        this.#log('warning', 'announcement-waits', describeError(error))
        this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS).unref()
      },
    )
  }

  #retry(): void {
    this.#timer = undefined
    if (this.#broker.state().kind === 'connected') for (const key of [...this.#waiting.keys()]) this.#offer(key)
  }

  #settle(key: string, published: boolean): void {
    const message = this.#waiting.get(key)
    this.#waiting.delete(key)
    message?.settle(published)
  }
}
