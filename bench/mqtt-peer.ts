/**
 * The raw peer of the gateway for the figures: a process of its own, as the gateway is one, that does nothing but what MQTT asks.
 *
 *   mqtt-peer.ts URL echo LENGTH         answers each message on bench/there with that many bytes on bench/back
 *   mqtt-peer.ts URL deliver LENGTH MS   MS after each message on bench/go publishes as many bytes on bench/delivery (QoS 1), the time
 *                                        in front
 *
 * The time is that of the system's monotonic clock, which all processes of a machine share (clock_gettime, CLOCK_MONOTONIC).
 */
import type { Socket } from 'node:net'
import mqtt from 'mqtt'

const [url = '', work, ...words] = process.argv.slice(2)
const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
const socket = client.stream as Socket
socket.setNoDelay(true)
if (work === 'echo') {
  const payload = Buffer.alloc(Number(words[0]), 1)
  client.on('message', () => client.publish('bench/back', payload))
  await client.subscribeAsync('bench/there', { qos: 0 })
} else {
  const payload = Buffer.alloc(Number(words[0]), 1)
  client.on('message', () => {
    setTimeout(() => {
      payload.writeBigInt64BE(process.hrtime.bigint())
      client.publish('bench/delivery', payload, { qos: 1 })
    }, Number(words[1]))
  })
  await client.subscribeAsync('bench/go', { qos: 0 })
}
process.stdout.write('ready\n')
process.once('SIGTERM', () => client.end(true, {}, () => process.exit(0)))
