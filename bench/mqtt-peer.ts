/**
 * The raw peer of the gateway for the figures: a process of its own, as the gateway is one, that does nothing but what MQTT asks.
 *
 *   mqtt-peer.ts URL echo LENGTH         answers each message on bench/there with that many bytes on bench/back
 *   mqtt-peer.ts URL deliver LENGTH MS   every MS publishes as many bytes on bench/delivery (QoS 1), the time in front
 *
 * The time is that of the system's monotonic clock, which all processes of a machine share (clock_gettime, CLOCK_MONOTONIC).
 */
import type { Socket } from 'node:net'
import mqtt from 'mqtt'

const [url = '', work, length = '0', everyMs = '0'] = process.argv.slice(2)
const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
const socket = client.stream as Socket
socket.setNoDelay(true)
const payload = Buffer.alloc(Number(length), 1)
if (work === 'echo') {
  client.on('message', () => client.publish('bench/back', payload))
  await client.subscribeAsync('bench/there', { qos: 0 })
} else {
  setInterval(() => {
    payload.writeBigInt64BE(process.hrtime.bigint())
    client.publish('bench/delivery', payload, { qos: 1 })
  }, Number(everyMs))
}
process.stdout.write('ready\n')
process.once('SIGTERM', () => client.end(true, {}, () => process.exit(0)))
