/** A connection that the broker has consented to: packets, each with its answer or the connection's end. */
import type { MqttClient } from 'mqtt'
import { BrokerError, codeOf } from './errors.ts'

export class Connection {
  readonly client: MqttClient
  /** One listener for the connection's end, however many packets wait: to add and remove one each takes longer than the packet. */
  readonly #waiting = new Set<() => void>()

  constructor(client: MqttClient) {
    this.client = client
    client.once('close', () => {
      for (const lost of this.#waiting) lost()
      this.#waiting.clear()
    })
  }

  /** Sends one packet. Rejects with a BrokerError: at once with 'offline' where the connection ends before the answer. */
  settle(send: (client: MqttClient, done: (error?: unknown) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new BrokerError('offline', 'connection-lost'))
      this.#waiting.add(lost)
      send(this.client, (error) => {
        this.#waiting.delete(lost)
        if (error === undefined || error === null) resolve()
        else reject(new BrokerError('not-accepted', codeOf(error), { cause: error }))
      })
    })
  }
}
