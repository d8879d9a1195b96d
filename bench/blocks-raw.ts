/** What blocking and locating stand beside: one delivery and one round trip of the same bytes by MQTT alone, to a process of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import mqtt from 'mqtt'
import { endsWithUs } from '../test/support/ends-with-us.ts'
import { timed } from './figure.ts'

const PEER = fileURLToPath(new URL('mqtt-peer.ts', import.meta.url))

interface PeerProcess {
  end(): Promise<void>
}

async function startPeer(url: string, ...words: string[]): Promise<PeerProcess> {
  const child = endsWithUs(spawn(process.execPath, [PEER, url, ...words], { stdio: ['ignore', 'pipe', 'inherit'] }))
  const reader = createInterface({ input: child.stdout })
  await once(reader, 'line')
  return {
    async end() {
      const closed = once(reader, 'close')
      child.kill('SIGTERM')
      await closed
    },
  }
}

async function connect(url: string): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
  const socket = client.stream as Socket
  socket.setNoDelay(true)
  return client
}

export interface RawPeer {
  /** Milliseconds of one sample. */
  sample(): Promise<number>
  end(): Promise<void>
}

/** The same bytes from another process to this one, as the gateway publishes them (QoS 1), after `idleMs` in which neither did anything. */
export async function rawDelivery(url: string, length: number, idleMs: number): Promise<RawPeer> {
  const peer = await startPeer(url, 'deliver', String(length), String(idleMs))
  const client = await connect(url)
  await client.subscribeAsync('bench/delivery', { qos: 1 })
  return {
    async sample() {
      const arrived = new Promise<number>((resolve) => {
        client.once('message', (_topic, bytes) => resolve(Number(process.hrtime.bigint() - bytes.readBigInt64BE()) / 1e6))
      })
      client.publish('bench/go', '')
      return arrived
    },
    async end() {
      await client.endAsync(true)
      await peer.end()
    },
  }
}

/** As many bytes to another process and back as a request and its answer have. */
export async function rawRoundTrip(url: string, lengths: { readonly there: number; readonly back: number }): Promise<RawPeer> {
  const peer = await startPeer(url, 'echo', String(lengths.back))
  const client = await connect(url)
  await client.subscribeAsync('bench/back', { qos: 0 })
  const there = Buffer.alloc(lengths.there, 1)
  return {
    sample: () =>
      timed(() => {
        const back = new Promise<void>((resolve) => client.once('message', () => resolve()))
        client.publish('bench/there', there)
        return back
      }),
    async end() {
      await client.endAsync(true)
      await peer.end()
    },
  }
}
