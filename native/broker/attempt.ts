/** One attempt at a connection, by the mqtt package. */
import type { Socket } from 'node:net'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import type { Address } from './address.ts'
import { BrokerError, codeOf, connectionError, refusesVersion } from './errors.ts'
import type { BrokerOptions } from './port.ts'

const SESSION_SECONDS = 24 * 60 * 60

export type Attempt =
  | { readonly kind: 'up'; readonly client: MqttClient }
  | { readonly kind: 'down'; readonly error: BrokerError; readonly otherVersion: boolean }

export interface AttemptEvents {
  /** The client, which may be ended before anything comes of it. */
  begun(client: MqttClient): void
  message(topic: string, payload: Uint8Array): void
}

function clientOptions({ host, port, secure, user, password }: Address, options: BrokerOptions, version: 4 | 5): IClientOptions {
  const { tls, session } = options
  const will = typeof options.will === 'function' ? options.will() : options.will
  return {
    protocol: secure ? 'mqtts' : 'mqtt',
    hostname: host,
    host,
    port,
    protocolVersion: version,
    clientId: options.clientId,
    clean: session === 'clean',
    keepalive: options.keepaliveSeconds ?? 15,
    connectTimeout: options.connectTimeoutMs ?? 5000,
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
export function attempt(address: Address, options: BrokerOptions, version: 4 | 5, events: AttemptEvents): Promise<Attempt> {
  return new Promise((resolve) => {
    let client: MqttClient
    try {
      client = mqtt.connect(clientOptions(address, options, version))
    } catch (cause) {
      resolve({ kind: 'down', error: new BrokerError('bad-options', codeOf(cause), { cause }), otherVersion: false })
      return
    }
    events.begun(client)
    // Each packet that waits for its answer listens for the connection's end, and there may be many.
    client.setMaxListeners(0)
    let problem: unknown
    let linked = false
    const socket = client.stream as unknown as Socket
    socket.once(address.secure ? 'secureConnect' : 'connect', () => {
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
      // A plain view: what is kept of a message is copied out of it by whoever parses it.
      events.message(topic, new Uint8Array(payload.buffer, payload.byteOffset, payload.length))
    })
    client.once('connect', () => {
      client.removeListener('error', failed)
      client.removeListener('close', closed)
      client.on('error', () => undefined)
      resolve({ kind: 'up', client })
    })
    const closed = (): void => {
      client.end(true)
      const error = problem === undefined ? new BrokerError('unreachable', 'connection-lost') : connectionError(problem)
      // A broker that hangs up without a word on MQTT 5 may well know nothing but 3.1.1.
      const otherVersion = refusesVersion(problem) || (linked && error.kind === 'unreachable')
      resolve({ kind: 'down', error, otherVersion })
    }
    client.once('close', closed)
  })
}
