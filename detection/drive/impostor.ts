/** Somebody who reaches the broker and speaks in a terminal's name, without its key. */
import { parseCertificate } from '../../gateway/authority/x509.ts'
import type { Broker } from '../../native/broker.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import { x5tCredential } from '../../protocol/edhoc/credentials.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/messages/frame.ts'
import { buildTopic, GATEWAY_IN } from '../../protocol/topics.ts'

const TIMEOUT_MS = 20_000

export class Impostor {
  readonly #broker: Broker
  readonly #key = nodeCrypto.generateKeyPair('P-256')
  readonly #waiters = new Set<(frame: Frame) => void>()
  readonly #listening = new Set<string>()

  constructor(broker: Broker) {
    this.#broker = broker
    broker.onMessage((_topic, payload) => {
      const frame = decodeFrame(payload)
      if (frame !== undefined) for (const waiter of [...this.#waiters]) waiter(frame)
    })
  }

  /** A message_1 that nothing follows. */
  async leave(terminal: string): Promise<void> {
    await this.#begin(terminal, begun())
  }

  /** A message_1 that is none. */
  async garbage(terminal: string): Promise<void> {
    const frame = encodeFrame({ kind: 'message_1', from: terminal, message: nodeCrypto.randomBytes(12) })
    await this.#broker.publish(GATEWAY_IN, frame, { qos: 0 })
  }

  /** The terminal's certificate, which is no secret, and a signature by another key. */
  async wrongKey(terminal: string, certificate: Uint8Array): Promise<void> {
    const topic = buildTopic({ kind: 'terminal-in', terminal })
    if (!this.#listening.has(topic)) await this.#broker.subscribe(topic, 0)
    this.#listening.add(topic)
    const { started, cI } = begun()
    const awaited = this.#wait((frame) => frame.kind === 'message_2' && equalConstantTime(frame.connection, cI))
    await this.#begin(terminal, { started, cI })
    const answer = await awaited
    if (answer.kind !== 'message_2') throw new Error('no message_2')
    const received = started.processMessage2(answer.message)
    const [gateway] = received.reference.kind === 'x5chain' ? received.reference.certificates : []
    if (gateway === undefined) throw new Error('the gateway sends its certificate')
    const verified = received.verify({ cred: encode(gateway), publicKey: parseCertificate(gateway).publicKey })
    const credential = x5tCredential(nodeCrypto, certificate, this.#key.publicKey)
    const sign = async (bytes: Uint8Array) => nodeCrypto.sign('ES256', this.#key.privateKey, bytes)
    const { message3 } = await verified.completeMessage3({ kind: 'signature', credential, sign })
    const refused = this.#wait((frame) => frame.kind === 'error')
    const frame = encodeFrame({ kind: 'message_3', connection: received.cR, message: message3 })
    await this.#broker.publish(buildTopic({ kind: 'worker-in', worker: answer.worker }), frame, { qos: 0 })
    await refused
  }

  async #begin(terminal: string, { started }: ReturnType<typeof begun>): Promise<void> {
    const frame = encodeFrame({ kind: 'message_1', from: terminal, message: started.message1 })
    await this.#broker.publish(GATEWAY_IN, frame, { qos: 0 })
  }

  #wait(match: (frame: Frame) => boolean): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const waiter = (frame: Frame): void => {
        if (!match(frame)) return
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        resolve(frame)
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        reject(new Error('no answer'))
      }, TIMEOUT_MS)
      this.#waiters.add(waiter)
    })
  }
}

function begun() {
  const cI = nodeCrypto.randomBytes(8)
  return { started: startInitiator({ crypto: nodeCrypto, method: 0, suites: [6], cI }), cI }
}
