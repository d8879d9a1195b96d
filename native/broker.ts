/**
 * The connection to an MQTT broker, as a port (`Broker`) and its adapter over the mqtt package: MQTT 5, or 3.1.1 where
 * the broker refuses 5. Used by gateway and terminal. The broker is not trusted: what crosses it is protected end to end;
 * TLS to a broker on another machine keeps the traffic's shape from the network in between and is required all the same.
 *
 * Nothing is queued while there is no connection: `publish` rejects at once, because each caller has a time-out and a way
 * to begin again of its own, and a message that leaves minutes late would only confuse the other end.
 */
import type { Socket } from 'node:net'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'

export interface BrokerTls {
  /** Certificates (PEM) that the broker's certificate must lead to; the system's own where absent. */
  readonly ca?: string
  /** Client certificate and its private key (PEM), for brokers that ask for one. */
  readonly certificate?: string
  readonly key?: string
  /** The name that the broker's certificate must bear, where it is not the host of the URL. */
  readonly serverName?: string
}

export type QualityOfService = 0 | 1

export interface LastWill {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QualityOfService
  readonly retain: boolean
}

export interface BrokerOptions {
  /** mqtt://host[:1883] or mqtts://host[:8883]; a user name and password may stand in it. mqtt:// only to this machine. */
  readonly url: string
  readonly clientId: string
  /**
   * 'clean': the broker forgets everything at each connection. 'kept': it holds subscriptions and QoS 1 messages for this
   * client identifier while the client is away (at most a day, where the broker speaks MQTT 5).
   */
  readonly session: 'clean' | 'kept'
  readonly tls?: BrokerTls
  /** A function is asked at every attempt, for a will that names the connection it belongs to. */
  readonly will?: LastWill | (() => LastWill | undefined)
  /** How soon a silent loss of the connection is noticed, about one and a half times this. Default 15 s. */
  readonly keepaliveSeconds?: number
  /** From the first packet to the broker's consent. Default 5 s. */
  readonly connectTimeoutMs?: number
  /** Waiting time before a further attempt: doubles from `first` to `most`, with a random fifth more or less. */
  readonly backoffMs?: { readonly first: number; readonly most: number }
}

export type BrokerErrorKind =
  /** mqtt:// to another machine. */
  | 'tls-required'
  /** The URL, a certificate or a key cannot be used. */
  | 'bad-options'
  /** No connection now. */
  | 'offline'
  /** The broker cannot be reached: refused, unknown host, no route, silence. */
  | 'unreachable'
  /** TLS failed: unknown authority, wrong name, expired, client certificate refused. */
  | 'untrusted'
  /** The broker refused this client: user name, password, identifier. */
  | 'refused'
  /** The broker refused the topic or could not take the message. */
  | 'not-accepted'
  | 'closed'

export class BrokerError extends Error {
  readonly kind: BrokerErrorKind
  /** The system's, TLS library's or MQTT's own code, for example ECONNREFUSED. */
  readonly code: string
  constructor(kind: BrokerErrorKind, code: string, options?: ErrorOptions) {
    super(`broker ${kind} (${code})`, options)
    this.name = 'BrokerError'
    this.kind = kind
    this.code = code
  }
}

export type BrokerState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly protocol: '3.1.1' | '5' }
  | { readonly kind: 'disconnected'; readonly error: BrokerError; readonly retryInMs: number }
  | { readonly kind: 'closed' }

export interface Broker {
  state(): BrokerState
  /** Called at each change. Returns the way to stop. */
  onState(listener: (state: BrokerState) => void): () => void
  /** Messages of every subscription. Returns the way to stop. A listener must not throw. */
  onMessage(listener: (topic: string, payload: Uint8Array) => void): () => void
  /** Resolves at the broker's consent; remembered, and repeated at each new connection. Rejects with a BrokerError and is forgotten then. */
  subscribe(filter: string, qos: QualityOfService): Promise<void>
  unsubscribe(filter: string): Promise<void>
  /** QoS 0: handed to the system. QoS 1: the broker has it. Rejects with a BrokerError; with QoS 1 the message may have arrived even so. */
  publish(
    topic: string,
    payload: Uint8Array,
    options: { readonly qos: QualityOfService; readonly retain?: boolean },
  ): Promise<void>
  /** Resolves once connected; rejects with the last BrokerError after the time. */
  connected(timeoutMs: number): Promise<void>
  /** Ends the session in order (the broker does not publish the last will). Never rejects. */
  close(): Promise<void>
}

const SESSION_SECONDS = 24 * 60 * 60

