/** The connection to an MQTT broker as its users see it. */
import type { BrokerError } from './errors.ts'

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
  /** As if the cable had been pulled, until `mend`: for training and tests. The broker publishes the last will. */
  cut(): void
  mend(): void
  /** Ends the session in order (the broker does not publish the last will). Never rejects. */
  close(): Promise<void>
}
