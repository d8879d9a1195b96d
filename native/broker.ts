/**
 * The connection to an MQTT broker, as a port (`Broker`) and its adapter over the mqtt package: MQTT 5, or 3.1.1 where
 * the broker refuses 5. Used by gateway and terminal. The broker is not trusted: what crosses it is protected end to end;
 * TLS to a broker on another machine keeps the traffic's shape from the network in between and is required all the same.
 *
 * Nothing is queued while there is no connection: `publish` rejects at once, because each caller has a time-out and a way
 * to begin again of its own, and a message that leaves minutes late would only confuse the other end.
 */
import type { MqttClient } from 'mqtt'
import { type Address, parseUrl } from './broker/address.ts'
import { type Attempt, attempt } from './broker/attempt.ts'
import { Connection } from './broker/connection.ts'
import { BrokerError, connectionError } from './broker/errors.ts'
import type { Broker, BrokerOptions, BrokerState, QualityOfService } from './broker/port.ts'

export { isLoopback } from './broker/address.ts'
export { BrokerError, type BrokerErrorKind } from './broker/errors.ts'
export type { Broker, BrokerOptions, BrokerState, BrokerTls, LastWill } from './broker/port.ts'

/** The code of a connection that was cut on purpose. */
const CUT = 'cut'

class MqttBroker implements Broker {
  readonly #address: Address
  readonly #options: BrokerOptions
  readonly #backoff: { readonly first: number; readonly most: number }
  readonly #stateListeners = new Set<(state: BrokerState) => void>()
  readonly #messageListeners = new Set<(topic: string, payload: Uint8Array) => void>()
  readonly #subscriptions = new Map<string, QualityOfService>()
  #state: BrokerState = { kind: 'connecting' }
  #connection: Connection | undefined
  #attempting: MqttClient | undefined
  #version: 4 | 5 = 5
  #failures = 0
  #cut = false
  #cuts = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: BrokerOptions) {
    this.#address = parseUrl(options.url)
    this.#options = options
    this.#backoff = options.backoffMs ?? { first: 100, most: 5000 }
    void this.#connect()
  }

  state(): BrokerState {
    return this.#state
  }

  onState(listener: (state: BrokerState) => void): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  onMessage(listener: (topic: string, payload: Uint8Array) => void): () => void {
    this.#messageListeners.add(listener)
    return () => this.#messageListeners.delete(listener)
  }

  async subscribe(filter: string, qos: QualityOfService): Promise<void> {
    const connection = this.#online()
    this.#subscriptions.set(filter, qos)
    try {
      await this.#subscribeOn(connection, filter, qos)
    } catch (error) {
      this.#subscriptions.delete(filter)
      throw error
    }
  }

  async unsubscribe(filter: string): Promise<void> {
    this.#subscriptions.delete(filter)
    await this.#online().settle((client, done) => client.unsubscribe(filter, done))
  }

  async publish(
    topic: string,
    payload: Uint8Array,
    options: { readonly qos: QualityOfService; readonly retain?: boolean },
  ): Promise<void> {
    const connection = this.#online()
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
    await connection.settle((client, done) =>
      client.publish(topic, bytes, { qos: options.qos, retain: options.retain ?? false }, done),
    )
  }

  connected(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let last: BrokerError | undefined
      const finish = (error?: BrokerError): void => {
        clearTimeout(timer)
        stop()
        if (error === undefined) resolve()
        else reject(error)
      }
      const look = (state: BrokerState): void => {
        if (state.kind === 'connected') finish()
        else if (state.kind === 'closed') finish(new BrokerError('closed', 'closed'))
        else if (state.kind === 'disconnected') last = state.error
      }
      const stop = this.onState(look)
      const timer = setTimeout(() => finish(last ?? new BrokerError('unreachable', 'ETIMEDOUT')), timeoutMs)
      look(this.#state)
    })
  }

  cut(): void {
    if (this.#cut || this.#isClosed()) return
    this.#cut = true
    this.#cuts += 1
    clearTimeout(this.#timer)
    const connection = this.#connection
    this.#connection = undefined
    connection?.client.end(true)
    this.#attempting?.end(true)
    this.#setState({ kind: 'disconnected', error: new BrokerError('unreachable', CUT), retryInMs: Number.POSITIVE_INFINITY })
  }

  mend(): void {
    if (!this.#cut) return
    this.#cut = false
    this.#failures = 0
    void this.#connect()
  }

  async close(): Promise<void> {
    if (this.#state.kind === 'closed') return
    const client = this.#connection?.client
    clearTimeout(this.#timer)
    this.#setState({ kind: 'closed' })
    this.#connection = undefined
    this.#attempting?.end(true)
    if (client === undefined) return
    await new Promise<void>((resolve) => {
      // A broker that does not answer must not hold up the end of the program.
      const timer = setTimeout(() => {
        client.end(true)
        resolve()
      }, 1000)
      client.end(false, {}, () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #online(): Connection {
    if (this.#state.kind === 'closed') throw new BrokerError('closed', 'closed')
    if (this.#connection === undefined) throw new BrokerError('offline', 'offline')
    return this.#connection
  }

  async #subscribeOn(connection: Connection, filter: string, qos: QualityOfService): Promise<void> {
    await connection.settle((client, done) =>
      client.subscribe(filter, { qos }, (error, granted) => {
        // 128 and above: refused (MQTT 3.1.1 section 3.9.3, MQTT 5 section 3.9.3).
        const refused = granted?.find((grant) => grant.qos >= 128)
        done(error ?? (refused === undefined ? undefined : { code: refused.qos }))
      }),
    )
  }

  #setState(state: BrokerState): void {
    if (this.#state.kind === 'closed') return
    this.#state = state
    for (const listener of [...this.#stateListeners]) listener(state)
  }

  #isClosed(): boolean {
    return this.#state.kind === 'closed'
  }

  async #connect(): Promise<void> {
    if (this.#isClosed() || this.#cut) return
    // What was under way when the connection was cut is of no interest any more, whenever it ends.
    const cuts = this.#cuts
    const isOver = (): boolean => this.#isClosed() || this.#cuts !== cuts
    this.#setState({ kind: 'connecting' })
    let outcome = await this.#attempt()
    if (outcome.kind === 'down' && outcome.otherVersion && !isOver()) {
      this.#version = this.#version === 5 ? 4 : 5
      outcome = await this.#attempt()
    }
    if (outcome.kind === 'down') {
      if (isOver()) return
      this.#failures += 1
      this.#retry(outcome.error)
      return
    }
    const version = this.#version
    const client = outcome.client
    if (isOver()) {
      client.end(true)
      return
    }
    const connection = new Connection(client)
    let problem: unknown
    client.on('error', (error) => {
      problem = error
    })
    client.once('close', () => {
      client.end(true)
      if (this.#connection !== connection) return
      this.#connection = undefined
      this.#retry(problem === undefined ? new BrokerError('unreachable', 'connection-lost') : connectionError(problem))
    })
    try {
      await Promise.all([...this.#subscriptions].map(([filter, qos]) => this.#subscribeOn(connection, filter, qos)))
    } catch (error) {
      client.end(true)
      if (isOver()) return
      this.#failures += 1
      this.#retry(error instanceof BrokerError ? error : connectionError(error))
      return
    }
    if (isOver()) {
      client.end(true)
      return
    }
    this.#failures = 0
    this.#connection = connection
    this.#setState({ kind: 'connected', protocol: version === 5 ? '5' : '3.1.1' })
  }

  /** Each has a client of its own, so that nothing of a lost connection goes on. */
  async #attempt(): Promise<Attempt> {
    const outcome = await attempt(this.#address, this.#options, this.#version, {
      begun: (client) => {
        this.#attempting = client
      },
      message: (topic, payload) => {
        for (const listener of [...this.#messageListeners]) listener(topic, payload)
      },
    })
    this.#attempting = undefined
    return outcome
  }

  #retry(error: BrokerError): void {
    if (this.#isClosed()) return
    const { first, most } = this.#backoff
    const delay = Math.min(most, first * 2 ** Math.min(Math.max(this.#failures - 1, 0), 16)) * (0.8 + 0.4 * Math.random())
    const retryInMs = Math.round(delay)
    this.#setState({ kind: 'disconnected', error, retryInMs })
    this.#timer = setTimeout(() => void this.#connect(), retryInMs)
  }
}

/** Begins to connect and goes on trying until `close`. Throws a BrokerError at once for options that can never work. */
export function connectBroker(options: BrokerOptions): Broker {
  return new MqttBroker(options)
}