/** Where no TLS is needed: what never leaves this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

interface Address {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  readonly user?: string
  readonly password?: string
}

function parseUrl(text: string): Address {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new BrokerError('bad-options', 'ERR_INVALID_URL', { cause })
  }
  if (url.protocol !== 'mqtt:' && url.protocol !== 'mqtts:') throw new BrokerError('bad-options', 'ERR_UNKNOWN_SCHEME')
  if (url.hostname === '') throw new BrokerError('bad-options', 'ERR_NO_HOST')
  const secure = url.protocol === 'mqtts:'
  if (!secure && !isLoopback(url.hostname)) throw new BrokerError('tls-required', 'ERR_TLS_REQUIRED')
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 8883 : 1883) : Number(url.port),
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  }
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  if (typeof code === 'string' || typeof code === 'number') return String(code)
  return error instanceof Error ? error.message.slice(0, 120) : 'unknown'
}

/** CONNACK codes that mean "not this protocol version": 1 (MQTT 3.1.1 section 3.2.2.3), 0x84 (MQTT 5 section 3.2.2.2). */
function refusesVersion(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return code === 1 || code === 0x84
}

function connectionError(error: unknown): BrokerError {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  if (typeof code === 'number') return new BrokerError('refused', String(code), { cause: error })
  const text = codeOf(error)
  // OpenSSL's alerts and verification codes (X509_V_ERR_* without the prefix) and Node's own name check.
  const tls = /SSL|TLS|CERT|ISSUER|SELF_SIGNED|UNABLE_TO_|HOSTNAME/i.test(text)
  return new BrokerError(tls ? 'untrusted' : 'unreachable', text, { cause: error })
}

type Attempt =
  | { readonly kind: 'up'; readonly client: MqttClient }
  | { readonly kind: 'down'; readonly error: BrokerError; readonly otherVersion: boolean }

