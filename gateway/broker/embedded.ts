/**
 * The broker of a single desk: aedes in the gateway's own process, on this machine's loopback address only. It speaks
 * MQTT 3.1.1 and has no shared subscriptions; like any broker it is not trusted, its messages are protected end to end.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { MAX_FRAME_LENGTH } from '../../protocol/messages/frame.ts'
import { ALL_PRESENCE, BLOCKS_NOTICE, parseTopic } from '../../protocol/topics.ts'

export interface EmbeddedBroker {
  readonly url: string
  close(): Promise<void>
}

const FILTERS: ReadonlySet<string> = new Set([ALL_PRESENCE, BLOCKS_NOTICE])

/** `port` 0 takes a free one. Rejects with the system's error where the port is taken. */
export async function startEmbeddedBroker(port: number): Promise<EmbeddedBroker> {
  const aedes = await Aedes.createBroker({
    heartbeatInterval: 60_000,
    authorizePublish: (_client, packet, done) => {
      // Only Tessera's own topics, so that nobody on this machine can fill the memory with retained messages of others.
      if (parseTopic(packet.topic) === undefined) done(new Error('not a topic of this broker'))
      else if (packet.payload.length > MAX_FRAME_LENGTH) done(new Error('too long'))
      else done(null)
    },
    authorizeSubscribe: (_client, subscription, done) => {
      const known = parseTopic(subscription.topic) !== undefined || FILTERS.has(subscription.topic)
      done(null, known ? subscription : null)
    },
  })
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    aedes.handle(socket)
  })
  const closeAedes = () => new Promise<void>((resolve) => aedes.close(resolve))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
  } catch (error) {
    await closeAedes()
    throw error
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without an address')
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    async close() {
      await closeAedes()
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
