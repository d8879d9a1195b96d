import type { Broker } from '../../native/broker.ts'
import { BrokerError } from '../../native/broker.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'

const PROBE_MS = 1000

/**
 * Whether the broker has shared subscriptions (MQTT 5 section 4.8.2; many offer them to 3.1.1 as well). One that has not
 * takes `$share/...` for an ordinary topic that nothing ever matches, so it is tried: a message to the worker's own topic.
 */
export async function hasSharedSubscriptions(broker: Broker, ownTopic: string, crypto: Crypto): Promise<boolean> {
  const filter = `$share/probe/${ownTopic}`
  const payload = crypto.randomBytes(16)
  try {
    await broker.subscribe(filter, 1)
  } catch (error) {
    if (error instanceof BrokerError && error.kind === 'not-accepted') return false
    throw error
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  let stop: () => void = () => undefined
  try {
    const arrived = new Promise<boolean>((resolve) => {
      stop = broker.onMessage((_topic, message) => {
        if (equalConstantTime(message, payload)) resolve(true)
      })
      timer = setTimeout(() => resolve(false), PROBE_MS)
    })
    await broker.publish(ownTopic, payload, { qos: 1 })
    return await arrived
  } finally {
    clearTimeout(timer)
    stop()
    await broker.unsubscribe(filter)
  }
}