class MqttBroker implements Broker {
  readonly #address: Address
  readonly #options: BrokerOptions
  readonly #backoff: { readonly first: number; readonly most: number }
  readonly #stateListeners = new Set<(state: BrokerState) => void>()
  readonly #messageListeners = new Set<(topic: string, payload: Uint8Array) => void>()
  readonly #subscriptions = new Map<string, QualityOfService>()
  #state: BrokerState = { kind: 'connecting' }
  #client: MqttClient | undefined
  #attempting: MqttClient | undefined
  #version: 4 | 5 = 5
  #failures = 0
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
    const client = this.#online()
    this.#subscriptions.set(filter, qos)
    try {
      await this.#subscribeOn(client, filter, qos)
    } catch (error) {
      this.#subscriptions.delete(filter)
      throw error
    }
  }

  async unsubscribe(filter: string): Promise<void> {
    this.#subscriptions.delete(filter)
    const client = this.#online()
    await this.#settle(client, (done) => client.unsubscribe(filter, done))
  }

  async publish(
    topic: string,
    payload: Uint8Array,
    options: { readonly qos: QualityOfService; readonly retain?: boolean },
  ): Promise<void> {
    const client = this.#online()
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
    await this.#settle(client, (done) =>
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

  async close(): Promise<void> {
    if (this.#state.kind === 'closed') return
    const client = this.#client
    clearTimeout(this.#timer)
    this.#setState({ kind: 'closed' })
    this.#client = undefined
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

  #online(): MqttClient {
    if (this.#state.kind === 'closed') throw new BrokerError('closed', 'closed')
    if (this.#client === undefined) throw new BrokerError('offline', 'offline')
    return this.#client
  }

  /** One packet and its answer; a connection that ends in between rejects at once. */
  #settle(client: MqttClient, send: (done: (error?: unknown) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new BrokerError('offline', 'connection-lost'))
      client.once('close', lost)
      send((error) => {
        client.removeListener('close', lost)
        if (error === undefined || error === null) resolve()
        else reject(new BrokerError('not-accepted', codeOf(error), { cause: error }))
      })
    })
  }

  async #subscribeOn(client: MqttClient, filter: string, qos: QualityOfService): Promise<void> {
    await this.#settle(client, (done) =>
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
    if (this.#isClosed()) return
    this.#setState({ kind: 'connecting' })
    let attempt = await this.#attempt(this.#version)
    if (attempt.kind === 'down' && attempt.otherVersion && !this.#isClosed()) {
      this.#version = this.#version === 5 ? 4 : 5
      attempt = await this.#attempt(this.#version)
    }
    if (attempt.kind === 'down') {
      this.#failures += 1
      this.#retry(attempt.error)
      return
    }
    const version = this.#version
    const client = attempt.client
    if (this.#isClosed()) {
      client.end(true)
      return
    }
    let problem: unknown
    client.on('error', (error) => {
      problem = error
    })
    client.once('close', () => {
      client.end(true)
      if (this.#client !== client) return
      this.#client = undefined
      this.#retry(problem === undefined ? new BrokerError('unreachable', 'connection-lost') : connectionError(problem))
    })
    try {
      await Promise.all([...this.#subscriptions].map(([filter, qos]) => this.#subscribeOn(client, filter, qos)))
    } catch (error) {
      client.end(true)
      this.#failures += 1
      this.#retry(error instanceof BrokerError ? error : connectionError(error))
      return
    }
    if (this.#isClosed()) {
      client.end(true)
      return
    }
    this.#failures = 0
    this.#client = client
    this.#setState({ kind: 'connected', protocol: version === 5 ? '5' : '3.1.1' })
  }

  #retry(error: BrokerError): void {
    if (this.#isClosed()) return
    const { first, most } = this.#backoff
    const delay = Math.min(most, first * 2 ** Math.min(Math.max(this.#failures - 1, 0), 16)) * (0.8 + 0.4 * Math.random())
    const retryInMs = Math.round(delay)
    this.#setState({ kind: 'disconnected', error, retryInMs })
    this.#timer = setTimeout(() => void this.#connect(), retryInMs)
  }

  #clientOptions(version: 4 | 5): IClientOptions {
    const { tls, session } = this.#options
    const will = typeof this.#options.will === 'function' ? this.#options.will() : this.#options.will
    const { host, port, secure, user, password } = this.#address
    return {
      protocol: secure ? 'mqtts' : 'mqtt',
      hostname: host,
      host,
      port,
      protocolVersion: version,
      clientId: this.#options.clientId,
      clean: session === 'clean',
      keepalive: this.#options.keepaliveSeconds ?? 15,
      connectTimeout: this.#options.connectTimeoutMs ?? 5000,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      ...(user === undefined ? {} : { username: user }),
      ...(password === undefined ? {} : { password }),
      // MQTT 5 ends a session with its connection unless told otherwise; this makes it what 3.1.1 does.
      ...(version === 5 && session === 'kept' ? { properties: { sessionExpiryInterval: SESSION_SECONDS } } : {}),
      ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
      ...(secure
        ? {
            rejectUnauthorized: true,
            minVersion: 'TLSv1.2',
            ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
            ...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
            ...(tls?.key === undefined ? {} : { key: tls.key }),
            ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
          }
        : {}),
    }
  }

  /** One connection, until the broker's consent. Each has a client of its own, so that nothing of a lost one goes on. */
  #attempt(version: 4 | 5): Promise<Attempt> {
    return new Promise((resolve) => {
      let client: MqttClient
      try {
        client = mqtt.connect(this.#clientOptions(version))
      } catch (cause) {
        resolve({ kind: 'down', error: new BrokerError('bad-options', codeOf(cause), { cause }), otherVersion: false })
        return
      }
      this.#attempting = client
      // Each packet that waits for its answer listens for the connection's end, and there may be many.
      client.setMaxListeners(0)
      let problem: unknown
      let linked = false
      const socket = client.stream as unknown as Socket
      socket.once(this.#address.secure ? 'secureConnect' : 'connect', () => {
        linked = true
        // Messages are small and each is waited for: the system must not hold one back to fill a packet (Nagle).
        socket.setNoDelay(true)
      })
      const failed = (error: unknown): void => {
        problem ??= error
      }
      client.on('error', failed)
      // Messages of a kept session may come right behind the consent.
      client.on('message', (topic, payload) => {
        const bytes = new Uint8Array(payload)
        for (const listener of [...this.#messageListeners]) listener(topic, bytes)
      })
      client.once('connect', () => {
        this.#attempting = undefined
        client.removeListener('error', failed)
        client.removeListener('close', closed)
        client.on('error', () => undefined)
        resolve({ kind: 'up', client })
      })
      const closed = (): void => {
        this.#attempting = undefined
        client.end(true)
        const error = problem === undefined ? new BrokerError('unreachable', 'connection-lost') : connectionError(problem)
        // A broker that hangs up without a word on MQTT 5 may well know nothing but 3.1.1.
        const otherVersion = refusesVersion(problem) || (linked && error.kind === 'unreachable')
        resolve({ kind: 'down', error, otherVersion })
      }
      client.once('close', closed)
    })
  }
}

/** Begins to connect and goes on trying until `close`. Throws a BrokerError at once for options that can never work. */
export function connectBroker(options: BrokerOptions): Broker {
  return new MqttBroker(options)
}
