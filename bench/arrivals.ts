/**
 * Loaded into the gateway's process (`--import`): notes when its MQTT client hands it the requests of open channels, and says so at
 * SIGUSR2 in one line of JSON. A subscriber of the same topic would be told at the same time, but would keep a core from the gateway
 * just then. Times are nanoseconds of the system's monotonic clock, which all processes of a machine share (CLOCK_MONOTONIC).
 */
import { EventEmitter } from 'node:events'
import mqtt from 'mqtt'

const OWN_TOPIC = /^tessera\/1\/gateway\/[^/]+\/in$/
const arrived: bigint[] = []

mqtt.MqttClient.prototype.emit = function emit(this: mqtt.MqttClient, event: string, ...values: unknown[]): boolean {
  if (event === 'message' && OWN_TOPIC.test(String(values[0]))) arrived.push(process.hrtime.bigint())
  return EventEmitter.prototype.emit.call(this, event, ...values)
}

process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify({ arrived: arrived.map(String) })}\n`)
  arrived.length = 0
})
