/** Commands beside the standard that widely used tokens share (developers.yubico.com/PIV/Introduction/Yubico_extensions.html). */

import { equalConstantTime } from '../../protocol/bytes.ts'
import { encodeTlv } from '../../protocol/tlv.ts'
import { type CommandHandler, expectP1P2, NOTHING, Refusal, SW } from './context.ts'
import { encodePublicKey, isKeySlot, MANAGEMENT_KEY } from './keys.ts'
import {
  ALGORITHM,
  blankCard,
  DEFAULT_PIN,
  DEFAULT_PUK,
  defaultManagementKey,
  type ManagementKeyAlgorithm,
  managementKeyLength,
  type ReferenceData,
} from './state.ts'

/** Speaks as a token of firmware 5.4.3 does: metadata and AES management keys are there, newer commands are not. */
const FIRMWARE = Uint8Array.of(5, 4, 3)
const TOUCH_NEVER = 1

export const getVersion: CommandHandler = (_context, command) => {
  expectP1P2(command, 0, 0)
  return FIRMWARE
}

export const getSerial: CommandHandler = (context, command) => {
  expectP1P2(command, 0, 0)
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, context.state.serial)
  return bytes
}

export const getMetadata: CommandHandler = ({ state }, command) => {
  if (command.p1 !== 0) throw new Refusal(SW.wrongP1P2)
  if (command.p2 === 0x80) return referenceMetadata(state.pin, DEFAULT_PIN)
  if (command.p2 === 0x81) return referenceMetadata(state.puk, DEFAULT_PUK)
  if (command.p2 === MANAGEMENT_KEY) {
    const { algorithm, value } = state.managementKey
    const isDefault = equalConstantTime(value, defaultManagementKey(algorithm))
    return joined([0x01, [algorithm]], [0x02, [0, TOUCH_NEVER]], [0x05, [isDefault ? 1 : 0]])
  }
  if (!isKeySlot(command.p2)) throw new Refusal(SW.wrongP1P2)
  const key = state.keys.get(command.p2)
  if (key === undefined) throw new Refusal(SW.referenceNotFound)
  return joined(
    [0x01, [key.algorithm]],
    [0x02, [key.pinPolicy, TOUCH_NEVER]],
    [0x03, [key.origin === 'generated' ? 1 : 2]],
    [0x04, encodePublicKey(key.publicKey)],
  )
}

function referenceMetadata(data: ReferenceData, initial: Uint8Array): Uint8Array {
  const isDefault = equalConstantTime(data.value, initial)
  return joined([0x01, [0xff]], [0x05, [isDefault ? 1 : 0]], [0x06, [data.retriesTotal, data.retriesLeft]])
}

function joined(...objects: readonly (readonly [number, ArrayLike<number>])[]): Uint8Array {
  return Uint8Array.from(objects.flatMap(([tag, value]) => [...encodeTlv(tag, Uint8Array.from(value))]))
}

/** P2 says whether the key asks for a touch: FF no, FE yes. Nobody can touch this card: FE is taken as FF. */
export const setManagementKey: CommandHandler = (context, command) => {
  if (command.p1 !== 0xff || (command.p2 !== 0xff && command.p2 !== 0xfe)) throw new Refusal(SW.wrongP1P2)
  if (!context.session.managementAuthenticated) throw new Refusal(SW.securityNotSatisfied)
  const [id = 0, reference, length = 0] = command.data
  const algorithm = managementKeyAlgorithm(id)
  const value = Uint8Array.from(command.data.subarray(3))
  if (reference !== MANAGEMENT_KEY || length !== value.length || length !== managementKeyLength(algorithm)) {
    throw new Refusal(SW.wrongData)
  }
  context.commit({ managementKey: { algorithm, value } })
  return NOTHING
}

function managementKeyAlgorithm(id: number): ManagementKeyAlgorithm {
  const { tripleDes, aes128, aes192, aes256 } = ALGORITHM
  if (id === tripleDes || id === aes128 || id === aes192 || id === aes256) return id
  throw new Refusal(SW.wrongData)
}

/** P1 tries for the PIN, P2 for the PUK, at most what 63Cx can say. Sets both back to what a new card has. */
export const setPinRetries: CommandHandler = (context, command) => {
  if (!context.session.managementAuthenticated || !context.session.pinVerified) throw new Refusal(SW.securityNotSatisfied)
  const { p1, p2 } = command
  if (p1 < 1 || p1 > 15 || p2 < 1 || p2 > 15) throw new Refusal(SW.wrongP1P2)
  context.commit({
    pin: { value: DEFAULT_PIN, retriesLeft: p1, retriesTotal: p1 },
    puk: { value: DEFAULT_PUK, retriesLeft: p2, retriesTotal: p2 },
  })
  context.session.pinVerified = false
  return NOTHING
}

/** Back to the factory's state, only where PIN and PUK are both blocked. The serial number stays. */
export const reset: CommandHandler = (context, command) => {
  expectP1P2(command, 0, 0)
  const { pin, puk, serial, managementKey } = context.state
  if (pin.retriesLeft > 0 || puk.retriesLeft > 0) throw new Refusal(SW.conditionsNotSatisfied)
  context.commit(blankCard({ serial, managementKeyAlgorithm: managementKey.algorithm }))
  context.session.pinVerified = false
  context.session.managementAuthenticated = false
  return NOTHING
}
